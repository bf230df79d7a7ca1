import MarketWire
import ServiceKit
import Testing

@Suite struct LatencyWindowTests {
    @Test func nothingMeasuredIsNothing() {
        #expect(LatencyWindow().figures(atMicros: 5) == nil)
    }

    @Test func percentilesAreWithinASixteenth() throws {
        let window = LatencyWindow()
        let values = (1...10_000).map { Int64($0) * 37 }
        for value in values { window.record(value, atMicros: 1_000_000) }
        let figures = try #require(window.figures(atMicros: 2_000_000))
        #expect(figures.count == 10_000 && figures.maxMicros == 370_000)
        for (found, share) in [(figures.p50Micros, 50), (figures.p95Micros, 95), (figures.p99Micros, 99)] {
            let exact = values[10_000 * share / 100 - 1]
            #expect(found >= exact && found <= exact + exact / 16 + 1)
        }
    }

    @Test func smallValuesAreExactAndNegativeOnesNothing() {
        let window = LatencyWindow()
        for value in [-5, 0, 3] as [Int64] { window.record(value, atMicros: 0) }
        #expect(
            window.figures(atMicros: 0)
                == LatencyFigures(count: 3, p50Micros: 0, p95Micros: 3, p99Micros: 3, maxMicros: 3))
    }

    @Test func aMinuteLaterItIsForgotten() {
        let window = LatencyWindow()
        window.record(1_000, atMicros: 5_000_000)
        window.record(2_000, atMicros: 35_000_000)
        #expect(window.figures(atMicros: 59_000_000)?.count == 2)
        #expect(window.figures(atMicros: 61_000_000)?.count == 1)
        #expect(window.figures(atMicros: 200_000_000) == nil)
        // The same place in the ring is another ten seconds now.
        window.record(7, atMicros: 185_000_000)
        #expect(window.figures(atMicros: 200_000_000)?.maxMicros == 7)
    }

    @Test func whatIsOutOfRangeIsTheLongest() throws {
        let window = LatencyWindow()
        window.record(.max, atMicros: 0)
        let figures = try #require(window.figures(atMicros: 0))
        let longest: Int64 = (1 << 36) - 1
        #expect(figures.p50Micros == longest && figures.maxMicros == longest)
    }
}
