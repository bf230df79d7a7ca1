-- Writing candles, and the outbox through which the topic `candles` gets them.
-- The functions of the commit path are plpgsql, because plpgsql keeps its plans for the session.

-- What the topic `candles` has not got yet. topic_partition is the trades partition of the instrument.
CREATE TABLE candle_outbox (
    id bigserial NOT NULL,
    topic_partition integer NOT NULL,
    symbol text COLLATE "C" NOT NULL,
    "interval" text COLLATE "C" NOT NULL,
    window_start bigint NOT NULL,
    PRIMARY KEY (topic_partition, id)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

CREATE TYPE candle_change AS (
    outbox_id bigint,
    topic_partition integer,
    id bigint,
    symbol text,
    "interval" text,
    window_start bigint,
    open numeric,
    high numeric,
    low numeric,
    close numeric,
    volume numeric,
    quote_volume numeric,
    trade_count bigint,
    taker_buy_volume numeric,
    taker_buy_quote_volume numeric,
    first_generation integer,
    first_trade_id bigint,
    last_generation integer,
    last_trade_id bigint,
    missing_trades bigint,
    revision bigint,
    updated_at timestamptz
);

-- Merges parts of candles into their rows: commutative and associative, so any order and grouping of the same parts
-- ends in the same row. One element a key. An element without trades (trade_count 0) only changes holes and unknown
-- of a row that is there. Rows are taken in key order, so that two callers wait for each other and never in a circle.
CREATE FUNCTION merge_candles(
    in_topic_partitions integer[], in_symbols text[], in_intervals text[], in_window_starts bigint[],
    in_opens numeric[], in_highs numeric[], in_lows numeric[], in_closes numeric[],
    in_volumes numeric[], in_quote_volumes numeric[], in_trade_counts bigint[],
    in_taker_buy_volumes numeric[], in_taker_buy_quote_volumes numeric[],
    in_first_generations integer[], in_first_trade_ids bigint[],
    in_last_generations integer[], in_last_trade_ids bigint[],
    in_hole_deltas bigint[], in_unknowns boolean[]
) RETURNS SETOF candle_change LANGUAGE plpgsql
-- The planner takes the arrays for short ones, and a nested loop over thousands of parts would be quadratic.
SET enable_nestloop = off AS $$
#variable_conflict use_column
DECLARE
    returned bigint;
BEGIN
    RETURN QUERY
    WITH part AS MATERIALIZED (
        SELECT *
        FROM unnest(
            in_topic_partitions, in_symbols, in_intervals, in_window_starts,
            in_opens, in_highs, in_lows, in_closes, in_volumes, in_quote_volumes, in_trade_counts,
            in_taker_buy_volumes, in_taker_buy_quote_volumes,
            in_first_generations, in_first_trade_ids, in_last_generations, in_last_trade_ids,
            in_hole_deltas, in_unknowns
        ) AS t (
            topic_partition, symbol, "interval", window_start,
            open, high, low, close, volume, quote_volume, trade_count,
            taker_buy_volume, taker_buy_quote_volume,
            first_generation, first_trade_id, last_generation, last_trade_id,
            hole_delta, unknown
        )
    ), merged AS (
        INSERT INTO candles AS c (
            symbol, "interval", window_start, open, high, low, close,
            volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume,
            first_generation, first_trade_id, last_generation, last_trade_id, holes, unknown
        )
        SELECT
            symbol, "interval", window_start,
            coalesce(trim_scale(open), 0), coalesce(trim_scale(high), 0),
            coalesce(trim_scale(low), 0), coalesce(trim_scale(close), 0),
            coalesce(trim_scale(volume), 0), coalesce(trim_scale(quote_volume), 0), trade_count,
            coalesce(trim_scale(taker_buy_volume), 0), coalesce(trim_scale(taker_buy_quote_volume), 0),
            -- No trades: an id above every first and below every last, so that neither end moves.
            coalesce(first_generation, 2147483647), coalesce(first_trade_id, 9223372036854775807),
            coalesce(last_generation, -1), coalesce(last_trade_id, -1),
            coalesce(hole_delta, 0), unknown
        FROM part
        ORDER BY symbol COLLATE "C", "interval" COLLATE "C", window_start
        ON CONFLICT (symbol, "interval", window_start) DO UPDATE SET
            open = CASE
                WHEN (excluded.first_generation, excluded.first_trade_id) < (c.first_generation, c.first_trade_id)
                THEN excluded.open ELSE c.open END,
            high = CASE WHEN excluded.trade_count = 0 THEN c.high ELSE greatest(c.high, excluded.high) END,
            low = CASE WHEN excluded.trade_count = 0 THEN c.low ELSE least(c.low, excluded.low) END,
            close = CASE
                WHEN (excluded.last_generation, excluded.last_trade_id) > (c.last_generation, c.last_trade_id)
                THEN excluded.close ELSE c.close END,
            volume = trim_scale(c.volume + excluded.volume),
            quote_volume = trim_scale(c.quote_volume + excluded.quote_volume),
            trade_count = c.trade_count + excluded.trade_count,
            taker_buy_volume = trim_scale(c.taker_buy_volume + excluded.taker_buy_volume),
            taker_buy_quote_volume = trim_scale(c.taker_buy_quote_volume + excluded.taker_buy_quote_volume),
            first_generation = CASE
                WHEN (excluded.first_generation, excluded.first_trade_id) < (c.first_generation, c.first_trade_id)
                THEN excluded.first_generation ELSE c.first_generation END,
            first_trade_id = CASE
                WHEN (excluded.first_generation, excluded.first_trade_id) < (c.first_generation, c.first_trade_id)
                THEN excluded.first_trade_id ELSE c.first_trade_id END,
            last_generation = CASE
                WHEN (excluded.last_generation, excluded.last_trade_id) > (c.last_generation, c.last_trade_id)
                THEN excluded.last_generation ELSE c.last_generation END,
            last_trade_id = CASE
                WHEN (excluded.last_generation, excluded.last_trade_id) > (c.last_generation, c.last_trade_id)
                THEN excluded.last_trade_id ELSE c.last_trade_id END,
            holes = c.holes + excluded.holes,
            unknown = coalesce(excluded.unknown, c.unknown),
            revision = c.revision + 1,
            updated_at = now()
        RETURNING c.*
    ), numbered AS (
        SELECT nextval('candle_outbox_id_seq') AS outbox_id, part.topic_partition, merged.*
        FROM merged JOIN part USING (symbol, "interval", window_start)
        WHERE merged.trade_count > 0
    ), queued AS (
        INSERT INTO candle_outbox (id, topic_partition, symbol, "interval", window_start)
        SELECT outbox_id, topic_partition, symbol, "interval", window_start FROM numbered
    )
    SELECT
        outbox_id, topic_partition, id, symbol, "interval", window_start, open, high, low, close,
        volume, quote_volume, numbered.trade_count, taker_buy_volume, taker_buy_quote_volume,
        first_generation, first_trade_id, last_generation, last_trade_id,
        missing_trades, revision, updated_at
    FROM numbered;
    GET DIAGNOSTICS returned = ROW_COUNT;

    -- An element without trades met no row and made an empty one: take it away again. Reading first would lock every
    -- leaf.
    IF returned < cardinality(in_symbols) THEN
        PERFORM delete_empty_candles(in_symbols, in_intervals, in_window_starts, in_trade_counts);
    END IF;
END
$$;

CREATE FUNCTION delete_empty_candles(
    in_symbols text[], in_intervals text[], in_window_starts bigint[], in_trade_counts bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT *
        FROM unnest(in_symbols, in_intervals, in_window_starts, in_trade_counts)
            AS t (symbol, "interval", window_start, trade_count)
        WHERE t.trade_count = 0
    LOOP
        -- The window is a literal, so that planning locks its one leaf.
        EXECUTE format(
            'DELETE FROM %I WHERE symbol = $1 AND window_start = %s AND trade_count = 0',
            'candles_' || part."interval", part.window_start)
        USING part.symbol;
    END LOOP;
END
$$;

-- The present rows of some keys; keys without a row are left out. outbox_id and topic_partition are NULL.
CREATE FUNCTION candles_by_key(in_symbols text[], in_intervals text[], in_window_starts bigint[])
RETURNS SETOF candle_change LANGUAGE plpgsql STABLE AS $$
DECLARE
    asked record;
BEGIN
    FOR asked IN
        SELECT
            t."interval", min(t.window_start) AS lowest, max(t.window_start) AS highest,
            array_agg(t.symbol) AS symbols, array_agg(t.window_start) AS window_starts
        FROM unnest(in_symbols, in_intervals, in_window_starts) AS t (symbol, "interval", window_start)
        GROUP BY t."interval"
    LOOP
        -- The bounds are literals, so that planning locks the leaves between them and no others.
        RETURN QUERY EXECUTE format(
            'SELECT NULL::bigint, NULL::integer, c.id, c.symbol, c."interval", c.window_start,
                c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trade_count,
                c.taker_buy_volume, c.taker_buy_quote_volume,
                c.first_generation, c.first_trade_id, c.last_generation, c.last_trade_id,
                c.missing_trades, c.revision, c.updated_at
            FROM %I c JOIN unnest($1, $2) AS k (symbol, window_start) USING (symbol, window_start)
            WHERE c."interval" = %L AND c.window_start BETWEEN %s AND %s',
            'candles_' || asked."interval", asked."interval", asked.lowest, asked.highest)
        USING asked.symbols, asked.window_starts;
    END LOOP;
END
$$;

-- The oldest entries of the outbox with their candles as they are now. A key may be in it more than once.
CREATE FUNCTION outbox_pending(in_topic_partition integer, in_max_rows integer)
RETURNS SETOF candle_change LANGUAGE plpgsql STABLE AS $$
DECLARE
    outbox_ids bigint[];
    symbols text[];
    intervals text[];
    window_starts bigint[];
BEGIN
    SELECT array_agg(o.id), array_agg(o.symbol), array_agg(o."interval"), array_agg(o.window_start)
    INTO outbox_ids, symbols, intervals, window_starts
    FROM (
        SELECT * FROM candle_outbox WHERE topic_partition = in_topic_partition ORDER BY id LIMIT in_max_rows
    ) o;
    RETURN QUERY
    SELECT
        k.outbox_id, in_topic_partition, c.id, c.symbol, c."interval", c.window_start,
        c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trade_count,
        c.taker_buy_volume, c.taker_buy_quote_volume,
        c.first_generation, c.first_trade_id, c.last_generation, c.last_trade_id,
        c.missing_trades, c.revision, c.updated_at
    FROM unnest(outbox_ids, symbols, intervals, window_starts) AS k (outbox_id, symbol, "interval", window_start)
    JOIN (
        SELECT DISTINCT ON (f.symbol, f."interval", f.window_start) f.*
        FROM candles_by_key(symbols, intervals, window_starts) f
    ) c ON c.symbol = k.symbol AND c."interval" = k."interval" AND c.window_start = k.window_start
    ORDER BY k.outbox_id;
END
$$;

CREATE FUNCTION outbox_delete(in_topic_partition integer, in_ids bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    deleted bigint;
BEGIN
    DELETE FROM candle_outbox WHERE topic_partition = in_topic_partition AND id = ANY (in_ids);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;
