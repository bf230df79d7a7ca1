import ServiceKit

/// What the processor counts, for `/metrics` and docs/METRICS.md.
enum ProcessorMetrics {
    static let all: [MetricDefinition] = [
        .init(.counter, "processor_trades_accepted_total", [], "Trade records that count, late ones included."),
        .init(.counter, "processor_trades_duplicate_total", [], "Trade records whose ids were known."),
        .init(
            .counter, "processor_trades_late_total", [],
            "Trades that came after their 10 s window had closed and amend candles."),
        .init(
            .counter, "processor_trades_beyond_retention_total", [],
            "Trades older than the 10 s candles that are kept, put into late_trades."),
        .init(.counter, "processor_windows_closed_total", [], "Candles closed, of all intervals."),
        .init(.counter, "processor_candle_rows_changed_total", [], "Candle rows written or amended."),
        .init(
            .counter, "processor_rows_beyond_retention_total", [],
            "Changes of candle rows left out because retention dropped their table."),
        .init(
            .counter, "processor_candle_tables_dropped_total", [],
            "Tables of candles dropped because they are older than CANDLE_RETENTION."),
        .init(.counter, "processor_ids_found_missing_total", [], "Trade ids found to be missing."),
        .init(.counter, "processor_ids_filled_total", [], "Missing trade ids that came after all."),
        .init(.counter, "processor_quarantined_total", ["reason"], "Records that could not be used."),
        .init(.gauge, "processor_partitions_assigned", [], "Partitions that this processor works on."),
        .init(.gauge, "processor_partitions_halted", [], "Partitions that stand still until a person decides."),
        .init(
            .counter, "processor_fenced_partitions_total", [],
            "Partitions found to be the property of another processor at a commit."),
        .init(
            .gauge, "processor_next_offset", ["partition", "topic"],
            "Offset that is committed in PostgreSQL and read next."),
        .init(
            .gauge, "processor_lag_records", ["partition", "topic"],
            "Records in the partition that are not taken in yet."),
        .init(
            .gauge, "processor_watermark_seconds", ["partition", "topic"],
            "Event time up to which windows are closed, unix time; its age is time() minus it."),
        .init(
            .gauge, "processor_last_commit_seconds", [],
            "When the last commit went through, unix time; quiet partitions commit every 10 s, too."),
        .init(.histogram, "processor_commit_seconds", [], "How long a commit took, repeats included."),
        .init(.counter, "processor_commit_retries_total", [], "Commits that were tried again."),
        .init(
            .histogram, "processor_event_to_store_seconds", [],
            "From a trade to its commit: per commit and partition the newest trade of the first batch."),
        .init(.histogram, "processor_redis_flush_seconds", [], "How long one write of live state to Redis took."),
        .init(
            .counter, "processor_redis_failures_total", [],
            "Writes to Redis that failed; only the newest values wait."),
        .init(.counter, "processor_redis_stale_writes_total", [], "Values that Redis had newer already."),
        .init(
            .counter, "processor_live_candles_dropped_total", [],
            "Closed candles left out of the live channel because too many waited."),
        .init(.counter, "processor_candles_published_total", [], "Candles that the topic candles has got."),
        .init(
            .counter, "processor_candles_publish_failures_total", [],
            "Candles that could not be sent to their topic and are sent again."),
        .init(.counter, "processor_influx_points_total", [], "Points that InfluxDB has got."),
        .init(.counter, "processor_influx_failures_total", [], "Writes to InfluxDB that failed and are repeated."),
        .init(.gauge, "processor_influx_pending_points", [], "Points that wait for InfluxDB, at most."),
    ]
}
