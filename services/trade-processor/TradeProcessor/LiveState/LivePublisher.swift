import Logging
import MarketWire
import Metrics
import RedisClient
import ServiceKit

/// Brings live state to Redis: at most one write each flush interval, for all instruments that changed, the first at
/// once. Open candles go along at their own pace (``LivePacing``); those that go by themselves keep no price waiting.
///
/// Redis may be lost at any time. A sentinel per partition and the number of its flushes, written with each flush, show
/// it: where they are missing or behind, everything of the partition is published again.
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

    /// How often it is looked for candles that are due, when nothing else comes in.
    private static let lookInterval = Duration.milliseconds(50)

    /// Flushes until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    mailbox.wake()
                    try? await Task.sleep(for: Self.lookInterval)
                }
            }
            await follow()
            group.cancelAll()
        }
    }

    private func follow() async {
        var watch = LiveLossWatch()
        var lastWriteMicros = time.monotonicMicros
        for await _ in mailbox.wakeups {
            let now = time.monotonicMicros
            let due = mailbox.takeDue(nowMicros: now)
            guard due.hasNews || now - lastWriteMicros >= Self.checkIntervalMicros else { continue }
            lastWriteMicros = now
            await flush(due, &watch)
            guard due.isFresh else { continue }
            let pause = flushInterval - .microseconds(time.monotonicMicros - now)
            if pause > .zero { try? await Task.sleep(for: pause) }
        }
    }

    /// Brings what still waits to Redis, at the end.
    func flushRemaining() async {
        var watch = LiveLossWatch()
        let all = mailbox.take()
        var due = LiveMailbox.Due(closed: all.closed, sentinels: all.sentinels)
        due.updates.whole = Array(all.updates.values)
        await flush(due, &watch)
    }

    private func flush(_ due: LiveMailbox.Due, _ watch: inout LiveLossWatch) async {
        let start = time.monotonicMicros
        // The last word on an instrument is a whole one, so prices by themselves need not be watched.
        let isWatched = !due.updates.whole.isEmpty || !due.closed.isEmpty || due.updates.prices.isEmpty
        let partitions = isWatched ? due.sentinels.sorted { $0.key < $1.key } : []
        var calls: [RedisScriptCall] = (due.updates.prices + due.updates.whole).map { update in
            LiveStateScript.open(update.record, version: update.version)
        }
        calls += due.closed.map { LiveStateScript.closed($0) }
        calls += partitions.map { partition, sentinel in
            LiveStateScript.sentinel(
                topic: topic, partition: partition, lineage: sentinel.lineage, commitSequence: sentinel.commitSequence)
        }
        calls += partitions.map { partition, _ in LiveStateScript.flush(topic: topic, partition: partition) }
        do {
            let replies = try await redis.evaluate(calls)
            for reply in replies { _ = try reply.orThrow() }
            let marks = replies.suffix(2 * partitions.count)
            for ((partition, sentinel), (found, flushes)) in zip(
                partitions, zip(marks.prefix(partitions.count), marks.suffix(partitions.count)))
            {
                guard
                    watch.isLost(
                        partition, found: found.text.flatMap { LiveMailbox.Sentinel($0) },
                        flushes: flushes.integerValue ?? 0, written: sentinel)
                else { continue }
                logger.notice(
                    "redis lacks live state; it is published again", metadata: ["partition": "\(partition)"])
                republish(partition)
            }
            Self.stale.increment(by: replies.dropLast(2 * partitions.count).count { $0.integerValue == 0 })
            Self.flushTime.recordMicroseconds(time.monotonicMicros - start)
            health.set("redis", .ok)
        } catch {
            Self.failures.increment()
            health.set("redis", .failed("live state waits: \(error)", blocksReadiness: false))
            mailbox.giveBack(due)
        }
    }
}

extension LiveMailbox.Sentinel {
    /// Reads `lineage:commit_seq`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":").map { Int64($0) }
        guard parts.count == 2, let lineage = parts[0], let sequence = parts[1] else { return nil }
        self.init(lineage: lineage, commitSequence: sequence)
    }
}
