/// A price path as a function of time: octaves of value noise, each a quarter as long and half as high as the one
/// before,
/// which is how prices wander (deviation grows with the square root of time). Integers only, so that every machine sees
/// the same market.
struct PriceNoise: Sendable {
    private struct Octave {
        let key: UInt64
        let periodMicros: Int64
        /// Millionths of the price at the noise's ends.
        let amplitude: Int64
    }

    private let octaves: [Octave]
    /// 64 days: about a sixth of the price.
    private static let longestPeriodMicros: Int64 = 64 * 86_400_000_000
    private static let longestAmplitude: Int64 = 160_000
    private static let octaveCount = 12

    init(key: UInt64) {
        var octaves: [Octave] = []
        var period = Self.longestPeriodMicros
        var amplitude = Self.longestAmplitude
        for number in 0..<Self.octaveCount {
            octaves.append(
                Octave(key: Mixing.hash(key, Int64(number)), periodMicros: period, amplitude: max(amplitude, 1)))
            period /= 4
            amplitude /= 2
        }
        self.octaves = octaves
    }

    /// How far the price is from its base at an instant, as a fraction of it times 10^6 * 2^15.
    ///
    /// - Parameter timeMicros: 0 or more.
    func deviation(atMicros timeMicros: Int64) -> Int64 {
        var sum: Int64 = 0
        for octave in octaves {
            sum += Self.value(octave.key, timeMicros, octave.periodMicros) * octave.amplitude
        }
        return sum
    }

    /// Value noise in -2^15...2^15: hashed at multiples of the period, smooth between.
    static func value(_ key: UInt64, _ timeMicros: Int64, _ periodMicros: Int64) -> Int64 {
        let (index, within) = timeMicros.quotientAndRemainder(dividingBy: periodMicros)
        let from = lattice(key, index)
        let to = lattice(key, index + 1)
        // 3f² - 2f³ with f in 16 bits. The period is below 2^43, so that the shift does not overflow.
        let fraction = (within << 16) / periodMicros
        let smooth = (fraction * fraction * (3 * 65_536 - 2 * fraction)) >> 32
        return from + ((to - from) * smooth) >> 16
    }

    private static func lattice(_ key: UInt64, _ index: Int64) -> Int64 {
        Int64(Int16(truncatingIfNeeded: Mixing.hash(key, index) >> 48))
    }
}
