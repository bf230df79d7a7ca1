import ServiceKit

/// What the producer counts, for `/metrics` and docs/METRICS.md.
enum ProducerMetrics {
    static let all: [MetricDefinition] = [
        .init(
            .counter, "producer_trades_accepted_total", [],
            "Trades that came live and were taken over for publishing."),
        .init(
            .counter, "producer_trades_acknowledged_total", [],
            "Records that the broker has acknowledged, fetched ones and repeats included."),
        .init(.counter, "producer_trades_returned_total", [], "Trades that came back undelivered and are sent again."),
        .init(
            .counter, "producer_trades_lost_total", [],
            "Trades that were not acknowledged when the process ended; the venue still has them."),
        .init(
            .counter, "producer_queue_full_waits_total", [],
            "Waits for room in the queue of records; the venue is not read meanwhile."),
        .init(.gauge, "producer_trades_waiting", [], "Trades accepted and not yet acknowledged."),
        .init(.counter, "producer_messages_unusable_total", ["venue"], "Messages of a venue that made no sense."),
        .init(
            .counter, "producer_reconnects_total", ["venue"],
            "Connections to a venue that were lost or could not be made."),
        .init(
            .gauge, "producer_event_lag_seconds", ["venue"],
            "How much older than its arrival here the newest trade of the last message was."),
        .init(.gauge, "producer_last_trade_seconds", ["venue"], "When the last trade of a venue came, unix time."),
        .init(
            .counter, "producer_backfill_trades_total", ["venue"],
            "Missed trades fetched from the history of a venue."),
        .init(
            .counter, "producer_backfill_unavailable_total", ["venue"],
            "Trade ids that a venue does not give and that stay missing."),
        .init(
            .counter, "producer_backfill_failures_total", ["venue"],
            "Questions to the history of a venue that failed."),
        .init(.gauge, "producer_backfill_open_trades", ["venue"], "Trades known to be missing and not fetched yet."),
    ]
}
