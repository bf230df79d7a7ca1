public import MarketCore
import MarketWire

/// Binance's own candles: `GET /api/v3/klines`.
public struct BinanceKlineHistory: Sendable {
    private let rest: BinanceREST

    /// Klines of an answer at most.
    public static let pageSize = 1_000
    private static let weight = 2

    public init(_ rest: BinanceREST) { self.rest = rest }

    /// Ends the connections.
    public func close() async { await rest.close() }

    /// The klines whose windows begin in a range, oldest first, the first ``pageSize`` of them. Binance gives windows
    /// without trades too, flat ones.
    ///
    /// - Parameter starts: unix seconds.
    /// - Throws: ``BinanceErrorBody``, ``VenueError``, `CancellationError`.
    public func page(
        of instrument: Instrument, _ interval: BinanceInterval, _ starts: Range<Int64>
    ) async throws -> [BinanceKline] {
        let body = try await rest.get(
            "klines?symbol=\(instrument.symbol)&interval=\(interval.rawValue)&startTime=\(starts.lowerBound * 1_000)"
                + "&endTime=\(starts.upperBound * 1_000 - 1)&limit=\(Self.pageSize)", weight: Self.weight)
        return try Self.klines(body)
    }

    /// Reads the answer.
    ///
    /// - Throws: ``VenueError`` where it is no list of klines.
    static func klines(_ body: [UInt8]) throws(VenueError) -> [BinanceKline] {
        guard let list = (try? JSONValue(parsing: body))?.elements else {
            throw VenueError(.malformedAnswer, "klines: the answer is no list")
        }
        var klines: [BinanceKline] = []
        klines.reserveCapacity(list.count)
        for entry in list {
            guard let kline = kline(entry) else {
                throw VenueError(.malformedAnswer, "klines: entry \(klines.count) is no kline")
            }
            klines.append(kline)
        }
        return klines
    }

    /// Open time, open, high, low, close, volume, close time, quote volume, trades, taker's base and quote volume.
    private static func kline(_ entry: JSONValue) -> BinanceKline? {
        guard let start = entry[0]?.integer.flatMap(BinanceTime.micros),
            let end = entry[6]?.integer.flatMap(BinanceTime.micros), let open = entry[1]?.decimal(Price.self),
            let high = entry[2]?.decimal(Price.self), let low = entry[3]?.decimal(Price.self),
            let close = entry[4]?.decimal(Price.self), let volume = entry[5]?.decimal(Quantity.self),
            let quoteVolume = entry[7]?.decimal(QuoteAmount.self), let count = entry[8]?.integer,
            let takerBuyVolume = entry[9]?.decimal(Quantity.self),
            let takerBuyQuoteVolume = entry[10]?.decimal(QuoteAmount.self)
        else { return nil }
        // The last millisecond belongs to the window.
        var kline = BinanceKline(startMicros: start, endMicros: end + 1_000, flatAt: close)
        kline.open = open
        kline.high = high
        kline.low = low
        kline.volume = volume
        kline.quoteVolume = quoteVolume
        kline.tradeCount = count
        kline.takerBuyVolume = takerBuyVolume
        kline.takerBuyQuoteVolume = takerBuyQuoteVolume
        return kline
    }
}
