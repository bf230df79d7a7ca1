import MarketCore
import NIOCore

/// Reads a capture as the live connections were read: one reader for each of them, with the venue's own rules, so that
/// the same trades come out.
///
/// It blocks: not for the cooperative pool.
final class CaptureReader {
    /// What came of a line.
    enum Outcome: Hashable, Sendable {
        case read
        /// A message that the live connection would not have used either, and why.
        case unusable(String)
        case end
    }

    let lines: RecordingLines
    private let source: String
    private var instruments: [String: [Instrument]] = [:]
    private var sessions: [Int64: Session] = [:]
    /// The line that was read to see what the file is.
    private var first: CaptureLine?

    /// Of one connection.
    private struct Session {
        let venue: String
        var reader: any StreamReader
        /// The live connection was left here; what the venue had sent already was not read.
        var isOver = false
    }

    /// Connections whose state is kept. A dozen live at once; each reconnect and each day make a new one.
    private static let sessionLimit = 4_096

    /// - Parameter source: the market that the capture must be of (`MARKET_SOURCE`).
    /// - Throws: ``RecordingError``.
    init(_ lines: RecordingLines, source: String) throws(RecordingError) {
        self.lines = lines
        self.source = source
        first = try line()
        guard case .header = first else {
            throw RecordingError("\(lines.path) does not begin as a capture does, with a line that names what it is of")
        }
        if case .header(let header) = first { try begin(header) }
    }

    /// Reads one line; its trades are appended. After an error of a line it goes on with the line behind it.
    ///
    /// - Throws: ``RecordingError``.
    func next(into trades: inout [Trade]) throws(RecordingError) -> Outcome {
        var line = first
        first = nil
        if line == nil { line = try self.line() }
        switch line {
        case nil: return .end
        case .header(let header):
            try begin(header)
            return .read
        case .message(let message): return try read(message, into: &trades)
        }
    }

    private func line() throws(RecordingError) -> CaptureLine? {
        while let bytes = try lines.next() {
            if bytes.isEmpty { continue }
            do throws(VenueError) {
                return try CaptureLine(Array(bytes))
            } catch {
                throw lines.problem(error.message)
            }
        }
        return nil
    }

    /// A capture begins, also behind another one in the same file.
    private func begin(_ header: CaptureHeader) throws(RecordingError) {
        guard header.source == source else {
            throw RecordingError(
                "\(lines.path), line \(lines.lineNumber): it was recorded from the source '\(header.source)', and the "
                    + "log belongs to '\(source)': their trade ids would mix. Set MARKET_SOURCE=\(header.source) to "
                    + "replay it into a log of its own source")
        }
        instruments = Dictionary(grouping: header.instruments, by: \.venue)
        sessions = [:]
    }

    private func read(
        _ message: CapturedMessage, into trades: inout [Trade]
    ) throws(RecordingError) -> Outcome {
        var session = try session(of: message)
        guard !session.isOver else { return .read }
        let known = trades.count
        defer { sessions[message.session] = session }
        do {
            let signal = try session.reader.read(
                ByteBuffer(bytes: message.text), receivedTimeMicros: message.receivedTimeMicros, into: &trades)
            switch signal {
            case .none, .granted, .endsSoon: return .read
            case .refused(let reason): return .unusable(reason)
            case .broken(let reason):
                session.isOver = true
                return .unusable(reason)
            }
        } catch {
            trades.removeSubrange(known...)
            return .unusable("\(error)")
        }
    }

    private func session(of message: CapturedMessage) throws(RecordingError) -> Session {
        if let known = sessions[message.session] {
            guard known.venue == message.venue else {
                throw lines.problem("session \(message.session) is of \(known.venue), not of \(message.venue)")
            }
            return known
        }
        guard let followed = instruments[message.venue] else {
            throw lines.problem("the capture's beginning names no instrument of the venue '\(message.venue)'")
        }
        guard let reader = Self.reader(of: message.venue, followed) else {
            throw lines.problem("the venue '\(message.venue)' is none that this program can read")
        }
        if sessions.count >= Self.sessionLimit, let oldest = sessions.keys.min() { sessions[oldest] = nil }
        return Session(venue: message.venue, reader: reader)
    }

    private static func reader(of venue: String, _ instruments: [Instrument]) -> (any StreamReader)? {
        let dialect: any StreamDialect
        switch venue {
        case Instrument.defaultVenue: dialect = BinanceDialect(address: "", kind: .trade)
        case CoinbaseFeed.name: dialect = CoinbaseDialect(address: "")
        case KrakenFeed.name: dialect = KrakenDialect(address: "")
        default: return nil
        }
        return dialect.makeReader(instruments)
    }
}
