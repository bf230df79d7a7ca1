import KafkaClient
import TestServers
import Testing

extension BrokerTests {
    @Suite("Kafka administration") struct AdminTests {
        @Test("topics are created with their settings, once")
        func create() async throws {
            let broker = try await KafkaBroker.shared.get()
            let admin = try KafkaAdmin(broker.configuration())
            let name = broker.uniqueTopic("made")
            let topic = NewTopic(
                name, partitions: 4,
                configuration: ["cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"])
            #expect(try await admin.partitionCount(of: name, timeoutMillis: patience) == nil)
            #expect(try await admin.createTopics([topic], timeoutMillis: patience) == [name: .created])
            #expect(try await admin.createTopics([topic], timeoutMillis: patience) == [name: .alreadyExists])
            #expect(try await admin.partitionCount(of: name, timeoutMillis: patience) == 4)
            let settings = try await admin.configuration(of: name, timeoutMillis: patience)
            #expect(settings["cleanup.policy"] == "compact")
            #expect(settings["message.timestamp.type"] == "LogAppendTime")
            try await admin.addPartitions(topic: name, total: 6, timeoutMillis: patience)
            try await waitUntil("six partitions", withinMillis: 90_000) {
                try await admin.partitionCount(of: name, timeoutMillis: patience) == 6
            }
            await admin.close()
        }

        @Test("a refused topic says why, beside one that was made")
        func refused() async throws {
            let broker = try await KafkaBroker.shared.get()
            let admin = try KafkaAdmin(broker.configuration())
            let good = broker.uniqueTopic("good")
            let bad = broker.uniqueTopic("bad")
            let outcomes = try await admin.createTopics(
                [
                    NewTopic(good, partitions: 1),
                    NewTopic(bad, partitions: 1, configuration: ["no.such.setting": "1"]),
                    NewTopic("no/such name", partitions: 1), NewTopic("none", partitions: 0, replication: 0),
                ], timeoutMillis: patience)
            #expect(outcomes[good] == .created)
            for name in [bad, "no/such name", "none"] {
                guard case .failed(let error)? = outcomes[name] else {
                    Issue.record("\(name): \(String(describing: outcomes[name]))")
                    continue
                }
                #expect(error.code == .invalidArgument, "\(error)")
                #expect(error.topic == name)
            }
            await admin.close()
        }

        @Test("asking for a topic does not make it")
        func unknown() async throws {
            let broker = try await KafkaBroker.shared.get()
            let admin = try KafkaAdmin(broker.configuration())
            let name = broker.uniqueTopic("never")
            #expect(try await admin.metadata(topic: name, timeoutMillis: patience).topics.isEmpty)
            #expect(try await admin.metadata(timeoutMillis: patience).topics[name] == nil)
            #expect(try await admin.metadata(timeoutMillis: patience).brokers.count == 1)
            #expect(
                try await admin.topicID(of: name, timeoutMillis: patience)
                    == (KafkaVersion.runtime >= describeTopics ? .unknownTopic : .unsupported)
            )
            await #expect(throws: KafkaError.self) {
                _ = try await admin.listOffsets([TopicPartition(name, 0)], timeoutMillis: 3_000)
            }
            await admin.close()
        }

        private let describeTopics = KafkaVersion(major: 2, minor: 3, patch: 0)

        @Test("a topic deleted and made again has another id")
        func topicID() async throws {
            let broker = try await KafkaBroker.shared.get()
            let admin = try KafkaAdmin(broker.configuration())
            let name = try await broker.makeTopic("identity")
            let first = try await admin.topicID(of: name, timeoutMillis: patience)
            if KafkaVersion.runtime < describeTopics {
                #expect(first == .unsupported)
                await admin.close()
                return
            }
            guard case .id(let text) = first else {
                Issue.record("\(first)")
                return
            }
            #expect(text.count == 22)
            #expect(try await admin.topicID(of: name, timeoutMillis: patience) == first)
            try await admin.deleteTopics([name, broker.uniqueTopic("absent")], timeoutMillis: patience)
            try await waitUntil("the topic is gone", withinMillis: 90_000) {
                try await admin.partitionCount(of: name, timeoutMillis: patience) == nil
            }
            try await waitUntil("the topic is made again", withinMillis: 90_000) {
                try await admin.createTopics([NewTopic(name, partitions: 1)], timeoutMillis: patience)[name] == .created
            }
            let second = try await admin.topicID(of: name, timeoutMillis: patience)
            #expect(second != first)
            await admin.close()
        }

        @Test("offsets are listed, and records before an offset are deleted")
        func offsets() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("offsets", partitions: 2)
            try await fill(broker, topic, partition: 1, (0..<10).map(String.init))
            let admin = try KafkaAdmin(broker.configuration())
            let partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
            #expect(
                try await admin.listOffsets(partitions, timeoutMillis: patience) == [
                    partitions[0]: OffsetRange(low: 0, high: 0), partitions[1]: OffsetRange(low: 0, high: 10),
                ])
            try await admin.deleteRecords(before: [partitions[1]: 4], timeoutMillis: patience)
            #expect(
                try await admin.listOffsets([partitions[1]], timeoutMillis: patience) == [
                    partitions[1]: OffsetRange(low: 4, high: 10)
                ])
            await admin.close()
        }
    }
}
