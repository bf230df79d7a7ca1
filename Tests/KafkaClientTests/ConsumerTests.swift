import KafkaClient
import Synchronization
import TestServers
import Testing

extension BrokerTests {
    @Suite("Kafka group consumer") struct ConsumerTests {
        @Test("it reads what lies there and what comes, tells the ends, and knows positions and watermarks")
        func reading() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("reading", partitions: 2)
            try await fill(broker, topic, partition: 1, (0..<3_000).map(String.init))
            let handler = RecordingHandler()
            let consumer = try KafkaConsumer(broker.configuration(), options: quickOptions("reading", topic))
            try consumer.start(handler)
            try await waitUntil("both ends are told", withinMillis: 90_000) { handler.ends.count >= 2 }
            #expect(handler.all.first == .assigned([TopicPartition(topic, 0), TopicPartition(topic, 1)]))
            #expect(handler.records.map(\.offset) == Array(0..<3_000))
            #expect(handler.records.allSatisfy { $0.partition == 1 && $0.topic == topic })
            #expect(
                Set(handler.ends.map { "\($0)" })
                    == Set(
                        [.end(TopicPartition(topic, 0), 0), .end(TopicPartition(topic, 1), 3_000)].map {
                            (entry: RecordingHandler.Entry) in "\(entry)"
                        }))

            let known = Mutex<(Int64?, Int64?, OffsetRange?, [TopicPartition])?>(nil)
            consumer.perform { control in
                let seen = (
                    control.position(of: TopicPartition(topic, 0)), control.position(of: TopicPartition(topic, 1)),
                    control.cachedWatermarks(of: TopicPartition(topic, 1)), control.assignment
                )
                known.withLock { $0 = seen }
            }
            try await waitUntil("the wish is done", withinMillis: 90_000) { known.withLock { $0 != nil } }
            let (empty, full, watermarks, assignment) = try #require(known.withLock { $0 })
            #expect(empty == 0 && full == 3_000 && watermarks == OffsetRange(low: 0, high: 3_000))
            #expect(assignment == [TopicPartition(topic, 0), TopicPartition(topic, 1)])
            let ends = try await consumer.endOffsets(of: assignment, timeoutMillis: patience)
            #expect(ends == [TopicPartition(topic, 0): 0, TopicPartition(topic, 1): 3_000])
            #expect(
                try await consumer.watermarks(of: TopicPartition(topic, 1), timeoutMillis: patience)
                    == OffsetRange(low: 0, high: 3_000))

            let ticks = handler.ticks
            try await waitUntil("ticks go on without traffic", withinMillis: 90_000) { handler.ticks > ticks + 3 }
            await consumer.close()
            #expect(handler.all.last == .revoked([TopicPartition(topic, 0), TopicPartition(topic, 1)]))
            #expect(consumer.state == .closed)
            #expect(!consumer.perform { _ in })
            #expect(handler.failures.isEmpty, "\(handler.failures)")
        }

        @Test("messages show key, payload, headers and timestamps without copying; a tombstone has no payload")
        func messages() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic(
                "messages", configuration: ["message.timestamp.type": "LogAppendTime"])
            let producer = try KafkaProducer(broker.configuration())
            try await producer.deliver(
                topic: topic, key: bytes("k"), value: bytes("payload"),
                headers: [KafkaHeader("a", "1"), KafkaHeader("a", "2")])
            try await producer.deliver(topic: topic, key: bytes("k"), value: nil)
            await producer.close()
            let handler = LookingHandler()
            let consumer = try KafkaConsumer(broker.configuration(), options: quickOptions("messages", topic))
            try consumer.start(handler)
            try await waitUntil("both are seen", withinMillis: 90_000) { handler.seen.withLock { $0.count >= 2 } }
            await consumer.close()
            let seen = handler.seen.withLock { $0 }
            #expect(seen.map(\.payload) == [bytes("payload"), nil])
            #expect(seen.map(\.key) == [bytes("k"), bytes("k")])
            #expect(seen.map(\.header) == [bytes("2"), nil])
            #expect(seen.allSatisfy { $0.type == .logAppendTime && $0.millis > 1_600_000_000_000 && $0.topic == topic })
        }

        @Test(
            "a partition that is not started is held; it can be started, moved, stopped, paused, resumed later"
        )
        func startsAndSeeks() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("seeks")
            let partition = TopicPartition(topic, 0)
            try await fill(broker, topic, (0..<100).map(String.init))
            let handler = RecordingHandler(starts: { _, _ in [] })
            let consumer = try KafkaConsumer(broker.configuration(), options: quickOptions("seeks", topic))
            try consumer.start(handler)
            try await waitUntil("an assignment", withinMillis: 90_000) { !handler.assignment.isEmpty }
            let ticks = handler.ticks
            try await waitUntil("some ticks", withinMillis: 90_000) { handler.ticks > ticks + 10 }
            #expect(handler.records.isEmpty)

            try await consumer.onThread { control in try control.start([PartitionStart(partition, at: .offset(90))]) }
            try await waitUntil("the last ten", withinMillis: 90_000) { handler.ends.count == 1 }
            #expect(handler.records.map(\.offset) == Array(90..<100))

            handler.clear()
            try await consumer.onThread { control in try control.start([PartitionStart(partition, at: .tail(3))]) }
            try await waitUntil("the last three", withinMillis: 90_000) { handler.ends.count == 1 }
            #expect(handler.records.map(\.offset) == Array(97..<100))

            handler.clear()
            try await consumer.onThread { control in try control.pause([partition]) }
            try await fill(broker, topic, ["while paused"])
            let before = handler.ticks
            try await waitUntil("some ticks while paused", withinMillis: 90_000) { handler.ticks > before + 10 }
            #expect(handler.all.isEmpty)
            try await consumer.onThread { control in
                try control.resume([partition])
                try control.resume([partition])
            }
            try await waitUntil("what came while paused", withinMillis: 90_000) { handler.ends.count == 1 }
            #expect(handler.records.map(\.offset) == [100])

            try await consumer.onThread { control in try control.stop([partition]) }
            let refused = await #expect(throws: KafkaError.self) { () async throws in
                try await consumer.onThread { control in
                    try control.start([PartitionStart(TopicPartition(topic, 5), at: .beginning)])
                }
            }
            #expect(refused?.code == .invalidArgument)
            await consumer.close()
            #expect(handler.all.last == .revoked([partition]))
            #expect(handler.failures.isEmpty)
        }

        @Test("an offset below or above the log is reported for its partition and never jumped over")
        func outOfRange() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("range", partitions: 2)
            try await fill(broker, topic, partition: 0, (0..<10).map(String.init))
            try await fill(broker, topic, partition: 1, (0..<10).map(String.init))
            let admin = try KafkaAdmin(broker.configuration())
            try await admin.deleteRecords(before: [TopicPartition(topic, 0): 5])
            await admin.close()
            let handler = RecordingHandler(starts: { partitions, _ in
                partitions.map { PartitionStart($0, at: .offset($0.partition == 0 ? 2 : 500)) }
            })
            let consumer = try KafkaConsumer(broker.configuration(), options: quickOptions("range", topic))
            try consumer.start(handler)
            try await waitUntil("both are reported", withinMillis: 90_000) { handler.failures.count >= 2 }
            #expect(handler.failures.allSatisfy { $0.code == .offsetOutOfRange && $0.topic == topic })
            #expect(Set(handler.failures.compactMap(\.partition)) == [0, 1])
            #expect(handler.records.isEmpty)
            // The way out is the handler's to choose.
            try await consumer.onThread { control in
                try control.start([PartitionStart(TopicPartition(topic, 0), at: .beginning)])
            }
            try await waitUntil("what is left of it", withinMillis: 90_000) { handler.records.count == 5 }
            #expect(handler.records.map(\.offset) == Array(5..<10))
            await consumer.close()
        }

        @Test("nothing committed is an error, and what was committed is gone on with")
        func committed() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("committed")
            let partition = TopicPartition(topic, 0)
            try await fill(broker, topic, (0..<10).map(String.init))
            let fromCommitted: RecordingHandler.Starts = { partitions, _ in
                partitions.map { PartitionStart($0, at: .committed) }
            }
            let first = RecordingHandler(starts: fromCommitted)
            var consumer = try KafkaConsumer(broker.configuration(), options: quickOptions("committed", topic))
            try consumer.start(first)
            try await waitUntil("the missing commit is told", withinMillis: 90_000) { !first.failures.isEmpty }
            #expect(first.failures.first?.code == .offsetOutOfRange)
            #expect(first.records.isEmpty)
            try await consumer.commit([partition: 4])
            try await consumer.onThread { control in control.commit([partition: 6]) }
            await consumer.close()

            let second = RecordingHandler(starts: fromCommitted)
            consumer = try KafkaConsumer(broker.configuration(), options: quickOptions("committed", topic))
            try consumer.start(second)
            try await waitUntil("the rest", withinMillis: 90_000) { !second.ends.isEmpty }
            #expect(second.records.map(\.offset) == Array(6..<10))
            await consumer.close()
        }
    }
}

