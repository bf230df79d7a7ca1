import KafkaClient
import Synchronization
import TestServers
import Testing

extension BrokerTests {
    @Suite("Kafka rebalancing") struct RebalanceTests {
        @Test("a second member gets its share only after the first has drained it; the first keeps the rest")
        func drain() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("drain", partitions: 4)
            let all = Set((0..<4).map { TopicPartition(topic, $0) })
            // The first member holds a revocation until the test lets it go.
            let isDraining = Mutex(false)
            let mayGo = Mutex(false)
            let first = RecordingHandler(onRevoked: {
                isDraining.withLock { $0 = true }
                let deadline = ContinuousClock.now + .seconds(90)
                while !mayGo.withLock({ $0 }) && ContinuousClock.now < deadline { holdThreadBriefly() }
            })
            let second = RecordingHandler()
            let one = try KafkaConsumer(broker.configuration("one"), options: quickOptions("drain", topic))
            try one.start(first)
            try await waitUntil("the first has all", withinMillis: 90_000) { first.assignment == all }
            let two = try KafkaConsumer(broker.configuration("two"), options: quickOptions("drain", topic))
            try two.start(second)
            try await waitUntil("the first is asked for some", withinMillis: 90_000) { isDraining.withLock { $0 } }
            #expect(second.assignment.isEmpty)
            mayGo.withLock { $0 = true }
            try await waitUntil("both have two", withinMillis: 90_000) {
                first.assignment.count == 2 && second.assignment.count == 2
            }
            #expect(first.assignment.union(second.assignment) == all)
            // Cooperative: what stayed was never taken away.
            let revoked = first.all.compactMap {
                if case .revoked(let partitions) = $0 { Set(partitions) } else { nil }
            }
            #expect(revoked.count == 1 && revoked.first == second.assignment)
            // Each partition's messages come to its owner, once.
            for partition in Int32(0)..<4 { try await fill(broker, topic, partition: partition, ["a", "b"]) }
            try await waitUntil("all eight came", withinMillis: 90_000) {
                first.records.count + second.records.count == 8
            }
            #expect(first.records.allSatisfy { first.assignment.contains(TopicPartition(topic, $0.partition)) })
            #expect(second.records.allSatisfy { second.assignment.contains(TopicPartition(topic, $0.partition)) })

            // Leaving is prompt: the other has all long before a session would have run out.
            let start = ContinuousClock.now
            await two.close()
            try await waitUntil("the first has all again", withinMillis: 90_000) { first.assignment == all }
            #expect(ContinuousClock.now - start < .seconds(20))
            await one.close()
            #expect(first.failures.isEmpty && second.failures.isEmpty)
        }

