/// Numbers as few bytes: 7 bits each, low ones first.
struct SnapshotWriter {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1_024) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// A number that is 0 or more by its nature.
    mutating func count(_ value: Int64) { unsigned(UInt64(bitPattern: value)) }

    /// A number of either sign, small ones short.
    mutating func signed(_ value: Int64) { unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    /// The distance from `reference`, whatever the two are.
    mutating func distance(_ value: Int64, from reference: Int64) { signed(value &- reference) }

    /// The same for a value that may be missing.
    mutating func distance(_ value: Int64, from reference: Int64, unless missing: Int64) {
        if value == missing {
            byte(0)
        } else {
            byte(1)
            distance(value, from: reference)
        }
    }

    /// A sum, 0 or more.
    mutating func wide(_ value: Int128) {
        var rest = UInt128(bitPattern: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
