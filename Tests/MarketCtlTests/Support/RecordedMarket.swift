import Exchanges
import Foundation
import MarketCore
import Testing

@testable import MarketCtl

/// Real trades with the exchange's own candles of the same minutes (Tests/Data/binance-spot-BTCUSDT-2020-01-02).
enum RecordedMarket {
    static let folder: String = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return tests.appending(path: "Data/binance-spot-BTCUSDT-2020-01-02").path
    }()
    static let tradesPath = folder + "/BTCUSDT-aggTrades-2020-01-02.part.csv"

    static var instrument: Instrument { get throws { try Instrument(key: "BTCUSDT") } }

    static func trades() async throws -> [Trade] {
        let files = try await RecordedTrades(
            [tradesPath], source: "binance", skipsBadLines: false, wallMicros: { 1_577_978_400_000_000 })
        var trades: [Trade] = []
        while let batch = try await files.next() { trades += batch.trades }
        return trades
    }

    /// The exchange's candles as it answers `klines`, from the file's lines of 15:11 to 15:17.
    static func klines(from: Int64, through: Int64, limit: Int) throws -> String {
        let text = try String(contentsOfFile: folder + "/BTCUSDT-1m-2020-01-02-1511-1517.csv", encoding: .utf8)
        let rows = text.split(whereSeparator: \.isNewline).compactMap { line -> String? in
            let cells = line.split(separator: ",").map(String.init)
            guard cells.count == 12, let start = Int64(cells[0]), (from...through).contains(start) else { return nil }
            let quoted = cells.enumerated().map { [0, 6, 8].contains($0.offset) ? $0.element : "\"\($0.element)\"" }
            return "[" + quoted.joined(separator: ",") + "]"
        }
        return "[" + rows.prefix(limit).joined(separator: ",") + "]"
    }

    /// The recorded trades as 10 s candles, folded by what verification holds against the processor's.
    static func candles() async throws -> [AnalyzedCandle] {
        var collection = TradeCollection(rangeMicros: 0..<Int64.max, limit: 10_000)
        for (position, trade) in try await trades().enumerated() {
            try collection.add(VerifiedTrade(trade, generation: 0, position: Int64(position)))
        }
        return try RecomputedCandle.fold(collection.distinct(), .base).sorted { $0.key < $1.key }.map { start, candle in
            AnalyzedCandle(
                start: start, open: Price(raw: candle.open), high: Price(raw: candle.high), low: Price(raw: candle.low),
                close: Price(raw: candle.close), volume: Quantity(raw: candle.volume),
                quoteVolume: QuoteAmount(raw: candle.quoteVolume),
                takerBuyVolume: Quantity(raw: candle.takerBuyVolume), tradeCount: candle.tradeCount, missingTrades: 0)
        }
    }
}
