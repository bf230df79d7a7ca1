import MarketWire
import TestServers
import Testing

@testable import ExchangeSimulator

/// Ids never repeat and never jump: over the rounds of a loop, over restarts, between streams and REST.
@Suite(.timeLimit(.minutes(3))) struct ContinuityTests {
    private static let start: Int64 = 1_700_000_000_000_000

    /// The streamed trades from one clock time to another, as (id, everything that says of it).
    private func stream(
        _ values: [String: String], from: Int64, to: Int64, event: String = "trade", id: String = "t"
    ) async throws -> [JSONValue] {
        let clock = ManualClock(from)
        var events: [JSONValue] = []
        try await SimulatorServer.with(values.merging(["SIMULATOR_DELAY": "0s"]) { own, _ in own }, time: clock.source)
        {
            server in
            try await server.listening("/ws/btcusdt@\(event)") { session, heard in
                clock.set(to)
                let path = event == "trade" ? "trades" : "aggTrades"
                let last = try await server.rows("/api/v3/\(path)?symbol=BTCUSDT&limit=1").first
                let lastID = try #require((last?["id"] ?? last?["a"])?.integer)
                try await heard.wait("the last trade") { $0.events(event).last?[id]?.integer == lastID }
                events = heard.events(event)
            }
        }
        return events
    }

    @Test func aSyntheticMarketGoesOnAfterARestart() async throws {
        let values = ["SYMBOLS": "BTCUSDT,ETHUSDT", "SIMULATOR_RATE": "100", "SIMULATOR_SEED": "3"]
        let whole = try await stream(values, from: Self.start, to: Self.start + 20_000_000)
        let first = try await stream(values, from: Self.start, to: Self.start + 8_000_000)
        let second = try await stream(values, from: Self.start + 8_000_000, to: Self.start + 20_000_000)
        let ids = whole.integers("t")
        #expect(ids.count > 500 && ids == Array(ids[0]..<(ids[0] + Int64(ids.count))))
        #expect((first + second).integers("t") == ids, "nothing missing, nothing doubled, over the restart")
        // Not the ids alone: the trades are the same ones.
        for name in ["p", "q", "T", "m"] { #expect((first + second).map { $0[name] } == whole.map { $0[name] }) }
        let other = try await stream(
            values.merging(["SIMULATOR_SEED": "4"]) { $1 }, from: Self.start, to: Self.start + 8_000_000)
        #expect(other.map { $0["p"] } != first.map { $0["p"] }, "another seed is another market")
    }

    @Test(arguments: [["SIMULATOR_SPEED": "1"], ["SIMULATOR_SPEED": "3", "SIMULATOR_RETIME": "true"]])
    func aLoopGoesOnOverItsRoundsAndRestarts(_ playback: [String: String]) async throws {
        let folder = try RecordingFolder()
        defer { folder.remove() }
        // 2 s long, ids 100 to 299.
        let path = try folder.write("BTCUSDT-trades-x.csv", RecordingFolder.trades(200))
        let values = playback.merging(["SIMULATOR_FILES": path, "SIMULATOR_LOOP": "true"]) { own, _ in own }
        let whole = try await stream(values, from: Self.start, to: Self.start + 10_000_000)
        let ids = whole.integers("t")
        #expect(ids.count > 800, "more than four rounds")
        #expect(ids == Array(ids[0]..<(ids[0] + Int64(ids.count))))
        let times = whole.integers("T")
        #expect(times == times.sorted() && times.allSatisfy { $0 >= Self.start / 1_000 - 1 })
        // The second round's trades are the first round's, ids apart.
        let place = try #require(ids.firstIndex { $0 % 200 == 100 })
        let (one, two) = (whole[place..<place + 200], whole[place + 200..<place + 400])
        #expect(one.map { $0["p"] } == two.map { $0["p"] })

        let first = try await stream(values, from: Self.start, to: Self.start + 3_300_000)
        let second = try await stream(values, from: Self.start + 3_300_000, to: Self.start + 10_000_000)
        #expect((first + second).integers("t") == ids)
        #expect((first + second).integers("T") == times)
    }

    @Test func aLoopOfRealAggregatesKeepsTradeIDsWhole() async throws {
        let values = ["SIMULATOR_FILES": RecordingFolder.realTrades, "SIMULATOR_LOOP": "true"]
        // Through the seam of two rounds: the slice is 496.5 s long.
        let events = try await stream(
            values, from: Self.start, to: Self.start + 600_000_000, event: "aggTrade", id: "a")
        let ids = events.integers("a")
        #expect(ids == Array(ids[0]..<(ids[0] + Int64(ids.count))))
        for (before, after) in zip(events, events.dropFirst()) {
            let end = try #require(before["l"]?.integer)
            #expect(after["f"]?.integer == end + 1, "no trade id between two aggregates, at the seam neither")
        }
    }

    /// What was traded while a client was away can be had by REST, and is what it would have been sent.
    @Test func whatAStreamSentCanBeAskedForLater() async throws {
        let values = ["SYMBOLS": "BTCUSDT", "SIMULATOR_RATE": "100", "SIMULATOR_SEED": "5"]
        let sent = try await stream(values, from: Self.start, to: Self.start + 5_000_000)
        let ids = sent.integers("t")
        let clock = ManualClock(Self.start + 86_400_000_000)
        try await SimulatorServer.with(values, time: clock.source) { server in
            let rows = try await server.rows(
                "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=\(ids[0])&limit=\(ids.count)")
            #expect(rows.integers("id") == ids)
            #expect(rows.map { $0["price"] } == sent.map { $0["p"] })
            #expect(rows.map { $0["qty"] } == sent.map { $0["q"] })
            #expect(rows.map { $0["time"] } == sent.map { $0["T"] })
            #expect(rows.map { $0["isBuyerMaker"] } == sent.map { $0["m"] })
        }
    }
}
