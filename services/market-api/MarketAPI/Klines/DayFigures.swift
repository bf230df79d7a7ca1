import Exchanges
import MarketCore
import MarketWire

/// Whose figures a repository is asked for.
struct DaySelection: Hashable, Sendable {
    /// Key texts.
    var symbols: [String]
    /// The first window start that counts and the first that does not any more; unix seconds.
    var range: Range<Int64>
    /// The stored interval by which the ends of the range are read.
    var fine: Interval
    /// The stored interval by which the rest is read; may be the same.
    var coarse: Interval

    /// The first instant of the range at which a coarse window begins.
    var coarseStart: Int64 {
        let length = coarse.seconds
        return (range.lowerBound + length - 1) / length * length
    }
}

/// What an instrument did in a while, as one candle and the price before it.
struct DayFigures: Hashable, Sendable {
    var kline: BinanceKline
    /// The last price before; nil where there is none within as long a time again.
    var previousClose: Price?
}

extension CandleRepository {
    /// Candle by candle, for repositories that cannot do better.
    func days(_ selection: DaySelection) async throws(HistoryError) -> [String: DayFigures] {
        var days: [String: DayFigures] = [:]
        for symbol in selection.symbols {
            let candles = try await candles(
                CandleSelection(
                    symbol: symbol, interval: selection.fine, range: selection.range, edge: .oldest, limit: .max))
            guard let first = candles.first else { continue }
            let length = selection.range.upperBound - selection.range.lowerBound
            let before = try await self.candles(
                CandleSelection(
                    symbol: symbol, interval: selection.fine,
                    range: max(0, selection.range.lowerBound - length)..<selection.range.lowerBound, edge: .newest,
                    limit: 1))
            var kline = BinanceKline(first)
            for candle in candles.dropFirst() where !kline.append(BinanceKline(candle)) {
                throw HistoryError(isTransient: false, description: "a sum is out of range")
            }
            days[symbol] = DayFigures(kline: kline, previousClose: before.last?.close)
        }
        return days
    }
}
