import MarketCore
import Testing

@testable import MarketCtl

/// The second way of making candles.
struct VerificationTests {
    private func trade(
        _ first: Int64, _ last: Int64, at seconds: Int64, position: Int64, price: String = "2", quantity: String = "1",
        generation: Int32 = 0, side: TakerSide = .buy
    ) throws -> VerifiedTrade {
        VerifiedTrade(
            Trade(
                instrument: try Instrument(key: "A"), tradeID: last, price: try #require(Price(price)),
                quantity: try #require(Quantity(quantity)), takerSide: side, eventTimeMicros: seconds * 1_000_000,
                receivedTimeMicros: 0, tradeCount: last - first + 1), generation: generation, position: position)
    }

    private func distinct(_ trades: [VerifiedTrade], before end: Int64 = .max) throws -> [Int64] {
        var collection = TradeCollection(rangeMicros: 0..<Int64.max, limit: 100)
        for trade in trades { try collection.add(trade) }
        return collection.distinct(before: end).map(\.position)
    }

    @Test func eachIDCountsOnce() throws {
        // Ids 1 and 2 come singly; then an aggregate of 1 to 3 that is refused, 3, and 3 again.
        let singles = [
            try trade(2, 2, at: 1, position: 0), try trade(1, 1, at: 1, position: 1),
            try trade(1, 3, at: 1, position: 2), try trade(3, 3, at: 1, position: 3),
            try trade(3, 3, at: 1, position: 4),
        ]
        #expect(try distinct(singles) == [1, 0, 3])
        #expect(try distinct(singles, before: 3) == [1, 0])
        // The aggregate first: its parts are known then.
        #expect(try distinct([try trade(1, 3, at: 1, position: 0), try trade(2, 2, at: 1, position: 1)]) == [0])
        // Another numbering is another trade.
        let restarted = [try trade(5, 5, at: 1, position: 0), try trade(5, 5, at: 2, position: 1, generation: 1)]
        #expect(try distinct(restarted) == [0, 1])
    }

    @Test func tooManyTradesAreRefusedAndDuplicatesAreNotTooMany() throws {
        var collection = TradeCollection(rangeMicros: 0..<10_000_000, limit: 100)
        for index in 0..<1_000 as Range<Int64> {
            try collection.add(trade(index % 50, index % 50, at: 1, position: index))
        }
        #expect(collection.distinct().count == 50)
        try collection.add(trade(1_000, 1_000, at: 10, position: 2_000))
        #expect(collection.distinct().count == 50, "outside of the range")
        #expect(throws: CommandError.self) {
            for index in 100..<300 as Range<Int64> { try collection.add(trade(index, index, at: 1, position: index)) }
        }
    }

    @Test func foldsByIDAndPassesOverTradesWithoutQuantity() throws {
        let trades = [
            try trade(1, 2, at: 19, position: 0, price: "3", quantity: "2"),
            try trade(3, 3, at: 12, position: 1, price: "1", quantity: "0.5", side: .sell),
            try trade(4, 4, at: 12, position: 2, price: "9", quantity: "0"),
            try trade(5, 5, at: 20, position: 3),
        ]
        let candles = try RecomputedCandle.fold(trades, .tenSeconds)
        #expect(candles.keys.sorted() == [10, 20])
        #expect(
            candles[10]?.figures(windowStart: 10).texts
                == ["3", "3", "1", "1", "2.5", "6.5", "3", "2", "6", "1", "3"])
    }

    @Test func whatASourceCovers() throws {
        #expect(SourceCoverage.whole.covers(0, 10))
        #expect(!SourceCoverage.log(firstTradeMicros: nil).covers(0, 10))
        let log = SourceCoverage.log(firstTradeMicros: 1_000_000_000)
        #expect(!log.covers(1_000, 1_010) && !log.covers(1_050, 1_060) && log.covers(1_060, 1_070))
        // Two runs of ids: seconds 5 to 31, and 42 to 60.
        let runs = SourceCoverage.runs(of: [
            try trade(1, 1, at: 5, position: 0), try trade(2, 3, at: 31, position: 1),
            try trade(10, 10, at: 42, position: 2), try trade(11, 11, at: 60, position: 3),
        ])
        let covered = stride(from: 0, to: 70, by: 10).filter { runs.covers($0, $0 + 10) }
        #expect(covered == [10, 20, 50])
    }

    @Test func theVenueDecidesNothingAlone() throws {
        func figures(_ start: Int64, _ volume: String, ids: Bool = true) -> CandleFigures {
            CandleFigures(
                windowStart: start,
                texts: ["1", "1", "1", "1", volume, "1", "1", "1", "1", ids ? "1" : nil, ids ? "1" : nil])
        }
        let trades = [
            try trade(1, 1, at: 0, position: 0, price: "1"), try trade(2, 2, at: 61, position: 1, price: "1"),
        ]
        let comparison = CandleComparison(
            interval: .oneMinute, windows: 0..<180, recomputed: try RecomputedCandle.fold(trades, .oneMinute),
            stored: [
                figures(0, "1"),
                CandleFigures(windowStart: 60, texts: figures(60, "1").texts.dropLast(2) + ["2", "2"]),
            ],
            venue: [
                0: figures(0, "2", ids: false), 60: figures(60, "1", ids: false), 120: figures(120, "3", ids: false),
            ],
            limit: 10)
        let verdict = comparison.verdict { _ in nil }
        #expect(verdict.compared == 3 && verdict.comparedWithVenue == 3 && verdict.differing == 2)
        #expect(verdict.differences.map(\.column) == ["volume", "(row)"])
        #expect(verdict.differences.map(\.venue) == ["2", "1 trades"])
        let open = comparison.verdict { $0 == 120 ? .open : nil }
        #expect(open.notComparable == [.open: 1] && open.differing == 1)
    }

    @Test func numbersAreEqualWhateverTheirZeros() {
        #expect(CandleFigures.plain("5.50000000") == "5.5")
        #expect(CandleFigures.plain("100") == "100")
        #expect(CandleFigures.plain("0.00000000") == "0")
    }

    @Test func windowsLieWhollyInTheRange() {
        #expect(Interval.oneMinute.windows(in: 30..<190) == 60..<180)
        #expect(Interval.oneDay.windows(in: 30..<190).isEmpty)
    }
}
