import MarketCore
import PostgresClient

/// Changes of candle rows as the columns that `merge_candles` takes: one statement for any number of rows.
struct CandleColumns: Sendable {
    private var partitions: [Int32?] = []
    private var symbols: [String?] = []
    private var intervals: [String?] = []
    private var windowStarts: [Int64?] = []
    private var opens: [String?] = []
    private var highs: [String?] = []
    private var lows: [String?] = []
    private var closes: [String?] = []
    private var volumes: [String?] = []
    private var quoteVolumes: [String?] = []
    private var tradeCounts: [Int64?] = []
    private var takerBuyVolumes: [String?] = []
    private var takerBuyQuoteVolumes: [String?] = []
    private var firstGenerations: [Int32?] = []
    private var firstTradeIDs: [Int64?] = []
    private var lastGenerations: [Int32?] = []
    private var lastTradeIDs: [Int64?] = []
    private var holeDeltas: [Int64?] = []
    private var unknowns: [Bool?] = []

    var count: Int { symbols.count }

    /// Adds the change of one row. Each row may be added once.
    mutating func append(_ change: CandleRowChange, partition: Int32) {
        let candle = change.candle
        partitions.append(partition)
        symbols.append(change.symbol)
        intervals.append(change.interval.description)
        windowStarts.append(change.windowStart)
        opens.append(candle?.open.description)
        highs.append(candle?.high.description)
        lows.append(candle?.low.description)
        closes.append(candle?.close.description)
        volumes.append(candle?.volume.description)
        quoteVolumes.append(candle?.quoteVolume.description)
        tradeCounts.append(candle?.tradeCount ?? 0)
        takerBuyVolumes.append(candle?.takerBuyVolume.description)
        takerBuyQuoteVolumes.append(candle?.takerBuyQuoteVolume.description)
        firstGenerations.append(candle?.first.generation)
        firstTradeIDs.append(candle?.first.id)
        lastGenerations.append(candle?.last.generation)
        lastTradeIDs.append(candle?.last.id)
        holeDeltas.append(change.holeDelta)
        unknowns.append(change.isUnknown)
    }

    var statement: PostgresStatement {
        PostgresStatement(
            """
            SELECT * FROM merge_candles($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
            $18, $19)
            """,
            [
                .integers(partitions), .texts(symbols), .texts(intervals), .bigints(windowStarts), .numerics(opens),
                .numerics(highs), .numerics(lows), .numerics(closes), .numerics(volumes), .numerics(quoteVolumes),
                .bigints(tradeCounts), .numerics(takerBuyVolumes), .numerics(takerBuyQuoteVolumes),
                .integers(firstGenerations), .bigints(firstTradeIDs), .integers(lastGenerations),
                .bigints(lastTradeIDs), .bigints(holeDeltas), .booleans(unknowns),
            ])
    }
}
