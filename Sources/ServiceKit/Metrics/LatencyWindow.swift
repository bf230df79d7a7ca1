import MarketWire
import Synchronization

/// How long something took within the last minute, as percentiles. Bounded: counts in buckets that are a sixteenth wide
/// at most, for each ten seconds.
public final class LatencyWindow: Sendable {
    private struct Slot {
        /// Which ten seconds, counted from the clock's beginning.
        var number = Int64.min
        var counts: [Int64] = []
        var max: Int64 = 0
    }

    private static let slotCount = 6
    private static let slotMicros: Int64 = 10_000_000
    /// Of the longest that is told apart, 19 hours: a power of two.
    private static let highestExponent = 36
    private static let bucketCount = 32 + (highestExponent - 5) * 16

    private let slots = Mutex([Slot](repeating: Slot(), count: slotCount))

    public init() {}

    /// Counts one duration.
    ///
    /// - Parameters:
    ///   - micros: below 0, which clocks that differ can give, counts as 0.
    ///   - now: any clock's microseconds, the same one always.
    public func record(_ micros: Int64, atMicros now: Int64) { record(CollectionOfOne(micros), atMicros: now) }

    /// Counts durations of the same moment, as ``record(_:atMicros:)`` does one.
    public func record(_ durations: some Sequence<Int64>, atMicros now: Int64) {
        let number = now / Self.slotMicros
        let place = Int(number.magnitude % UInt64(Self.slotCount))
        slots.withLock { slots in
            for micros in durations {
                let value = min(max(micros, 0), (1 << Self.highestExponent) - 1)
                if slots[place].number != number {
                    slots[place] = Slot(number: number, counts: Array(repeating: 0, count: Self.bucketCount))
                }
                slots[place].counts[Self.bucket(of: value)] += 1
                slots[place].max = max(slots[place].max, value)
            }
        }
    }

    /// - Returns: nil where nothing was counted within the last minute.
    public func figures(atMicros now: Int64) -> LatencyFigures? {
        let newest = now / Self.slotMicros
        let recent = slots.withLock { slots in
            slots.filter { $0.number <= newest && newest - Int64(Self.slotCount) < $0.number }
        }
        var counts = [Int64](repeating: 0, count: Self.bucketCount)
        for slot in recent { for index in slot.counts.indices { counts[index] += slot.counts[index] } }
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        let longest = recent.reduce(0) { max($0, $1.max) }
        func percentile(_ share: Int64) -> Int64 {
            // The smallest value that so many per cent do not exceed.
            let wanted = (total * share + 99) / 100
            var seen: Int64 = 0
            for (index, count) in counts.enumerated() {
                seen += count
                if seen >= wanted { return min(Self.upperBound(of: index), longest) }
            }
            return longest
        }
        return LatencyFigures(
            count: total, p50Micros: percentile(50), p95Micros: percentile(95), p99Micros: percentile(99),
            maxMicros: longest)
    }

    private static func bucket(of value: Int64) -> Int {
        guard value >= 32 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return 32 + (exponent - 5) * 16 + Int((value >> Int64(exponent - 4)) & 15)
    }

    private static func upperBound(of bucket: Int) -> Int64 {
        guard bucket >= 32 else { return Int64(bucket) }
        let exponent = (bucket - 32) / 16 + 5
        return (Int64((bucket - 32) % 16 + 17) << Int64(exponent - 4)) - 1
    }
}
