import Exchanges
import KafkaClient
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit
import Synchronization

/// Fetches what is missing from the venue's history and brings it to the log.
///
/// Bounded: the ledger holds what `market.progress` lists (the processor bounds it), one page of the venue's is in
/// hand.
final class Backfiller: Sendable {
    private let ledger: Mutex<HoleLedger>
    private let directory: ProducerDirectory
    private let history: any VenueHistory
    private let publisher: TradePublisher
    private let admin: KafkaAdmin
    private let topic: String
    private let health: HealthBoard
    /// Of the health board.
    private let part: String
    private let logger: Logger
    private let time: TimeSource

    private let trades: Counter
    private let unavailable: Counter
    private let failures: Counter
    private let open: Gauge

    private static let pause = Duration.milliseconds(200)
    /// Between two lines about a long backfill.
    private static let reportMicros: Int64 = 5_000_000
    private static let settledPauseMicros: Int64 = 60_000_000
    /// The same ids are asked for so often; then they are settled as missing.
    static let attempts = 3

    init(
        venue: String, directory: ProducerDirectory, history: any VenueHistory, publisher: TradePublisher,
        admin: KafkaAdmin, topic: String, health: HealthBoard, logger: Logger, time: TimeSource
    ) {
        ledger = Mutex(HoleLedger(topic: topic))
        self.directory = directory
        self.history = history
        self.publisher = publisher
        self.admin = admin
        self.topic = topic
        self.health = health
        part = "backfill of \(venue)"
        let labels = [("venue", venue)]
        trades = Counter(label: "producer_backfill_trades_total", dimensions: labels)
        unavailable = Counter(label: "producer_backfill_unavailable_total", dimensions: labels)
        failures = Counter(label: "producer_backfill_failures_total", dimensions: labels)
        open = Gauge(label: "producer_backfill_open_trades", dimensions: labels)
        self.logger = logger
        self.time = time
    }

    /// These are followed from now on, and no others.
    func follow(_ instruments: [Instrument]) {
        let now = time.monotonicMicros
        ledger.withLock { $0.follow(instruments, atMicros: now) }
    }

    func take(_ record: ProgressRecord) { ledger.withLock { $0.take(record) } }

    /// Trades came live, in the venue's order.
    func live(_ trades: [Trade]) {
        let now = time.monotonicMicros
        ledger.withLock { ledger in
            for (place, trade) in trades.enumerated() {
                // The last of a run says it all.
                if place + 1 < trades.count, trades[place + 1].instrument == trade.instrument { continue }
                ledger.live(trade.instrument, trade.tradeID, atMicros: now)
            }
        }
    }

    func connected() {
        let now = time.monotonicMicros
        ledger.withLock { $0.connected(atMicros: now) }
    }

