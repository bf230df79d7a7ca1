import KafkaClient
import Synchronization
import TestServers
import Testing

/// With a broker of its own, because it is killed.
extension BrokerTests {
    @Suite("Kafka outages") struct OutageTests {
        @Test(
            "a broker killed with -9 and started again: all clients go on, nothing lost, nothing doubled"
        )
        func killed() async throws {
            let broker = try await KafkaBroker.start()
            let topic = try await broker.makeTopic("outage", partitions: 2)
            let handler = RecordingHandler(continues: true)
            let consumer = try KafkaConsumer(broker.configuration("consumer"), options: quickOptions("outage", topic))
            try consumer.start(handler)
            let reader = try KafkaReader(broker.configuration("reader"), topic: topic)
            let acknowledged = Mutex<Set<UInt64>>([])
            var options = ProducerOptions()
            options.messageTimeoutMillis = 120_000
            let producer = try KafkaProducer(broker.configuration("producer"), options: options) { batch in
                acknowledged.withLock { $0.formUnion(batch.deliveries.filter { $0.failure == nil }.map(\.token)) }
            }
            func send(_ numbers: Range<UInt64>) throws {
                for number in numbers {
                    try producer.send(
                        topic: topic, partition: Int32(number % 2), key: nil, value: bytes("\(number)"), token: number)
                }
            }
            try send(0..<1_000)
            try await waitUntil("the first thousand is read", withinMillis: 90_000) { handler.records.count == 1_000 }
            // Killed with messages under way; more come while it is down.
            try send(1_000..<2_000)
            try await broker.killNow()
            try send(2_000..<3_000)
            #expect(producer.state == .running)
            try await broker.restart()
            try send(3_000..<4_000)
            try await producer.flush(timeoutMillis: 120_000)
            #expect(acknowledged.withLock { $0 } == Set(0..<4_000))
            try await waitUntil("all is read", withinMillis: 90_000) { handler.records.count >= 4_000 }
            for partition in Int32(0)..<2 {
                let values = handler.records.filter { $0.partition == partition }.map(\.value)
                let expected = (0..<4_000).filter { Int32($0 % 2) == partition }.map { bytes("\($0)") }
                #expect(values == expected)
            }
            var count = 0
            try await reader.readToEnd(timeoutMillis: 120_000) { _ in count += 1 }
            #expect(count == 4_000)
            #expect(producer.state == .running && consumer.state == .running)
            await reader.close()
            await producer.close()
            await consumer.close()
            try await broker.stop()
        }

        @Test("closing while the broker is gone ends by its deadline")
        func closingWithoutBroker() async throws {
            let broker = try await KafkaBroker.start()
            let topic = try await broker.makeTopic("gone")
            let handler = RecordingHandler()
            let consumer = try KafkaConsumer(broker.configuration("consumer"), options: quickOptions("gone", topic))
            try consumer.start(handler)
            try await waitUntil("an assignment", withinMillis: 90_000) { !handler.ends.isEmpty }
            let producer = try KafkaProducer(broker.configuration("producer"))
            try await producer.deliver(topic: topic, key: nil, value: [1])
            try await broker.killNow()
            for _ in 0..<10 { try producer.send(topic: topic, key: nil, value: [2]) }
            let start = ContinuousClock.now
            await producer.close(timeoutMillis: 1_000)
            await consumer.close(timeoutMillis: 3_000)
            #expect(ContinuousClock.now - start < .seconds(25))
            #expect(producer.counters.failed == 10)
            #expect(handler.assignment.isEmpty)
            try await broker.stop()
        }
    }
}
