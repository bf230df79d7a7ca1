public import MarketCore
import NIOPosix
import Synchronization

/// Trades out of recorded files, batch by batch: Binance's public files and captures, which their first byte tells
/// apart. Files are read on a thread that may block, and never held whole.
public final class RecordedTrades: Sendable {
    /// What is read at once.
    public struct Batch: Sendable {
        public fileprivate(set) var trades: [Trade]
        /// Lines that are none, and were skipped.
        public fileprivate(set) var skippedCount = 0
        /// Messages that the live connection would not have used either.
        public fileprivate(set) var unusableCount = 0
        /// What was wrong with those, the first ones of them; and what else is to be known of the files.
        public fileprivate(set) var notes: [String] = []
        /// How far it came: `FILE, line 12`.
        public fileprivate(set) var place: String
        /// Of all files, as they lie on the disk.
        public fileprivate(set) var readBytes: Int64

        public init(trades: [Trade] = [], place: String = "", readBytes: Int64 = 0) {
            self.trades = trades
            self.place = place
            self.readBytes = readBytes
        }
    }

    /// Of all files, as they lie on the disk.
    public let sizeBytes: Int64
    private let files: Mutex<RecordedFiles>

    /// Opens the files, and looks what each of them is.
    ///
    /// - Parameters:
    ///   - paths: in the order in which they are read.
    ///   - source: the market that captures must be of (`MARKET_SOURCE`).
    ///   - skipsBadLines: whether a line that is none is skipped, or ends the reading.
    ///   - wallMicros: unix microseconds: the time of receipt of trades in files that have none.
    /// - Throws: ``RecordingError``, also where a file cannot be one of them.
    public init(
        _ paths: [String], source: String, skipsBadLines: Bool, wallMicros: @escaping @Sendable () -> Int64
    ) async throws {
        sizeBytes = try await NIOThreadPool.singleton.runIfActive {
            var size: Int64 = 0
            for path in paths { size += try RecordedFile(path, source: source).lines.sizeBytes }
            return size
        }
        files = Mutex(RecordedFiles(paths, source: source, skipsBadLines: skipsBadLines, wallMicros: wallMicros))
    }

    /// The next trades; nil behind the last ones. One task calls this.
    ///
    /// - Throws: ``RecordingError`` where the files cannot be read on; what was read before came with the batches
    ///   before. `CancellationError`.
    public func next() async throws -> Batch? {
        try await NIOThreadPool.singleton.runIfActive { try self.files.withLock { try $0.next() } }
    }
}

/// A file of either kind.
private enum RecordedFile {
    case trades(BinanceTradeFile)
    case capture(CaptureReader)

    init(_ path: String, source: String) throws(RecordingError) {
        let lines = try RecordingLines(path)
        self =
            if try lines.firstByte() == UInt8(ascii: "{") {
                .capture(try CaptureReader(lines, source: source))
            } else {
                .trades(try BinanceTradeFile(lines))
            }
    }

    var lines: RecordingLines {
        switch self {
        case .trades(let file): file.lines
        case .capture(let reader): reader.lines
        }
    }
}

/// The files one after the other.
private struct RecordedFiles {
    private let source: String
    private let skipsBadLines: Bool
    private let wallMicros: @Sendable () -> Int64
    private var paths: ArraySlice<String>
    private var file: RecordedFile?
    /// Of the files that were read to their end.
    private var readBytes: Int64 = 0
    /// What ended the reading, told after the trades before it.
    private var failure: RecordingError?

    private static let batchSize = 2_000
    /// Messages without a trade among them.
    private static let mostLines = 10_000
    private static let mostNotes = 10

    init(
        _ paths: [String], source: String, skipsBadLines: Bool, wallMicros: @escaping @Sendable () -> Int64
    ) {
        self.paths = paths[...]
        self.source = source
        self.skipsBadLines = skipsBadLines
        self.wallMicros = wallMicros
    }

    mutating func next() throws(RecordingError) -> RecordedTrades.Batch? {
        var batch = RecordedTrades.Batch()
        var lineCount = 0
        while failure == nil, batch.trades.count < Self.batchSize, lineCount < Self.mostLines {
            lineCount += 1
            do throws(RecordingError) {
                if file == nil {
                    guard let path = paths.popFirst() else { break }
                    file = try RecordedFile(path, source: source)
                }
                guard let open = file else { break }
                if try read(open, into: &batch) { continue }
                if open.lines.isCutOff {
                    note("\(open.lines.path) is cut off behind line \(open.lines.lineNumber)", in: &batch)
                }
                readBytes += open.lines.readBytes
                file = nil
            } catch {
                guard error.isOfLine, skipsBadLines else {
                    failure = error
                    break
                }
                batch.skippedCount += 1
                note("skipped: \(error)", in: &batch)
            }
        }
        if batch.trades.isEmpty, batch.notes.isEmpty {
            if let failure { throw failure }
            if file == nil, paths.isEmpty { return nil }
        }
        return batch
    }

    /// - Returns: false at the file's end.
    private func read(
        _ file: RecordedFile, into batch: inout RecordedTrades.Batch
    ) throws(RecordingError) -> Bool {
        switch file {
        case .trades(let reader):
            guard let row = try reader.next(), let kind = reader.kind else { return false }
            batch.trades.append(row.trade(of: reader.instrument, kind, receivedTimeMicros: wallMicros()))
        case .capture(let reader):
            switch try reader.next(into: &batch.trades) {
            case .read: break
            case .unusable(let reason):
                batch.unusableCount += 1
                note("\(reader.lines.path), line \(reader.lines.lineNumber): \(reason)", in: &batch)
            case .end: return false
            }
        }
        batch.place = "\(file.lines.path), line \(file.lines.lineNumber)"
        batch.readBytes = readBytes + file.lines.readBytes
        return true
    }

    private func note(_ text: String, in batch: inout RecordedTrades.Batch) {
        if batch.notes.count < Self.mostNotes { batch.notes.append(text) }
    }
}
