import CRdKafka

#if canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The administrative calls; each blocks until its answer or the deadline.
extension LibraryClient {
    func createTopics(_ topics: [NewTopic], deadline: Deadline) throws(KafkaError) -> [String: TopicCreation] {
        var outcomes: [String: TopicCreation] = [:]
        var wishes: [OpaquePointer?] = []
        defer { for case let wish? in wishes { rd_kafka_NewTopic_destroy(wish) } }
        for topic in topics {
            do throws(KafkaError) {
                wishes.append(try Self.wish(for: topic))
            } catch {
                outcomes[topic.name] = .failed(error)
            }
        }
        if wishes.isEmpty { return outcomes }
        try ask("topics could not be created", RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline) { options, queue in
            rd_kafka_CreateTopics(pointer, &wishes, wishes.count, options, queue)
        } read: { (answer) throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &count)
            for result in Self.array(results, count) {
                let name = String(cString: rd_kafka_topic_result_name(result))
                switch rd_kafka_topic_result_error(result) {
                case RD_KAFKA_RESP_ERR_NO_ERROR: outcomes[name] = .created
                case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: outcomes[name] = .alreadyExists
                default: outcomes[name] = .failed(Self.failure(result, "topic \(name) was not created"))
                }
            }
        }
        for case (let name, .created) in outcomes { waitUntilKnown(name, deadline) }
        return outcomes
    }

    /// The controller has made the topic; the other brokers hear of it a little later. Until then it would be unknown
    /// to its maker.
    private func waitUntilKnown(_ topic: String, _ deadline: Deadline) {
        while !deadline.hasPassed {
            let partitions = (try? metadata(topic: topic, deadline: deadline))?.topics[topic] ?? []
            if !partitions.isEmpty && partitions.allSatisfy({ $0.leader != nil }) { return }
            var pause = timespec(tv_sec: 0, tv_nsec: 20_000_000)
            nanosleep(&pause, nil)
        }
    }

    private static func wish(for topic: NewTopic) throws(KafkaError) -> OpaquePointer {
        let doing = "topic \(topic.name) cannot be created"
        var words = ""
        let made = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            buffer.initialize(repeating: 0)
            let made = rd_kafka_NewTopic_new(
                topic.name, Int32(clamping: topic.partitions), Int32(clamping: topic.replication), buffer.baseAddress,
                buffer.count)
            if let start = buffer.baseAddress { words = String(cString: start) }
            return made
        }
        guard let made else { throw KafkaError(.invalidArgument, "\(doing): \(words)", topic: topic.name) }
        for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
            let number = rd_kafka_NewTopic_set_config(made, name, value)
            if number != RD_KAFKA_RESP_ERR_NO_ERROR {
                rd_kafka_NewTopic_destroy(made)
                throw .library(number, "\(doing) with \(name)=\(value)", topic: topic.name)
            }
        }
        return made
    }

    func deleteTopics(_ names: [String], deadline: Deadline) throws(KafkaError) {
        var wishes: [OpaquePointer?] = names.map { rd_kafka_DeleteTopic_new($0) }
        defer { rd_kafka_DeleteTopic_destroy_array(&wishes, wishes.count) }
        return try ask("topics could not be deleted", RD_KAFKA_ADMIN_OP_DELETETOPICS, deadline) { options, queue in
            rd_kafka_DeleteTopics(pointer, &wishes, wishes.count, options, queue)
        } read: { (answer) throws(KafkaError) in
            var count = 0
            let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer), &count)
            for result in Self.array(results, count) {
                switch rd_kafka_topic_result_error(result) {
                case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: continue
                default: throw Self.failure(result, "a topic was not deleted")
                }
            }
        }
    }

    func addPartitions(topic: String, total: Int, deadline: Deadline) throws(KafkaError) {
        let doing = "topic \(topic) could not be given \(total) partitions"
        var wish = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            rd_kafka_NewPartitions_new(topic, max(0, total), buffer.baseAddress, buffer.count)
        }
        guard wish != nil else { throw KafkaError(.invalidArgument, doing, topic: topic) }
        defer { rd_kafka_NewPartitions_destroy(wish) }
        return try ask(doing, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, deadline) { options, queue in
            rd_kafka_CreatePartitions(pointer, &wish, 1, options, queue)
        } read: { (answer) throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreatePartitions_result_topics(
                rd_kafka_event_CreatePartitions_result(answer), &count)
            for result in Self.array(results, count)
            where rd_kafka_topic_result_error(result) != RD_KAFKA_RESP_ERR_NO_ERROR {
                throw Self.failure(result, doing)
            }
        }
    }

    func deleteRecords(before offsets: [TopicPartition: Int64], deadline: Deadline) throws(KafkaError) {
        let list = PartitionList(offsets)
        var wish = list.withPointer { rd_kafka_DeleteRecords_new($0) }
        defer { rd_kafka_DeleteRecords_destroy(wish) }
        let doing = "records could not be deleted"
        return try ask(doing, RD_KAFKA_ADMIN_OP_DELETERECORDS, deadline) { options, queue in
            rd_kafka_DeleteRecords(pointer, &wish, 1, options, queue)
        } read: { (answer) throws(KafkaError) in
            let results = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer))
            if let failure = PartitionList.firstFailure(of: results, doing) { throw failure }
        }
    }

    func configuration(of topic: String, deadline: Deadline) throws(KafkaError) -> [String: String] {
        let doing = "the settings of topic \(topic) could not be asked for"
        var wish = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        guard wish != nil else { throw KafkaError(.invalidArgument, doing, topic: topic) }
        defer { rd_kafka_ConfigResource_destroy(wish) }
        return try ask(doing, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, deadline) { options, queue in
            rd_kafka_DescribeConfigs(pointer, &wish, 1, options, queue)
        } read: { (answer) throws(KafkaError) in
            var count = 0
            let results = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(answer), &count)
            var settings: [String: String] = [:]
            for result in Self.array(results, count) {
                let number = rd_kafka_ConfigResource_error(result)
                if number != RD_KAFKA_RESP_ERR_NO_ERROR {
                    throw .library(
                        number, doing, words: rd_kafka_ConfigResource_error_string(result).map { String(cString: $0) },
                        topic: topic)
                }
                var entryCount = 0
                for entry in Self.array(rd_kafka_ConfigResource_configs(result, &entryCount), entryCount) {
                    guard let name = rd_kafka_ConfigEntry_name(entry), let value = rd_kafka_ConfigEntry_value(entry)
                    else { continue }
                    settings[String(cString: name)] = String(cString: value)
                }
            }
            return settings
        }
    }

    private static func failure(_ result: OpaquePointer, _ doing: String) -> KafkaError {
        .library(
            rd_kafka_topic_result_error(result), doing,
            words: rd_kafka_topic_result_error_string(result).map { String(cString: $0) },
            topic: rd_kafka_topic_result_name(result).map { String(cString: $0) })
    }
}
