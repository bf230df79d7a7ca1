import KafkaClient
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Fills the ``TradeTail`` from the topic `trades`: its last records first, then whatever comes. A broker that is away
/// is waited for, and a topic that was made anew is read from its end again; readiness never depends on either.
final class TradeTailReader: Service {
    static let part = "trades"
    /// Records of all partitions together that are read at a start, so that the tail is there again after a restart.
    static let recordsAtStart: Int64 = 240_000
    /// So much the broker gathers at most before it answers.
    private static let gatheredBytes = 65_536
    /// How long one question to the broker may take: a stop waits for it.
    private static let askMillis = 1_500
    private static let retryAfter: Duration = .seconds(1)

    private struct Progress {
        var log: TopicID?
        /// The next offset of each partition, in that log.
        var next: [Int32: Int64] = [:]
        /// Whether the end of the log was reached once: from then on, what was not seen yet is new.
        var hasCaughtUp = false
    }

    private let kafka: KafkaConfiguration
    private let topic: String
    private let tail: TradeTail
    private let health: HealthBoard
    private let logger: Logger
    private let fetchWaitMillis: Int
    private let checkEvery: Duration
    private let progress = Mutex(Progress())
    private let outcomes = Dictionary(
        uniqueKeysWithValues: TradeTape.Outcome.allCases.map {
            ($0, Counter(label: "trade_tail_trades_total", dimensions: [("outcome", $0.rawValue)]))
        })
    private let malformed = Counter(label: "trade_tail_malformed_total")

    /// - Parameters:
    ///   - fetchWait: how long the broker may gather trades. At thousands a second it would else answer a thousand
    ///     times a second, for each reader, and have less time for those who make prices and candles of them.
    ///   - checkEvery: how often it is asked whether the broker is there and the topic is still the same log.
    init(
        kafka: KafkaConfiguration, topic: String, tail: TradeTail, health: HealthBoard, logger: Logger,
        fetchWait: Duration = .zero, checkEvery: Duration = .seconds(5)
    ) {
        self.kafka = kafka
        self.topic = topic
        self.tail = tail
        self.health = health
        self.logger = logger
        fetchWaitMillis = Int(fetchWait / .milliseconds(1))
        self.checkEvery = checkEvery
    }

    func run() async throws {
        report(.starting, "the topic \(topic) has not been read yet")
        await cancelWhenGracefulShutdown { await self.follow() }
    }

    private func follow() async {
        var admin: KafkaAdmin?
        while !Task.isCancelled {
            do {
                let asked = try admin ?? KafkaAdmin(kafka)
                admin = asked
                try await followLog(asked)
            } catch {
                guard !Task.isCancelled else { break }
                report(.interrupted, "the topic \(topic) cannot be read: \(error)")
            }
            try? await Task.sleep(for: Self.retryAfter)
        }
        await admin?.close(timeoutMillis: Self.askMillis)
    }

