import KafkaClient

/// The identity of a topic's log.
package struct LogIdentity: Sendable, Hashable {
    /// Kafka's topic id (KIP-516); empty where the broker or the library gives none.
    package let topicID: String
    package let partitionCount: Int32

    package init(topicID: String, partitionCount: Int32) {
        self.topicID = topicID
        self.partitionCount = partitionCount
    }
}

extension LogIdentity {
    /// The topic as the broker has it now; nil where it has none.
    package static func find(_ topic: String, _ admin: KafkaAdmin) async throws(KafkaError) -> LogIdentity? {
        guard let partitions = try await admin.partitionCount(of: topic) else { return nil }
        let topicID =
            switch try await admin.topicID(of: topic) {
            case .id(let text): text
            case .unsupported, .unknownTopic: ""
            }
        return LogIdentity(topicID: topicID, partitionCount: Int32(partitions))
    }
}
