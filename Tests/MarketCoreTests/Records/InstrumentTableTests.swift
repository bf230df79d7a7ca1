import MarketCore
import Testing

/// A table in a box: the macros of tests cannot hold the table itself, which is not copyable.
private final class Box {
    var table: InstrumentTable

    init(limit: Int) { table = InstrumentTable(limit: limit) }

    func index(_ key: String) throws(InstrumentTableError) -> Int32 { try table.index(ofKey: key) }
    func known(_ key: String) -> Int32? { table.knownIndex(ofKey: Array(key.utf8).span) }
    func key(_ index: Int32) -> String { table.key(index) }
    var count: Int { table.count }
    func matches(_ index: Int32, _ venue: String, _ symbol: String) -> Bool {
        table.isInstrument(index, venue: Array(venue.utf8).span, symbol: Array(symbol.utf8).span)
    }
}

struct InstrumentTableTests {
    @Test func indexesAreDenseAndStay() throws {
        let table = Box(limit: 5_000)
        let keys = (0..<5_000).map { $0.isMultiple(of: 3) ? "kraken:S\($0)/USD" : "S\($0)USDT" }
        for (index, key) in keys.enumerated() { #expect(try table.index(key) == Int32(index)) }
        for (index, key) in keys.enumerated().reversed() {
            #expect(try table.index(key) == Int32(index))
            #expect(table.known(key) == Int32(index))
            #expect(table.key(Int32(index)) == key)
        }
        #expect(table.count == 5_000)
        #expect(table.known("UNKNOWN") == nil)
    }

    @Test func aFullTableKnowsWhatItKnows() throws {
        let table = Box(limit: 2)
        #expect(try table.index("A") == 0)
        #expect(try table.index("B") == 1)
        let problem = #expect(throws: InstrumentTableError.self) { try table.index("C") }
        #expect(problem == .full(limit: 2))
        #expect(problem?.quarantineReason == .tooManyInstruments)
        #expect(try table.index("B") == 1)
    }

    @Test(arguments: ["", "btcusdt", "binance:BTCUSDT", "Kraken:BTC/USD", "a b", String(repeating: "A", count: 70)])
    func otherSpellingsAreRefused(_ key: String) {
        let table = Box(limit: 10)
        let problem = #expect(throws: InstrumentTableError.self) { try table.index(key) }
        #expect(problem?.quarantineReason == .malformed)
        #expect(table.count == 0)
    }

    @Test func venueAndSymbolAreComparedWithTheKey() throws {
        let table = Box(limit: 10)
        let bare = try table.index("BTCUSDT")
        let other = try table.index("kraken:BTC/USD")
        #expect(table.matches(bare, "binance", "BTCUSDT"))
        #expect(!table.matches(bare, "kraken", "BTCUSDT"))
        #expect(!table.matches(bare, "binance", "BTCUSD"))
        #expect(!table.matches(bare, "binance", "BTCUSDX"))
        #expect(table.matches(other, "kraken", "BTC/USD"))
        #expect(!table.matches(other, "binance", "BTC/USD"))
        #expect(!table.matches(other, "krake", "nBTC/USD"))
        #expect(!table.matches(other, "", "kraken:BTC/USD"))
    }

    @Test func aBatchKeepsTheOrderOfItsRecords() {
        var batch = RecordBatch(capacity: 4)
        let trade = TradeInput(
            instrument: 0, tradeID: 1, price: Price(raw: 1), quantity: Quantity(raw: 1), takerSide: .buy,
            eventTimeMicros: 0, offset: 10, recordTimestampMicros: -1)
        batch.append(trade)
        batch.append(
            ControlRecord(offset: 11, recordTimestampMicros: -1, instrument: 0, content: .newGeneration))
        let (count, tradesBefore, end) = (batch.count, batch.controls.map(\.tradesBefore), batch.endOffset)
        #expect(count == 2)
        #expect(tradesBefore == [1])
        #expect(end == 12)
        batch.extend(toOffset: 15)
        batch.extend(toOffset: 13)
        let extended = batch.endOffset
        #expect(extended == 15)
        batch.removeAll()
        let isEmpty = batch.isEmpty
        #expect(isEmpty)
    }
}
