import Exchanges
import MarketCore
import MarketWire

/// The recorded trades, or aggregates, of one symbol in ascending order.
struct Recording: Sendable {
    /// As compact as a trade can be: a day of a busy symbol is some million of these.
    struct Row: Sendable, Hashable {
        let id: Int64
        let firstTradeID: Int64
        let lastTradeID: Int64
        /// Times 10^8.
        let price: Int64
        /// Times 10^8.
        let quantity: Int64
        let timeMicros: Int64
        let isBuyerMaker: Bool
        let isBestMatch: Bool

        /// The row with its ids and its time moved.
        func trade(idShift: Int64, tradeShift: Int64, timeMicros: Int64) -> BinanceTrade {
            BinanceTrade(
                id: id + idShift, firstTradeID: firstTradeID + tradeShift, lastTradeID: lastTradeID + tradeShift,
                price: Price(raw: price), quantity: Quantity(raw: Int128(quantity)), timeMicros: timeMicros,
                isBuyerMaker: isBuyerMaker, isBestMatch: isBestMatch)
        }
    }

    let symbol: String
    let kind: BinanceStreamKind
    /// Never empty.
    let rows: [Row]

    /// Ids, and trade ids, that one playing uses: the next one goes on behind them.
    var idCount: Int64 { rows[rows.count - 1].id - rows[0].id + 1 }
    var tradeCount: Int64 { rows[rows.count - 1].lastTradeID - rows[0].firstTradeID + 1 }

    /// How many rows have a time of `time` or before.
    func count(through time: Int64) -> Int {
        partition { $0.timeMicros <= time }
    }

    /// The place of the first row whose id is `id` or above.
    func place(ofID id: Int64) -> Int {
        partition { $0.id < id }
    }

    private func partition(_ isBelow: (Row) -> Bool) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if isBelow(rows[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The venue's data of the symbol: as known, else with the decimals that the rows have.
    var record: InstrumentRecord {
        let known = SymbolCatalog.entry(symbol).record
        let isKnown = rows.allSatisfy {
            $0.price % known.tickSize.raw == 0 && Int128($0.quantity) % known.lotStep.raw == 0
        }
        guard !isKnown else { return known }
        return SymbolCatalog.record(
            symbol, known.base, known.quote, Price(raw: Self.step(rows.lazy.map(\.price))),
            Quantity(raw: Int128(Self.step(rows.lazy.map(\.quantity)))))
    }

    /// The largest power of ten, up to 1, of which all values are multiples.
    private static func step(_ values: some Sequence<Int64>) -> Int64 {
        var step: Int64 = 100_000_000
        for value in values { while value % step != 0 { step /= 10 } }
        return step
    }
}
