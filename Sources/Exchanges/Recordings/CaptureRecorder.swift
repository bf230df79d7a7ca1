import Gzip
public import MarketCore
import MarketWire
import NIOPosix
import Synchronization
import WebSockets

/// Writes what venues send into a file, as it came (schemas/capture.schema.json), compressed.
///
/// What waits to be written is bounded by bytes. Full means: the connection is not read (policy: block).
public final class CaptureRecorder: Sendable {
    /// How far it is.
    public struct Progress: Hashable, Sendable {
        public fileprivate(set) var messageCount: Int64 = 0
        /// Of the lines, before they are compressed.
        public fileprivate(set) var lineBytes: Int64 = 0
        /// Of the file as it lies on the disk.
        public fileprivate(set) var fileBytes: Int64 = 0
    }

    private struct Queue {
        var lines: [UInt8] = []
        var progress = Progress()
        var sessionCount: Int64 = 0
    }

    private let queue = Mutex(Queue())
    /// Nil before it is made.
    private let file = Mutex<CaptureFile?>(nil)

    private static let queueLimitBytes = 8 << 20
    /// How often one that is blocked looks whether it may go on.
    private static let blockedPause = Duration.milliseconds(20)
    /// How often what waits is written.
    private static let writePause = Duration.milliseconds(200)
    /// Every so many times, so that it can be read (every 2 s): more often compresses worse.
    private static let writesPerFlush = 10

    /// Makes the file.
    ///
    /// - Parameters:
    ///   - source: whose market it is (`MARKET_SOURCE`).
    ///   - instruments: those that are followed.
    ///   - startedTimeMicros: unix microseconds.
    /// - Throws: ``RecordingError`` where it cannot be made, or is there already.
    public init(
        _ path: String, source: String, instruments: [Instrument], startedTimeMicros: Int64
    ) async throws {
        var writer = JSONWriter()
        CaptureHeader(source: source, startedTimeMicros: startedTimeMicros, instruments: instruments)
            .append(to: &writer)
        let header = writer.bytes + [UInt8(ascii: "\n")]
        try await NIOThreadPool.singleton.runIfActive {
            try self.file.withLock { file throws(RecordingError) in
                file = try CaptureFile(path)
                try file?.write(header, .sync)
            }
        }
    }

    /// Where the messages of a connection go that begins now.
    public func session(venue: String, connection: String) -> SessionRecording {
        let number = queue.withLock { queue in
            queue.sessionCount += 1
            return queue.sessionCount
        }
        return SessionRecording(recorder: self, venue: venue, connection: connection, number: number)
    }

    public var progress: Progress { queue.withLock { $0.progress } }

    /// Writes what comes, until the task is cancelled; then the rest, and the file's end. Called once.
    ///
    /// - Throws: ``RecordingError`` where it cannot be written.
    public func run() async throws {
        // A thread of its own: a slow disk must keep nobody else waiting.
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        let outcome: Result<Void, any Error>
        do {
            var writes = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.writePause)
                writes += 1
                try await write(writes.isMultiple(of: Self.writesPerFlush) ? .sync : .none, on: thread)
            }
            outcome = .success(try await write(.finish, on: thread))
        } catch {
            outcome = .failure(error)
        }
        try? await thread.shutdownGracefully()
        try outcome.get()
    }

    /// Not ended by cancellation, unlike the pool's own way: the last bytes are written then.
    private func write(_ flush: GzipDeflater.Flush, on thread: NIOThreadPool) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            thread.submit { state in
                continuation.resume(
                    with: Result {
                        guard state == .active else { throw RecordingError("the recording was stopped") }
                        try self.write(flush)
                    })
            }
        }
    }

    private func write(_ flush: GzipDeflater.Flush) throws(RecordingError) {
        let lines = queue.withLock { queue in
            defer { queue.lines = [] }
            return queue.lines
        }
        let size = try file.withLock { file throws(RecordingError) in
            try file?.write(lines, flush)
            return file?.sizeBytes ?? 0
        }
        queue.withLock { $0.progress.fileBytes = size }
    }

    fileprivate func take(_ lines: [UInt8], _ messageCount: Int) async throws {
        while queue.withLock({ $0.lines.count >= Self.queueLimitBytes }) {
            try await Task.sleep(for: Self.blockedPause)
        }
        queue.withLock { queue in
            queue.lines += lines
            queue.progress.messageCount += Int64(messageCount)
            queue.progress.lineBytes += Int64(lines.count)
        }
    }
}

/// Keeps the messages of one connection, from its first to its last.
public struct SessionRecording: Sendable {
    fileprivate let recorder: CaptureRecorder
    fileprivate let venue: String
    fileprivate let connection: String
    fileprivate let number: Int64

    /// Keeps a text as it came; suspends while there is no room. A venue sends nothing else, and what is no text is
    /// reported where it is read.
    ///
    /// - Throws: `CancellationError`.
    func take(_ messages: [WebSocketMessage], receivedTimeMicros: Int64) async throws {
        var writer = JSONWriter()
        var bytes: [UInt8] = []
        var count = 0
        for message in messages {
            guard case .text(let text) = message else { continue }
            writer = JSONWriter(into: bytes)
            bytes = []
            CapturedMessage(
                venue: venue, connection: connection, session: number, receivedTimeMicros: receivedTimeMicros,
                text: Array(text.readableBytesView)
            ).append(to: &writer)
            bytes = writer.bytes
            bytes.append(UInt8(ascii: "\n"))
            count += 1
        }
        if count > 0 { try await recorder.take(bytes, count) }
    }
}