/// Looks at messages in place.
final class LookingHandler: ConsumerHandler {
    struct Seen {
        let topic: String
        let key: [UInt8]?
        let payload: [UInt8]?
        let header: [UInt8]?
        let millis: Int64
        let type: TimestampType
    }

    let seen = Mutex<[Seen]>([])

    func assigned(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) -> [PartitionStart] {
        partitions.map { PartitionStart($0, at: .beginning) }
    }

    func consume(_ batch: borrowing MessageBatch, _ control: borrowing ConsumerControl) {
        for index in 0..<batch.count {
            let message = batch[index]
            let one = Seen(
                topic: batch.topics[message.topicIndex], key: copy(of: message.key),
                payload: copy(of: message.payload), header: message.header("a"),
                millis: message.timestampMillis, type: message.timestampType)
            seen.withLock { $0.append(one) }
        }
    }

    private func copy(of span: RawSpan?) -> [UInt8]? {
        guard let span else { return nil }
        return span.withUnsafeBytes { Array($0) }
    }

    func revoked(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) {}
    func lost(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) {}
    func tick(_ control: borrowing ConsumerControl) {}
    func reachedEnd(of partition: TopicPartition, offset: Int64, _ control: borrowing ConsumerControl) {}
    func failed(_ error: KafkaError, _ control: borrowing ConsumerControl) {}
}

extension KafkaConsumer {
    /// Does something on the consumer's thread and waits for it.
    func onThread(_ work: @escaping @Sendable (borrowing ConsumerControl) throws -> Void) async throws {
        let result: Result<Void, any Error>? = await withCheckedContinuation { continuation in
            let taken = perform { control in
                do {
                    try work(control)
                    continuation.resume(returning: .success(()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !taken { continuation.resume(returning: nil) }
        }
        guard let result else { throw ServerProblem("the consumer is closed") }
        try result.get()
    }
}
