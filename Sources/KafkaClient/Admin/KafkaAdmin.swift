import CRdKafka

/// Makes, describes and (for tests and tools) deletes topics. Its calls block on a thread of its own.
public final class KafkaAdmin: Sendable {
    private let client: LibraryClient
    private let lane = BlockingLane(owner: "administrator")
    private let ended = Completion()
    private let isClosing = Monitor(false)

    /// Makes an administrator; brokers are connected to in the background.
    ///
    /// - Throws: ``KafkaError`` with `.configuration` when a property is refused.
    public init(_ configuration: KafkaConfiguration) throws(KafkaError) {
        let settings = LibraryConfiguration(
            owned: [.init(name: "allow.auto.create.topics", value: "false")],
            ignored: ["group.id", "group.instance.id", "group.protocol", "statistics.interval.ms"])
        // A consumer without a group: a producer's questions for a topic would make it.
        client = try LibraryClient(RD_KAFKA_CONSUMER, configuration, settings)
    }

    deinit { beginClose() }

    /// Makes the topics that do not exist, and waits until the brokers know them.
    ///
    /// - Parameter timeoutMillis: How long the brokers may take.
    /// - Returns: What became of each, by name.
    /// - Throws: ``KafkaError`` when the cluster did not answer at all.
    public func createTopics(
        _ topics: [NewTopic], timeoutMillis: Int = 10_000
    ) async throws(KafkaError) -> [String: TopicCreation] {
        if topics.isEmpty { return [:] }
        return try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            try client.createTopics(topics, deadline: deadline)
        }
    }

    /// Describes the cluster and one topic, or all of them. A topic that does not exist is absent.
    public func metadata(topic: String? = nil, timeoutMillis: Int = 10_000) async throws(KafkaError) -> ClusterMetadata
    {
        try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            try client.metadata(topic: topic, deadline: deadline)
        }
    }

    /// How many partitions a topic has; nil when there is no such topic.
    public func partitionCount(of topic: String, timeoutMillis: Int = 10_000) async throws(KafkaError) -> Int? {
        try await metadata(topic: topic, timeoutMillis: timeoutMillis).topics[topic]?.count
    }

    /// Which log a topic's name stands for.
    public func topicID(of topic: String, timeoutMillis: Int = 10_000) async throws(KafkaError) -> TopicID {
        try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            try client.topicID(of: topic, deadline: deadline)
        }
    }

    /// The ranges of offsets that partitions' logs hold.
    public func listOffsets(
        _ partitions: [TopicPartition], timeoutMillis: Int = 10_000
    ) async throws(KafkaError) -> [TopicPartition: OffsetRange] {
        try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            let lows = try client.offsets(of: partitions, at: .beginning, deadline: deadline)
            let highs = try client.offsets(of: partitions, at: .end, deadline: deadline)
            return highs.reduce(into: [:]) { $0[$1.key] = OffsetRange(low: lows[$1.key] ?? 0, high: $1.value) }
        }
    }

    /// A topic's settings, the defaults included, under Kafka's names.
    public func configuration(of topic: String, timeoutMillis: Int = 10_000) async throws(KafkaError) -> [String:
        String]
    {
        try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            try client.configuration(of: topic, deadline: deadline)
        }
    }

    /// Deletes topics with all they hold; those that do not exist are no error.
    public func deleteTopics(_ names: [String], timeoutMillis: Int = 10_000) async throws(KafkaError) {
        if names.isEmpty { return }
        try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            try client.deleteTopics(names, deadline: deadline)
        }
    }

    /// Deletes the records before an offset of each partition: the log begins there from then on.
    public func deleteRecords(before offsets: [TopicPartition: Int64], timeoutMillis: Int = 10_000)
        async throws(KafkaError)
    {
        if offsets.isEmpty { return }
        try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            try client.deleteRecords(before: offsets, deadline: deadline)
        }
    }

    /// Adds partitions to a topic up to a total.
    public func addPartitions(topic: String, total: Int, timeoutMillis: Int = 10_000) async throws(KafkaError) {
        try await run(timeoutMillis) { (client, deadline) throws(KafkaError) in
            try client.addPartitions(topic: topic, total: total, deadline: deadline)
        }
    }

    /// Ends it; a call under way is waited for until the deadline, further ones are refused.
    public func close(timeoutMillis: Int = 15_000) async {
        beginClose()
        _ = await ended.wait(timeoutMillis: timeoutMillis)
    }

    private func run<Value: Sendable>(
        _ timeoutMillis: Int, _ body: @escaping @Sendable (LibraryClient, Deadline) throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        let deadline = Deadline(millis: timeoutMillis)
        let client = client
        return try await lane.run { () throws(KafkaError) in try body(client, deadline) }
    }

    private func beginClose() {
        let isFirst = isClosing.withLock { isClosing in
            defer { isClosing = true }
            return !isClosing
        }
        guard isFirst else { return }
        let (lane, client, ended) = (lane, client, ended)
        do throws(KafkaError) {
            try OwnThread.start {
                lane.stop()
                client.destroy()
                ended.finish()
            }
        } catch {
            // Without a thread to end it on, the client's memory is the lesser loss.
            ended.finish()
        }
    }
}
