import Exchanges
import MarketCore
import ServiceKit

/// An instrument's trades out of recorded files.
enum FileTrades {
    /// - Returns: the trades that count, in the venue's order.
    /// - Throws: ``CommandError`` for too many trades, or none of this instrument; `RecordingError`.
    static func read(
        _ paths: [String], of instrument: Instrument, source: String, into collection: TradeCollection
    ) async throws -> [VerifiedTrade] {
        var collection = collection
        let time = TimeSource.system
        let files = try await RecordedTrades(
            paths, source: source, skipsBadLines: false, wallMicros: { time.wallMicros })
        var position: Int64 = 0
        var others: Set<Instrument> = []
        while let batch = try await files.next() {
            for trade in batch.trades {
                position += 1
                guard trade.instrument == instrument else {
                    if others.count < 10 { others.insert(trade.instrument) }
                    continue
                }
                try collection.add(VerifiedTrade(trade, generation: 0, position: position))
            }
            let share = 100 * batch.readBytes / max(1, files.sizeBytes)
            Terminal.progress("\(batch.place), \(share) %; \(collection.trades.count) trades kept")
        }
        guard !collection.trades.isEmpty else {
            let found = others.isEmpty ? "" : "; they hold " + others.sorted().map(\.key).joined(separator: ", ")
            throw CommandError("the files hold no trade of \(instrument.key) in this range\(found)")
        }
        return collection.distinct()
    }
}
