import CRdKafka
import MarketCore
import MarketWire
import ServiceKit
import Synchronization
import TestServers
import Testing

@testable import KafkaClient
@testable import MarketProducer

/// Suites that start brokers, one after the other.
@Suite(
    .serialized, .timeLimit(.minutes(10)),
    .enabled(if: KafkaBroker.availability.isAvailable, "\(KafkaBroker.availability)"))
enum ProducerBrokerTests {}

extension ProducerBrokerTests {
    /// The publisher against a real broker that stops, forgets and comes back.
    @Suite struct TradePublisherTests {
        private static let partitions: Int32 = 3

        private func trades(_ ids: ClosedRange<Int64>, _ symbol: String = "BTCUSDT") throws -> [Trade] {
            let instrument = try Instrument(key: symbol)
            return ids.map { id in
                Trade(
                    instrument: instrument, tradeID: id, price: Price(raw: 100_000_000),
                    quantity: Quantity(raw: Int128(id)),
                    takerSide: .buy, eventTimeMicros: 1_700_000_000_000_000 + id, receivedTimeMicros: 1)
            }
        }

        /// A publisher with its mender running, for the time of a test.
        private func with(
            _ broker: KafkaBroker, _ topic: String, _ properties: [String: String] = [:],
            health: HealthBoard = HealthBoard(), _ body: (TradePublisher) async throws -> Void
        ) async throws {
            _ = TestMetrics.registry
            let publisher = try TradePublisher(
                broker.configuration("publisher", properties: properties), topic: topic, partitions: Self.partitions,
                logger: RunningProducer.quietLogger, health: health)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await publisher.run() }
                try await body(publisher)
                group.cancelAll()
            }
            await publisher.close()
        }

        private func expectAll(_ ids: ClosedRange<Int64>, in topic: String, of broker: KafkaBroker) async throws {
            // A broker that was away may not answer at once.
            try await waitUntil("every trade is in the log", withinMillis: 60_000, everyMillis: 250) {
                Set(ids).subtracting(try await LogContents.tradeIDs(broker, topic)["BTCUSDT"] ?? []).isEmpty
            }
            let found = try await LogContents.tradeIDs(broker, topic)["BTCUSDT"] ?? []
            #expect(Set(found).subtracting(ids).isEmpty)
        }

        @Test func acceptedTradesAreAcknowledgedWhereTheirKeySays() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("trades", partitions: Int(Self.partitions))
            let before = (
                TestMetrics.value("producer_trades_accepted_total"),
                TestMetrics.value("producer_trades_acknowledged_total")
            )
            try await with(broker, topic) { publisher in
                for symbol in ["BTCUSDT", "ETHUSDT", "BNBUSDT"] {
                    try await publisher.send(try trades(1...500, symbol))
                }
                #expect(await publisher.flush(timeoutMillis: 30_000) == 0)
                #expect(publisher.openCount == 0)
            }
            #expect(TestMetrics.value("producer_trades_accepted_total") - before.0 == 1_500)
            #expect(TestMetrics.value("producer_trades_acknowledged_total") - before.1 == 1_500)
            for record in try await LogContents.records(broker, topic) {
                let key = String(decoding: record.key ?? [], as: UTF8.self)
                #expect(record.partition == Murmur2.partition(key: key, partitions: Self.partitions))
                #expect(record.headers == [KafkaHeader("schema_version", "1")])
                guard case .trade(let trade) = try TradeRecord.decode(record.value ?? []) else {
                    Issue.record("no trade")
                    continue
                }
                #expect(trade.instrument.key == key)
            }
            #expect(try await LogContents.tradeIDs(broker, topic)["ETHUSDT"] == Array(1...500))
        }

        /// A broker that hangs for longer than a message may take: they come back, and are sent again.
        @Test func tradesThatTimedOutAreSentAgain() async throws {
            let broker = try await KafkaBroker.start()
            let topic = try await broker.makeTopic("trades", partitions: Int(Self.partitions))
            let health = HealthBoard()
            let before = TestMetrics.value("producer_trades_returned_total")
            let properties = ["message.timeout.ms": "1000", "socket.timeout.ms": "1000"]
            try await with(broker, topic, properties, health: health) { publisher in
                try await publisher.send(try trades(1...100))
                #expect(await publisher.flush(timeoutMillis: 30_000) == 0)
                broker.pause()
                try await publisher.send(try trades(101...1_100))
                try await waitUntil("they come back", withinMillis: 60_000) {
                    TestMetrics.value("producer_trades_returned_total") > before
                }
                // Policy block: nothing new is taken while something is to be sent again.
                let blocked = Task { try await publisher.send(try trades(1_101...1_200)) }
                try await waitUntil("it is said", withinMillis: 20_000) {
                    health.snapshot()["kafka"]?.reason?.contains("sent again") == true
                }
                // One that is being handed over may count twice for an instant.
                #expect(publisher.openCount <= 1_101)
                broker.resume()
                try await blocked.value
                try await waitUntil("all are acknowledged", withinMillis: 90_000) { publisher.openCount == 0 }
                try await waitUntil("healthy again", withinMillis: 20_000) { health.snapshot()["kafka"] == .ok }
            }
            try await expectAll(1...1_200, in: topic, of: broker)
            try await broker.stop()
        }

        /// A fatal error ends an idempotent producer for good, with all that it held (librdkafka #4438).
        @Test func aFatalErrorCostsNothing() async throws {
            let broker = try await KafkaBroker.start()
            let topic = try await broker.makeTopic("trades", partitions: Int(Self.partitions))
            try await with(broker, topic) { publisher in
                try await publisher.send(try trades(1...100))
                #expect(await publisher.flush(timeoutMillis: 30_000) == 0)
                for round in Int64(0)..<3 {
                    broker.pause()
                    let first = 101 + round * 1_000
                    try await publisher.send(try trades(first...first + 499))
                    let failed = publisher.producer.current
                    let number = rd_kafka_test_fatal_error(
                        failed.core.client.pointer, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as the test wants")
                    #expect(number == RD_KAFKA_RESP_ERR_NO_ERROR)
                    // Taken by whichever producer there is by then.
                    let sending = Task { try await publisher.send(try trades(first + 500...first + 999)) }
                    try await waitUntil("a new producer", withinMillis: 30_000) {
                        publisher.producer.current !== failed
                    }
                    broker.resume()
                    try await sending.value
                }
                try await waitUntil("all are acknowledged", withinMillis: 90_000) { publisher.openCount == 0 }
            }
            try await expectAll(1...3_100, in: topic, of: broker)
            try await broker.stop()
        }

        /// A full queue suspends who sends; cancelling that gives up nothing.
        @Test func aFullQueueBlocksAndACancelledBatchIsKept() async throws {
            let broker = try await KafkaBroker.start()
            let topic = try await broker.makeTopic("trades", partitions: Int(Self.partitions))
            let health = HealthBoard()
            try await with(broker, topic, ["queue.buffering.max.messages": "100"], health: health) { publisher in
                try await publisher.send(try trades(1...10))
                #expect(await publisher.flush(timeoutMillis: 30_000) == 0)
                broker.pause()
                let blocked = Task { try await publisher.send(try trades(11...1_000)) }
                try await waitUntil("it is said", withinMillis: 20_000) {
                    health.snapshot()["kafka"]?.reason?.contains("trades wait") == true
                }
                #expect(publisher.openCount <= 100)
                blocked.cancel()
                await #expect(throws: CancellationError.self) { try await blocked.value }
                // One that is tried again at this moment may be in both counts.
                try await waitUntil("all of the batch, handed over or not", withinMillis: 20_000) {
                    publisher.openCount == 990
                }
                broker.resume()
                try await waitUntil("all are acknowledged", withinMillis: 60_000) { publisher.openCount == 0 }
            }
            try await expectAll(1...1_000, in: topic, of: broker)
            try await broker.stop()
        }

        @Test func whatIsLostAtTheEndIsCounted() async throws {
            let broker = try await KafkaBroker.start()
            let topic = try await broker.makeTopic("trades", partitions: Int(Self.partitions))
            let before = TestMetrics.value("producer_trades_lost_total")
            let publisher = try TradePublisher(
                broker.configuration("publisher"), topic: topic, partitions: Self.partitions,
                logger: RunningProducer.quietLogger, health: HealthBoard())
            try await publisher.send(try trades(1...10))
            #expect(await publisher.flush(timeoutMillis: 30_000) == 0)
            try await broker.killNow()
            try await publisher.send(try trades(11...30))
            #expect(await publisher.flush(timeoutMillis: 500) == 20)
            #expect(TestMetrics.value("producer_trades_lost_total") - before == 20)
            await publisher.close()
            try await broker.stop()
        }
    }
}
