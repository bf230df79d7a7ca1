import Exchanges
import Foundation
import KafkaClient
import MarketCore
import MarketWire
import ServiceKit
import ServiceLifecycle
import TestServers
import Testing

@testable import MarketProducer

extension ProducerBrokerTests {
    /// Recorded files into a real broker's log.
    @Suite struct ReplayTests {
        private static let data = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Data")
        private static let aggregates = data.appending(
            path: "binance-spot-BTCUSDT-2020-01-02/BTCUSDT-aggTrades-2020-01-02.part.csv"
        ).path

        private func settings(_ broker: KafkaBroker, _ topic: String, _ more: [String: String]) -> [String: String] {
            ["KAFKA_BROKERS": broker.brokers, "KAFKA_TRADES_TOPIC": topic, "KAFKA_TOPIC_PARTITIONS": "3"]
                .merging(more) { $1 }
        }

        private func run(_ values: [String: String]) async throws {
            _ = TestMetrics.registry
            try await MarketProducerProgram.run(RunningProducer.context(values))
        }

        /// The recorded connection to Coinbase as a capture, made with no code of ours.
        private func writeCapture(_ path: String) throws {
            let file = Self.data.appending(path: "coinbase-advanced-trade-2026-08-09/messages.jsonl")
            let messages = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            var objects: [[String: Any]] = [
                [
                    "capture": 1, "source": "binance", "started_time_us": 1,
                    "instruments": ["coinbase:BTC-USD", "coinbase:ETH-USD"],
                ]
            ]
            for (place, message) in messages.enumerated() {
                objects.append([
                    "venue": "coinbase", "connection": "coinbase", "session": 1, "received_time_us": 1_000 + place,
                    "text": String(message),
                ])
            }
            let lines = try objects.map { try JSONSerialization.data(withJSONObject: $0) + Data("\n".utf8) }
            try lines.reduce(Data(), +).write(to: URL(filePath: path))
        }

        @Test func filesOfBothKindsAreInTheLogToTheDigit() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = broker.uniqueTopic("replay")
            let folder = try TemporaryFolder("replay")
            defer { folder.remove() }
            let capture = folder.path + "/coinbase.jsonl"
            try writeCapture(capture)
            try await run(settings(broker, topic, ["REPLAY": "\(Self.aggregates), \(capture)"]))

            let rows = try String(contentsOfFile: Self.aggregates, encoding: .utf8).split(whereSeparator: \.isNewline)
                .map { $0.split(separator: ",").map(String.init) }
            let ids = try await LogContents.tradeIDs(broker, topic)
            #expect(ids.keys.sorted() == ["BTCUSDT", "coinbase:BTC-USD", "coinbase:ETH-USD"])
            #expect(ids["BTCUSDT"] == rows.compactMap { Int64($0[4]) } && rows.count == 1_000)
            for (symbol, count) in [("coinbase:BTC-USD", 147), ("coinbase:ETH-USD", 132)] {
                let found = try #require(ids[symbol])
                #expect(found.count == count && found == found.sorted() && LogContents.missing(found).isEmpty)
            }
            var aggregates = rows[...]
            for record in try await LogContents.records(broker, topic) {
                guard case .trade(let trade) = try TradeRecord.decode(record.value ?? []) else {
                    Issue.record("no trade")
                    continue
                }
                guard trade.instrument.venue == "binance" else {
                    #expect((1_000..<2_030).contains(trade.receivedTimeMicros), "as recorded")
                    continue
                }
                let next = aggregates.popFirst()
                let row = try #require(next)
                #expect(trade.price == Price(row[1]) && trade.quantity == Quantity(row[2]))
                #expect(trade.eventTimeMicros == Int64(row[5]).map { $0 * 1_000 })
            }
        }

