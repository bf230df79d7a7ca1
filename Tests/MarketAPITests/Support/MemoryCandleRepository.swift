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
        var numbers: [String] = []
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

    func sums(of symbols: [String], over spans: CandleSpans) async throws(HistoryError) -> [CandleSum] {
        var sums: [CandleSum] = []
        for symbol in symbols {
            var sum: CandleSum?
            for span in spans.spans {
                let found = try await candles(
                    CandleSelection(
                        symbol: symbol, interval: span.interval, range: span.range, edge: .oldest, limit: .max))
                for candle in found where !(sum?.append(candle) ?? false) { sum = CandleSum(candle) }
            }
            sum?.previousClose = try await candles(
                CandleSelection(
                    symbol: symbol, interval: spans.newestInterval,
                    range: max(0, spans.start - 31 * 86_400)..<spans.start, edge: .newest, limit: 1)
            ).last?.close
            if let sum { sums.append(sum) }
        }
        return sums
    }

    func numbers(of symbols: [String]) async throws(HistoryError) -> [InstrumentNumber] {
        contents.withLock { contents in
            for symbol in symbols.sorted() where !contents.numbers.contains(symbol) { contents.numbers.append(symbol) }
            return contents.numbers.enumerated().filter { symbols.contains($1) }.map {
                InstrumentNumber(id: Int64($0 + 1), symbol: $1, createdMicros: 1_700_000_000_000_000)
            }
        }
    }

    func instruments() async throws(HistoryError) -> [InstrumentInfo] {
        let outcome: Result<[InstrumentInfo], HistoryError> = contents.withLock { contents in
            if let failure = contents.failure { return .failure(failure) }
            return .success(contents.instruments)
        }
        return try outcome.get()
    }
}
