import Exchanges
import MarketCore
import ServiceKit

/// The exchange's own candles.
struct VenueCandles: Sendable {
    private let history: BinanceKlineHistory
    private let instrument: Instrument

    /// Binance allows 6,000 a minute, which the producer needs too.
    private static let weightLimit = 1_200

    /// - Parameter source: what market the database is of.
    /// - Throws: ``CommandError`` where there is nobody to ask; `SettingsError`.
    init(_ instrument: Instrument, _ settings: Settings, source: String?) throws {
        guard instrument.venue == Instrument.defaultVenue else {
            throw CommandError("only Binance's own candles can be asked for")
        }
        let url = try settings.value(SharedSettings.binanceRESTURL)
        if let source, source.isSimulatedMarketSource, url == SharedSettings.binanceRESTURL.defaultText {
            throw CommandError("the market is a simulated one; BINANCE_REST_URL can name its exchange-simulator")
        }
        let time = TimeSource.system
        history = BinanceKlineHistory(
            BinanceREST(
                url: url, authoritiesPath: try settings.optionalValue(SharedSettings.binanceCAFile),
                weightLimit: Self.weightLimit, wallMicros: { time.wallMicros },
                monotonicMicros: { time.monotonicMicros }))
        self.instrument = instrument
    }

    func close() async { await history.close() }

    /// Candles with trades, by the start of their window.
    ///
    /// - Parameter windows: where they begin, unix seconds.
    /// - Returns: nil for a length that the venue does not have.
    /// - Throws: `BinanceErrorBody`, `VenueError`.
    func candles(_ interval: Interval, _ windows: Range<Int64>) async throws -> [Int64: CandleFigures]? {
        guard interval != .base, let length = BinanceInterval(rawValue: interval.description) else { return nil }
        var candles: [Int64: CandleFigures] = [:]
        var start = windows.lowerBound
        while start < windows.upperBound {
            let page = try await history.page(of: instrument, length, start..<windows.upperBound)
            for kline in page where !kline.isFlat {
                let figures = CandleFigures(kline)
                candles[figures.windowStart] = figures
            }
            // A page may be shorter than was asked for and not be the last.
            guard let last = page.last else { break }
            start = last.startMicros / 1_000_000 + interval.seconds
            Terminal.progress("\(candles.count) candles of \(interval) from the venue")
        }
        return candles
    }
}
