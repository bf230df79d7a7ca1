/// A record that could not be used, with its bytes: topic `trades.quarantine`,
/// see schemas/kafka/quarantine.schema.json.
public struct QuarantineRecord: WireRecord {
    /// One word, as in metrics.
    public var reason: String
    /// What exactly.
    public var detail: String
    public var sourceTopic: String
    public var partition: Int32
    public var offset: Int64
    /// The record's key; nil where it had none.
    public var key: [UInt8]?
    /// The record's value; nil where it had none.
    public var value: [UInt8]?

    public init(
        reason: String, detail: String, sourceTopic: String, partition: Int32, offset: Int64, key: [UInt8]?,
        value: [UInt8]?
    ) {
        self.reason = reason
        self.detail = detail
        self.sourceTopic = sourceTopic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
    }

    private enum Field: String, RecordField {
        case reason, detail
        case sourceTopic = "source_topic"
        case partition, offset
        case key = "key_base64"
        case value = "value_base64"
    }

    public func encode(into bytes: inout [UInt8]) {
        var json = JSONWriter(into: bytes)
        bytes = []
        json.beginObject()
        json.field("reason", reason)
        json.field("detail", detail)
        json.field("source_topic", sourceTopic)
        json.field("partition", partition)
        json.field("offset", offset)
        json.field("key_base64", key.map(Base64.text))
        json.field("value_base64", value.map(Base64.text))
        json.endObject()
        bytes = json.bytes
    }

    public init(decoding bytes: RawSpan) throws(WireError) {
        var record = try RecordReader(bytes, of: Field.self)
        var reason: String?, detail: String?, sourceTopic: String?, partition: Int32?, offset: Int64?
        var key: [UInt8]?, value: [UInt8]?
        while let field = try record.next() {
            switch field {
            case .reason: reason = try record.text()
            case .detail: detail = try record.text()
            case .sourceTopic: sourceTopic = try record.text()
            case .partition: partition = try record.partition()
            case .offset: offset = try record.integer()
            case .key: key = try Self.readBytes(&record)
            case .value: value = try Self.readBytes(&record)
            }
        }
        try record.end()
        self.init(
            reason: try record.require(reason, .reason), detail: try record.require(detail, .detail),
            sourceTopic: try record.require(sourceTopic, .sourceTopic),
            partition: try record.require(partition, .partition), offset: try record.require(offset, .offset),
            key: key, value: value)
    }

    @_lifetime(record: copy record)
    private static func readBytes(_ record: inout RecordReader<Field>) throws(WireError) -> [UInt8]? {
        guard let text = try record.optionalText() else { return nil }
        guard let bytes = Base64.bytes(text) else { throw record.bad("not base64") }
        return bytes
    }
}
