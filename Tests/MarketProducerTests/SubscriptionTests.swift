import KafkaClient
import MarketCore
import MarketWire
import ServiceKit
import TestServers
import Testing

@testable import MarketProducer

/// What is followed: the configuration, and what was said since.
@Suite struct SubscriptionBookTests {
    private func book(_ configured: [String], share: String = "0/1") throws -> SubscriptionBook {
        SubscriptionBook(
            try configured.map { try Instrument(key: $0) }, share: try #require(ProducerShard(share)))
    }

    private func record(_ symbol: String, _ isFollowed: Bool) -> SubscriptionRecord {
        SubscriptionRecord(symbol: symbol, isFollowed: isFollowed, updatedTimeMicros: 1)
    }

    @Test func theLastWordHolds() throws {
        var book = try book(["ETHUSDT", "BTCUSDT"])
        #expect(book.followed.map(\.key) == ["ETHUSDT", "BTCUSDT"])
        book.take(record("SOLUSDT", true))
        book.take(record("ETHUSDT", false))
        book.take(record("kraken:BTC/USD", true))
        #expect(book.followed.map(\.key) == ["BTCUSDT", "SOLUSDT", "kraken:BTC/USD"])
        book.take(record("SOLUSDT", false))
        book.take(record("ETHUSDT", true))
        #expect(book.followed.map(\.key) == ["ETHUSDT", "BTCUSDT", "kraken:BTC/USD"])
        // A tombstone: what is configured holds again.
        book.take(record("BTCUSDT", false))
        book.remove("BTCUSDT")
        book.remove("kraken:BTC/USD")
        book.remove("never heard of")
        #expect(book.followed.map(\.key) == ["ETHUSDT", "BTCUSDT"])
    }

    @Test func whatIsNoInstrumentIsLeftOut() throws {
        var book = try book(["BTCUSDT"])
        book.take(record("kraken:", true))
        #expect(book.followed.map(\.key) == ["BTCUSDT"])
    }

    @Test func sharesAreWhole() throws {
        var books = try (0..<3).map { try book(["BTCUSDT", "ETHUSDT"], share: "\($0)/3") }
        for number in 0..<100 {
            for place in books.indices { books[place].take(record("SYM\(number)USDT", true)) }
        }
        let all = books.flatMap { $0.followed.map(\.key) }
        #expect(all.count == 102 && Set(all).count == 102)
        #expect(books.allSatisfy { $0.followed.count > 15 })
    }
}

extension ProducerBrokerTests {
    /// Subscriptions that come and go while the producer runs, and over a restart.
    @Suite struct RunTimeSubscriptionTests {
        private func write(_ broker: KafkaBroker, _ symbol: String, followed: Bool) async throws {
            let record = SubscriptionRecord(symbol: symbol, isFollowed: followed, updatedTimeMicros: 1)
            let producer = try KafkaProducer(broker.configuration("test-writer"))
            _ = try await producer.deliver(
                topic: "market.subscriptions", key: Array(symbol.utf8), value: record.encoded(),
                headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)])
            await producer.close(timeoutMillis: 1_000)
        }

        private func followed(_ broker: KafkaBroker) async throws -> [String]? {
            try await LogContents.latest(broker, "market.heartbeat", key: "producer-1", as: HeartbeatRecord.self)?
                .connections.flatMap(\.instruments).sorted()
        }

        private func count(_ broker: KafkaBroker, _ symbol: String) async throws -> Int {
            try await LogContents.tradeIDs(broker, "trades")[symbol]?.count ?? 0
        }

        @Test func producersFollowAtOnceAndRestartsRemember() async throws {
            let broker = try await KafkaBroker.start()
            let simulator = try SimulatorProcess(["SYMBOLS": "BTCUSDT,ETHUSDT,SOLUSDT", "SIMULATOR_RATE": "300"])
            try await simulator.start()
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await check(broker, simulator)) } catch { outcome = .failure(error) }
            try await simulator.stop()
            try await broker.stop()
            try outcome.get()
        }

        private func check(_ broker: KafkaBroker, _ simulator: SimulatorProcess) async throws {
            let settings = [
                "KAFKA_BROKERS": broker.brokers, "SYMBOLS": "BTCUSDT,ETHUSDT", "MARKET_SOURCE": "simulator:test",
            ].merging(simulator.settings) { $1 }
            try await RunningProducer.with(settings) { producer in
                try await waitUntil("both flow", withinMillis: 60_000) {
                    let counts = (try await count(broker, "BTCUSDT"), try await count(broker, "ETHUSDT"))
                    return counts.0 > 10 && counts.1 > 10
                }
                let reconnects = TestMetrics.value("producer_reconnects_total")
                let asked = ContinuousClock.now
                try await write(broker, "SOLUSDT", followed: true)
                try await waitUntil("the third flows", withinMillis: 60_000) { try await count(broker, "SOLUSDT") > 0 }
                print("from the subscription's record to the first trade in the log: \(ContinuousClock.now - asked)")
                try await waitUntil("its metadata", withinMillis: 60_000, everyMillis: 250) {
                    try await LogContents.latest(broker, "instruments", key: "SOLUSDT", as: InstrumentRecord.self)
                        != nil
                }
                try await write(broker, "ETHUSDT", followed: false)
                try await waitUntil("the heartbeat says so", withinMillis: 60_000, everyMillis: 250) {
                    try await followed(broker) == ["BTCUSDT", "SOLUSDT"]
                }
                let stopped = try await count(broker, "ETHUSDT")
                let others = try await count(broker, "SOLUSDT")
                try await waitUntil("the others go on", withinMillis: 60_000) {
                    try await count(broker, "SOLUSDT") > others + 100
                }
                #expect(try await count(broker, "ETHUSDT") == stopped)
                #expect(TestMetrics.value("producer_reconnects_total") == reconnects, "the connection went on")
            }
            let before = (try await count(broker, "ETHUSDT"), try await count(broker, "SOLUSDT"))
            try await RunningProducer.with(settings) { producer in
                try await waitUntil("the third is remembered", withinMillis: 60_000) {
                    try await count(broker, "SOLUSDT") > before.1 + 100
                }
                #expect(try await count(broker, "ETHUSDT") == before.0, "and that the second is not wanted")
                for symbol in ["BTCUSDT", "SOLUSDT"] { try await write(broker, symbol, followed: false) }
                try await producer.wait("nothing is left, and nothing is wrong") {
                    $0["binance"] == nil && $0["subscriptions"] == .ok
                }
                #expect(producer.health.isReady)
                try await write(broker, "BTCUSDT", followed: true)
                try await producer.wait("connected again") { $0["binance"] == .ok }
            }
        }
    }
}
