/// What the dialects of others share: klines of every length, figures of the day and streams.
struct KlineParts: Sendable {
    let reader: KlineReader
    let days: DayReader
    let hub: StreamHub
    /// Runs beside the server.
    let feeder: StreamFeeder

    /// Begins to listen to the board and to the trades.
    init(_ parts: APIParts, _ history: SharedHistory) {
        let pending = PendingCandles(time: parts.time)
        let intervals = parts.configuration.intervals
        reader = KlineReader(history: history, pending: pending, intervals: intervals)
        days = DayReader(history: history, pending: pending, intervals: intervals, time: parts.time)
        hub = StreamHub(pending: pending, intervals: intervals, time: parts.time)
        feeder = StreamFeeder(
            hub: hub, board: parts.board, history: history, days: days, trades: parts.trades)
        // In this order: the hub asks for what is pending.
        parts.board.add(pending)
        parts.board.add(hub)
        parts.trades.add(hub)
    }
}
