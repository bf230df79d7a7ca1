import MarketCore
import PostgresClient
import ServiceKit

extension PostgresHistory {
    func sums(of symbols: [String], over spans: CandleSpans) async throws(HistoryError) -> [CandleSum] {
        do {
            let rows = try await pool.query(
                Self.sumStatement(spans), [.texts(symbols)], isPrepared: false)
            var sums: [CandleSum] = []
            for row in rows {
                sums.append(
                    CandleSum(
                        symbol: try row.value("symbol"), open: try row.exact("open"), high: try row.exact("high"),
                        low: try row.exact("low"), close: try row.exact("close"), volume: try row.exact("volume"),
                        quoteVolume: try row.exact("quote_volume"), tradeCount: try row.value("trade_count"),
                        lastWindowStart: try row.value("last_window_start"),
                        previousClose: try row.optionalExact("previous_close"),
                        firstTradeID: try row.value("first_trade_id"), lastTradeID: try row.value("last_trade_id")))
            }
            return sums
        } catch {
            throw report(error)
        }
    }

    /// One index range a symbol and span: bounded times in the text, so that other leaves are not even locked.
    private static func sumStatement(_ spans: CandleSpans) -> String {
        let fields =
            "window_start, open, high, low, close, volume, quote_volume, trade_count, first_trade_id, last_trade_id"
        let parts = spans.spans.map { span in
            """
            SELECT \(fields) FROM candles_\(span.interval)
            WHERE symbol = s.symbol COLLATE "C" AND "interval" = '\(span.interval)'
                AND window_start >= \(span.range.lowerBound) AND window_start < \(span.range.upperBound)
            """
        }
        let fine = spans.newestInterval
        return """
            SELECT s.symbol, a.*, (
                SELECT p.close FROM candles_\(fine) p
                WHERE p.symbol = s.symbol COLLATE "C" AND p."interval" = '\(fine)'
                    AND p.window_start >= \(max(0, spans.start - 31 * 86_400)) AND p.window_start < \(spans.start)
                ORDER BY p.window_start DESC LIMIT 1
            ) AS previous_close
            FROM unnest($1::text[]) AS s (symbol)
            CROSS JOIN LATERAL (
                SELECT (array_agg(c.open ORDER BY c.window_start))[1] AS open, max(c.high) AS high,
                    min(c.low) AS low, (array_agg(c.close ORDER BY c.window_start DESC))[1] AS close,
                    sum(c.volume) AS volume, sum(c.quote_volume) AS quote_volume,
                    sum(c.trade_count)::bigint AS trade_count, max(c.window_start) AS last_window_start,
                    (array_agg(c.first_trade_id ORDER BY c.window_start))[1] AS first_trade_id,
                    (array_agg(c.last_trade_id ORDER BY c.window_start DESC))[1] AS last_trade_id
                FROM (\(parts.joined(separator: " UNION ALL "))) AS c
            ) AS a
            WHERE a.last_window_start IS NOT NULL
            """
    }

    func numbers(of symbols: [String]) async throws(HistoryError) -> [InstrumentNumber] {
        do {
            let rows = try await pool.query(
                """
                SELECT id, instrument, (extract(epoch FROM created_at) * 1000000)::bigint AS created_us
                FROM number_instruments($1)
                """, [.texts(symbols)])
            var numbers: [InstrumentNumber] = []
            for row in rows {
                numbers.append(
                    InstrumentNumber(
                        id: try row.value("id"), symbol: try row.value("instrument"),
                        createdMicros: try row.value("created_us")))
            }
            return numbers
        } catch {
            throw report(error)
        }
    }
}