        @Test("no message of a partition comes after its revocation")
        func nothingAfterRevocation() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("storm", partitions: 4)
            for partition in Int32(0)..<4 {
                try await fill(broker, topic, partition: partition, (0..<5_000).map(String.init))
            }
            var options = quickOptions("storm", topic)
            options.batchMessages = 100
            let first = RecordingHandler()
            let one = try KafkaConsumer(broker.configuration("one"), options: options)
            try one.start(first)
            for _ in 0..<3 {
                let second = RecordingHandler()
                let two = try KafkaConsumer(broker.configuration("two"), options: options)
                try two.start(second)
                try await waitUntil("the second has some", withinMillis: 90_000) { !second.assignment.isEmpty }
                await two.close()
                check(second)
            }
            try await waitUntil("the first has all again", withinMillis: 90_000) { first.assignment.count == 4 }
            await one.close()
            check(first)
        }

        /// Every record lies between the assignment and the revocation of its partition, in unbroken order from the
        /// start.
        private func check(_ handler: RecordingHandler) {
            var next: [TopicPartition: Int64] = [:]
            for entry in handler.all {
                switch entry {
                case .assigned(let partitions): for partition in partitions { next[partition] = 0 }
                case .revoked(let partitions), .lost(let partitions):
                    for partition in partitions { next[partition] = nil }
                case .record(let record):
                    let partition = TopicPartition(record.topic, record.partition)
                    #expect(next[partition] == record.offset)
                    next[partition] = record.offset + 1
                default: break
                }
            }
        }

        @Test("a paused consumer stays in the group for longer than its session and poll interval")
        func pausedStays() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("paused")
            let partition = TopicPartition(topic, 0)
            var options = quickOptions("paused", topic)
            options.sessionTimeoutMillis = 6_000
            options.maxPollIntervalMillis = 6_000
            let handler = RecordingHandler()
            let consumer = try KafkaConsumer(broker.configuration(), options: options)
            try consumer.start(handler)
            try await waitUntil("an assignment", withinMillis: 90_000) { !handler.ends.isEmpty }
            try await consumer.onThread { control in try control.pause([partition]) }
            let ticks = handler.ticks
            // 600 ticks of 20 ms are twice the session; nothing else shows that time has passed for the consumer.
            try await waitUntil("twice its session has passed", withinMillis: 90_000) { handler.ticks >= ticks + 600 }
            #expect(handler.assignment == [partition])
            #expect(handler.failures.isEmpty)
            try await fill(broker, topic, ["after"])
            try await consumer.onThread { control in try control.resume([partition]) }
            try await waitUntil("it goes on", withinMillis: 90_000) { handler.records.map(\.value) == [bytes("after")] }
            await consumer.close()
        }

        @Test("a handler that stays away too long loses its partitions, is told so, and gets them again by itself")
        func maxPollExceeded() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("away")
            var options = quickOptions("away", topic)
            options.sessionTimeoutMillis = 3_000
            options.maxPollIntervalMillis = 3_000
            let handler = RecordingHandler()
            let consumer = try KafkaConsumer(broker.configuration(), options: options)
            try consumer.start(handler)
            try await waitUntil("an assignment", withinMillis: 90_000) { !handler.assignment.isEmpty }
            handler.clear()
            // The thread is kept until the group has given the partition up, which another member sees.
            let mayGo = Mutex(false)
            consumer.perform { _ in
                let deadline = ContinuousClock.now + .seconds(90)
                while !mayGo.withLock({ $0 }) && ContinuousClock.now < deadline { holdThreadBriefly() }
            }
            let other = RecordingHandler()
            let second = try KafkaConsumer(broker.configuration("second"), options: options)
            try second.start(other)
            try await waitUntil("the other member has it", withinMillis: 90_000) { !other.assignment.isEmpty }
            await second.close()
            mayGo.withLock { $0 = true }
            try await waitUntil("it comes back", withinMillis: 90_000) {
                handler.all.contains { if case .assigned(let partitions) = $0 { !partitions.isEmpty } else { false } }
            }
            let order = handler.all.compactMap { entry -> String? in
                switch entry {
                case .failure(let error): error.code == .maxPollExceeded ? "exceeded" : nil
                case .lost: "lost"
                case .revoked: "revoked"
                case .assigned: "assigned"
                default: nil
                }
            }
            #expect(Array(order.prefix(3)) == ["exceeded", "lost", "assigned"])
            await consumer.close()
        }

        @Test("rejoining gives the partitions back and gets them again")
        func rejoin() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("rejoin", partitions: 2)
            let handler = RecordingHandler()
            let consumer = try KafkaConsumer(broker.configuration(), options: quickOptions("rejoin", topic))
            try consumer.start(handler)
            try await waitUntil("an assignment", withinMillis: 90_000) { handler.assignment.count == 2 }
            handler.clear()
            try await consumer.onThread { control in try control.rejoin() }
            try await waitUntil("a new assignment", withinMillis: 90_000) { handler.assignment.count == 2 }
            guard case .revoked(let partitions)? = handler.all.first else {
                Issue.record("\(handler.all)")
                return
            }
            #expect(partitions.count == 2)
            await consumer.close()
        }

        @Test("of two members with the same static name the older one ends with a fatal error")
        func staticMember() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("static")
            var options = quickOptions("static", topic)
            options.instanceID = "the-one"
            let first = RecordingHandler()
            let one = try KafkaConsumer(broker.configuration("one"), options: options)
            try one.start(first)
            try await waitUntil("the first has the partition", withinMillis: 90_000) { !first.assignment.isEmpty }
            let second = RecordingHandler()
            let two = try KafkaConsumer(broker.configuration("two"), options: options)
            try two.start(second)
            try await waitUntil("the first is out", withinMillis: 90_000) {
                if case .failed(let error) = one.state { error.isFatal && error.code == .fatal } else { false }
            }
            #expect(first.failures.contains { $0.isFatal })
            #expect(first.assignment.isEmpty)
            try await waitUntil("the second has the partition", withinMillis: 90_000) { !second.assignment.isEmpty }
            await one.close()
            await two.close()
        }
    }
}
