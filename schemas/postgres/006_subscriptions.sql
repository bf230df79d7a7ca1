-- The interval that the one who asked for an instrument named: a label, shown beside it.
ALTER TABLE subscriptions ADD COLUMN interval_label text;

DROP FUNCTION save_subscriptions(text[], boolean[], bigint[]);

-- A subscription as the topic market.subscriptions says it; an older word never replaces a newer one.
CREATE FUNCTION save_subscriptions(
    in_instruments text[], in_followed boolean[], in_updated_us bigint[], in_intervals text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO subscriptions AS s (instrument, is_followed, updated_at, interval_label)
    SELECT t.instrument, t.followed, to_timestamp(t.updated_us / 1000000.0), nullif(t.label, '')
    FROM unnest(in_instruments, in_followed, in_updated_us, in_intervals)
        AS t (instrument, followed, updated_us, label)
    ORDER BY t.instrument COLLATE "C"
    ON CONFLICT (instrument) DO UPDATE SET
        is_followed = excluded.is_followed, updated_at = excluded.updated_at, interval_label = excluded.interval_label
    WHERE s.updated_at <= excluded.updated_at;
END
$$;
