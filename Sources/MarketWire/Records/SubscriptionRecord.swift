/// Whether producers follow an instrument: topic `market.subscriptions`, see schemas/kafka/subscription.schema.json.
/// A tombstone says that nobody asked for it.
public struct SubscriptionRecord: WireRecord {
    /// The instrument's key text, which is the record's key.
    public var symbol: String
    public var isFollowed: Bool
    /// When that was decided, unix microseconds.
    public var updatedTimeMicros: Int64
    /// A label of the one who asked, `1m`: candles of every interval are made anyway.
    public var interval: String?

    public init(symbol: String, isFollowed: Bool, updatedTimeMicros: Int64, interval: String? = nil) {
        self.symbol = symbol
        self.isFollowed = isFollowed
        self.updatedTimeMicros = updatedTimeMicros
        self.interval = interval
    }

    private enum Field: String, RecordField {
        case symbol, followed, interval
        case updatedTimeMicros = "updated_time_us"
    }

    public func encode(into bytes: inout [UInt8]) {
        var json = JSONWriter(into: bytes)
        bytes = []
        json.beginObject()
        json.field("symbol", symbol)
        json.field("followed", isFollowed)
        json.field("updated_time_us", updatedTimeMicros)
        if let interval { json.field("interval", interval) }
        json.endObject()
        bytes = json.bytes
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var symbol: String?, isFollowed: Bool?, updatedTimeMicros: Int64?, interval: String?
        while let field = try record.next() {
            switch field {
            case .symbol: symbol = try record.text()
            case .followed: isFollowed = try record.bool()
            case .updatedTimeMicros: updatedTimeMicros = try record.integer()
            case .interval: interval = try record.text()
            }
        }
        try record.end()
        self.init(
            symbol: try record.require(symbol, .symbol), isFollowed: try record.require(isFollowed, .followed),
            updatedTimeMicros: try record.require(updatedTimeMicros, .updatedTimeMicros), interval: interval)
    }
}
