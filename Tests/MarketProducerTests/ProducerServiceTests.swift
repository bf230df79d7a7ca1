import Foundation
import KafkaClient
import MarketCore
import MarketWire
import ServiceKit
import Synchronization
import TestServers
import Testing

@testable import MarketProducer

extension ProducerBrokerTests {
    /// The whole service between a simulated exchange, as a process, and a real broker.
    @Suite struct ProducerServiceTests {
        private static let symbols = ["BTCUSDT", "ETHUSDT"]
        private static let market = ["SYMBOLS": symbols.joined(separator: ","), "SIMULATOR_MAX_LAG": "3600s"]

        private func settings(_ broker: KafkaBroker, _ simulator: SimulatorProcess, _ more: [String: String] = [:])
            -> [String: String]
        {
            [
                "KAFKA_BROKERS": broker.brokers, "SYMBOLS": Self.symbols.joined(separator: ","),
                "MARKET_SOURCE": "simulator:test", "KAFKA_TOPIC_PARTITIONS": "3",
            ].merging(simulator.settings) { $1 }.merging(more) { $1 }
        }

        private func with(
            rate: Int, _ body: (KafkaBroker, SimulatorProcess) async throws -> Void
        ) async throws {
            let broker = try await KafkaBroker.start()
            let simulator = try SimulatorProcess(Self.market.merging(["SIMULATOR_RATE": "\(rate)"]) { $1 })
            try await simulator.start()
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(broker, simulator)) } catch { outcome = .failure(error) }
            try await simulator.stop()
            try await broker.stop()
            try outcome.get()
        }

        private func count(_ broker: KafkaBroker) async throws -> Int {
            try await LogContents.tradeIDs(broker, "trades").values.map(\.count).reduce(0, +)
        }

        private func heartbeat(_ broker: KafkaBroker) async throws -> HeartbeatRecord.Connection? {
            try await LogContents.latest(broker, "market.heartbeat", key: "producer-1", as: HeartbeatRecord.self)?
                .connections.first
        }

        /// The connection was not made again since the start. A broker that has only just come back knows its topics
        /// one after another, so that the heartbeats may be there later than the trades.
        private func expectOneConnection(_ broker: KafkaBroker) async throws {
            var last: HeartbeatRecord.Connection?
            try await waitUntil("heartbeats can be read", withinMillis: 60_000, everyMillis: 250) {
                last = try await heartbeat(broker)
                return last != nil
            }
            #expect(last?.reconnectCount == 0, "one connection all the time: \(String(describing: last))")
        }

        /// Ids of the simulator have no holes, so one in the log is a trade that was sent and lost.
        private func expectNoHoles(_ broker: KafkaBroker) async throws {
            var ids: [String: [Int64]] = [:]
            try await waitUntil("the log can be read", withinMillis: 60_000, everyMillis: 250) {
                ids = try await LogContents.tradeIDs(broker, "trades")
                return !ids.isEmpty
            }
            #expect(ids.keys.sorted() == Self.symbols.sorted())
            for (symbol, ids) in ids {
                #expect(LogContents.missing(ids).isEmpty, "\(symbol): \(ids.count) trades in the log")
            }
        }

        @Test func aBrokerKilledUnderLoadCostsNoTrade() async throws {
            try await with(rate: 1_000) { broker, simulator in
                try await RunningProducer.with(settings(broker, simulator)) { producer in
                    try await waitUntil("trades flow", withinMillis: 60_000) { try await count(broker) > 1_000 }
                    for round in 1...2 {
                        try await broker.killNow()
                        // Some seconds of trades while nobody takes them.
                        let before = TestMetrics.value("producer_trades_accepted_total")
                        try await waitUntil("trades go on, round \(round)", withinMillis: 60_000) {
                            TestMetrics.value("producer_trades_accepted_total") > before + 3_000
                        }
                        try await broker.restart()
                        let inLog = try await count(broker)
                        try await waitUntil("they are in the log", withinMillis: 90_000, everyMillis: 250) {
                            try await count(broker) > inLog + 3_000
                        }
                    }
                    try await expectOneConnection(broker)
                    #expect(producer.health.isReady)
                }
                try await expectNoHoles(broker)
            }
        }

        /// The queue is full for longer than the venue may be silent: the socket is not read, nothing is dropped, and
        /// memory stays what it was.
        @Test func backpressureReachesTheVenueAndCostsNoTrade() async throws {
            try await with(rate: 2_000) { broker, simulator in
                let small = ["KAFKA_CLIENT_QUEUE_BUFFERING_MAX_MESSAGES": "500", "STALE_AFTER": "2s"]
                try await RunningProducer.with(settings(broker, simulator, small)) { producer in
                    try await waitUntil("trades flow", withinMillis: 60_000) { try await count(broker) > 1_000 }
                    let memory = try Memory.residentMegabytes()
                    try await broker.killNow()
                    try await producer.wait("it waits") { parts in
                        parts["kafka"]?.reason?.contains("trades wait") == true
                    }
                    let accepted = TestMetrics.value("producer_trades_accepted_total")
                    // Several times STALE_AFTER, by the market's own clock: 1,000 trades a second of each symbol.
                    let start = try await simulator.lastTradeID("BTCUSDT")
                    try await waitUntil("the market has gone on", withinMillis: 60_000, everyMillis: 100) {
                        try await simulator.lastTradeID("BTCUSDT") > start + 8_000
                    }
                    let more = TestMetrics.value("producer_trades_accepted_total") - accepted
                    #expect(more <= 1_000, "nothing is read while the queue is full: \(more)")
                    #expect(try Memory.residentMegabytes() - memory < 64)
                    try await broker.restart()
                    let inLog = try await count(broker)
                    try await waitUntil("the backlog is in the log", withinMillis: 90_000, everyMillis: 250) {
                        try await count(broker) > inLog + 12_000
                    }
                    try await expectOneConnection(broker)
                }
                try await expectNoHoles(broker)
            }
        }

        @Test func heartbeatsAndMetadataAreOnTheirTopics() async throws {
            try await with(rate: 100) { broker, simulator in
                try await RunningProducer.with(settings(broker, simulator)) { _ in
                    try await waitUntil("a heartbeat of a live connection", withinMillis: 60_000, everyMillis: 250) {
                        let connection = try await heartbeat(broker)
                        return connection?.state == .connected && (connection?.tradesPerSecond ?? 0) > 10
                    }
                    let connection = try #require(try await heartbeat(broker))
                    #expect(connection.venue == "binance" && connection.instruments == Self.symbols)
                    #expect(connection.lastTradeTimeMicros != nil && connection.connectedSinceMicros != nil)
                    try await waitUntil("metadata", withinMillis: 60_000, everyMillis: 250) {
                        try await LogContents.records(broker, "instruments").count >= 2
                    }
                    let record = try await LogContents.latest(
                        broker, "instruments", key: "ETHUSDT", as: InstrumentRecord.self)
                    #expect(record?.base == "ETH" && record?.tickSize == Price("0.01"))
                }
            }
        }

        @Test func aKilledExchangeIsFollowedAgain() async throws {
            try await with(rate: 200) { broker, simulator in
                try await RunningProducer.with(settings(broker, simulator)) { producer in
                    try await waitUntil("trades flow", withinMillis: 60_000) { try await count(broker) > 100 }
                    try await simulator.killNow()
                    try await producer.wait("it is said") { $0["binance"]?.reason?.contains("not connected") == true }
                    #expect(producer.health.isReady, "nobody is helped by a producer that is taken out for that")
                    try await waitUntil("a heartbeat says so", withinMillis: 60_000, everyMillis: 250) {
                        // The first one, of before the connection, has no error.
                        guard let beat = try await heartbeat(broker) else { return false }
                        return beat.state != .connected && beat.lastError != nil
                    }
                    try await simulator.start()
                    let before = try await count(broker)
                    try await producer.wait("connected again") { $0["binance"] == .ok }
                    try await waitUntil("trades flow again", withinMillis: 60_000) { try await count(broker) > before }
                    try await waitUntil("a heartbeat counts it", withinMillis: 60_000, everyMillis: 250) {
                        try await heartbeat(broker)?.reconnectCount ?? 0 >= 1
                    }
                }
                // The market went on meanwhile, and its ids with it: rising, never again.
                for ids in try await LogContents.tradeIDs(broker, "trades").values { #expect(ids == ids.sorted()) }
            }
        }

        @Test func anExchangeThatFallsSilentIsLeft() async throws {
            try await with(rate: 200) { broker, simulator in
                try await RunningProducer.with(settings(broker, simulator, ["STALE_AFTER": "1s"])) { producer in
                    try await waitUntil("trades flow", withinMillis: 60_000) { try await count(broker) > 100 }
                    simulator.pause()
                    try await producer.wait("the silence is noticed") {
                        $0["binance"]?.reason?.contains("nothing came in") == true
                            || $0["binance"]?.reason?.contains("cannot be reached") == true
                    }
                    simulator.resume()
                    try await producer.wait("connected again") { $0["binance"] == .ok }
                    let before = try await count(broker)
                    try await waitUntil("trades flow again", withinMillis: 60_000) { try await count(broker) > before }
                }
            }
        }

        @Test func aStopFlushesWhatWasAccepted() async throws {
            try await with(rate: 5_000) { broker, simulator in
                let accepted = TestMetrics.value("producer_trades_accepted_total")
                let lost = TestMetrics.value("producer_trades_lost_total")
                // Batches of a whole second: at the stop many are not with the broker.
                let lingering = ["KAFKA_CLIENT_LINGER_MS": "1000"]
                try await RunningProducer.with(settings(broker, simulator, lingering)) { _ in
                    try await waitUntil("trades flow", withinMillis: 60_000) {
                        TestMetrics.value("producer_trades_accepted_total") - accepted > 10_000
                    }
                }
                let taken = TestMetrics.value("producer_trades_accepted_total") - accepted
                #expect(try await count(broker) == Int(taken), "each once, none missing")
                #expect(TestMetrics.value("producer_trades_lost_total") == lost)
                try await expectNoHoles(broker)
            }
        }

        @Test func aLogOfAnotherSourceIsRefused() async throws {
            try await with(rate: 50) { broker, simulator in
                try await RunningProducer.with(settings(broker, simulator)) { _ in
                    try await waitUntil("trades flow", withinMillis: 60_000) { try await count(broker) > 10 }
                }
                let marked = try await LogContents.latest(
                    broker, "trades.source", key: SourceRecord.key, as: SourceRecord.self)
                #expect(marked?.source == "simulator:test")
                let before = try await count(broker)
                let other = settings(broker, simulator, ["MARKET_SOURCE": "binance"])
                let error = await #expect(throws: SourceMismatchError.self) {
                    try await MarketProducerService(RunningProducer.context(other)).run()
                }
                let words = try #require(error).description
                #expect(words.contains("'simulator:test'") && words.contains("'binance'"))
                #expect(words.contains("MARKET_SOURCE") && words.contains("topic trades"))
                #expect(try await count(broker) == before, "not one trade of another source")
                // Who only reads is refused as well, and let in with the right one.
                let context = RunningProducer.context(other)
                let (kafka, catalog) = (try KafkaSetup(context), try TopicCatalog(context.settings))
                await #expect(throws: SourceMismatchError.self) {
                    try await kafka.checkLog(of: "binance", catalog: catalog)
                }
                try await kafka.checkLog(of: "simulator:test", catalog: catalog)
                // Its own source goes on, and the mark stays one record.
                try await RunningProducer.with(settings(broker, simulator)) { producer in
                    try await producer.wait("connected") { $0["binance"] == .ok }
                }
                #expect(try await LogContents.records(broker, "trades.source").count == 1)
            }
        }

        /// Two with different sources at once, on an empty log: one wins, the other is told.
        @Test func ofTwoAtOnceOneWins() async throws {
            let broker = try await KafkaBroker.shared.get()
            for round in 0..<5 {
                let values = ["KAFKA_BROKERS": broker.brokers, "KAFKA_TRADES_TOPIC": "claims-\(round)"]
                let outcomes = await withTaskGroup(of: (any Error)?.self) { group in
                    for source in ["one", "two", "three"] {
                        group.addTask {
                            do {
                                try await claim(RunningProducer.context(values), source)
                                return nil
                            } catch { return error }
                        }
                    }
                    return await group.reduce(into: [(any Error)?]()) { $0.append($1) }
                }
                let refusals = outcomes.compactMap { $0 as? SourceMismatchError }
                #expect(refusals.count == 2 && outcomes.count == 3, "\(outcomes)")
                #expect(Set(refusals.map(\.found)).count == 1)
            }
        }

        /// A reader of what others made waits for a broker that is not there, and can be stopped.
        @Test func withoutABrokerTheCheckWaits() async throws {
            let context = RunningProducer.context(["KAFKA_BROKERS": "127.0.0.1:\(try FreePort.next())"])
            let (kafka, catalog) = (try KafkaSetup(context), try TopicCatalog(context.settings))
            let checking = Task { try await kafka.checkLog(of: "binance", catalog: catalog) }
            checking.cancel()
            await #expect(throws: CancellationError.self) { try await checking.value }
        }

        private func claim(_ context: ServiceContext, _ source: String) async throws {
            let kafka = try KafkaSetup(context)
            let catalog = try TopicCatalog(context.settings)
            let admin = try KafkaAdmin(kafka.configuration)
            try await kafka.ensureTopics(
                [catalog.source], mayCreate: true, through: admin, health: context.health)
            await admin.close()
            try await kafka.claimLog(of: source, catalog: catalog, health: context.health)
        }
    }
}
