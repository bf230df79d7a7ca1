/// How a member of a group fetches, beats and bounds.
public struct ConsumerOptions: Sendable {
    public var groupID: String
    public var topics: [String]
    /// How many messages a batch has at most.
    public var batchMessages = 10_000
    /// At least this often ``ConsumerHandler/tick(_:)`` is called, in milliseconds, as long as the handler itself
    /// comes back.
    public var tickMillis = 100
    /// After how long without a heartbeat the group takes a dead member's partitions, in milliseconds.
    public var sessionTimeoutMillis = 10_000
    /// How often the library tells the group that the process lives, in milliseconds; a third of the session at most.
    public var heartbeatMillis = 3_000
    /// How long the handler may keep the thread before the group takes the partitions, in milliseconds.
    public var maxPollIntervalMillis = 300_000
    /// How many messages are fetched ahead for each partition.
    public var prefetchMessages = 50_000
    /// How many kilobytes are fetched ahead for each partition.
    public var prefetchKilobytes = 16_384
    /// How long the broker may hold an empty answer back, in milliseconds; the age of
    /// ``ConsumerControl/cachedWatermarks(of:)``, too.
    public var fetchWaitMillis = 100
    /// A name that keeps the partitions over a restart (static membership), or nil.
    public var instanceID: String?

    public init(groupID: String, topics: [String]) {
        self.groupID = groupID
        self.topics = topics
    }

    /// - Parameter properties: The user's: the newer group protocol takes none of the old one's settings.
    func settings(_ properties: [String: String]) -> LibraryConfiguration {
        var settings = LibraryConfiguration(
            defaults: [
                ("group.id", groupID),
                ("max.poll.interval.ms", String(maxPollIntervalMillis)),
                ("queued.min.messages", String(prefetchMessages)),
                ("queued.max.messages.kbytes", String(prefetchKilobytes)),
                ("fetch.wait.max.ms", String(fetchWaitMillis)),
                // After a broker lost its log the topic is made anew a little later: the library's 5 minutes are long.
                ("topic.metadata.refresh.interval.ms", "10000"),
                // And one that is missing is missing: believed in for the library's 30 s, it is joined for, assigned to
                // nobody, and its return is no change that would make the group assign it after all.
                ("topic.metadata.propagation.max.ms", "0"),
                // An empty topic must not be made by looking at it.
                ("allow.auto.create.topics", "false"),
            ],
            // A partition whose queue is full is not asked for more during this time. The library's second is long when
            // the queue is empty again in a tenth of it: a backlog was drained at a fifth of the rate (its issue 2879).
            optional: [("fetch.queue.backoff.ms", "10")],
            owned: LibraryConfiguration.exactReading)
        if let instanceID { settings.defaults.append(("group.instance.id", instanceID)) }
        if properties["group.protocol"] != "consumer" {
            settings.defaults.append(("session.timeout.ms", String(sessionTimeoutMillis)))
            settings.defaults.append(
                ("heartbeat.interval.ms", String(min(heartbeatMillis, max(1, sessionTimeoutMillis / 3)))))
            settings.owned.append(.init(name: "partition.assignment.strategy", value: "cooperative-sticky"))
        }
        return settings
    }
}

extension LibraryConfiguration {
    /// What reading rests on: offsets are ours to keep, a missing one is an error and never a jump, damage is noticed.
    static let exactReading: [Owned] = [
        .init(name: "enable.auto.commit", value: "false", synonyms: ["0", "f"]),
        .init(name: "enable.auto.offset.store", value: "false", synonyms: ["0", "f"]),
        .init(name: "auto.offset.reset", value: "error"),
        .init(name: "check.crcs", value: "true", synonyms: ["1", "t"]),
        .init(name: "enable.partition.eof", value: "true", synonyms: ["1", "t"]),
    ]
}
