-- What InfluxDB is to get of the candles. Nothing is noted until a sink has said for which interval (influx_start).

-- The one InfluxDB that is fed. Candles from before are brought in the order of their key; backfill_*: how far that is,
-- NULL once it is over.
CREATE TABLE influx_target (
    target text NOT NULL,
    "interval" text COLLATE "C" NOT NULL,
    backfill_symbol text COLLATE "C",
    backfill_start bigint,
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row)
);

-- Candles that were closed or amended and are not delivered yet. Rows are only added and, once delivered, deleted: no
-- commit waits for the sink.
CREATE TABLE influx_outbox (
    id bigserial PRIMARY KEY,
    symbol text COLLATE "C" NOT NULL,
    "interval" text COLLATE "C" NOT NULL,
    window_start bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- Every change of a candle goes through candle_outbox, in the transaction of the change.
CREATE FUNCTION note_for_influx() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO influx_outbox (symbol, "interval", window_start)
    SELECT a.symbol, a."interval", a.window_start
    FROM added a JOIN influx_target t USING ("interval")
    ORDER BY a.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER note_for_influx AFTER INSERT ON candle_outbox
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_for_influx();

-- Says where candles go from now on; for another target or interval all of them go there anew.
CREATE FUNCTION influx_start(in_target text, in_interval text)
RETURNS TABLE (backfill_symbol text, backfill_start bigint) LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
#variable_conflict use_column
BEGIN
    PERFORM candle_leaf_unit(in_interval);
    IF NOT EXISTS (SELECT FROM influx_target t WHERE t.target = in_target AND t."interval" = in_interval) THEN
        -- Commits that are under way end before, and those that wait here see the new row: no change falls between
        -- the outbox and the backfill.
        LOCK TABLE candle_outbox IN SHARE MODE;
        DELETE FROM influx_outbox;
        INSERT INTO influx_target (target, "interval", backfill_symbol, backfill_start)
        VALUES (in_target, in_interval, '', 0)
        ON CONFLICT (is_only_row) DO UPDATE SET
            target = excluded.target,
            "interval" = excluded."interval",
            backfill_symbol = excluded.backfill_symbol,
            backfill_start = excluded.backfill_start;
    END IF;
    RETURN QUERY SELECT t.backfill_symbol, t.backfill_start FROM influx_target t;
END
$$;

-- For good: nothing is noted any more, and what was not delivered is forgotten.
CREATE FUNCTION influx_stop() RETURNS void LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
    LOCK TABLE candle_outbox IN SHARE MODE;
    DELETE FROM influx_target;
    DELETE FROM influx_outbox;
END
$$;
