-- What a person needs to look at what could not be used, and to have it tried again.

-- When the record's bytes were last sent to the trades topic again; NULL: never.
ALTER TABLE quarantine ADD COLUMN replayed_at timestamptz;

CREATE INDEX quarantine_by_reason ON quarantine (topic, reason, quarantined_at);

-- Where retention stands: windows that begin before the horizon have no row. One row for each interval that has one.
CREATE FUNCTION candle_horizons() RETURNS TABLE ("interval" text, horizon bigint) LANGUAGE sql STABLE AS $$
    SELECT r."interval", r.horizon FROM candle_retention r
$$;

-- Merges late trades whose 10 s window is kept again (the horizon in candle_retention was lowered) into their candles
-- and takes them off late_trades: at most in_max_rows, in the order of their key; returns how many. Only the 10 s candle
-- lacks them: the longer ones took them when they came. What else such a window held is not known, so its missing_trades
-- is NULL.
CREATE FUNCTION apply_late_trades(in_topic_partitions integer[], in_instruments text[], in_max_rows integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    horizon CONSTANT bigint := coalesce((SELECT r.horizon FROM candle_retention r WHERE r."interval" = '10s'), 0);
    applied bigint;
BEGIN
    PERFORM ensure_candle_partitions('10s', w.window_start, w.window_start)
    FROM (
        SELECT DISTINCT event_time_us / 10000000 * 10 AS window_start FROM late_trades
        WHERE instrument = ANY (in_instruments) AND event_time_us / 10000000 * 10 >= horizon
    ) w;
    WITH chosen AS (
        SELECT l.instrument, l.generation, l.trade_id FROM late_trades l
        WHERE l.instrument = ANY (in_instruments) AND l.event_time_us / 10000000 * 10 >= horizon
        ORDER BY l.instrument COLLATE "C", l.generation, l.trade_id
        LIMIT in_max_rows
        FOR UPDATE
    ), taken AS (
        DELETE FROM late_trades l USING chosen c
        WHERE l.instrument = c.instrument AND l.generation = c.generation AND l.trade_id = c.trade_id
        RETURNING l.*, l.event_time_us / 10000000 * 10 AS window_start
    ), part AS (
        SELECT
            k.topic_partition, t.instrument, t.window_start,
            (array_agg(t.price ORDER BY t.generation, t.trade_id))[1] AS open,
            max(t.price) AS high, min(t.price) AS low,
            (array_agg(t.price ORDER BY t.generation DESC, t.trade_id DESC))[1] AS close,
            sum(t.quantity) AS volume, sum(t.quantity * t.price) AS quote_volume,
            sum(t.trade_count)::bigint AS trade_count,
            sum(t.quantity) FILTER (WHERE t.taker_buy) AS taker_buy_volume,
            sum(t.quantity * t.price) FILTER (WHERE t.taker_buy) AS taker_buy_quote_volume,
            (array_agg(t.generation ORDER BY t.generation, t.trade_id))[1] AS first_generation,
            (array_agg(t.trade_id - t.trade_count + 1 ORDER BY t.generation, t.trade_id))[1] AS first_trade_id,
            (array_agg(t.generation ORDER BY t.generation DESC, t.trade_id DESC))[1] AS last_generation,
            (array_agg(t.trade_id ORDER BY t.generation DESC, t.trade_id DESC))[1] AS last_trade_id
        FROM taken t
        JOIN unnest(in_topic_partitions, in_instruments) AS k (topic_partition, instrument) USING (instrument)
        GROUP BY k.topic_partition, t.instrument, t.window_start
    ), argument AS (
        SELECT
            array_agg(topic_partition) AS topic_partitions, array_agg(instrument) AS instruments,
            array_agg('10s'::text) AS intervals, array_agg(window_start) AS window_starts,
            array_agg(open) AS opens, array_agg(high) AS highs, array_agg(low) AS lows, array_agg(close) AS closes,
            array_agg(volume) AS volumes, array_agg(quote_volume) AS quote_volumes,
            array_agg(trade_count) AS trade_counts, array_agg(taker_buy_volume) AS taker_buy_volumes,
            array_agg(taker_buy_quote_volume) AS taker_buy_quote_volumes,
            array_agg(first_generation) AS first_generations, array_agg(first_trade_id) AS first_trade_ids,
            array_agg(last_generation) AS last_generations, array_agg(last_trade_id) AS last_trade_ids,
            array_agg(0::bigint) AS hole_deltas, array_agg(true) AS unknowns
        FROM part
    ), merged AS (
        SELECT count(*) AS rows FROM argument a, merge_candles(
            a.topic_partitions, a.instruments, a.intervals, a.window_starts, a.opens, a.highs, a.lows, a.closes,
            a.volumes, a.quote_volumes, a.trade_counts, a.taker_buy_volumes, a.taker_buy_quote_volumes,
            a.first_generations, a.first_trade_ids, a.last_generations, a.last_trade_ids, a.hole_deltas, a.unknowns)
    )
    SELECT (SELECT count(*) FROM taken) INTO applied FROM merged;
    RETURN applied;
END
$$;

-- A subscription as the topic market.subscriptions says it; an older word never replaces a newer one.
CREATE FUNCTION save_subscriptions(in_instruments text[], in_followed boolean[], in_updated_us bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO subscriptions AS s (instrument, is_followed, updated_at)
    SELECT t.instrument, t.followed, to_timestamp(t.updated_us / 1000000.0)
    FROM unnest(in_instruments, in_followed, in_updated_us) AS t (instrument, followed, updated_us)
    ORDER BY t.instrument COLLATE "C"
    ON CONFLICT (instrument) DO UPDATE SET is_followed = excluded.is_followed, updated_at = excluded.updated_at
    WHERE s.updated_at <= excluded.updated_at;
END
$$;
