import Logging
import MarketCore
import MarketWire
import PostgresClient
import RedisClient
import Schemas
import ServiceKit
import TestServers
import Testing

@testable import MarketAPI

/// Answers over a real PostgreSQL, compared with what PostgreSQL itself says.
@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct StoredAnswerTests {
    /// The market's time: nineteen minutes into an hour.
    private static let now: Int64 = 1_700_000_375

    /// Two days of minutes of two symbols, with gaps, and the hours that are made of them.
    private static func market() throws -> [CandleRecord] {
        var random = SeededRandom(seed: SeededRandom.seed(for: "StoredAnswerTests"))
        var candles: [CandleRecord] = []
        for symbol in ["BTCUSDT", "ETHUSDT"] {
            var minutes: [CandleRecord] = []
            for start in stride(from: now / 60 * 60 - 2 * 86_400, to: now / 60 * 60, by: 60)
            where Int.random(in: 0..<10, using: &random) > 0 {
                minutes.append(
                    try Sample.candle(
                        symbol, .oneMinute, start, close: "\(Int.random(in: 60_000...70_000, using: &random)).25"))
            }
            candles += minutes
            for (hour, inside) in Dictionary(grouping: minutes, by: { $0.windowStart / 3_600 * 3_600 }) {
                // The present hour has not closed.
                guard hour + 3_600 <= now, let first = inside.first, let last = inside.last else { continue }
                var whole = first
                whole.interval = .oneHour
                whole.windowStart = hour
                whole.high = inside.map(\.high).max() ?? first.high
                whole.low = inside.map(\.low).min() ?? first.low
                whole.close = last.close
                whole.lastTradeID = last.lastTradeID
                whole.volume = Quantity(raw: inside.reduce(0) { $0 + $1.volume.raw })
                whole.quoteVolume = QuoteAmount(raw: inside.reduce(0) { $0 + $1.quoteVolume.raw })
                whole.tradeCount = inside.reduce(0) { $0 + $1.tradeCount }
                candles.append(whole)
            }
        }
        return candles
    }

    private func withMarket(
        _ body: @escaping @Sendable (APITestServer, PostgresPool) async throws -> Void
    ) async throws {
        let server = try await PostgresServer.shared.get()
        let configuration = try PostgresConfiguration(
            url: server.url(database: try await server.createDatabase("stored_answers")))
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration)
        try await pool.waitUntilConnected(timeoutMillis: 10_000)
        try await StoredCandles.store(try Self.market(), in: pool)
        let history = PostgresHistory(pool: pool, time: .system, logger: Logger(label: "test"))
        // Twice: what is stable outlives the service.
        for _ in 0..<2 {
            try await APITestServer.with(repository: history) { api in
                for symbol in ["BTCUSDT", "ETHUSDT"] {
                    api.board.take(
                        try Sample.update(symbol, price: "65000.5", tradeID: 1, eventTimeMicros: Self.now * 1_000_000),
                        of: try Sample.instrument(symbol))
                }
                try await body(api, pool)
            }
        }
        await pool.close()
    }

    @Test func theSummaryIsPostgresOwnSum() async throws {
        try await withMarket { api, pool in
            let rows = try await pool.query(
                """
                SELECT symbol, max(high)::text AS high, min(low)::text AS low, trim_scale(sum(volume))::text AS volume,
                    trim_scale(sum(quote_volume))::text AS quote_volume, sum(trade_count)::bigint AS trade_count,
                    (array_agg(open ORDER BY window_start))[1]::text AS open,
                    (array_agg(close ORDER BY window_start DESC))[1]::text AS close
                FROM candles_1m WHERE window_start >= $1 GROUP BY symbol ORDER BY symbol
                """, [.bigint(Self.now - 86_400)])
            let symbols = try #require(try await api.get("/summary").json()["symbols"]?.elements)
            #expect(symbols.count == 2 && rows.count == 2)
            for (row, answer) in zip(rows, symbols) {
                for name in ["symbol", "high", "low", "volume", "quote_volume", "open", "close"] {
                    let stored: String = try row.value(name)
                    #expect(answer[name]?.text == stored, "\(name)")
                }
                let count: Int64 = try row.value("trade_count")
                #expect(answer["trade_count"]?.integer == count)
            }
            // The forerunner's change is that from the last price 24 hours ago.
            let before = try await pool.query(
                """
                SELECT trim_scale(65000.5 - close)::text AS change,
                    round((65000.5 - close) * 100 / close, 2)::text AS percent
                FROM candles_1m WHERE symbol = 'ETHUSDT' AND window_start < $1 ORDER BY window_start DESC LIMIT 1
                """, [.bigint(Self.now - 86_400)])
            let change: String = try #require(before.first).value("change")
            let percent: String = try #require(before.first).value("percent")
            let ether = try await api.get("/api/history/summary/").json().elements?.last
            #expect(ether?["price_change_24h"]?.text == change)
            #expect(ether?["price_change_percent_24h"] == .number(percent))
        }
    }

    @Test func filledRowsArePostgresOwnSeries() async throws {
        try await withMarket { api, pool in
            let (start, end) = (Self.now / 60 * 60 - 30_000, Self.now / 60 * 60 - 600)
            let rows = try await pool.query(
                """
                SELECT w AS window_start, c.close IS NULL AS filled, coalesce(c.close, (
                    SELECT p.close FROM candles_1m p WHERE p.symbol = 'BTCUSDT' AND p.window_start < w
                    ORDER BY p.window_start DESC LIMIT 1))::text AS close
                FROM generate_series($1::bigint, $2::bigint - 60, 60) AS w
                LEFT JOIN candles_1m c ON c.symbol = 'BTCUSDT' AND c.window_start = w ORDER BY w
                """, [.bigint(start), .bigint(end)])
            let answer = try await api.get(
                "/candles?interval=1m&fill=previous&limit=1000&start=\(start)&end=\(end)"
            ).json()
            let candles = try #require(answer["candles"]?.elements)
            #expect(candles.count == rows.count && rows.count == 490)
            for (row, candle) in zip(rows, candles) {
                let windowStart: Int64 = try row.value("window_start")
                let isFilled: Bool = try row.value("filled")
                let close: String = try row.value("close")
                #expect(candle["window_start"]?.integer == windowStart && candle["filled"]?.isTrue == isFilled)
                #expect(candle["close"]?.text == close)
            }
        }
    }

    @Test func pairsAndSavedPricesAreStored() async throws {
        try await withMarket { api, pool in
            let pairs = try #require(try await api.get("/api/pairs/").json().elements)
            let numbers = try await pool.query("SELECT id, instrument FROM instrument_numbers ORDER BY id")
            #expect(pairs.map { $0["id"]?.integer } == [1, 2] && numbers.count == 2)
            for (row, pair) in zip(numbers, pairs) {
                let instrument: String = try row.value("instrument")
                #expect(pair["symbol"]?.text == instrument)
            }
            let rows = try await pool.query(
                """
                SELECT close::text AS price, to_char(to_timestamp(window_start + 60) AT TIME ZONE 'UTC',
                    'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS time
                FROM candles_1m WHERE symbol = 'ETHUSDT' ORDER BY window_start DESC LIMIT 250
                """)
            let saved = try #require(try await api.get("/api/history/ethusdt/?limit=250").json().elements)
            #expect(saved.count == 250)
            for (row, price) in zip(rows, saved) {
                let (stored, time): (String, String) = (try row.value("price"), try row.value("time"))
                #expect(price["price"]?.text == stored && price["timestamp"]?.text == time)
            }
        }
    }
}
