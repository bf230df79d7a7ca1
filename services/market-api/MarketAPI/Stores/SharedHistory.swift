import MarketWire

/// A repository of which each question is asked once at a time, however many clients ask it.
final class SharedHistory: CandleRepository {
    private struct SumKey: Hashable {
        let symbols: [String]
        let spans: CandleSpans
    }

    private let base: any CandleRepository
    private let pages = SingleFlight<CandleSelection, [CandleRecord]>()
    private let sums = SingleFlight<SumKey, [CandleSum]>()

    init(_ base: any CandleRepository) { self.base = base }

    func candles(_ selection: CandleSelection) async throws(HistoryError) -> [CandleRecord] {
        let base = base
        return try await pages.value(of: selection) { () async throws(HistoryError) in
            try await base.candles(selection)
        }
    }

    func sums(of symbols: [String], over spans: CandleSpans) async throws(HistoryError) -> [CandleSum] {
        let base = base
        return try await sums.value(of: SumKey(symbols: symbols, spans: spans)) { () async throws(HistoryError) in
            try await base.sums(of: symbols, over: spans)
        }
    }

    func instruments() async throws(HistoryError) -> [InstrumentInfo] { try await base.instruments() }

    func numbers(of symbols: [String]) async throws(HistoryError) -> [InstrumentNumber] {
        try await base.numbers(of: symbols)
    }
}
