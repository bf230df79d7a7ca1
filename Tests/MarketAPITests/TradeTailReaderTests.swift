import KafkaClient
import Logging
import MarketCore
import MarketWire
import ServiceKit
import ServiceLifecycle
import TestServers
import Testing

@testable import MarketAPI

/// The tail of a real log.
@Suite(.enabled(if: KafkaBroker.availability.isAvailable, "\(KafkaBroker.availability)"))
struct TradeTailReaderTests {
    @Test func theTailIsThereAgainAndGoesOn() async throws {
        let broker = try await KafkaBroker.shared.get()
        let topic = try await broker.makeTopic("trades-tail", partitions: 3)
        let writer = try KafkaProducer(broker.configuration("writer"))
        let bitcoin = try Sample.instrument("BTCUSDT")
        let ether = try Sample.instrument("ETHUSDT")
        // Two producers, one of them behind the other; and what no trade is.
        for id in [3, 1, 2, 3, 2, 4] as [Int64] { try await send(try Sample.trade(id), topic, writer) }
        try await send(try Sample.trade(7, symbol: "ETHUSDT", count: 3, aggregate: 2), topic, writer)
        _ = try await writer.deliver(topic: topic, key: Array("BTCUSDT".utf8), value: Array("nonsense".utf8))
        _ = try await writer.deliver(topic: topic, key: Array("OTHER".utf8), value: encoded(try Sample.trade(5)))

        for _ in 0..<2 {
            try await withReader(broker, topic) { tail, _ in
                let recorder = tail.record()
                try await eventually("the log was read") { tail.state == .following }
                #expect(tail.newest(bitcoin, limit: 10).map(\.tradeID) == [1, 2, 3, 4])
                #expect(
                    tail.newest(ether, limit: 10) == [try Sample.trade(7, symbol: "ETHUSDT", count: 3, aggregate: 2)])
                #expect(recorder.ids.isEmpty)
            }
        }
        try await withReader(broker, topic) { tail, _ in
            try await eventually("the log was read") { tail.state == .following }
            let recorder = tail.record()
            for id in [5, 5, 6] as [Int64] { try await send(try Sample.trade(id), topic, writer) }
            try await eventually("new trades are told") { recorder.ids.count >= 2 }
            #expect(recorder.ids == [5, 6])
        }
        await writer.close()
    }

    @Test func aTopicMadeAnewIsReadAndTold() async throws {
        let broker = try await KafkaBroker.shared.get()
        let topic = try await broker.makeTopic("trades-anew")
        let admin = try KafkaAdmin(broker.configuration("admin"))
        var writer = try KafkaProducer(broker.configuration("writer"))
        for id in Int64(1)...9 { try await send(try Sample.trade(id), topic, writer) }
        let bitcoin = try Sample.instrument("BTCUSDT")
        try await withReader(broker, topic) { tail, health in
            try await eventually("the log was read") { tail.newest(bitcoin, limit: 10).count == 9 }
            let recorder = tail.record()
            try await admin.deleteTopics([topic])
            await writer.close(timeoutMillis: 100)
            try await eventually("the topic is there again", within: .seconds(60)) {
                try await admin.createTopics([NewTopic(topic, partitions: 1)])[topic] == .created
            }
            writer = try KafkaProducer(broker.configuration("writer"))
            for id in Int64(10)...12 { try await send(try Sample.trade(id), topic, writer) }
            try await eventually("the new log is read", within: .seconds(60)) { recorder.ids.count == 3 }
            #expect(recorder.ids == [10, 11, 12] && recorder.hasGap)
            #expect(tail.newest(bitcoin, limit: 20).map(\.tradeID) == Array(1...12))
            #expect(health.isReady)
        }
        await writer.close()
        await admin.close()
    }

    @Test func aBrokerThatIsAwayIsWaitedFor() async throws {
        let broker = try await KafkaBroker.start()
        let topic = try await broker.makeTopic("trades-away")
        let bitcoin = try Sample.instrument("BTCUSDT")
        let writer = try KafkaProducer(broker.configuration("writer"))
        try await send(try Sample.trade(1), topic, writer)
        try await broker.killNow()
        try await withReader(broker, topic) { tail, health in
            try await eventually("it is told") { health.snapshot()[TradeTailReader.part]?.name == "failed" }
            #expect(health.isReady && tail.newest(bitcoin, limit: 1).isEmpty)
            try await broker.restart()
            try await eventually("the log is read", within: .seconds(60)) {
                tail.state == .following && tail.newest(bitcoin, limit: 9).map(\.tradeID) == [1]
            }
            try await broker.killNow()
            try await eventually("it says that it is cut off", within: .seconds(60)) { tail.state == .interrupted }
            #expect(tail.newest(bitcoin, limit: 9).count == 1 && health.isReady)
            let recorder = tail.record()
            try await broker.restart()
            try await eventually("trades can be sent", within: .seconds(60)) {
                do { try await send(try Sample.trade(2), topic, writer) } catch { return false }
                return true
            }
            try await eventually("reading goes on", within: .seconds(60)) { !recorder.ids.isEmpty }
            // It went on where it had stopped: nothing was missed.
            #expect(recorder.ids == [2] && !recorder.hasGap)
            try await eventually("it is live again") { tail.state == .following }
        }
        await writer.close(timeoutMillis: 1_000)
        try await broker.stop()
    }

    private func withReader(
        _ broker: KafkaBroker, _ topic: String, _ body: (TradeTail, HealthBoard) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (tail, health) = (TradeTail(), HealthBoard())
        let reader = TradeTailReader(
            kafka: broker.configuration("tail"), topic: topic, tail: tail, health: health, logger: logger,
            checkEvery: .milliseconds(200))
        let group = ServiceGroup(configuration: .init(services: [reader], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(tail, health)) } catch { outcome = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try outcome.get()
        }
    }

    private func send(_ trade: Trade, _ topic: String, _ writer: KafkaProducer) async throws {
        _ = try await writer.deliver(topic: topic, key: Array(trade.instrument.key.utf8), value: encoded(trade))
    }

    private func encoded(_ trade: Trade) -> [UInt8] {
        var bytes: [UInt8] = []
        TradeRecord.encode(trade, into: &bytes)
        return bytes
    }
}