    /// Fills holes until the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws {
        var progress = BackfillProgress()
        while true {
            try Task.checkCancellation()
            await askForEnds()
            let now = time.monotonicMicros
            let (job, open) = ledger.withLock { ledger in
                ledger.findLost(atMicros: now)
                return (ledger.next(atMicros: now, isOurs: directory.isOurs), ledger.openCount)
            }
            self.open.record(open)
            report(&progress, open: open, now)
            guard let job else {
                try await Task.sleep(for: Self.pause)
                continue
            }
            progress.done += try await fill(job)
        }
    }

    /// - Returns: trades that were sent.
    private func fill(_ job: HoleLedger.Job) async throws -> Int64 {
        do {
            guard job.attempts < Self.attempts else { return try await settle(job, "asked for and not accepted") }
            let page = try await history.page(of: job.instrument, job.ids)
            guard let through = page.through else { return try await nothing(job) }
            let offset = try await publisher.send(page, of: job.instrument)
            ledger.withLock { $0.sent(job, through: through, nextOffset: offset + 1) }
            trades.increment(by: page.trades.count)
            note(page.unavailable)
            health.set(part, .ok)
            return Int64(page.trades.count)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            failures.increment()
            let now = time.monotonicMicros
            ledger.withLock { $0.failed(job, atMicros: now, countsAsAttempt: false) }
            health.set(part, .failed("\(error)", blocksReadiness: false))
            logger.warning(
                "missing trades cannot be fetched now; tried again",
                metadata: ["symbol": "\(job.instrument.key)", "ids": "\(job.ids)", "reason": "\(error)"])
            return 0
        }
    }

    /// The venue gave nothing at all.
    private func nothing(_ job: HoleLedger.Job) async throws -> Int64 {
        if job.isOpenEnded {
            // It was only asked whether there is more.
            ledger.withLock { $0.close(job) }
            return 0
        }
        guard job.attempts + 1 < Self.attempts else { return try await settle(job, "the venue does not give them") }
        let now = time.monotonicMicros
        ledger.withLock { $0.failed(job, atMicros: now, countsAsAttempt: true) }
        return 0
    }

    /// Ends the asking: the ids stay counted as missing, until a person reopens them.
    private func settle(_ job: HoleLedger.Job, _ reason: String) async throws -> Int64 {
        let gap = UnavailableTrades(instrument: job.instrument, tradeIDs: job.ids, reason: reason)
        let page = HistoryPage(unavailable: [gap], through: job.ids.upperBound)
        let offset = try await publisher.send(page, of: job.instrument)
        // Should the processor not take even that, it is said again after a while.
        let later = time.monotonicMicros + Self.settledPauseMicros
        ledger.withLock { ledger in
            ledger.sent(job, through: job.ids.upperBound, nextOffset: offset + 1, notBeforeMicros: later)
        }
        note([gap])
        return 0
    }

    private func note(_ gaps: [UnavailableTrades]) {
        for gap in gaps {
            unavailable.increment(by: Int64(clamping: gap.tradeIDs.count))
            logger.warning(
                "trades cannot be had; their candles say so in missing_trades",
                metadata: [
                    "symbol": "\(gap.instrument.key)", "ids": "\(gap.tradeIDs)", "reason": "\(gap.reason)",
                ])
        }
    }

    private func askForEnds() async {
        let unknown = ledger.withLock { $0.unknownEnds }
        guard !unknown.isEmpty else { return }
        do {
            let ranges = try await admin.listOffsets(unknown.sorted().map { TopicPartition(topic, $0) })
            let ends = ranges.reduce(into: [Int32: Int64]()) { $0[$1.key.partition] = $1.value.high }
            ledger.withLock { $0.take(ends: ends) }
        } catch {
            logger.debug("the log's ends are not known now", metadata: ["error": "\(error)"])
        }
    }

    private func report(_ progress: inout BackfillProgress, open: Int64, _ now: Int64) {
        guard let line = progress.line(open: open, nowMicros: now, everyMicros: Self.reportMicros) else { return }
        logger.notice("\(line)")
    }
}

/// What people are told of a backfill that takes long.
struct BackfillProgress {
    /// Trades fetched since the backfill began.
    var done: Int64 = 0
    private var sinceMicros: Int64?
    private var toldMicros: Int64 = 0

    /// - Parameter open: trades that are still to be fetched.
    /// - Returns: a line, now and then and at the end; none of a backfill that is over soon.
    mutating func line(open: Int64, nowMicros: Int64, everyMicros: Int64) -> String? {
        guard open > 0 else {
            defer { self = Self() }
            guard toldMicros > 0 else { return nil }
            let seconds = (nowMicros - (sinceMicros ?? nowMicros)) / 1_000_000
            return "backfill: all \(done) missing trades fetched in \(seconds) s"
        }
        let since = sinceMicros ?? nowMicros
        if sinceMicros == nil {
            sinceMicros = nowMicros
            done = 0
        }
        guard nowMicros - max(since, toldMicros) >= everyMicros else { return nil }
        toldMicros = nowMicros
        let left = done > 0 ? ", about \((nowMicros - since) / 1_000_000 * open / done) s left" : ""
        return "backfill: \(done) missing trades fetched, \(open) to go\(left)"
    }
}
