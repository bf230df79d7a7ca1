import Logging
import MarketWire
import Metrics
import RedisClient
import ServiceKit

/// Brings live state to Redis: at most one write each flush interval, for all instruments that changed.
///
/// Redis may be lost at any time. A sentinel per partition, written with each flush that follows a commit, shows it:
/// where it is missing or behind, everything of the partition is published again.
struct LivePublisher: Sendable {
    let redis: RedisClient
    let mailbox: LiveMailbox
    let topic: String
    let flushInterval: Duration
    let time: TimeSource
    let health: HealthBoard
    let logger: Logger
    /// Asks the owner of the partition's state for all of it again.
    let republish: @Sendable (Int32) -> Void

    private static let flushTime = Timer(label: "processor_redis_flush_seconds")
    private static let failures = Counter(label: "processor_redis_failures_total")
    private static let stale = Counter(label: "processor_redis_stale_writes_total")

    /// How often Redis is asked whether it still has what it was given, when there is nothing to write.
    private static let checkIntervalMicros: Int64 = 1_000_000

    /// Flushes until the task is cancelled.
    func run() async {
        var written: [Int32: LiveMailbox.Sentinel] = [:]
        var lastWriteMicros = time.monotonicMicros
        while !Task.isCancelled {
            try? await Task.sleep(for: flushInterval)
            let contents = mailbox.take()
            let now = time.monotonicMicros
            guard contents.hasNews || now - lastWriteMicros >= Self.checkIntervalMicros else { continue }
            lastWriteMicros = now
            await flush(contents, &written)
        }
    }

    /// Brings what still waits to Redis, at the end.
    func flushRemaining() async {
        var written: [Int32: LiveMailbox.Sentinel] = [:]
        let contents = mailbox.take()
        for (partition, sentinel) in contents.sentinels { written[partition] = sentinel }
        await flush(contents, &written)
    }

    private func flush(_ contents: LiveMailbox.Contents, _ written: inout [Int32: LiveMailbox.Sentinel]) async {
        let start = time.monotonicMicros
        let partitions = contents.sentinels.sorted { $0.key < $1.key }
        var calls: [RedisScriptCall] = contents.updates.values.map { update in
            LiveStateScript.open(update.record, version: update.version)
        }
        calls += contents.closed.map { LiveStateScript.closed($0) }
        calls += partitions.map { partition, sentinel in
            LiveStateScript.sentinel(
                topic: topic, partition: partition, lineage: sentinel.lineage, commitSequence: sentinel.commitSequence)
        }
        do {
            let replies = try await redis.evaluate(calls)
            for reply in replies { _ = try reply.orThrow() }
            for ((partition, sentinel), reply) in zip(partitions, replies.suffix(partitions.count)) {
                if LiveMailbox.Sentinel.isBehind(reply.text, written[partition]) {
                    // The first look after a start finds what an earlier owner left, or nothing: no loss of ours.
                    let level: Logger.Level = written[partition] == nil ? .debug : .notice
                    logger.log(
                        level: level, "redis lacks live state; it is published again",
                        metadata: ["partition": "\(partition)"])
                    republish(partition)
                }
                written[partition] = sentinel
            }
            Self.stale.increment(by: replies.dropLast(partitions.count).count { $0.integerValue == 0 })
            Self.flushTime.recordMicroseconds(time.monotonicMicros - start)
            health.set("redis", .ok)
        } catch {
            Self.failures.increment()
            health.set("redis", .failed("live state waits: \(error)", blocksReadiness: false))
            mailbox.giveBack(contents)
        }
    }
}

extension LiveMailbox.Sentinel {
    /// Whether what stood in Redis before is less than what was written last, or nothing at all.
    package static func isBehind(_ text: String?, _ last: LiveMailbox.Sentinel?) -> Bool {
        guard let found = text.flatMap(LiveMailbox.Sentinel.init) else { return true }
        return last.map { found < $0 } ?? true
    }

    /// Reads `lineage:commit_seq`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":").map { Int64($0) }
        guard parts.count == 2, let lineage = parts[0], let sequence = parts[1] else { return nil }
        self.init(lineage: lineage, commitSequence: sequence)
    }
}
