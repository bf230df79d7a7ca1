import CRdKafka

/// Calls that block until an answer or a deadline: for a ``BlockingLane``.
extension LibraryClient {
    /// The end or the beginning of partitions' logs, one request a broker.
    func offsets(
        of partitions: [TopicPartition], at place: StartOffset, deadline: Deadline
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        if partitions.isEmpty { return [:] }
        let list = PartitionList(partitions.map { PartitionStart($0, at: place) })
        let number = list.withPointer { rd_kafka_offsets_for_times(pointer, $0, deadline.remainingMillis) }
        let doing = "the offsets of \(partitions.count) partitions could not be asked for"
        if number != RD_KAFKA_RESP_ERR_NO_ERROR { throw .library(number, doing, topic: partitions.first?.topic) }
        if let failure = list.firstFailure(doing) { throw failure }
        var offsets: [TopicPartition: Int64] = [:]
        for element in list.elements {
            offsets[TopicPartition(String(cString: element.topic), element.partition)] = element.offset
        }
        return offsets
    }

    /// The range of offsets of one partition's log.
    func watermarks(of partition: TopicPartition, deadline: Deadline) throws(KafkaError) -> OffsetRange {
        var (low, high): (Int64, Int64) = (0, 0)
        let number = rd_kafka_query_watermark_offsets(
            pointer, partition.topic, partition.partition, &low, &high, deadline.remainingMillis)
        guard number == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw .library(
                number, "the watermarks could not be asked for", topic: partition.topic, partition: partition.partition)
        }
        return OffsetRange(low: low, high: high)
    }

    /// Commits a group's offsets and waits for the coordinator's answer.
    func commit(_ nextOffsets: [TopicPartition: Int64], deadline: Deadline) throws(KafkaError) {
        let list = PartitionList(nextOffsets)
        let queue = rd_kafka_queue_new(pointer)
        defer { rd_kafka_queue_destroy(queue) }
        let doing = "the offsets of \(nextOffsets.count) partitions were not committed"
        let number = list.withPointer { rd_kafka_commit_queue(pointer, $0, queue, nil, nil) }
        if number != RD_KAFKA_RESP_ERR_NO_ERROR { throw .library(number, doing) }
        guard let event = rd_kafka_queue_poll(queue, deadline.remainingMillis) else {
            throw KafkaError(.timedOut, "\(doing): no answer in time", isRetriable: true)
        }
        defer { rd_kafka_event_destroy(event) }
        let answer = rd_kafka_event_error(event)
        if answer != RD_KAFKA_RESP_ERR_NO_ERROR { throw .library(answer, doing) }
    }
}
