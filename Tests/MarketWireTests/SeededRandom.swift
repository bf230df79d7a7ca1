import Foundation

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Seeded from `TEST_SEED`, or afresh; the seed is printed so that a failure can be had again.
    static func announced(_ what: String) -> SeededRandom {
        let seed =
            ProcessInfo.processInfo.environment["TEST_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0 ... .max)
        print("\(what): TEST_SEED=\(seed)")
        return SeededRandom(seed: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// How long random tests run.
enum Iterations {
    /// `usual` times `TEST_ITERATIONS` (default 1).
    static func count(_ usual: Int) -> Int {
        usual * (ProcessInfo.processInfo.environment["TEST_ITERATIONS"].flatMap(Int.init) ?? 1)
    }
}

/// Damage to bytes, of the kinds that parsers trip over.
enum Mutation {
    private static let hostile = [
        "1e999", "-1", "NaN", "null", "{}", "[]", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\\u0000", "\\ud800",
        "\\", "\"",
        "99999999999999999999", "9223372036854775808", "0.000000001", "00", ".", "-", "e", "true", ",", ":", "}", " ",
        "\n",
        "\"trade_id\":5,", "\"price\":1.5,", "\"x\":{\"y\":[1,2]},", "\"trade_count\":0", ",\"trade_count\":3",
        "\u{feff}",
        ",\"aggregate_id\":-4", "é", "1e-9", "\\u0031", "\"unavailable\":[1,2],", "000000000000000000000000000000",
    ].map { Array($0.utf8) }

    static func apply(_ bytes: inout [UInt8], using random: inout SeededRandom, times: Int) {
        for _ in 0..<times {
            let position = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, position + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 1 where position < bytes.count: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.insert(UInt8.random(in: 0x20...0x7e, using: &random), at: position)
            case 3: bytes.removeSubrange(position..<end)
            case 4: bytes.insert(contentsOf: Array(bytes[position..<end]), at: position)
            case 5: bytes.insert(contentsOf: hostile[Int.random(in: 0..<hostile.count, using: &random)], at: position)
            case 6:
                bytes.replaceSubrange(position..<end, with: hostile[Int.random(in: 0..<hostile.count, using: &random)])
            case 7 where position < bytes.count:
                bytes[position] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &random)
            default: bytes.removeLast(min(bytes.count, 1))
            }
        }
    }
}
