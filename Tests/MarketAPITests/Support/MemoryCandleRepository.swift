import MarketCore
import MarketWire
import Synchronization

@testable import MarketAPI

/// Candles in memory: the shortest thing that keeps the repository's contract.
final class MemoryCandleRepository: CandleRepository {
    private struct Key: Hashable {
        let symbol: String
        let interval: Interval
    }

    private struct Contents {
        var candles: [Key: [Int64: CandleRecord]] = [:]
        var instruments: [InstrumentInfo] = []
        var failure: HistoryError?
    }

    private let contents = Mutex(Contents())

    init() {}

    /// Adds candles; one of the same window takes the place of the one before.
    func store(_ candles: [CandleRecord]) {
        contents.withLock { contents in
            for candle in candles {
                contents.candles[Key(symbol: candle.symbol, interval: candle.interval), default: [:]][
                    candle.windowStart] = candle
            }
        }
    }

    func store(_ instruments: [InstrumentInfo]) {
        contents.withLock { $0.instruments = instruments.sorted { $0.instrument < $1.instrument } }
    }

    /// Makes every read fail, or work again.
    func fail(with error: HistoryError?) { contents.withLock { $0.failure = error } }

    func candles(_ selection: CandleSelection) async throws(HistoryError) -> [CandleRecord] {
        let outcome: Result<[CandleRecord], HistoryError> = contents.withLock { contents in
            if let failure = contents.failure { return .failure(failure) }
            let key = Key(symbol: selection.symbol, interval: selection.interval)
            let found = (contents.candles[key] ?? [:]).values
                .filter { selection.range.contains($0.windowStart) }
                .sorted { $0.windowStart < $1.windowStart }
            switch selection.edge {
            case .oldest: return .success(Array(found.prefix(selection.limit)))
            case .newest: return .success(Array(found.suffix(selection.limit)))
            }
        }
        return try outcome.get()
    }

    func instruments() async throws(HistoryError) -> [InstrumentInfo] {
        let outcome: Result<[InstrumentInfo], HistoryError> = contents.withLock { contents in
            if let failure = contents.failure { return .failure(failure) }
            return .success(contents.instruments)
        }
        return try outcome.get()
    }
}
