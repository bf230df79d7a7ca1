/// The only source of chance in a synthetic market: a hash of where one is (SplitMix64's finisher, G. Steele et al.
/// 2014).
enum Mixing {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// 64 bits that look random, the same for ever for one key and index.
    @inline(__always)
    static func hash(_ key: UInt64, _ index: Int64) -> UInt64 {
        var z = key &+ UInt64(bitPattern: index) &* step &+ step
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A hash of a name (FNV-1a, mixed).
    static func hash(of text: String) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash(value, 0)
    }
}
