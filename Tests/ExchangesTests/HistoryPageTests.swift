import MarketCore
import Testing

@testable import Exchanges

@Suite struct HistoryPageTests {
    private let instrument: Instrument

    init() throws { instrument = try Instrument(key: "BTCUSDT") }

    private func trades(_ ids: [Int64]) throws -> [HistoryItem] {
        let entries = ids.map {
            #"{"id":\#($0),"price":"1.50","qty":"2","quoteQty":"3","time":1577836800000,"isBuyerMaker":true}"#
        }
        return try BinanceHistoryBody.trades(
            Array("[\(entries.joined(separator: ","))]".utf8), of: instrument, receivedTimeMicros: 5)
    }

    private func aggregates(_ ranges: [ClosedRange<Int64>]) throws -> [HistoryItem] {
        let entries = ranges.enumerated().map {
            #"{"a":\#($0 + 70),"p":"1.50","q":"2","f":\#($1.lowerBound),"l":\#($1.upperBound),"#
                + #""T":1577836800000,"m":false}"#
        }
        return try BinanceHistoryBody.aggregates(
            Array("[\(entries.joined(separator: ","))]".utf8), of: instrument, receivedTimeMicros: 5)
    }

    @Test func aPageSpeaksForWhatItCovers() throws {
        let page = HistoryPage(try trades([7, 8, 9]), of: instrument, 7...20)
        #expect(page.trades.map(\.tradeID) == [7, 8, 9] && page.through == 9 && page.unavailable.isEmpty)
        let trade = try #require(page.trades.first)
        #expect(trade.price == Price("1.5") && trade.quantity == Quantity("2") && trade.takerSide == .sell)
        #expect(trade.eventTimeMicros == 1_577_836_800_000_000 && trade.receivedTimeMicros == 5)
    }

    @Test func idsThatTheVenueLeavesOutAreUnavailable() throws {
        let page = HistoryPage(try trades([8, 11, 30]), of: instrument, 7...20)
        #expect(page.trades.map(\.tradeID) == [8, 11] && page.through == 20)
        #expect(page.unavailable.map(\.tradeIDs) == [7...7, 9...10, 12...20])
    }

    @Test func nothingSpeaksForNothing() throws {
        #expect(HistoryPage([], of: instrument, 7...20) == HistoryPage())
        #expect(HistoryPage(try trades([3, 4]), of: instrument, 7...20) == HistoryPage())
        let tail = HistoryPage(try trades([7]), of: instrument, 7...Int64.max)
        #expect(tail.through == 7 && tail.trades.count == 1)
    }

    @Test func anAggregateCountsOnlyAsAWhole() throws {
        let page = HistoryPage(try aggregates([5...8, 9...12, 13...22]), of: instrument, 7...20)
        #expect(page.trades.map(\.tradeID) == [12] && page.trades.first?.tradeCount == 4)
        #expect(page.trades.first?.aggregateID == 71)
        #expect(page.unavailable.map(\.tradeIDs) == [7...8, 13...20] && page.through == 20)
    }

    @Test func aTradeThatCannotBeUsedIsNamed() throws {
        let body =
            #"[{"id":7,"price":"1","qty":"2","time":1,"isBuyerMaker":true},"#
            + #"{"id":8,"price":"-1","qty":"2","time":1}]"#
        let items = try BinanceHistoryBody.trades(Array(body.utf8), of: instrument, receivedTimeMicros: 0)
        let page = HistoryPage(items, of: instrument, 7...8)
        #expect(page.trades.map(\.tradeID) == [7] && page.unavailable.map(\.tradeIDs) == [8...8])
        #expect(page.unavailable.first?.reason.contains("'price'") == true)
    }

    @Test(arguments: ["", "<html>", "{}", "null", #"[{"price":"1"}]"#, #"[{"id":-4}]"#, #"[{"id":1.5}]"#, "[[1]]"])
    func anAnswerThatIsNoListOfTradesIsAnError(_ body: String) {
        #expect(throws: VenueError.self) {
            try BinanceHistoryBody.trades(Array(body.utf8), of: instrument, receivedTimeMicros: 0)
        }
    }

    @Test func anAggregateThatBinanceLostIsLeftOut() throws {
        let body = #"[{"a":1,"p":"0","q":"0","f":-1,"l":-1,"T":1,"m":true}]"#
        #expect(try BinanceHistoryBody.aggregates(Array(body.utf8), of: instrument, receivedTimeMicros: 0).isEmpty)
    }
}
