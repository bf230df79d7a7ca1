import Exchanges
import MarketWire

/// What the simulator plays: trades by symbol, kind and id.
///
/// Times are those that clients see (`T`), unix microseconds. Within a symbol they never fall as the id rises.
protocol MarketTape: Sendable {
    /// What the venue says about the symbols; symbols are named by their index from here on.
    var symbols: [InstrumentRecord] { get }
    /// The name of the market: another name, other trades (`MARKET_SOURCE`).
    var source: String { get }
    /// Whether trades come out as the clock goes, or as fast as a client reads.
    var isPaced: Bool { get }

    /// Whether single trades or aggregates can be had.
    func has(_ kind: BinanceStreamKind) -> Bool

    /// The time up to which trades have happened.
    ///
    /// - Parameter now: the wall clock, unix microseconds.
    /// - Returns: nil while the tape has not begun.
    func position(atMicros now: Int64) -> Int64?

    /// The time behind which a subscription made now begins. The first one may begin the tape.
    func subscribe(atMicros now: Int64) -> Int64

    /// The lowest id there is.
    func firstID(_ kind: BinanceStreamKind, of symbol: Int) -> Int64

    /// The highest id whose time is `time` or before; below ``firstID(_:of:)`` where there is none.
    func lastID(_ kind: BinanceStreamKind, of symbol: Int, through time: Int64) -> Int64

    /// Calls with each trade of the ids, in order; ids that the tape does not have are passed over.
    func forEach(
        _ kind: BinanceStreamKind, _ ids: ClosedRange<Int64>, of symbol: Int, _ body: (BinanceTrade) -> Void)
}

extension MarketTape {
    /// The index of a venue's symbol.
    func index(of symbol: String) -> Int? { symbols.firstIndex { $0.symbol == symbol } }

    /// The trades of the ids; nothing of an empty range.
    func trades(_ kind: BinanceStreamKind, from first: Int64, through last: Int64, of symbol: Int) -> [BinanceTrade] {
        guard first <= last else { return [] }
        var trades: [BinanceTrade] = []
        forEach(kind, first...last, of: symbol) { trades.append($0) }
        return trades
    }
}
