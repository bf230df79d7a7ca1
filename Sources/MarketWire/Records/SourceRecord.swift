/// Whose market a log is: topic `trades.source`, see schemas/kafka/source.schema.json. The topic's first record counts.
public struct SourceRecord: WireRecord {
    /// The record's key.
    public static let key = "market:source"

    /// The market's name (`MARKET_SOURCE`).
    public var source: String

    public init(source: String) { self.source = source }

    private enum Field: String, RecordField {
        case source
    }

    public func encode(into bytes: inout [UInt8]) {
        var json = JSONWriter(into: bytes)
        bytes = []
        json.beginObject()
        json.field("source", source)
        json.endObject()
        bytes = json.bytes
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var source: String?
        while let field = try record.next() {
            switch field {
            case .source: source = try record.text()
            }
        }
        try record.end()
        self.init(source: try record.require(source, .source))
    }
}
