/// Reads what ``SnapshotWriter`` wrote, and trusts nothing of it.
struct SnapshotReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// An error about what was just read.
    func malformed(_ expected: String) -> SnapshotError { .malformed(atByte: position, expected: expected) }

    mutating func byte(_ expected: String) throws(SnapshotError) -> UInt8 {
        guard position < bytes.count else { throw malformed(expected) }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func count(_ expected: String) throws(SnapshotError) -> Int64 {
        let value = Int64(bitPattern: try unsigned(expected))
        guard value >= 0 else { throw malformed(expected) }
        return value
    }

    /// A number of things that each take a byte at least.
    mutating func length(_ expected: String) throws(SnapshotError) -> Int {
        let value = try count(expected)
        guard value <= Int64(bytes.count - position) else { throw malformed(expected) }
        return Int(value)
    }

    mutating func signed(_ expected: String) throws(SnapshotError) -> Int64 {
        let value = try unsigned(expected)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func distance(from reference: Int64, _ expected: String) throws(SnapshotError) -> Int64 {
        reference &+ (try signed(expected))
    }

    mutating func distance(
        from reference: Int64, or missing: Int64, _ expected: String
    ) throws(SnapshotError) -> Int64 {
        switch try byte(expected) {
        case 0: missing
        case 1: try distance(from: reference, expected)
        default: throw malformed(expected)
        }
    }

    mutating func wide(_ expected: String) throws(SnapshotError) -> Int128 {
        var value: UInt128 = 0
        var shift: UInt128 = 0
        while true {
            let next = try byte(expected)
            guard shift < 126 || next < 4 else { throw malformed(expected) }
            value |= UInt128(next & 0x7F) << shift
            if next < 0x80 { break }
            shift += 7
        }
        let sum = Int128(bitPattern: value)
        guard sum >= 0 else { throw malformed(expected) }
        return sum
    }

    private mutating func unsigned(_ expected: String) throws(SnapshotError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte(expected)
            guard shift < 63 || next < 2 else { throw malformed(expected) }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }
}
