import ServiceKit
import Testing

@testable import MarketProducer

@Suite struct RecordingSettingsTests {
    @Test func oneThingAtATime() throws {
        func task(_ values: [String: String]) throws -> RecordingSettings.Task {
            try RecordingSettings(Settings(values)).task
        }
        #expect(try task([:]) == .follow)
        #expect(try task(["RECORD": "a.gz"]) == .record("a.gz"))
        #expect(try task(["REPLAY": "a.csv, b.gz"]) == .replay(["a.csv", "b.gz"], skipsBadLines: false))
        #expect(try task(["REPLAY": "a", "REPLAY_SKIP_BAD": "true"]) == .replay(["a"], skipsBadLines: true))
        let error = #expect(throws: SettingsError.self) { try task(["RECORD": "a", "REPLAY": "b"]) }
        #expect(error?.description.hasPrefix("RECORD: ") == true)
        #expect(throws: SettingsError.self) { try task(["REPLAY": " , "]) }
    }
}

@Suite struct ReplayTallyTests {
    @Test func whatIsLeftFollowsTheSpeedSoFar() {
        var tally = ReplayTally(sizeBytes: 1_000, startedMicros: 5_000_000)
        #expect(tally.line(atMicros: 5_000_000) == "replaying: 0 trades, 0%, 0 trades/s")
        tally.take(.init(trades: [], place: "a.csv, line 9", readBytes: 250))
        #expect(tally.line(atMicros: 7_000_000) == "replaying: 0 trades, 25%, 0 trades/s, 6 s left")
        #expect(tally.place == "a.csv, line 9" && tally.summary(atMicros: 7_250_000)["seconds"] == "2.25")
    }

    @Test func theSummaryNamesTheTimes() throws {
        var tally = ReplayTally(sizeBytes: 0, startedMicros: 0)
        let times: [Int64] = [1_577_977_824_874_000, 1_577_977_823_305_000, 1_577_978_319_811_000]
        tally.take(.init(trades: try times.map { try sampleTrade($0) }, place: "", readBytes: 0))
        let summary = tally.summary(atMicros: 2_000_000)
        #expect(summary["trades"] == "3" && summary["trades_per_second"] == "1")
        #expect(summary["first"] == "2020-01-02T15:10:23.305Z" && summary["last"] == "2020-01-02T15:18:39.811Z")
    }
}
