import Logging
import MarketCore
import MarketWire
import PostgresClient
import Schemas
import ServiceKit
import TestServers
import Testing

@testable import MarketAPI

/// One contract for both repositories.
@Suite struct HistoryContractTests {
    /// Windows over more than a year, so that PostgreSQL has several leaves to read.
    private static let candles: [CandleRecord] = {
        var random = SeededRandom(seed: 7)
        var candles: [CandleRecord] = []
        for symbol in ["BTCUSDT", "kraken:BTC/USD"] {
            for interval in [Interval.tenSeconds, .oneHour] {
                for month in 0..<14 {
                    let base = 1_700_000_000 / interval.seconds * interval.seconds + Int64(month) * 2_592_000
                    for index in 0..<20 where Int.random(in: 0..<3, using: &random) > 0 {
                        if let candle = try? Sample.candle(symbol, interval, base + Int64(index) * interval.seconds) {
                            candles.append(candle)
                        }
                    }
                }
            }
        }
        return candles
    }()

    @Test func memoryKeepsTheContract() async throws {
        let history = MemoryCandleRepository()
        history.store(Self.candles)
        history.store([InstrumentInfo(instrument: try Sample.instrument("BTCUSDT"), base: "BTC", status: "trading")])
        try await check(history)
    }

    @Test(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
    func postgresKeepsTheContract() async throws {
        let server = try await PostgresServer.shared.get()
        let configuration = try PostgresConfiguration(
            url: server.url(database: try await server.createDatabase("history_contract")))
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration)
        try await pool.waitUntilConnected(timeoutMillis: 10_000)
        try await StoredCandles.store(Self.candles, in: pool)
        _ = try await pool.query(
            """
            SELECT save_instruments(ARRAY['BTCUSDT'], ARRAY['binance'], ARRAY['BTCUSDT'], ARRAY['BTC'], ARRAY['USDT'],
                ARRAY[0.01], ARRAY[0.00001], ARRAY['trading'])
            """)
        let history = PostgresHistory(pool: pool, time: .system, logger: Logger(label: "test"))
        try await check(history)
        let info = try #require(try await history.instruments().first)
        #expect(info.tickSize == Price(raw: 1_000_000) && info.lotStep == Quantity(raw: 1_000))
        await pool.close()
    }

    private func check(_ history: any CandleRepository) async throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<120 {
            let symbol = ["BTCUSDT", "kraken:BTC/USD", "ETHUSDT"].randomElement(using: &random) ?? "BTCUSDT"
            let interval = [Interval.tenSeconds, .oneHour, .oneDay].randomElement(using: &random) ?? .tenSeconds
            let own = Self.candles.filter { $0.symbol == symbol && $0.interval == interval }
            let lower = Int64.random(in: 1_690_000_000...1_740_000_000, using: &random)
            let range =
                Bool.random(using: &random)
                ? 0..<QueryReader.lastUnixSecond + 1 : lower..<lower + Int64.random(in: 1...20_000_000, using: &random)
            let limit = Int.random(in: 1...400, using: &random)
            for edge in [CandleSelection.Edge.oldest, .newest] {
                let found = try await history.candles(
                    CandleSelection(symbol: symbol, interval: interval, range: range, edge: edge, limit: limit))
                let inRange = own.filter { range.contains($0.windowStart) }.sorted { $0.windowStart < $1.windowStart }
                #expect(found == Array(edge == .oldest ? inRange.prefix(limit) : inRange.suffix(limit)))
            }
        }
        try await checkSums(history, &random)
        try await checkNumbers(history)
        let instruments = try await history.instruments()
        #expect(instruments.map(\.instrument.key) == ["BTCUSDT"])
        #expect(instruments.first?.base == "BTC" && instruments.first?.status == "trading")
    }
}