    /// Follows one log, until it is another or cannot be read on.
    private func followLog(_ admin: KafkaAdmin) async throws {
        let plan = try await plan(admin)
        var options = ReaderOptions()
        options.bufferedRecords = 4_096
        if fetchWaitMillis > 0 {
            options.fetchMinBytes = Self.gatheredBytes
            options.fetchWaitMillis = fetchWaitMillis
        }
        let reader = try KafkaReader(
            kafka, topic: topic, partitions: plan.ends.keys.sorted(), offsets: plan.starts, options: options)
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.read(reader, plan) }
                group.addTask { try await self.watch(admin, plan.log) }
                defer { group.cancelAll() }
                try await group.next()
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await reader.close()
        try outcome.get()
    }

    private struct Plan: Sendable {
        let log: TopicID
        let starts: [Int32: Int64]
        /// The end offsets at the beginning: what lies before them was there already.
        let ends: [Int32: Int64]
    }

    /// Goes on where it stopped, or else begins a bounded distance before the end.
    private func plan(_ admin: KafkaAdmin) async throws -> Plan {
        let log = try await admin.topicID(of: topic, timeoutMillis: Self.askMillis)
        guard let count = try await admin.partitionCount(of: topic, timeoutMillis: Self.askMillis), count > 0 else {
            throw MissingTopicError(topic: topic)
        }
        let ranges = try await admin.listOffsets(
            (0..<Int32(count)).map { TopicPartition(topic, $0) }, timeoutMillis: Self.askMillis)
        let share = max(1_000, Self.recordsAtStart / Int64(count))
        let known = progress.withLock { $0 }
        var starts: [Int32: Int64] = [:]
        var hasGap = false
        for (partition, range) in ranges {
            let next = known.log == log ? known.next[partition.partition] : nil
            if let next, range.low <= next, next <= range.high, range.high - next <= share {
                starts[partition.partition] = next
            } else {
                starts[partition.partition] = max(range.low, range.high - share)
                hasGap = known.hasCaughtUp || hasGap
            }
        }
        if hasGap { tail.noteGap() }
        progress.withLock { progress in
            progress.log = log
            progress.next = starts
        }
        return Plan(
            log: log, starts: starts,
            ends: ranges.reduce(into: [:]) { $0[$1.key.partition] = $1.value.high })
    }

    private func watch(_ admin: KafkaAdmin, _ log: TopicID) async throws {
        while true {
            try await Task.sleep(for: checkEvery)
            do throws(KafkaError) {
                guard try await admin.topicID(of: topic, timeoutMillis: Self.askMillis) == log else { break }
                if progress.withLock({ $0.hasCaughtUp }) { report(.following, nil) }
            } catch {
                // The reader finds its way back by itself; until then what is in memory may be old.
                try Task.checkCancellation()
                report(.interrupted, "Kafka does not answer: \(error)")
            }
        }
        logger.notice("the topic was made anew", metadata: ["topic": "\(topic)"])
    }

    private func read(_ reader: KafkaReader, _ plan: Plan) async throws {
        var behind = plan.ends.filter { plan.starts[$0.key] ?? 0 < $0.value }
        // What lies before the ends is new where it was read on, and known or old where it is read for the first time.
        let readsOn = progress.withLock { $0.hasCaughtUp }
        if behind.isEmpty { caughtUp() }
        while let events = try await reader.nextBatch() {
            var next: [Int32: Int64] = [:]
            var arrivals: [TradeTail.Arrival] = []
            for event in events {
                switch event {
                case .record(let record):
                    next[record.partition] = record.offset + 1
                    let isNew = readsOn || record.offset >= plan.ends[record.partition] ?? 0
                    take(record, partitions: Int32(plan.ends.count), isNew: isNew, into: &arrivals)
                case .reachedEnd(let partition, let offset): next[partition] = offset
                }
            }
            handOver(&arrivals)
            progress.withLock { $0.next.merge(next) { _, newer in newer } }
            guard !behind.isEmpty else { continue }
            behind = behind.filter { partition, end in next[partition].map { $0 < end } ?? true }
            if behind.isEmpty { caughtUp() }
        }
    }

    private func handOver(_ arrivals: inout [TradeTail.Arrival]) {
        guard !arrivals.isEmpty else { return }
        for (outcome, count) in tail.take(arrivals) { outcomes[outcome]?.increment(by: Int64(count)) }
        arrivals.removeAll()
    }

    private func caughtUp() {
        progress.withLock { $0.hasCaughtUp = true }
        report(.following, nil)
    }

    /// What is no trade of its key, or lies where its key does not belong, is the processor's to put aside.
    private func take(
        _ record: KafkaRecord, partitions: Int32, isNew: Bool, into arrivals: inout [TradeTail.Arrival]
    ) {
        do throws(WireError) {
            guard let value = record.value else { throw WireError(.tombstone, "the record has no value") }
            let decoded = try TradeRecord.decode(value)
            let key = decoded.instrument.key
            guard let own = record.key, own.elementsEqual(key.utf8) else {
                throw WireError(.keyMismatch, "the record's key is not \(key)")
            }
            guard Murmur2.partition(key: key, partitions: partitions) == record.partition else {
                throw WireError(.wrongPartition, "\(key) does not belong on partition \(record.partition)")
            }
            switch decoded {
            case .trade(let trade):
                guard trade.quantity.raw > 0 else { return }
                arrivals.append(TradeTail.Arrival(trade: trade, isNew: isNew))
            case .newGeneration(let instrument):
                handOver(&arrivals)
                tail.restart(instrument)
            case .unavailable, .reopen: break
            }
        } catch {
            malformed.increment()
            logger.debug(
                "a record of \(topic) is passed over",
                metadata: ["partition": "\(record.partition)", "offset": "\(record.offset)", "reason": "\(error)"])
        }
    }

    /// Logs changes only. The API is ready without trades: all else goes on.
    private func report(_ state: TradeTail.State, _ reason: String?) {
        tail.set(state)
        let now = reason.map { PartState.failed($0, blocksReadiness: false) } ?? .ok
        let before = health.snapshot()[Self.part]
        health.set(Self.part, now)
        guard before?.name != now.name else { return }
        if let reason, state == .interrupted {
            logger.warning("recent trades are not followed", metadata: ["reason": "\(reason)"])
        } else if reason == nil {
            logger.info("following trades", metadata: ["topic": "\(topic)"])
        }
    }
}

/// The topic is not there yet: whoever writes it makes it.
private struct MissingTopicError: Error, CustomStringConvertible {
    let topic: String

    var description: String { "there is no topic \(topic) yet" }
}
