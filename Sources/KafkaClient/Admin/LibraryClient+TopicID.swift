import CRdKafka

#if canImport(Musl)
import Musl
#else
import Glibc
#endif

/// `DescribeTopics` of librdkafka 2.3 and later, found at run time: the headers this is compiled against may be older.
private struct TopicDescriber {
    typealias MakeCollection = @convention(c) (UnsafeMutablePointer<UnsafePointer<CChar>?>?, Int) -> OpaquePointer?
    typealias DestroyCollection = @convention(c) (OpaquePointer?) -> Void
    typealias Describe = @convention(c) (OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?) -> Void
    typealias ResultOfEvent = @convention(c) (OpaquePointer?) -> OpaquePointer?
    typealias Descriptions =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> UnsafeMutablePointer<OpaquePointer?>?
    typealias Part = @convention(c) (OpaquePointer?) -> OpaquePointer?
    typealias Text = @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?

    let makeCollection: MakeCollection
    let destroyCollection: DestroyCollection
    let describe: Describe
    let resultOfEvent: ResultOfEvent
    let descriptions: Descriptions
    let error: Part
    let topicID: Part
    let text: Text

    /// Nil when the running library lacks one of them.
    static let found: TopicDescriber? = {
        guard
            let makeCollection = symbol("rd_kafka_TopicCollection_of_topic_names", as: MakeCollection.self),
            let destroyCollection = symbol("rd_kafka_TopicCollection_destroy", as: DestroyCollection.self),
            let describe = symbol("rd_kafka_DescribeTopics", as: Describe.self),
            let resultOfEvent = symbol("rd_kafka_event_DescribeTopics_result", as: ResultOfEvent.self),
            let descriptions = symbol("rd_kafka_DescribeTopics_result_topics", as: Descriptions.self),
            let error = symbol("rd_kafka_TopicDescription_error", as: Part.self),
            let topicID = symbol("rd_kafka_TopicDescription_topic_id", as: Part.self),
            let text = symbol("rd_kafka_Uuid_base64str", as: Text.self)
        else { return nil }
        return TopicDescriber(
            makeCollection: makeCollection, destroyCollection: destroyCollection, describe: describe,
            resultOfEvent: resultOfEvent, descriptions: descriptions, error: error, topicID: topicID, text: text)
    }()

    private static func symbol<Function>(_ name: String, as: Function.Type) -> Function? {
        // No handle: everything that is loaded, librdkafka among it.
        dlsym(nil, name).map { unsafeBitCast($0, to: Function.self) }
    }
}

extension LibraryClient {
    /// Kafka's id for a log that has none, in base64.
    private static let noID = "AAAAAAAAAAAAAAAAAAAAAA"

    func topicID(of topic: String, deadline: Deadline) throws(KafkaError) -> TopicID {
        guard let describer = TopicDescriber.found else { return .unsupported }
        let collection = topic.withCString { name in
            var names: [UnsafePointer<CChar>?] = [name]
            return describer.makeCollection(&names, 1)
        }
        guard let collection else { throw KafkaError(.other, "no memory to ask for topic \(topic)", topic: topic) }
        defer { describer.destroyCollection(collection) }
        let doing = "the id of topic \(topic) could not be asked for"
        do throws(KafkaError) {
            return try ask(doing, RD_KAFKA_ADMIN_OP_ANY, deadline) { options, queue in
                describer.describe(pointer, collection, options, queue)
            } read: { (answer) throws(KafkaError) in
                try Self.topicID(in: answer, of: topic, doing, describer)
            }
        } catch  where error.code == .notSupported {
            return .unsupported
        }
    }

    private static func topicID(
        in answer: OpaquePointer, of topic: String, _ doing: String, _ describer: TopicDescriber
    ) throws(KafkaError) -> TopicID {
        var count = 0
        let descriptions = describer.descriptions(describer.resultOfEvent(answer), &count)
        guard let description = array(descriptions, count).first else { return .unknownTopic }
        if let error = describer.error(description) {
            switch rd_kafka_error_code(error) {
            case RD_KAFKA_RESP_ERR_NO_ERROR: break
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: return .unknownTopic
            default:
                throw .library(
                    rd_kafka_error_code(error), doing, words: String(cString: rd_kafka_error_string(error)),
                    topic: topic)
            }
        }
        guard let id = describer.topicID(description), let text = describer.text(id) else { return .unsupported }
        let shown = String(cString: text)
        return shown == noID || shown.isEmpty ? .unsupported : .id(shown)
    }
}
