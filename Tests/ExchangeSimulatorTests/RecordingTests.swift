import Exchanges
import Foundation
import MarketCore
import MarketWire
import TestServers
import Testing

@testable import ExchangeSimulator

/// Recorded files, played by the running service.
@Suite(.timeLimit(.minutes(3))) struct RecordingTests {
    /// The real slice: from 15:10:23.305 to 15:18:39.811.
    private static let recordedStart: Int64 = 1_577_977_823_305_000
    private static let recordedEnd: Int64 = 1_577_978_319_811_000

    /// The exchange's own candles equal those that the simulator folds from the exchange's trades, in all fields.
    @Test func klinesEqualTheExchangesOwn() async throws {
        let clock = ManualClock(Self.recordedStart)
        let lines = try String(contentsOfFile: RecordingFolder.realKlines, encoding: .utf8)
            .split(whereSeparator: \.isNewline).map { $0.split(separator: ",").map(String.init) }
        #expect(lines.count == 7)
        try await SimulatorServer.with(["SIMULATOR_FILES": RecordingFolder.realTrades], time: clock.source) { server in
            // Nothing of a minute that is not over yet is foretold.
            #expect(try await server.rows("/api/v3/klines?symbol=BTCUSDT&interval=1m").count == 1)
            clock.set(Self.recordedEnd)
            let rows = try await server.rows(
                "/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=\(lines[0][0])&limit=7")
            let texts = rows.map { row in
                (row.elements ?? []).map { cell in cell.text ?? cell.integer.map(String.init) ?? "?" }
            }
            #expect(texts == lines)
        }
    }

    @Test func recordedAggregatesComeOutAsTheyWere() async throws {
        let clock = ManualClock(Self.recordedStart)
        // Who subscribes at the very instant of the first trade gets the second one first, but for this.
        let values = ["SIMULATOR_FILES": RecordingFolder.realTrades, "SIMULATOR_START": "subscription"]
        try await SimulatorServer.with(values, time: clock.source) { server in
            try await server.listening("/ws/btcusdt@aggTrade") { _, heard in
                clock.set(Self.recordedEnd + 1_000_000)
                try await heard.wait("all thousand") { $0.events("aggTrade").count >= 1_000 }
                let events = heard.events("aggTrade")
                #expect(events.integers("a") == Array(202_790_190...202_791_189))
                #expect(events[1]["p"]?.text == "7139.97000000" && events[1]["q"]?.text == "0.00200000")
                #expect(events[1]["T"]?.integer == 1_577_977_824_874)
                #expect(events.integers("E").allSatisfy { $0 >= 1_577_977_823_305 })
            }
            // Single trades are not in this recording, and nobody makes them up.
            #expect(try await server.get("/api/v3/trades?symbol=BTCUSDT").json()["code"]?.integer == -1_020)
            let end = try await server.rows("/api/v3/aggTrades?symbol=BTCUSDT&limit=1")
            #expect(end.integers("a") == [202_791_189])
        }
    }

    @Test func fasterThanItWas() async throws {
        let clock = ManualClock(Self.recordedStart)
        let values = [
            "SIMULATOR_FILES": RecordingFolder.realTrades, "SIMULATOR_SPEED": "10", "SIMULATOR_START": "subscription",
        ]
        try await SimulatorServer.with(values, time: clock.source) { server in
            try await server.listening("/ws/btcusdt@aggTrade") { _, heard in
                // A tenth of the recording's 496.5 s.
                clock.advance(.seconds(25))
                try await heard.wait("the first half") {
                    ($0.events("aggTrade").integers("T").last ?? 0) > 1_577_978_050_000
                }
                let half = heard.events("aggTrade").integers("T").last ?? 0
                #expect(half <= 1_577_978_073_305)
                clock.advance(.seconds(25))
                try await heard.wait("all") { $0.events("aggTrade").count == 1_000 }
            }
        }
    }

    /// Unpaced it is not a tape but a file: as fast as a client reads, from the first trade on, for everybody.
    @Test func asFastAsAClientReads() async throws {
        let values = ["SIMULATOR_FILES": RecordingFolder.realTrades, "SIMULATOR_SPEED": "0"]
        try await SimulatorServer.with(values, time: ManualClock(Self.recordedStart).source) { server in
            for _ in 0..<2 {
                try await server.listening("/ws/btcusdt@aggTrade") { _, heard in
                    try await heard.wait("all") { $0.events("aggTrade").count == 1_000 }
                    #expect(heard.events("aggTrade").integers("a") == Array(202_790_190...202_791_189))
                }
            }
        }
    }

    /// The last trade falls on the instant at which it is played.
    @Test(arguments: ["1", "4"])
    func retimed(_ speed: String) async throws {
        let now: Int64 = 1_800_000_000_000_000
        let clock = ManualClock(now)
        let values = [
            "SIMULATOR_FILES": RecordingFolder.realTrades, "SIMULATOR_RETIME": "true", "SIMULATOR_SPEED": speed,
            "SIMULATOR_START": "subscription",
        ]
        let length = (Self.recordedEnd - Self.recordedStart) / (Int64(speed) ?? 1)
        try await SimulatorServer.with(values, time: clock.source) { server in
            try await server.listening("/ws/btcusdt@aggTrade") { _, heard in
                clock.set(now + length + 1_000_000)
                try await heard.wait("all") { $0.events("aggTrade").count == 1_000 }
                let times = heard.events("aggTrade").integers("T")
                #expect(times.last == (now + length) / 1_000)
                // The distances are the recording's.
                #expect(times[999] - times[0] == 1_577_978_319_811 - 1_577_977_823_305)
            }
        }
    }

    @Test func aRecordingThatWaitsForItsFirstSubscription() async throws {
        let clock = ManualClock(Self.recordedStart)
        let values = ["SIMULATOR_FILES": RecordingFolder.realTrades, "SIMULATOR_START": "subscription"]
        try await SimulatorServer.with(values, time: clock.source) { server in
            clock.advance(.seconds(3_600))
            #expect(try await server.rows("/api/v3/aggTrades?symbol=BTCUSDT").isEmpty)
            try await server.listening("/ws/btcusdt@aggTrade") { _, heard in
                clock.advance(.seconds(10))
                try await heard.wait("the first ones") { !$0.events("aggTrade").isEmpty }
                #expect(heard.events("aggTrade").integers("a").first == 202_790_190)
            }
        }
    }
}

