-- Records that no candle could take, the instruments, and where the data is from.

-- Records of the trades topic that could not be used; published: the topic trades.quarantine has it.
CREATE TABLE quarantine (
    topic_uuid text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    instrument text,
    key bytea,
    value bytea,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    published boolean NOT NULL DEFAULT false,
    PRIMARY KEY (topic_uuid, partition, "offset")
);

CREATE INDEX quarantine_unpublished ON quarantine (topic, partition, topic_uuid, "offset") WHERE NOT published;

CREATE FUNCTION quarantine_records(
    in_topic_uuid text, in_topic text, in_partitions integer[], in_offsets bigint[], in_reasons text[],
    in_details text[], in_instruments text[], in_keys bytea[], in_values bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO quarantine (topic_uuid, topic, partition, "offset", reason, detail, instrument, key, value)
    SELECT in_topic_uuid, in_topic, t.*
    FROM unnest(in_partitions, in_offsets, in_reasons, in_details, in_instruments, in_keys, in_values)
        AS t (partition, "offset", reason, detail, instrument, key, value)
    ORDER BY t.partition, t."offset"
    ON CONFLICT DO NOTHING;
END
$$;

CREATE FUNCTION quarantine_pending(in_topic text, in_partition integer, in_max_rows integer)
RETURNS TABLE (
    topic_uuid text, "offset" bigint, reason text, detail text, instrument text,
    key bytea, value bytea, quarantined_at timestamptz
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT q.topic_uuid, q."offset", q.reason, q.detail, q.instrument, q.key, q.value, q.quarantined_at
    FROM quarantine q
    WHERE q.topic = in_topic AND q.partition = in_partition AND NOT q.published
    ORDER BY q.topic_uuid, q."offset"
    LIMIT in_max_rows;
END
$$;

CREATE FUNCTION quarantine_published(in_topic_uuid text, in_partition integer, in_offsets bigint[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    UPDATE quarantine q SET published = true
    WHERE q.topic_uuid = in_topic_uuid AND q.partition = in_partition AND q."offset" = ANY (in_offsets)
        AND NOT q.published;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$$;

-- Trades that came after retention had taken their window away: counted here, since no candle can take them.
CREATE TABLE late_trades (
    instrument text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    trade_id bigint NOT NULL,
    trade_count bigint NOT NULL,
    price numeric NOT NULL,
    quantity numeric NOT NULL,
    taker_buy boolean NOT NULL,
    event_time_us bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument, generation, trade_id)
);

CREATE FUNCTION record_late_trades(
    in_instruments text[], in_generations integer[], in_trade_ids bigint[], in_trade_counts bigint[],
    in_prices numeric[], in_quantities numeric[], in_taker_buys boolean[], in_event_times_us bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    recorded bigint;
BEGIN
    INSERT INTO late_trades (
        instrument, generation, trade_id, trade_count, price, quantity, taker_buy, event_time_us
    )
    SELECT *
    FROM unnest(
        in_instruments, in_generations, in_trade_ids, in_trade_counts,
        in_prices, in_quantities, in_taker_buys, in_event_times_us
    ) AS t (instrument, generation, trade_id, trade_count, price, quantity, taker_buy, event_time_us)
    ORDER BY t.instrument COLLATE "C", t.generation, t.trade_id
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS recorded = ROW_COUNT;
    RETURN recorded;
END
$$;

-- key: the instrument's text everywhere (the bare symbol for the default venue, else venue:symbol).
CREATE TABLE instruments (
    key text COLLATE "C" PRIMARY KEY,
    venue text NOT NULL,
    symbol text NOT NULL,
    base text,
    quote text,
    tick_size numeric,
    lot_step numeric,
    status text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION save_instruments(
    in_keys text[], in_venues text[], in_symbols text[], in_bases text[], in_quotes text[],
    in_tick_sizes numeric[], in_lot_steps numeric[], in_statuses text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO instruments (key, venue, symbol, base, quote, tick_size, lot_step, status)
    SELECT *
    FROM unnest(
        in_keys, in_venues, in_symbols, in_bases, in_quotes, in_tick_sizes, in_lot_steps, in_statuses
    ) AS t (key, venue, symbol, base, quote, tick_size, lot_step, status)
    ORDER BY t.key COLLATE "C"
    ON CONFLICT (key) DO UPDATE SET
        venue = excluded.venue,
        symbol = excluded.symbol,
        base = excluded.base,
        quote = excluded.quote,
        tick_size = excluded.tick_size,
        lot_step = excluded.lot_step,
        status = excluded.status,
        updated_at = now();
END
$$;

CREATE TABLE subscriptions (
    instrument text COLLATE "C" PRIMARY KEY,
    is_followed boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- One database, one source: the live exchange, or one simulated market.
CREATE TABLE market_source (
    source text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row)
);

-- Records the source in a database that has none; returns the one recorded. A service that gets another than its own
-- refuses.
CREATE FUNCTION claim_market_source(in_source text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO market_source (source) VALUES (in_source) ON CONFLICT DO NOTHING;
    RETURN (SELECT m.source FROM market_source m);
END
$$;
