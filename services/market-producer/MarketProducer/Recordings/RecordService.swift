import Exchanges
import Logging
import MarketCore
import ServiceKit
import ServiceLifecycle

/// Writes what the venues send into a file, until it is stopped.
struct RecordService: Sendable {
    let context: ServiceContext
    let path: String
    let time: TimeSource

    private static let progressPause = Duration.seconds(10)

    /// - Throws: where the file cannot be made or written.
    func run() async throws {
        let settings = try ProducerSettings(context.settings)
        let logger = context.logger(for: "record")
        let instruments = settings.instruments.filter { settings.share.contains($0.key) }
        let feeds = settings.feeds(time)
        for feed in feeds { _ = feed.lines.follow(instruments.filter { $0.venue == feed.venue }) }
        let recorder = try await CaptureRecorder(
            path, source: settings.source, instruments: instruments, startedTimeMicros: time.wallMicros)
        logger.info(
            "recording",
            metadata: ["file": "\(path)", "symbols": "\(instruments.map(\.key).joined(separator: ","))"])
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(
                try await cancelWhenGracefulShutdown { try await record(feeds, recorder, logger) })
        } catch {
            outcome = .failure(error)
        }
        for feed in feeds { await feed.catalog.close() }
        try outcome.get()
        logger.info("recorded", metadata: Self.metadata(recorder.progress))
    }

    private func record(
        _ feeds: [any VenueFeed], _ recorder: CaptureRecorder, _ logger: Logger
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await recorder.run() }
            for feed in feeds {
                let receiver = RecordingReceiver(
                    venue: feed.venue, recorder: recorder, logger: context.logger(for: feed.venue))
                group.addTask { try await feed.run(receiver) }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.progressPause)
                    logger.info("recording", metadata: Self.metadata(recorder.progress))
                }
            }
            // What the recorder says comes last: it writes the file's end when the others are over.
            var failure: (any Error)?
            while let outcome = await group.nextResult() {
                group.cancelAll()
                if case .failure(let error) = outcome, !(error is CancellationError) { failure = failure ?? error }
            }
            if let failure { throw failure }
        }
    }

    private static func metadata(_ progress: CaptureRecorder.Progress) -> Logger.Metadata {
        [
            "messages": "\(progress.messageCount)", "bytes": "\(progress.lineBytes)",
            "file_bytes": "\(progress.fileBytes)",
        ]
    }
}

/// Keeps the messages, and needs no trades.
private struct RecordingReceiver: TradeReceiver {
    let venue: String
    let recorder: CaptureRecorder
    let logger: Logger

    func receive(_ trades: [Trade], from connection: String) async throws {}

    func recording(of connection: String) -> SessionRecording? {
        recorder.session(venue: venue, connection: connection)
    }

    func connection(_ name: String, _ event: ConnectionEvent) {
        switch event {
        case .connecting, .message, .released: break
        case .connected: logger.info("connected", metadata: ["venue": "\(name)"])
        case .disconnected(let reason, let pause):
            logger.warning(
                "disconnected", metadata: ["venue": "\(name)", "reason": "\(reason)", "retry_after": "\(pause)"])
        case .unusable(let reason, let excerpt):
            logger.warning(
                "a message that cannot be used is recorded like the others",
                metadata: ["venue": "\(name)", "reason": "\(reason)", "excerpt": "\(excerpt)"])
        }
    }
}