/// Binance's public file layouts.
@Suite struct RecordingFileTests {
    private static let trades = ["28457,4.00000100,12.00000000,48.00001200,1499865549590,True,True"]
    private static let aggregates = ["26129,0.01633102,4.70443515,27781,27781,1498793709153,True,True"]

    private func read(_ name: String, _ text: String) throws -> [Recording] {
        let folder = try RecordingFolder()
        defer { folder.remove() }
        return try RecordingFile.read([try folder.write(name, text)])
    }

    @Test func tradesWithAndWithoutAHeader() throws {
        let header = "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match"
        let plain = try read("BTCUSDT-trades-2017-07-12.csv", Self.trades[0] + "\n")
        let headed = try read("BTCUSDT-trades-2017-07-12.csv", "\(header)\r\n\(Self.trades[0])\r\n")
        #expect(plain[0].rows == headed[0].rows && plain[0].kind == .trade)
        let row = plain[0].rows[0]
        #expect(row.id == 28_457 && row.price == 400_000_100 && row.quantity == 1_200_000_000)
        #expect(row.timeMicros == 1_499_865_549_590_000 && row.isBuyerMaker && row.isBestMatch)
        // No line end after the last one.
        #expect(try read("BTCUSDT-trades-2017-07-12.csv", Self.trades[0])[0].rows == plain[0].rows)
    }

    @Test func aggregatesInMillisecondsAndMicroseconds() throws {
        let header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
        let millis = try read("BTCUSDT-aggTrades-2017-06-30.csv", "\(header)\n\(Self.aggregates[0])\n")
        let micros = try read(
            "BTCUSDT-aggTrades-2025-01-01.csv",
            Self.aggregates[0].replacing("1498793709153", with: "1498793709153000").replacing("True", with: "true"))
        #expect(millis[0].rows == micros[0].rows && millis[0].kind == .aggTrade)
        #expect(millis[0].rows[0].firstTradeID == 27_781)
        // Of futures, without the last column.
        let futures = try read("BTCUSDT-aggTrades-x.csv", Self.aggregates[0].replacing(",True,True", with: ",true"))
        #expect(futures[0].rows == millis[0].rows)
    }

    @Test func theKindIsFoundByTheColumnsWhereTheNameDoesNotSay() throws {
        #expect(try read("BTCUSDT.csv", Self.trades[0])[0].kind == .trade)
        #expect(try read("BTCUSDT.csv", Self.aggregates[0])[0].kind == .aggTrade)
    }

    @Test(arguments: [
        ("BTCUSDT-trades.csv", "1,2,3\n", "columns"), ("BTCUSDT-trades.csv", "\n", "hold no trades"),
        ("BTCUSDT.csv", "\n", "empty"),
        ("BTCUSDT-trades.csv", "x,y\nz,1,1,1,1499865549590,True\n", "line 2"),
        ("BTCUSDT-trades.csv", "1,-4,1,1,1499865549590,True\n", "price"),
        ("BTCUSDT-trades.csv", "1,4,1x,1,1499865549590,True\n", "quantity"),
        ("BTCUSDT-trades.csv", "1,4,1,1,1499865549590,maybe\n", "neither true nor false"),
        ("BTCUSDT-trades.csv", "2,4,1,1,1499865549590,True\n1,4,1,1,1499865549590,True\n", "ids must rise"),
        ("BTCUSDT-trades.csv", "1,4,1,1,1499865549590,True\n2,4,1,1,1499865549589,True\n", "times must not fall"),
        ("BTCUSDT-aggTrades.csv", "1,4,1,5,4,1499865549590,True\n", "above the last"),
        ("BTCUSDT-trades.csv", "99999999999999999999,4,1,1,1499865549590,True\n", "whole number"),
        ("-trades.csv", "1,4,1,1,1499865549590,True\n", "symbol"),
    ])
    func whatCannotBeReadIsSaidWithItsLine(_ name: String, _ text: String, _ words: String) throws {
        let error = #expect(throws: RecordingError.self) { try read(name, text) }
        #expect(error?.description.contains(words) == true, "\(error.map(String.init(describing:)) ?? "none")")
    }

    @Test func filesOfOneSymbolGoOnAndKindsDoNotMix() throws {
        let folder = try RecordingFolder()
        defer { folder.remove() }
        let second = try folder.write("AUSDT-trades-2.csv", "3,4,1,1,1499865549592,True\n")
        let first = try folder.write("AUSDT-trades-1.csv", "1,4,1,1,1499865549590,True\n2,4,1,1,1499865549591,True\n")
        #expect(try RecordingFile.read([second, first])[0].rows.map(\.id) == [1, 2, 3])
        let other = try folder.write("BUSDT-aggTrades.csv", Self.aggregates[0])
        #expect(throws: RecordingError.self) { try RecordingFile.read([first, other]) }
        #expect(throws: RecordingError.self) { try RecordingFile.read([folder.folder.path + "/AUSDT-none.csv"]) }
    }
}
