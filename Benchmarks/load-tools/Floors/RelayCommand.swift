import ArgumentParser
import FoundationEssentials
import KafkaClient
import NIOCore
import WebSockets

/// The floor of the latency: the way of a trade without what we do on it.
///
/// Two halves in one process: what comes over the WebSocket goes to Kafka, and what comes out of Kafka to every client,
/// the text as it is. The clients of Kafka are set up as those of market-producer and trade-processor are, and read
/// the same `KAFKA_CLIENT_` keys of the environment.
struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "From a WebSocket through Kafka to WebSockets, without a look at it.")

    @Option(help: "The source: ws://127.0.0.1:9443/stream?streams=btcusdt@trade.")
    var source: String
    @Option(help: "The port to listen on, at 127.0.0.1.")
    var port: Int
    @Option(help: "Kafka's brokers.")
    var brokers: String
    @Option(help: "A topic, made if it is not there.")
    var topic = "relay"
    @Option(help: "Its partitions.")
    var partitions: Int32 = 12

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let kafka = KafkaConfiguration(
            brokers: brokers, clientID: "relay", properties: KafkaConfiguration.properties { environment[$0] })
        let admin = try KafkaAdmin(kafka)
        _ = try await admin.createTopics([NewTopic(topic, partitions: Int(partitions))])
        let server = FrameServer()
        try await server.start(port: port)
        let consumer = try KafkaConsumer(kafka, options: ConsumerOptions(groupID: "relay", topics: [topic]))
        try consumer.start(RelayHandler(server))
        let producer = try KafkaProducer(kafka)
        let session = try await WebSocketClient().connect(to: source)
        // In turn: 50 symbols lie on all partitions, too.
        var place: Int32 = 0
        while let batch = await session.nextBatch() {
            for message in batch {
                try producer.send(
                    topic: topic, partition: place % partitions, key: nil,
                    value: message.payload.readableBytesSpan)
                place = (place + 1) % partitions
            }
        }
        throw CleanExit.message("the source has ended")
    }
}

/// What comes out of Kafka goes to the clients.
private final class RelayHandler: ConsumerHandler {
    private let server: FrameServer

    init(_ server: FrameServer) { self.server = server }

    func assigned(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) -> [PartitionStart] {
        partitions.map { PartitionStart($0, at: .end) }
    }

    func consume(_ batch: borrowing MessageBatch, _ control: borrowing ConsumerControl) {
        var frames = ByteBuffer()
        for place in 0..<batch.count {
            if let payload = batch[place].payload { FrameServer.append(text: payload, to: &frames) }
        }
        server.send(frames)
    }

    func revoked(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) {}
    func lost(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) {}
    func tick(_ control: borrowing ConsumerControl) {}
    func reachedEnd(of partition: TopicPartition, offset: Int64, _ control: borrowing ConsumerControl) {}
    func failed(_ error: KafkaError, _ control: borrowing ConsumerControl) { print("relay: \(error)") }
}
