import MarketCore
import SimulatedMarket
import Testing

struct IntervalTests {
    @Test func namesAreReadAndWritten() {
        #expect(Interval.allCases.map(\.description) == ["10s", "1m", "5m", "15m", "1h", "4h", "1d"])
        for interval in Interval.allCases { #expect(Interval(interval.description) == interval) }
        for text in ["", "10", "1M", "2m", "10s ", "1w"] { #expect(Interval(text) == nil) }
    }

    @Test func eachIntervalIsMadeOfWholeShorterOnes() {
        for (shorter, longer) in zip(Interval.allCases, Interval.allCases.dropFirst()) {
            #expect(longer.seconds % shorter.seconds == 0)
            #expect(shorter < longer)
        }
    }

    @Test func windowsAreAlignedToTheEpoch() {
        for interval in Interval.allCases {
            let length = interval.seconds
            #expect(interval.windowStart(ofTimeMicros: 0) == 0)
            #expect(interval.windowStart(ofTimeMicros: length * second - 1) == 0)
            #expect(interval.windowStart(ofTimeMicros: length * second) == length)
            #expect(interval.windowStart(ofTimeMicros: -1) == -length)
            #expect(interval.windowStart(ofTimeMicros: -length * second) == -length)
            #expect(interval.windowStart(ofTimeMicros: testEpochMicros + 5) == testEpochSeconds)
        }
    }
}
