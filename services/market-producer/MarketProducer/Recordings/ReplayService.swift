import Exchanges
import KafkaClient
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Publishes recorded trades to the topic `trades`, once, and ends.
struct ReplayService: Sendable {
    let context: ServiceContext
    let paths: [String]
    let skipsBadLines: Bool
    let time: TimeSource

    /// Of the 10 s that a stop may take.
    private static let flushMillis = 7_000
    private static let acknowledgementPause = Duration.milliseconds(20)

    /// - Throws: what keeps a trade of the files out of the log.
    func run() async throws {
        let source = try context.settings.value(SharedSettings.marketSource)
        let time = time
        let recorded = try await RecordedTrades(
            paths, source: source, skipsBadLines: skipsBadLines, wallMicros: { time.wallMicros })
        let kafka = try KafkaSetup(context)
        let catalog = try TopicCatalog(context.settings)
        let admin = try KafkaAdmin(kafka.configuration)
        do {
            try await cancelWhenGracefulShutdown {
                try await kafka.ensureTopics(
                    [catalog.trades, catalog.source], mayCreate: catalog.mayCreate, through: admin,
                    health: context.health)
                try await kafka.claimLog(of: source, catalog: catalog, health: context.health)
            }
        } catch is CancellationError {
            throw ReplayStopped("stopped as asked before the first trade: the broker was not ready")
        }
        let partitions = try await admin.partitionCount(of: catalog.trades.name) ?? catalog.trades.partitions
        await admin.close(timeoutMillis: 500)
        let publisher = try TradePublisher(
            kafka.configuration, topic: catalog.trades.name, partitions: Int32(partitions),
            logger: context.logger(for: "publisher"), health: context.health)
        try await publish(recorded, publisher)
    }

    private func publish(_ recorded: RecordedTrades, _ publisher: TradePublisher) async throws {
        let logger = context.logger(for: "replay")
        let tally = SharedTally(sizeBytes: recorded.sizeBytes, startedMicros: time.monotonicMicros)
        let isForPeople = try context.settings.value(SharedSettings.logFormat) == "text"
        let display = ProgressDisplay(logger: logger, now: time.monotonicMicros, isForPeople: isForPeople)
        let outcome: Result<Void, any Error>
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        // Ends when it is cancelled, which says nothing of the files.
                        await publisher.run()
                        return false
                    }
                    group.addTask {
                        try await send(recorded, publisher, tally, display, logger)
                        return true
                    }
                    defer { group.cancelAll() }
                    while let isSent = try await group.next(), !isSent {}
                }
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        let openCount = await publisher.flush(timeoutMillis: Self.flushMillis)
        await publisher.close()
        display.end()
        let end = tally.value
        let summary = end.summary(atMicros: time.monotonicMicros)
        switch outcome {
        case .success where openCount == 0: logger.info("replayed", metadata: summary)
        case .failure(let error) where !(error is CancellationError):
            logger.error("not everything was replayed", metadata: summary.merging(["place": "\(end.place)"]) { $1 })
            throw error
        default:
            throw ReplayStopped(
                "stopped as asked at \(end.place): \(end.tradeCount) trades were sent"
                    + (openCount > 0 ? ", of which the broker did not acknowledge \(openCount)" : "")
                    + ". Replayed again, those in the log already do no harm")
        }
    }

    /// Reads one batch while the one before is handed over, and waits until the broker has all of them.
    private func send(
        _ recorded: RecordedTrades, _ publisher: TradePublisher, _ tally: SharedTally, _ display: ProgressDisplay,
        _ logger: Logger
    ) async throws {
        let outcome: Result<Void, any Error>
        do {
            var next = try await recorded.next()
            while let batch = next {
                async let following = recorded.next()
                if !batch.notes.isEmpty { display.end() }
                for note in batch.notes { logger.warning("\(note)") }
                try await publisher.send(batch.trades)
                tally.take(batch)
                show(tally.value, display)
                next = try await following
            }
            outcome = .success(())
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            outcome = .failure(error)
        }
        while publisher.openCount > 0 {
            try await Task.sleep(for: Self.acknowledgementPause)
            show(tally.value, display)
        }
        try outcome.get()
    }

    private func show(_ tally: ReplayTally, _ display: ProgressDisplay) {
        let now = time.monotonicMicros
        display.show(atMicros: now, "replaying", tally.line(atMicros: now), tally.progress(atMicros: now))
    }
}

/// The files were not read to their end, because somebody wanted it so.
struct ReplayStopped: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Counted by the one who sends, told by the one who waits for it.
private final class SharedTally: Sendable {
    private let tally: Mutex<ReplayTally>

    init(sizeBytes: Int64, startedMicros: Int64) {
        tally = Mutex(ReplayTally(sizeBytes: sizeBytes, startedMicros: startedMicros))
    }

    var value: ReplayTally { tally.withLock { $0 } }

    func take(_ batch: RecordedTrades.Batch) { tally.withLock { $0.take(batch) } }
}
