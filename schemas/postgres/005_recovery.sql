-- What a person needs to look at what could not be used, and to have it tried again.

-- When the record's bytes were last sent to the trades topic again; NULL: never.
ALTER TABLE quarantine ADD COLUMN replayed_at timestamptz;

CREATE INDEX quarantine_by_reason ON quarantine (topic, reason, quarantined_at);

-- Where retention stands: windows that begin before the horizon have no row. One row for each interval that has one.
CREATE FUNCTION candle_horizons() RETURNS TABLE ("interval" text, horizon bigint) LANGUAGE sql STABLE AS $$
    SELECT r."interval", r.horizon FROM candle_retention r
$$;

-- Merges late trades whose 10 s window is kept again (the horizon in candle_retention was lowered) into their candles
-- and takes them off late_trades: at most in_max_rows, the oldest first. Only the 10 s candle lacks them: the longer
-- ones took them when they came. What else such a window held is not known, so its missing_trades is NULL.
CREATE FUNCTION apply_late_trades(in_topic_partitions integer[], in_instruments text[], in_max_rows integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    horizon CONSTANT bigint := coalesce((SELECT r.horizon FROM candle_retention r WHERE r."interval" = '10s'), 0);
    applied bigint;
BEGIN
    CREATE TEMP TABLE taken_late ON COMMIT DROP AS
    WITH chosen AS (
        SELECT l.instrument, l.generation, l.trade_id FROM late_trades l
        WHERE l.instrument = ANY (in_instruments) AND l.event_time_us / 10000000 * 10 >= horizon
        ORDER BY l.instrument COLLATE "C", l.generation, l.trade_id
        LIMIT in_max_rows
        FOR UPDATE
    )
    DELETE FROM late_trades l USING chosen c
    WHERE l.instrument = c.instrument AND l.generation = c.generation AND l.trade_id = c.trade_id
    RETURNING l.*, l.event_time_us / 10000000 * 10 AS window_start;
    GET DIAGNOSTICS applied = ROW_COUNT;
    IF applied = 0 THEN
        RETURN 0;
    END IF;
    PERFORM ensure_candle_partitions('10s', w.window_start, w.window_start)
    FROM (SELECT DISTINCT window_start FROM taken_late) w;
    PERFORM merge_candles(
        array_agg(p.topic_partition), array_agg(p.instrument), array_agg('10s'::text), array_agg(p.window_start),
        array_agg(p.open), array_agg(p.high), array_agg(p.low), array_agg(p.close),
        array_agg(p.volume), array_agg(p.quote_volume), array_agg(p.trade_count),
        array_agg(p.taker_buy_volume), array_agg(p.taker_buy_quote_volume),
        array_agg(p.first_generation), array_agg(p.first_trade_id),
        array_agg(p.last_generation), array_agg(p.last_trade_id),
        array_agg(0::bigint), array_agg(true))
    FROM (
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
        FROM taken_late t
        JOIN unnest(in_topic_partitions, in_instruments) AS k (topic_partition, instrument) USING (instrument)
        GROUP BY k.topic_partition, t.instrument, t.window_start
        ORDER BY t.instrument COLLATE "C", t.window_start
    ) p;
    DROP TABLE taken_late;
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
