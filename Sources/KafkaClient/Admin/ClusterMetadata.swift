/// What a cluster says of itself.
public struct ClusterMetadata: Sendable {
    public struct Broker: Sendable, Hashable {
        public let id: Int32
        public let host: String
        public let port: Int
    }

    public struct Partition: Sendable, Hashable {
        public let id: Int32
        /// The broker that leads it, or nil while none does.
        public let leader: Int32?
        public let replicas: [Int32]
        public let inSyncReplicas: [Int32]
    }

    /// The cluster's id, or nil when it did not say.
    public let clusterID: String?
    public let brokers: [Broker]
    /// The topics that exist, with their partitions in order.
    public let topics: [String: [Partition]]
}

/// A topic to be made.
public struct NewTopic: Sendable {
    public var name: String
    public var partitions: Int
    /// How many brokers hold each partition.
    public var replication: Int
    /// Its settings under Kafka's names, for example `cleanup.policy`.
    public var configuration: [String: String]

    public init(_ name: String, partitions: Int, replication: Int = 1, configuration: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.configuration = configuration
    }
}

/// What became of the wish for a topic.
public enum TopicCreation: Sendable, Equatable {
    case created
    /// It was there before; its settings are left as they are.
    case alreadyExists
    case failed(KafkaError)
}

/// Which log a topic's name stands for: a topic deleted and made again has another.
public enum TopicID: Sendable, Hashable {
    /// 22 characters of URL-safe base64, as Kafka's tools show it.
    case id(String)
    /// The library or the broker is too old to tell.
    case unsupported
    case unknownTopic
}
