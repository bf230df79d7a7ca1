import MarketWire

/// One of several shares of the instruments. An instrument's share depends on its key alone, so that producers need not
/// know each other.
public struct ProducerShard: Hashable, Sendable, CustomStringConvertible {
    /// From 0.
    public let index: Int32
    public let count: Int32

    public static let maxCount: Int32 = 1_000

    /// Reads `0/3`; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Int32(parts[0]), let count = Int32(parts[1]),
            (1...Self.maxCount).contains(count), (0..<count).contains(index)
        else { return nil }
        self.index = index
        self.count = count
    }

    public func contains(_ key: String) -> Bool {
        Murmur2.partition(key: Array(key.utf8).span.bytes, partitions: count) == index
    }

    public var description: String { "\(index)/\(count)" }
}
