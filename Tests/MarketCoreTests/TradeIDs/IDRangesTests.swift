import SimulatedMarket
import Testing

@testable import MarketCore

struct IDRangesTests {
    /// Against a set of single ids.
    @Test func rangesAreASet() {
        let seed: UInt64 = 31
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            var ranges = IDRanges()
            var set: Set<Int64> = []
            for _ in 0..<30 {
                let first = random.int(0...60)
                let ids = first...(first + random.int(0...10))
                if random.once(in: 3) {
                    ranges.remove(ids)
                    set.subtract(ids)
                } else {
                    ranges.insert(ids)
                    set.formUnion(ids)
                }
                #expect(ranges.ranges.flatMap { Array($0) } == set.sorted(), "seed \(seed)")
                #expect(zip(ranges.ranges, ranges.ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound })
                let first2 = random.int(0...60)
                let probe = first2...(first2 + random.int(0...30))
                #expect(ranges.intersection(probe).flatMap { Array($0) } == set.intersection(probe).sorted())
                #expect(
                    ranges.missing(from: probe).flatMap { Array($0) } == Set(probe).subtracting(set).sorted(),
                    "seed \(seed)")
            }
        }
    }

    @Test func theEndsOfTheNumberRangeAreIDsToo() {
        var ranges = IDRanges()
        ranges.insert(Int64.max...Int64.max)
        ranges.insert(Int64.min...Int64.min)
        ranges.insert(0...5)
        #expect(ranges.count == 3)
        ranges.insert(Int64.min...Int64.max)
        #expect(ranges.ranges == [Int64.min...Int64.max])
        ranges.remove(3...Int64.max)
        #expect(ranges.ranges == [Int64.min...2])
        #expect(ranges.missing(from: 0...Int64.max) == [3...Int64.max])
    }
}
