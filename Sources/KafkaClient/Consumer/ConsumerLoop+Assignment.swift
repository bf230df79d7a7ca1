import CRdKafka

/// Which partitions are fetched, and from where. Under the cooperative protocol only incremental calls are allowed.
extension ConsumerLoop {
    func apply(_ rebalance: ClientCallbacks.Rebalance) {
        if let failure = rebalance.failure {
            handler.failed(failure, ConsumerControl(self))
            drop(Array(partitions.keys))
            return
        }
        if rebalance.isAssignment && isLeaving {
            // librdkafka waits for the call; it takes it for a refusal now.
            report(assign([]))
            return
        }
        if rebalance.isAssignment {
            for partition in rebalance.partitions { partitions[partition] = Partition() }
            // Under the cooperative protocol a rebalance often brings nothing new; that is not worth a word.
            let starts =
                rebalance.partitions.isEmpty ? [] : handler.assigned(rebalance.partitions, ConsumerControl(self))
            // Even if there is none: librdkafka waits for the call.
            report(assign(starts.filter { partitions[$0.partition]?.phase == .held }))
            return
        }
        let ours = rebalance.partitions.filter { partitions[$0] != nil }
        if rebalance.isLost {
            if !ours.isEmpty { handler.lost(ours, ConsumerControl(self)) }
        } else if !ours.isEmpty {
            handler.revoked(ours, ConsumerControl(self))
        }
        drop(ours)
    }

    /// Takes partitions out of librdkafka's assignment and out of ours; librdkafka waits for this call even if there
    /// is none.
    private func drop(_ dropped: [TopicPartition]) {
        let fetched = dropped.filter { partitions[$0]?.phase == .fetched }
        for partition in dropped { partitions[partition] = nil }
        report(unassign(fetched))
    }

    func start(_ starts: [PartitionStart]) throws(KafkaError) {
        for start in starts where partitions[start.partition] == nil {
            throw KafkaError(
                .invalidArgument, "it is not assigned to this consumer", topic: start.partition.topic,
                partition: start.partition.partition)
        }
        let fetched = starts.map(\.partition).filter { partitions[$0]?.phase == .fetched }
        if !fetched.isEmpty, let error = unassign(fetched) { throw error }
        for start in starts {
            partitions[start.partition] = Partition()
        }
        if let error = assign(starts) { throw error }
    }

    func stop(_ stopped: [TopicPartition], keepPosition: Bool) throws(KafkaError) {
        let fetched = stopped.filter { partitions[$0]?.phase == .fetched }
        if !fetched.isEmpty, let error = unassign(fetched) { throw error }
        for partition in stopped {
            if keepPosition {
                if partitions[partition]?.phase == .fetched { partitions[partition]?.phase = .paused }
            } else if partitions[partition] != nil {
                partitions[partition] = Partition()
            }
        }
    }

    func resume(_ resumed: [TopicPartition]) throws(KafkaError) {
        var starts: [PartitionStart] = []
        for partition in resumed {
            guard let known = partitions[partition], known.phase == .paused else { continue }
            starts.append(PartitionStart(partition, at: known.position.map { .offset($0) } ?? known.start))
        }
        if !starts.isEmpty, let error = assign(starts) { throw error }
    }

    func position(of partition: TopicPartition) -> Int64? { partitions[partition]?.position }

    func cachedWatermarks(of partition: TopicPartition) -> OffsetRange? {
        var (low, high): (Int64, Int64) = (0, 0)
        let number = rd_kafka_get_watermark_offsets(client.pointer, partition.topic, partition.partition, &low, &high)
        guard number == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 else { return nil }
        return OffsetRange(low: max(0, low), high: high)
    }

    func commit(_ nextOffsets: [TopicPartition: Int64]) {
        if nextOffsets.isEmpty { return }
        let list = PartitionList(nextOffsets)
        guard let queue = rd_kafka_queue_get_consumer(client.pointer) else { return }
        defer { rd_kafka_queue_destroy(queue) }
        // The answer comes with the messages, as a callback on this thread.
        let number = list.withPointer { list in
            rd_kafka_commit_queue(
                client.pointer, list, queue,
                { client, number, _, _ in
                    guard number != RD_KAFKA_RESP_ERR_NO_ERROR, number != RD_KAFKA_RESP_ERR__NO_OFFSET, let client
                    else { return }
                    ClientCallbacks.of(rd_kafka_opaque(client))?.add(.library(number, "offsets were not committed"))
                }, nil)
        }
        if number != RD_KAFKA_RESP_ERR_NO_ERROR {
            client.callbacks.add(.library(number, "offsets were not committed"))
        }
    }

    func rejoin() throws(KafkaError) {
        var number = rd_kafka_unsubscribe(client.pointer)
        if number == RD_KAFKA_RESP_ERR_NO_ERROR {
            let list = PartitionList(core.options.topics.map { TopicPartition($0, -1) })
            number = list.withPointer { rd_kafka_subscribe(client.pointer, $0) }
        }
        if number != RD_KAFKA_RESP_ERR_NO_ERROR { throw .library(number, "the group could not be joined again") }
    }

    // MARK: librdkafka's calls

    private func report(_ error: KafkaError?) {
        if let error { handler.failed(error, ConsumerControl(self)) }
    }

    private func assign(_ starts: [PartitionStart]) -> KafkaError? {
        let list = PartitionList(starts)
        if let error = list.withPointer({ rd_kafka_incremental_assign(client.pointer, $0) }) {
            return .taking(
                error, "fetching of \(starts.count) partitions could not be begun", topic: starts.first?.partition.topic
            )
        }
        for start in starts {
            partitions[start.partition]?.phase = .fetched
            partitions[start.partition]?.start = start.start
        }
        return nil
    }

    private func unassign(_ stopped: [TopicPartition]) -> KafkaError? {
        let list = PartitionList(stopped)
        guard let error = list.withPointer({ rd_kafka_incremental_unassign(client.pointer, $0) }) else { return nil }
        return .taking(error, "fetching of \(stopped.count) partitions could not be ended", topic: stopped.first?.topic)
    }
}
