/// How long something took lately: the percentiles that status records carry. Microseconds.
public struct LatencyFigures: Hashable, Sendable {
    /// How many were measured.
    public var count: Int64
    public var p50Micros: Int64
    public var p95Micros: Int64
    public var p99Micros: Int64
    public var maxMicros: Int64

    public init(count: Int64, p50Micros: Int64, p95Micros: Int64, p99Micros: Int64, maxMicros: Int64) {
        self.count = count
        self.p50Micros = p50Micros
        self.p95Micros = p95Micros
        self.p99Micros = p99Micros
        self.maxMicros = maxMicros
    }

    private enum Field: String, RecordField {
        case count
        case p50Micros = "p50_us"
        case p95Micros = "p95_us"
        case p99Micros = "p99_us"
        case maxMicros = "max_us"
    }

    /// Appends the figures as an object.
    public func encode(into json: inout JSONWriter) {
        json.beginObject()
        json.field("count", count)
        json.field("p50_us", p50Micros)
        json.field("p95_us", p95Micros)
        json.field("p99_us", p99Micros)
        json.field("max_us", maxMicros)
        json.endObject()
    }

    /// Reads the object that comes next.
    @_lifetime(json: copy json)
    init(reading json: inout JSONReader) throws(WireError) {
        var record = try RecordReader(json, of: Field.self)
        var values: [Field: Int64] = [:]
        while let field = try record.next() { values[field] = try record.integer() }
        self.init(
            count: try record.require(values[.count], .count),
            p50Micros: try record.require(values[.p50Micros], .p50Micros),
            p95Micros: try record.require(values[.p95Micros], .p95Micros),
            p99Micros: try record.require(values[.p99Micros], .p99Micros),
            maxMicros: try record.require(values[.maxMicros], .maxMicros))
        json = record.json
    }
}

extension JSONWriter {
    /// Figures, or null where nothing was measured.
    public mutating func field(_ name: StaticString, _ figures: LatencyFigures?) {
        key(name)
        if let figures { figures.encode(into: &self) } else { null() }
    }
}