        @Test func anotherMarketsLogIsRefused() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = broker.uniqueTopic("replay")
            let replay = ["REPLAY": Self.aggregates]
            try await run(settings(broker, topic, replay.merging(["MARKET_SOURCE": "simulator:test"]) { $1 }))
            await #expect(throws: SourceMismatchError.self) { try await run(settings(broker, topic, replay)) }
            #expect(try await LogContents.records(broker, topic).count == 1_000)
        }

        /// What stands before it is acknowledged by the time that it is said.
        @Test func aBadLineIsAFailureAndCanBePassedOver() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = broker.uniqueTopic("replay")
            let folder = try TemporaryFolder("replay")
            defer { folder.remove() }
            let path = folder.path + "/ETHUSDT-trades.csv"
            let text = "1,4,1,1,1499865549590,True\n2,4,1,1,1499865549590,True\nx\n4,4,1,1,1499865549590,True\n"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let values = settings(broker, topic, ["REPLAY": path])
            let error = await #expect(throws: RecordingError.self) { try await run(values) }
            #expect(error?.description.hasPrefix("\(path), line 3: ") == true)
            #expect(try await LogContents.tradeIDs(broker, topic)["ETHUSDT"] == [1, 2])
            try await run(values.merging(["REPLAY_SKIP_BAD": "true"]) { $1 })
            #expect(try await LogContents.tradeIDs(broker, topic)["ETHUSDT"] == [1, 2, 1, 2, 4])
        }

        @Test func aStopSaysHowFarItCame() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = broker.uniqueTopic("replay")
            let folder = try TemporaryFolder("replay")
            defer { folder.remove() }
            let path = folder.path + "/ETHUSDT-trades.csv"
            let rows = (1...200_000).map { "\($0),4,1,1,1499865549590,True\n" }
            try rows.joined().write(toFile: path, atomically: true, encoding: .utf8)
            let before = TestMetrics.value("producer_trades_accepted_total")
            let error = await #expect(throws: ReplayStopped.self) {
                try await RunningProgram.with(settings(broker, topic, ["REPLAY": path])) {
                    try await waitUntil("trades flow", withinMillis: 60_000, everyMillis: 1) {
                        TestMetrics.value("producer_trades_accepted_total") > before + 4_000
                    }
                }
            }
            let ids = try #require(try await LogContents.tradeIDs(broker, topic)["ETHUSDT"])
            #expect(ids == Array(1...Int64(ids.count)) && ids.count < 200_000)
            #expect(error?.description.contains("stopped as asked at \(path), line ") == true)
        }

        /// Without a broker it waits, and can be stopped.
        @Test func withoutABrokerItWaits() async throws {
            let values = ["KAFKA_BROKERS": "127.0.0.1:\(try FreePort.next())", "REPLAY": Self.aggregates]
            let error = await #expect(throws: ReplayStopped.self) {
                try await RunningProgram.with(values) { health in
                    try await waitUntil("it waits", withinMillis: 60_000) { health.snapshot()["kafka"] != nil }
                }
            }
            #expect(error?.description.contains("before the first trade") == true)
        }

        /// From the exchange to a file, and from there to the log: every trade of the file, and none is missing.
        @Test func whatWasRecordedIsReplayed() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = broker.uniqueTopic("replay")
            let folder = try TemporaryFolder("replay")
            defer { folder.remove() }
            let path = folder.path + "/capture.jsonl.gz"
            let simulator = try SimulatorProcess(["SYMBOLS": "BTCUSDT,ETHUSDT", "SIMULATOR_RATE": "1000"])
            try await simulator.start()
            let source = ["MARKET_SOURCE": "simulator:test", "SYMBOLS": "BTCUSDT,ETHUSDT"]
            let record = source.merging(["RECORD": path]) { $1 }.merging(simulator.settings) { $1 }
            do {
                try await RunningProgram.with(record) {
                    try await waitUntil("some thousand messages are written", withinMillis: 60_000) {
                        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
                        return size ?? 0 > 60_000
                    }
                }
            } catch is CancellationError {}
            try await simulator.stop()
            let recorded = try Self.recordedIDs(path)
            #expect(recorded.count == 2)
            try await run(settings(broker, topic, source.merging(["REPLAY": path]) { $1 }))
            let ids = try await LogContents.tradeIDs(broker, topic)
            #expect(ids == recorded)
            for (symbol, ids) in ids {
                #expect(ids.count > 500 && LogContents.missing(ids).isEmpty, "\(symbol): \(ids.count)")
            }
        }

        /// The ids in a compressed file, found with no code of ours.
        private static func recordedIDs(_ path: String) throws -> [String: [Int64]] {
            let gzip = Process()
            gzip.executableURL = URL(filePath: "/usr/bin/env")
            gzip.arguments = ["gzip", "-dc", path]
            let output = Pipe()
            gzip.standardOutput = output
            try gzip.run()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            gzip.waitUntilExit()
            #expect(gzip.terminationStatus == 0, "the file is whole")
            var ids: [String: [Int64]] = [:]
            for match in text.matches(of: /\\"s\\":\\"([A-Z]+)\\",\\"t\\":([0-9]+)/) {
                ids[String(match.1), default: []].append(try #require(Int64(match.2)))
            }
            return ids
        }
    }
}

/// The program in this process, stopped gracefully when the body is over.
private enum RunningProgram {
    private struct Body: Service {
        let context: ServiceContext

        func run() async throws { try await MarketProducerProgram.run(context) }
    }

    static func with(_ values: [String: String], _ body: () async throws -> Void) async throws {
        try await with(values) { _ in try await body() }
    }

    static func with(_ values: [String: String], _ body: (HealthBoard) async throws -> Void) async throws {
        _ = TestMetrics.registry
        let health = HealthBoard()
        let group = ServiceGroup(
            configuration: .init(
                services: [Body(context: RunningProducer.context(values, health: health))],
                logger: RunningProducer.quietLogger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(health)) } catch { outcome = .failure(error) }
            await group.triggerGracefulShutdown()
            do { try await tasks.waitForAll() } catch { if case .success = outcome { throw error } }
            try outcome.get()
        }
    }
}
