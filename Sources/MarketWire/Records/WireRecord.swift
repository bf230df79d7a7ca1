/// A JSON record of a topic or a channel. Fields that a reader does not know are passed over.
public protocol WireRecord: Hashable, Sendable {
    /// Appends the record as JSON without spaces.
    func encode(into bytes: inout [UInt8])

    /// - Throws: ``WireError`` with the field it is about.
    init(decoding bytes: RawSpan) throws(WireError)
}

extension WireRecord {
    /// The record as JSON without spaces.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        encode(into: &bytes)
        return bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span.bytes) }
}
