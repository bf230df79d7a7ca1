import MarketCore
import MarketWire

/// A line of a capture, see schemas/capture.schema.json.
enum CaptureLine: Hashable, Sendable {
    case header(CaptureHeader)
    case message(CapturedMessage)

    /// - Throws: ``VenueError`` that says what cannot be understood.
    init(_ line: [UInt8]) throws(VenueError) {
        let fields: JSONValue
        do {
            fields = try JSONValue(parsing: line)
        } catch {
            throw VenueError(.malformedAnswer, error.description)
        }
        func missing(_ name: String) -> VenueError {
            VenueError(.malformedAnswer, "it has no usable field '\(name)'")
        }
        if let version = fields["capture"] {
            guard version.integer == CaptureHeader.version else {
                throw VenueError(.malformedAnswer, "it is a capture of a version that this program cannot read")
            }
            guard let source = fields["source"]?.text else { throw missing("source") }
            guard let keys = fields["instruments"]?.elements, !keys.isEmpty else { throw missing("instruments") }
            var instruments: [Instrument] = []
            for key in keys {
                guard let text = key.text, let instrument = try? Instrument(key: text) else {
                    throw missing("instruments")
                }
                instruments.append(instrument)
            }
            guard let started = fields["started_time_us"]?.integer, started >= 0 else {
                throw missing("started_time_us")
            }
            self = .header(CaptureHeader(source: source, startedTimeMicros: started, instruments: instruments))
            return
        }
        guard let venue = fields["venue"]?.text else { throw missing("venue") }
        guard let connection = fields["connection"]?.text else { throw missing("connection") }
        guard let session = fields["session"]?.integer, session >= 1 else { throw missing("session") }
        guard let received = fields["received_time_us"]?.integer, received >= 0 else {
            throw missing("received_time_us")
        }
        guard let text = fields["text"]?.text else { throw missing("text") }
        self = .message(
            CapturedMessage(
                venue: venue, connection: connection, session: session, receivedTimeMicros: received,
                text: Array(text.utf8)))
    }
}

/// What a capture begins with.
struct CaptureHeader: Hashable, Sendable {
    static let version: Int64 = 1

    /// Whose market it is (`MARKET_SOURCE`).
    let source: String
    /// Unix microseconds.
    let startedTimeMicros: Int64
    /// What was followed: the venues' messages may name more.
    let instruments: [Instrument]

    func append(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("capture", Self.version)
        writer.field("source", source)
        writer.field("started_time_us", startedTimeMicros)
        writer.key("instruments")
        writer.beginArray()
        for instrument in instruments { writer.string(instrument.key) }
        writer.endArray()
        writer.endObject()
    }
}

/// A message as a venue sent it.
struct CapturedMessage: Hashable, Sendable {
    let venue: String
    /// The connection's name, which its successors have, too.
    let connection: String
    /// Tells the connections of a capture apart, also those of one name; from 1.
    let session: Int64
    /// When it was read, unix microseconds.
    let receivedTimeMicros: Int64
    /// UTF-8.
    let text: [UInt8]

    func append(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("venue", venue)
        writer.field("connection", connection)
        writer.field("session", session)
        writer.field("received_time_us", receivedTimeMicros)
        writer.key("text")
        writer.string(bytes: text)
        writer.endObject()
    }
}
