import MarketCore

/// What a venue says about an instrument: topic `instruments`.
public struct InstrumentRecord: WireRecord {
    public enum Status: String, CaseIterable, Hashable, Sendable {
        case trading, halted, delisted
        /// The venue said something else, or nothing.
        case unknown
    }

    /// The instrument's key text, which is the record's key.
    public var symbol: String
    /// The asset that is traded, as the venue calls it.
    public var base: String
    /// The asset that it is paid in.
    public var quote: String
    /// Prices are multiples of this.
    public var tickSize: Price
    /// Quantities are multiples of this.
    public var lotStep: Quantity
    public var status: Status

    public init(symbol: String, base: String, quote: String, tickSize: Price, lotStep: Quantity, status: Status) {
        self.symbol = symbol
        self.base = base
        self.quote = quote
        self.tickSize = tickSize
        self.lotStep = lotStep
        self.status = status
    }

    private enum Field: String, RecordField {
        case symbol, base, quote
        case tickSize = "tick_size"
        case lotStep = "lot_step"
        case status
    }

    public func encode(into bytes: inout [UInt8]) {
        var json = JSONWriter(into: bytes)
        bytes = []
        json.beginObject()
        json.field("symbol", symbol)
        json.field("base", base)
        json.field("quote", quote)
        json.field("tick_size", tickSize)
        json.field("lot_step", lotStep)
        json.field("status", status.rawValue)
        json.endObject()
        bytes = json.bytes
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var symbol: String?, base: String?, quote: String?, status: Status?, tickSize: Price?, lotStep: Quantity?
        while let field = try record.next() {
            switch field {
            case .symbol: symbol = try record.text()
            case .base: base = try record.text()
            case .quote: quote = try record.text()
            case .tickSize: tickSize = try record.decimal()
            case .lotStep: lotStep = try record.decimal()
            case .status: status = Status(rawValue: try record.text()) ?? .unknown
            }
        }
        try record.end()
        self.init(
            symbol: try record.require(symbol, .symbol), base: try record.require(base, .base),
            quote: try record.require(quote, .quote), tickSize: try record.require(tickSize, .tickSize),
            lotStep: try record.require(lotStep, .lotStep), status: try record.require(status, .status))
    }
}
