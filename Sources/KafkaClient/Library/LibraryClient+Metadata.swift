import CRdKafka

extension LibraryClient {
    /// Asks for a topic, or for all; blocks until the answer or the deadline. A topic that does not exist is absent,
    /// and is not made.
    func metadata(topic: String?, deadline: Deadline) throws(KafkaError) -> ClusterMetadata {
        var handle: OpaquePointer?
        if let topic {
            handle = rd_kafka_topic_new(pointer, topic, nil)
            if handle == nil {
                throw .library(rd_kafka_last_error(), "topic \(topic) cannot be asked for", topic: topic)
            }
        }
        defer { if let handle { rd_kafka_topic_destroy(handle) } }
        var answer: UnsafePointer<rd_kafka_metadata>?
        let number = rd_kafka_metadata(pointer, topic == nil ? 1 : 0, handle, &answer, deadline.remainingMillis)
        guard number == RD_KAFKA_RESP_ERR_NO_ERROR, let answer else {
            throw .library(number, "the cluster could not be asked for its topics", topic: topic)
        }
        defer { rd_kafka_metadata_destroy(answer) }
        var topics: [String: [ClusterMetadata.Partition]] = [:]
        for index in 0..<Int(answer.pointee.topic_cnt) {
            let found = answer.pointee.topics[index]
            let name = String(cString: found.topic)
            switch found.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE: break
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: continue
            default:
                // A list of all topics goes on without those one may not see.
                if topic == nil { continue }
                throw .library(found.err, "topic \(name) cannot be described", topic: name)
            }
            if found.partition_cnt == 0 { continue }
            topics[name] = (0..<Int(found.partition_cnt)).map { Self.partition(found.partitions[$0]) }.sorted {
                $0.id < $1.id
            }
        }
        let brokers = (0..<Int(answer.pointee.broker_cnt)).map { index in
            let broker = answer.pointee.brokers[index]
            return ClusterMetadata.Broker(id: broker.id, host: String(cString: broker.host), port: Int(broker.port))
        }
        return ClusterMetadata(clusterID: clusterID(), brokers: brokers, topics: topics)
    }

    private static func partition(_ partition: rd_kafka_metadata_partition) -> ClusterMetadata.Partition {
        ClusterMetadata.Partition(
            id: partition.id, leader: partition.leader < 0 ? nil : partition.leader,
            replicas: Array(UnsafeBufferPointer(start: partition.replicas, count: Int(partition.replica_cnt))),
            inSyncReplicas: Array(UnsafeBufferPointer(start: partition.isrs, count: Int(partition.isr_cnt))))
    }

    /// The id that came with the metadata.
    private func clusterID() -> String? {
        guard let text = rd_kafka_clusterid(pointer, 0) else { return nil }
        defer { rd_kafka_mem_free(pointer, text) }
        return String(cString: text)
    }
}
