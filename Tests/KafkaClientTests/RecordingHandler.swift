import Foundation
import KafkaClient
import Synchronization
import TestServers

/// A handler that writes down what happened, in order, and does at some points what the test wants.
final class RecordingHandler: ConsumerHandler {
    enum Entry: Equatable {
        case assigned([TopicPartition])
        case revoked([TopicPartition])
        case lost([TopicPartition])
        case record(KafkaRecord)
        case end(TopicPartition, Int64)
        case failure(KafkaError)
    }

    typealias Starts = @Sendable ([TopicPartition], borrowing ConsumerControl) -> [PartitionStart]

    private let entries = Mutex<[Entry]>([])
    private let tickCount = Mutex(0)
    private let starts: Starts
    private let continues: Bool
    private let onRevoked: @Sendable () -> Void

    /// - Parameters:
    ///   - starts: What to answer to an assignment; from the beginning unless said otherwise.
    ///   - continues: Whether to go on after the last record it has instead, as a handler with a memory does.
    ///   - onRevoked: Done on the consumer's thread before a revocation counts as handled.
    init(
        starts: @escaping Starts = { partitions, _ in partitions.map { PartitionStart($0, at: .beginning) } },
        continues: Bool = false, onRevoked: @escaping @Sendable () -> Void = {}
    ) {
        self.continues = continues
        self.starts = starts
        self.onRevoked = onRevoked
    }

    var all: [Entry] { entries.withLock { $0 } }
    var ticks: Int { tickCount.withLock { $0 } }
    var records: [KafkaRecord] { all.compactMap { if case .record(let record) = $0 { record } else { nil } } }
    var failures: [KafkaError] { all.compactMap { if case .failure(let error) = $0 { error } else { nil } } }
    var ends: [Entry] { all.filter { if case .end = $0 { true } else { false } } }

    /// What is assigned now, by the entries.
    var assignment: Set<TopicPartition> {
        var now: Set<TopicPartition> = []
        for entry in all {
            switch entry {
            case .assigned(let partitions): now.formUnion(partitions)
            case .revoked(let partitions), .lost(let partitions): now.subtract(partitions)
            default: break
            }
        }
        return now
    }

    func clear() { entries.withLock { $0 = [] } }

    private func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }

    func assigned(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) -> [PartitionStart] {
        add(.assigned(partitions.sorted()))
        guard continues else { return starts(partitions, control) }
        let known = records
        return partitions.map { partition in
            let last = known.last { $0.topic == partition.topic && $0.partition == partition.partition }
            return PartitionStart(partition, at: .offset(last.map { $0.offset + 1 } ?? 0))
        }
    }

    func revoked(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) {
        onRevoked()
        add(.revoked(partitions.sorted()))
    }

    func lost(_ partitions: [TopicPartition], _ control: borrowing ConsumerControl) { add(.lost(partitions.sorted())) }

    func consume(_ batch: borrowing MessageBatch, _ control: borrowing ConsumerControl) {
        for index in 0..<batch.count { add(.record(batch[index].copy())) }
    }

    func tick(_ control: borrowing ConsumerControl) { tickCount.withLock { $0 += 1 } }

    func reachedEnd(of partition: TopicPartition, offset: Int64, _ control: borrowing ConsumerControl) {
        add(.end(partition, offset))
    }

    func failed(_ error: KafkaError, _ control: borrowing ConsumerControl) { add(.failure(error)) }
}

/// Options that make a group decide quickly.
func quickOptions(_ group: String, _ topic: String) -> ConsumerOptions {
    var options = ConsumerOptions(groupID: group, topics: [topic])
    options.tickMillis = 20
    options.sessionTimeoutMillis = 30_000
    options.heartbeatMillis = 200
    options.fetchWaitMillis = 20
    return options
}

/// How long an answer of the broker may take on a machine that builds beside the tests, in milliseconds.
let patience = 90_000

/// Bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Sends texts to one partition and waits for their acknowledgements.
func fill(_ broker: KafkaBroker, _ topic: String, partition: Int32 = 0, _ texts: [String]) async throws {
    let producer = try KafkaProducer(broker.configuration("test-fill"))
    for text in texts { try producer.send(topic: topic, partition: partition, key: nil, value: bytes(text)) }
    try await producer.flush(timeoutMillis: 120_000)
    let counters = producer.counters
    await producer.close()
    guard counters.acknowledged == UInt64(texts.count) else {
        throw ServerProblem("not all was acknowledged: \(counters)")
    }
}

/// Lets other threads run; for a handler that holds its thread on purpose until a condition.
func holdThreadBriefly() {
    var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
    nanosleep(&pause, nil)
}
