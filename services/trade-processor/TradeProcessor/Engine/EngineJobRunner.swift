import KafkaClient
import Logging
import MarketCore
import PostgresClient
import ServiceKit
import Synchronization

/// Does what the engine asks for, beside the consumer's thread, and posts the answers.
struct EngineJobRunner: Sendable {
    let store: ProcessorStore
    let committer: Committer
    let claimer: PartitionClaimer
    let consumer: KafkaConsumer
    let inbox: EngineInbox
    let mailbox: LiveMailbox
    let time: TimeSource
    let logger: Logger
    /// Partitions that the group gives us, kept by the consumer's thread.
    let assigned: AssignedPartitions

    /// Works until the task is cancelled.
    func run(_ jobs: AsyncStream<EngineJob>) async {
        await withDiscardingTaskGroup { group in
            for await job in jobs {
                group.addTask { await perform(job) }
            }
            group.cancelAll()
        }
    }

    /// Tells the engine every few seconds which log the topic is and where retention stands: neither may change
    /// unnoticed.
    func watchLog(every pause: Duration) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: pause)
            if let log = try? await claimer.currentLog() { inbox.post(.log(log)) }
            if let horizons = try? await store.horizons() { inbox.post(.retained(horizons)) }
        }
    }

    private func perform(_ job: EngineJob) async {
        switch job {
        case .claim(let partitions):
            await claimer.claim(partitions, isWanted: { assigned.contains($0) }, answer: { inbox.post($0) })
        case .commit(let work):
            // Cancelled only when the process ends; the next owner then finds out what was committed.
            if let result = try? await committer.commit(work) { inbox.post(.committed(result)) }
        case .loadHoles(let partition, let requests):
            await loadHoles(partition, requests)
        case .proveEnds(let partitions):
            await proveEnds(partitions)
        case .republish(let partition, let symbols, let lineage):
            await republish(partition, symbols, lineage)
        }
    }

    private func loadHoles(_ partition: Int32, _ requests: [NamedHoleRequest]) async {
        while !Task.isCancelled, assigned.contains(partition) {
            do throws(PostgresError) {
                var answers: [(HoleRequest, [StoredHole])] = []
                for named in requests {
                    answers.append((named.request, try await store.holes(symbol: named.symbol, request: named.request)))
                }
                inbox.post(.holes(partition, answers))
                return
            } catch {
                logger.error("holes cannot be read yet", metadata: ["partition": "\(partition)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func proveEnds(_ partitions: [Int32]) async {
        let asked = time.monotonicMicros
        let places = partitions.map { TopicPartition(store.topic, $0) }
        // No answer is no proof, and the partition is not idle.
        guard let ends = try? await consumer.endOffsets(of: places, timeoutMillis: 1_000) else { return }
        inbox.post(
            .ends(Dictionary(uniqueKeysWithValues: ends.map { ($0.key.partition, $0.value) }), askedMicros: asked))
    }

    private func republish(_ partition: Int32, _ symbols: [String], _ lineage: Int64) async {
        // Nobody asks again: what is missing in Redis now is not noticed a second time.
        while !Task.isCancelled, assigned.contains(partition) {
            do throws(PostgresError) {
                let rows = try await store.lastCandles(symbols: symbols, partition: partition, lineage: lineage)
                mailbox.put(closed: rows.map(\.record), sentinels: [:])
                return
            } catch {
                logger.error(
                    "the last candles cannot be published again yet",
                    metadata: ["partition": "\(partition)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}

/// Which partitions the group gives us now: written on the consumer's thread, read by jobs.
final class AssignedPartitions: Sendable {
    private let partitions = Mutex<Set<Int32>>([])

    func contains(_ partition: Int32) -> Bool { partitions.withLock { $0.contains(partition) } }

    func insert(_ new: some Sequence<Int32>) { partitions.withLock { $0.formUnion(new) } }

    func remove(_ old: some Sequence<Int32>) { partitions.withLock { $0.subtract(old) } }

    var all: [Int32] { partitions.withLock { $0.sorted() } }
}