extension HistoryContractTests {
    /// Against a sum over the candles one by one.
    private func checkSums(_ history: any CandleRepository, _ random: inout SeededRandom) async throws {
        let symbols = ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD"]
        for _ in 0..<40 {
            let start = Int64.random(in: 1_699_990_000...1_733_000_000, using: &random)
            let spans = CandleSpans(
                from: start, to: start + Int64.random(in: 1...4_000_000, using: &random),
                intervals: [.tenSeconds, .oneHour])
            var expected: [String: CandleSum] = [:]
            for symbol in symbols {
                let own = spans.spans.flatMap { span in
                    Self.candles.filter {
                        $0.symbol == symbol && $0.interval == span.interval && span.range.contains($0.windowStart)
                    }.sorted { $0.windowStart < $1.windowStart }
                }
                let before = Self.candles.filter {
                    $0.symbol == symbol && $0.interval == spans.newestInterval && $0.windowStart < spans.start
                        && $0.windowStart >= spans.start - 31 * 86_400
                }
                guard let first = own.first, let last = own.last else { continue }
                expected[symbol] = CandleSum(
                    symbol: symbol, open: first.open, high: own.map(\.high).max() ?? first.high,
                    low: own.map(\.low).min() ?? first.low, close: last.close,
                    volume: Quantity(raw: own.reduce(0) { $0 + $1.volume.raw }),
                    quoteVolume: QuoteAmount(raw: own.reduce(0) { $0 + $1.quoteVolume.raw }),
                    tradeCount: own.reduce(0) { $0 + $1.tradeCount }, lastWindowStart: last.windowStart,
                    previousClose: before.max { $0.windowStart < $1.windowStart }?.close,
                    firstTradeID: first.firstTradeID, lastTradeID: last.lastTradeID)
            }
            let found = try await history.sums(of: symbols, over: spans)
            #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.symbol, $0) }) == expected)
        }
    }

    private func checkNumbers(_ history: any CandleRepository) async throws {
        let first = try await history.numbers(of: ["B", "A"])
        #expect(first.map(\.symbol) == ["A", "B"] && first.map(\.id) == [1, 2])
        async let one = history.numbers(of: ["C", "A", "D"])
        async let other = history.numbers(of: ["D", "C", "E"])
        let all = try await one + other
        #expect(Set(all.map(\.id)).count == Set(all.map(\.symbol)).count)
        #expect(all.first { $0.symbol == "A" } == first[0])
        #expect(try await history.numbers(of: ["A", "C"]).map(\.symbol) == ["A", "C"])
    }
}

/// Writes candles as the processor's commits do, by `merge_candles`.
enum StoredCandles {
    static func store(_ candles: [CandleRecord], in pool: PostgresPool) async throws {
        for candle in candles {
            _ = try await pool.query(
                "SELECT ensure_candle_partitions($1, $2, $2)",
                [.text(candle.interval.description), .bigint(candle.windowStart)])
        }
        let rows = try await pool.query(
            """
            SELECT * FROM merge_candles(
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
            """,
            [
                .integers(candles.map { _ in 0 }), .texts(candles.map(\.symbol)),
                .texts(candles.map(\.interval.description)), .bigints(candles.map(\.windowStart)),
                .numerics(candles.map(\.open.description)), .numerics(candles.map(\.high.description)),
                .numerics(candles.map(\.low.description)), .numerics(candles.map(\.close.description)),
                .numerics(candles.map(\.volume.description)), .numerics(candles.map(\.quoteVolume.description)),
                .bigints(candles.map(\.tradeCount)), .numerics(candles.map(\.takerBuyVolume.description)),
                .numerics(candles.map(\.takerBuyQuoteVolume.description)), .integers(candles.map { _ in 0 }),
                .bigints(candles.map(\.firstTradeID)), .integers(candles.map { _ in 0 }),
                .bigints(candles.map(\.lastTradeID)), .bigints(candles.map { _ in 0 }),
                .booleans(candles.map { $0.missingTrades == nil }),
            ])
        guard rows.count == candles.count else {
            throw ServerProblem("\(rows.count) of \(candles.count) candles were stored")
        }
        // The merge counts from 1; a candle that was amended before has a later revision.
        let amended = candles.filter { $0.revision > 1 }
        _ = try await pool.query(
            """
            UPDATE candles c SET revision = t.revision FROM unnest($1, $2, $3, $4) AS t (symbol, i, start, revision)
            WHERE c.symbol = t.symbol AND c."interval" = t.i AND c.window_start = t.start
            """,
            [
                .texts(amended.map(\.symbol)), .texts(amended.map(\.interval.description)),
                .bigints(amended.map(\.windowStart)), .bigints(amended.map(\.revision)),
            ])
    }
}
