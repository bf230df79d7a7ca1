-- Candles and their partitions. Every migration runs in one transaction (Migrator).

CREATE SEQUENCE candles_id_seq;

CREATE TABLE candles (
    id bigint NOT NULL DEFAULT nextval('candles_id_seq'),
    symbol text COLLATE "C" NOT NULL,
    "interval" text COLLATE "C" NOT NULL,
    window_start bigint NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric NOT NULL,
    quote_volume numeric NOT NULL,
    trade_count bigint NOT NULL,
    taker_buy_volume numeric NOT NULL,
    taker_buy_quote_volume numeric NOT NULL,
    first_trade_id bigint NOT NULL,
    last_trade_id bigint NOT NULL,
    missing_trades bigint GENERATED ALWAYS AS (CASE WHEN unknown THEN NULL ELSE holes END) STORED,
    revision bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    first_generation integer NOT NULL DEFAULT 0,
    last_generation integer NOT NULL DEFAULT 0,
    holes bigint NOT NULL DEFAULT 0,
    unknown boolean,
    UNIQUE (symbol, "interval", window_start)
) PARTITION BY LIST ("interval");

CREATE INDEX candles_id ON candles (id);
ALTER SEQUENCE candles_id_seq OWNED BY candles.id;

COMMENT ON TABLE candles IS
    'Exact candles; candles_10s ... candles_1d are its partitions by interval, each again by window_start (months or years).';
COMMENT ON COLUMN candles.window_start IS
    'Unix seconds, UTC-aligned; the window is [window_start, window_start + interval).';
COMMENT ON COLUMN candles.missing_trades IS
    'Trades known to exist (by id) and not had; NULL: not known, for a window that began before the first trade seen.';
COMMENT ON COLUMN candles.revision IS '1 when the window closed, one more for each commit that amended it.';
COMMENT ON COLUMN candles.first_generation IS
    'Numbering of trade ids that first_trade_id belongs to; open is the price of the lowest (generation, id).';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['10s', '1m', '5m', '15m', '1h', '4h', '1d'] LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF candles FOR VALUES IN (%L) PARTITION BY RANGE (window_start)',
            'candles_' || name, name);
    END LOOP;
END
$$;

-- Windows before the horizon are gone on purpose; a late trade of such a window goes to late_trades.
CREATE TABLE candle_retention (
    "interval" text COLLATE "C" PRIMARY KEY,
    horizon bigint NOT NULL
);

-- 'month' or 'year': the length of one leaf of an interval.
CREATE FUNCTION candle_leaf_unit(in_interval text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF in_interval IN ('10s', '1m', '5m', '15m') THEN
        RETURN 'month';
    ELSIF in_interval IN ('1h', '4h', '1d') THEN
        RETURN 'year';
    END IF;
    RAISE EXCEPTION 'unknown candle interval "%"', in_interval
        USING ERRCODE = 'MS002', HINT = 'One of 10s, 1m, 5m, 15m, 1h, 4h, 1d.';
END
$$;

-- Asks the catalogue itself, with a snapshot of its own: to_regclass goes on saying "none" after another session has
-- made the leaf.
CREATE FUNCTION has_candle_leaf(in_parent text, in_leaf text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = in_parent::regclass AND c.relname = in_leaf
    );
END
$$;

-- Makes the leaves that hold the windows from in_from to in_to (unix seconds, both inclusive); returns how many were
-- missing. CREATE TABLE and ATTACH take no lock that a reader or writer of candles conflicts with; CREATE ...
-- PARTITION OF would.
CREATE FUNCTION ensure_candle_partitions(in_interval text, in_from bigint, in_to bigint)
RETURNS integer LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    max_leaves CONSTANT integer := 400;
    unit CONSTANT text := candle_leaf_unit(in_interval);
    step CONSTANT interval := ('1 ' || unit)::interval;
    parent CONSTANT text := 'candles_' || in_interval;
    horizon CONSTANT bigint := coalesce((SELECT r.horizon FROM candle_retention r WHERE r."interval" = in_interval), 0);
    leaf_start timestamp;
    first_second bigint;
    end_second bigint;
    leaf text;
    made integer := 0;
    is_locked boolean := false;
BEGIN
    IF in_from IS NULL OR in_to IS NULL OR in_from < 0 OR in_to < in_from OR in_to >= 7258118400 THEN
        RAISE EXCEPTION 'windows from % to % make no range of unix seconds', in_from, in_to
            USING ERRCODE = 'MS002', HINT = 'Give seconds from 1970 to 2199, the earlier first.';
    END IF;
    leaf_start := date_trunc(unit, to_timestamp(in_from) AT TIME ZONE 'UTC');
    IF leaf_start + max_leaves * step <= to_timestamp(in_to) AT TIME ZONE 'UTC' THEN
        RAISE EXCEPTION 'windows from % to % of % need more than % tables', in_from, in_to, in_interval, max_leaves
            USING ERRCODE = 'MS002', HINT = 'Check the times; ask for a shorter range.';
    END IF;
    LOOP
        first_second := extract(epoch FROM leaf_start AT TIME ZONE 'UTC');
        EXIT WHEN first_second > in_to;
        end_second := extract(epoch FROM (leaf_start + step) AT TIME ZONE 'UTC');
        leaf := parent || to_char(leaf_start, CASE unit WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY' END);
        IF end_second > horizon AND NOT has_candle_leaf(parent, leaf) THEN
            IF NOT is_locked THEN
                PERFORM pg_advisory_xact_lock(hashtextextended('candle partitions', 0));
                is_locked := true;
            END IF;
            IF NOT has_candle_leaf(parent, leaf) THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (fillfactor = 90)', leaf, parent);
                EXECUTE format(
                    'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                    parent, leaf, first_second, end_second);
                made := made + 1;
            END IF;
        END IF;
        leaf_start := leaf_start + step;
    END LOOP;
    RETURN made;
END
$$;

-- Retention: records the horizon and drops the leaves that lie wholly before it; returns how many.
CREATE FUNCTION drop_candle_partitions(in_interval text, in_before bigint)
RETURNS integer LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    unit CONSTANT text := candle_leaf_unit(in_interval);
    horizon CONSTANT bigint :=
        extract(epoch FROM date_trunc(unit, to_timestamp(in_before) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC');
    limit_name CONSTANT text := 'candles_' || in_interval
        || to_char(date_trunc(unit, to_timestamp(in_before) AT TIME ZONE 'UTC'),
            CASE unit WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY' END);
    leaf regclass;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('candle partitions', 0));
    INSERT INTO candle_retention AS r ("interval", horizon) VALUES (in_interval, horizon)
    ON CONFLICT ("interval") DO UPDATE SET horizon = greatest(r.horizon, excluded.horizon);
    FOR leaf IN
        SELECT c.oid::regclass
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = ('candles_' || in_interval)::regclass AND c.relname COLLATE "C" < limit_name
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %s', leaf);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- The leaves of the present and the next unit; the processor makes further ones ahead of the times it meets.
SELECT ensure_candle_partitions(
    i.name,
    extract(epoch FROM now())::bigint,
    extract(epoch FROM now() + 1.5 * ('1 ' || candle_leaf_unit(i.name))::interval)::bigint)
FROM unnest(ARRAY['10s', '1m', '5m', '15m', '1h', '4h', '1d']) AS i (name);
