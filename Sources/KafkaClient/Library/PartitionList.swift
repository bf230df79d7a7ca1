import CRdKafka

/// librdkafka's list of partitions with offsets, owned.
struct PartitionList: ~Copyable {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ partitions: some Collection<TopicPartition>) {
        self.init(count: partitions.count)
        for partition in partitions { add(partition, offset: nil) }
    }

    init(_ offsets: [TopicPartition: Int64]) {
        self.init(count: offsets.count)
        for (partition, offset) in offsets { add(partition, offset: offset) }
    }

    init(_ starts: [PartitionStart]) {
        self.init(count: starts.count)
        for start in starts { add(start.partition, offset: start.start.libraryOffset) }
    }

    private init(count: Int) {
        pointer = rd_kafka_topic_partition_list_new(Int32(clamping: count))
    }

    private func add(_ partition: TopicPartition, offset: Int64?) {
        guard let element = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition) else {
            return
        }
        if let offset { element.pointee.offset = offset }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// Calls librdkafka with the list, which lives until the call is over.
    borrowing func withPointer<Result>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Result)
        -> Result
    {
        body(pointer)
    }

    /// The partitions of a list that is librdkafka's.
    static func partitions(of list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        elements(of: list).map { TopicPartition(String(cString: $0.topic), $0.partition) }
    }

    /// Its elements.
    var elements: [rd_kafka_topic_partition_t] { Self.elements(of: pointer) }

    private static func elements(
        of list: UnsafePointer<rd_kafka_topic_partition_list_t>?
    ) -> [rd_kafka_topic_partition_t] {
        guard let list, let start = list.pointee.elems else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: Int(list.pointee.cnt)))
    }

    /// The first error of an element.
    func firstFailure(_ doing: String) -> KafkaError? { Self.firstFailure(of: pointer, doing) }

    /// The first error of an element of a list that is librdkafka's.
    static func firstFailure(
        of list: UnsafePointer<rd_kafka_topic_partition_list_t>?, _ doing: String
    ) -> KafkaError? {
        for element in elements(of: list) where element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
            return .library(element.err, doing, topic: String(cString: element.topic), partition: element.partition)
        }
        return nil
    }
}

extension StartOffset {
    /// librdkafka's number for it (its constants are macros with casts, which Swift does not see).
    var libraryOffset: Int64 {
        switch self {
        case .beginning: -2
        case .end: -1
        case .committed: -1_000
        case .tail(let count): -2_000 - max(0, min(count, 1 << 62))
        case .offset(let offset): max(0, offset)
        }
    }
}
