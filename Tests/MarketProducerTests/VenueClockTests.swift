import MarketCore
import ServiceKit
import Testing

@testable import MarketProducer

/// A trade at a time, of a venue of its own: metrics are the whole process's.
func sampleTrade(_ eventTimeMicros: Int64, _ key: String = "clocktest:BTC-USD") throws -> Trade {
    Trade(
        instrument: try Instrument(key: key), tradeID: 1, price: Price(raw: 1), quantity: .zero, takerSide: .buy,
        eventTimeMicros: eventTimeMicros, receivedTimeMicros: 0)
}

@Suite struct VenueClockTests {
    @Test func tradesOfTheFutureAreNoticed() throws {
        _ = TestMetrics.registry
        let (clock, health, now) = (VenueClock(), HealthBoard(), Int64(1_577_977_823_305_000))
        func saw(_ offsets: [Int64]) throws -> PartState? {
            let trades = try offsets.map { try sampleTrade(now + $0) }
            clock.saw(trades, atMicros: now, health, RunningProducer.quietLogger)
            return health.snapshot()["clock of clocktest"]
        }
        func lag() -> Substring? {
            TestMetrics.registry.text().split(separator: "\n").first {
                $0.hasPrefix(#"producer_event_lag_seconds{venue="clocktest"}"#)
            }?.split(separator: " ").last
        }
        #expect(try saw([]) == nil)
        // The newest one counts: a snapshot begins with older ones.
        #expect(try saw([-250_000, -60_000_000]) == nil)
        #expect(lag() == "0.25")
        #expect(try saw([1_000_000]) == nil, "within the tolerance")
        let state = try #require(try saw([0, 3_500_000]))
        #expect(state.reason?.hasPrefix("trades come from 3.5 s in the future") == true && state.isReady)
        #expect(lag() == "-3.5")
        #expect(try saw([10]) == .ok)
    }
}
