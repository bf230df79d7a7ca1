import KafkaClient
import Synchronization
import TestServers
import Testing

extension BrokerTests {
    @Suite("Kafka producer") struct ProducerTests {
        @Test("what was sent is read again: key, value, headers, tombstone, empty value, offset")
        func roundTrip() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("round-trip")
            let producer = try KafkaProducer(broker.configuration())
            let headers = [
                KafkaHeader("schema_version", "1"), KafkaHeader("empty", []), KafkaHeader("none", nil),
                KafkaHeader("schema_version", "2"),
            ]
            let first = try await producer.deliver(
                topic: topic, partition: 0, key: bytes("BTCUSDT"), value: bytes("{}"), headers: headers,
                timestampMillis: 1_700_000_000_123)
            #expect(first == DeliveryReport(partition: 0, offset: 0))
            #expect(try await producer.deliver(topic: topic, key: bytes("BTCUSDT"), value: nil).offset == 1)
            #expect(try await producer.deliver(topic: topic, key: [], value: []).offset == 2)
            await producer.close()

            let reader = try KafkaReader(broker.configuration(), topic: topic)
            var records: [KafkaRecord] = []
            try await reader.readToEnd(timeoutMillis: 120_000) { records.append($0) }
            await reader.close()
            try #require(records.count == 3)
            #expect(
                records[0]
                    == KafkaRecord(
                        topic: topic, partition: 0, offset: 0, timestampMillis: 1_700_000_000_123,
                        key: bytes("BTCUSDT"),
                        value: bytes("{}"), headers: headers))
            #expect(records[1].value == nil && records[1].key == bytes("BTCUSDT"))
            #expect(records[2].value == [] && records[2].key == [])
        }

        @Test("tokens come back in batches, in order of sending, each once")
        func tokens() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("tokens", partitions: 3)
            let deliveries = Mutex<[Delivery]>([])
            let batches = Mutex(0)
            let producer = try KafkaProducer(broker.configuration()) { batch in
                #expect(batch.topic == topic)
                deliveries.withLock { $0 += batch.deliveries }
                batches.withLock { $0 += 1 }
            }
            let value = bytes("some trade")
            for token in 0..<UInt64(10_000) {
                try producer.send(
                    topic: topic, partition: Int32(token % 3), key: nil, value: value.span.bytes,
                    headers: [KafkaHeader("v", "1")],
                    token: token)
            }
            try await producer.flush(timeoutMillis: 120_000)
            let all = deliveries.withLock { $0 }
            #expect(all.count == 10_000)
            #expect(Set(all.map(\.token)).count == 10_000)
            for partition in Int32(0)..<3 {
                let own = all.filter { $0.partition == partition }
                #expect(own.map(\.offset) == Array(0..<Int64(own.count)))
                #expect(own.map(\.token) == own.map(\.token).sorted())
                #expect(own.allSatisfy { $0.failure == nil })
            }
            #expect(batches.withLock { $0 } < 5_000)
            #expect(
                producer.counters == ProducerCounters(accepted: 10_000, acknowledged: 10_000, failed: 0, queueFull: 0))
            await producer.close()
            let closed = #expect(throws: KafkaError.self) { try producer.send(topic: topic, key: nil, value: value) }
            #expect(closed?.code == .closed)
        }

        @Test("a full queue refuses, waiting makes room, and nothing is lost or doubled")
        func queueFull() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("full")
            var options = ProducerOptions()
            options.maxQueuedMessages = 100
            let producer = try KafkaProducer(broker.configuration(), options: options)
            var refusals = 0
            for number in 0..<5_000 {
                while true {
                    do throws(KafkaError) {
                        try producer.send(topic: topic, partition: 0, key: nil, value: bytes("\(number)"))
                        break
                    } catch {
                        try #require(error.code == .queueFull)
                        refusals += 1
                        try await producer.waitForRoom()
                    }
                }
            }
            try await producer.flush(timeoutMillis: 120_000)
            #expect(refusals > 0)
            #expect(producer.counters.queueFull == UInt64(refusals))
            #expect(producer.counters.acknowledged == 5_000)
            await producer.close()
            let reader = try KafkaReader(broker.configuration(), topic: topic)
            var next = 0
            try await reader.readToEnd(timeoutMillis: 120_000) { record in
                #expect(record.value == bytes("\(next)"))
                next += 1
            }
            await reader.close()
            #expect(next == 5_000)
        }

        @Test("murmur2_random puts keys where Java's clients put them")
        func partitioner() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("murmur", partitions: 12)
            let producer = try KafkaProducer(broker.configuration())
            // Java: (Utils.murmur2(key) & 0x7fffffff) % 12.
            for (key, partition) in try murmurExamples() {
                #expect(try await producer.deliver(topic: topic, key: bytes(key), value: [1]).partition == partition)
            }
            await producer.close()
        }

        /// From the definition of murmur2, written down here a second time so that the partitioner is checked against
        /// more than itself.
        private func murmurExamples() throws -> [(String, Int32)] {
            ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD", "a", ""].map { key in
                let data = bytes(key)
                let multiplier: UInt32 = 0x5bd1_e995
                var hash: UInt32 = 0x9747_b28c ^ UInt32(data.count)
                var index = 0
                while index + 4 <= data.count {
                    var word = UInt32(data[index]) | UInt32(data[index + 1]) << 8 | UInt32(data[index + 2]) << 16
                    word |= UInt32(data[index + 3]) << 24
                    word = word &* multiplier
                    word ^= word >> 24
                    hash = hash &* multiplier ^ (word &* multiplier)
                    index += 4
                }
                let rest = data.count - index
                if rest >= 3 { hash ^= UInt32(data[index + 2]) << 16 }
                if rest >= 2 { hash ^= UInt32(data[index + 1]) << 8 }
                if rest >= 1 {
                    hash ^= UInt32(data[index])
                    hash = hash &* multiplier
                }
                hash ^= hash >> 13
                hash = hash &* multiplier
                hash ^= hash >> 15
                return (key, Int32((hash & 0x7fff_ffff) % 12))
            }
        }

        @Test(
            "a message too large, a partition that is not there, a token out of range are refused or reported"
        )
        func refusals() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("refusals")
            let producer = try KafkaProducer(broker.configuration())
            let large = #expect(throws: KafkaError.self) {
                try producer.send(topic: topic, key: nil, value: [UInt8](repeating: 0, count: 2_000_000))
            }
            #expect(large?.code == .messageTooLarge)
            let token = #expect(throws: KafkaError.self) {
                try producer.send(topic: topic, key: nil, value: [1], token: 1 << 63)
            }
            #expect(token?.code == .invalidArgument)
            let partition = await #expect(throws: KafkaError.self) {
                try await producer.deliver(topic: topic, partition: 7, key: nil, value: [1])
            }
            #expect(partition?.code == .unknownTopicOrPartition)
            #expect(producer.state == .running)
            #expect(producer.counters.queued == 0)
            await producer.close()
        }
    }
}
