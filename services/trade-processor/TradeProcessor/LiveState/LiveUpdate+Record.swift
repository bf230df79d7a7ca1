import MarketCore
import MarketWire

extension LiveMailbox.Update {
    /// What Redis and the live feed show of an instrument now.
    init(_ update: LiveUpdate, worker: PartitionWorker) {
        let symbol = worker.state.table.key(update.instrument)
        record = LiveUpdateRecord(
            symbol: symbol, price: update.price, tradeID: update.key.id, eventTimeMicros: update.eventTimeMicros,
            candles: update.openCandles.map { open in
                CandleRecord(
                    symbol: symbol, interval: open.interval, windowStart: open.windowStart, open: open.candle.open,
                    high: open.candle.high, low: open.candle.low, close: open.candle.close, volume: open.candle.volume,
                    quoteVolume: open.candle.quoteVolume, tradeCount: open.candle.tradeCount,
                    takerBuyVolume: open.candle.takerBuyVolume, takerBuyQuoteVolume: open.candle.takerBuyQuoteVolume,
                    firstTradeID: open.candle.first.id, lastTradeID: open.candle.last.id,
                    missingTrades: open.missingTrades, revision: 0, isClosed: false, lineage: nil)
            })
        version = LiveVersion(
            lineage: worker.lease.lineage, generation: Int64(update.key.generation), offset: worker.state.nextOffset)
    }
}
