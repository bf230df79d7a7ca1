import Exchanges
import MarketCore
import PostgresClient

extension PostgresHistory {
    /// One query for all symbols: coarse rows where there are any, fine ones before and after them.
    func days(_ selection: DaySelection) async throws(HistoryError) -> [String: DayFigures] {
        guard !selection.symbols.isEmpty, !selection.range.isEmpty else { return [:] }
        let length = selection.range.upperBound - selection.range.lowerBound
        do {
            // Planned with its values, as all of this table's queries: see `read`.
            let rows = try await pool.query(
                Self.daysQuery(fine: selection.fine, coarse: selection.coarse),
                [
                    .texts(selection.symbols), .bigint(selection.range.lowerBound),
                    .bigint(min(selection.coarseStart, selection.range.upperBound)),
                    .bigint(selection.range.upperBound), .bigint(max(0, selection.range.lowerBound - length)),
                ], isPrepared: false)
            var days: [String: DayFigures] = [:]
            for row in rows {
                var kline = BinanceKline(
                    startMicros: selection.range.lowerBound * 1_000_000,
                    endMicros: selection.range.upperBound * 1_000_000, flatAt: try row.exact("open"))
                kline.high = try row.exact("high")
                kline.low = try row.exact("low")
                kline.close = try row.exact("close")
                kline.volume = try row.exact("volume")
                kline.quoteVolume = try row.exact("quote_volume")
                kline.tradeCount = try row.value("trade_count")
                kline.firstTradeID = try row.value("first_trade_id")
                kline.lastTradeID = try row.value("last_trade_id")
                let before: String? = try row.optional("previous_close")
                days[try row.value("symbol")] = DayFigures(kline: kline, previousClose: before.flatMap { Price($0) })
            }
            return days
        } catch {
            throw report(error)
        }
    }

    /// Parameters: symbols, from, the first coarse window's start, until, how far back the price before is looked for.
    private static func daysQuery(fine: Interval, coarse: Interval) -> String {
        func rows(_ interval: Interval, _ range: String) -> String {
            """
            SELECT window_start, open, high, low, close, volume, quote_volume, trade_count, first_trade_id, last_trade_id
            FROM candles_\(interval) c
            WHERE c.symbol = wanted.symbol AND c."interval" = '\(interval)' AND \(range)
            """
        }
        return """
            SELECT wanted.symbol, (array_agg(open ORDER BY window_start))[1] AS open, max(high) AS high,
                min(low) AS low, (array_agg(close ORDER BY window_start DESC))[1] AS close, sum(volume) AS volume,
                sum(quote_volume) AS quote_volume, sum(trade_count)::bigint AS trade_count,
                (array_agg(first_trade_id ORDER BY window_start))[1] AS first_trade_id,
                (array_agg(last_trade_id ORDER BY window_start DESC))[1] AS last_trade_id,
                (SELECT c.close FROM candles_\(fine) c
                 WHERE c.symbol = wanted.symbol AND c."interval" = '\(fine)' AND window_start >= $5
                    AND window_start < $2
                 ORDER BY window_start DESC LIMIT 1) AS previous_close
            FROM unnest($1::text[]) AS wanted(symbol)
            CROSS JOIN LATERAL (
                SELECT coalesce(max(window_start) + \(coarse.seconds), $3) AS reached FROM candles_\(coarse) c
                WHERE c.symbol = wanted.symbol AND c."interval" = '\(coarse)'
                    AND window_start >= $3 AND window_start + \(coarse.seconds) <= $4 AND window_start < $4
            ) AS whole
            CROSS JOIN LATERAL (
                \(rows(coarse, "window_start >= $3 AND window_start < whole.reached AND window_start < $4"))
                UNION ALL
                \(rows(fine, "window_start >= $2 AND window_start < $3"))
                UNION ALL
                \(rows(fine, "window_start >= whole.reached AND window_start >= $3 AND window_start < $4"))
            ) AS parts
            GROUP BY wanted.symbol
            """
    }
}
