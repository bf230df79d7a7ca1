/// The hash by which Kafka's Java clients choose a partition, and librdkafka's `murmur2_random` for records with a key.
public enum Murmur2 {
    private static let seed: UInt32 = 0x9747_b28c
    private static let multiplier: UInt32 = 0x5bd1_e995

    /// The hash of a key, signed as in Java.
    public static func hash(_ key: RawSpan) -> Int32 {
        var hash = seed ^ UInt32(truncatingIfNeeded: key.byteCount)
        var offset = 0
        while offset + 4 <= key.byteCount {
            var word = UInt32(littleEndian: key.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
            word &*= multiplier
            word ^= word >> 24
            word &*= multiplier
            hash = hash &* multiplier ^ word
            offset += 4
        }
        if offset < key.byteCount {
            for position in offset..<key.byteCount {
                hash ^= UInt32(key[position]) << UInt32((position - offset) * 8)
            }
            hash &*= multiplier
        }
        hash ^= hash >> 13
        hash &*= multiplier
        hash ^= hash >> 15
        return Int32(bitPattern: hash)
    }

    public static func hash(_ key: [UInt8]) -> Int32 { hash(key.span.bytes) }

    public static func hash(_ key: String) -> Int32 { hash(Array(key.utf8)) }

    /// The partition of a key.
    ///
    /// - Parameter partitions: how many the topic has; with less than 1 there is no choice, and the answer is 0.
    public static func partition(key: RawSpan, partitions: Int32) -> Int32 {
        // Kafka takes the sign off by a mask, not by negation.
        partitions < 1 ? 0 : (hash(key) & .max) % partitions
    }

    public static func partition(key: String, partitions: Int32) -> Int32 {
        partition(key: Array(key.utf8).span.bytes, partitions: partitions)
    }
}
