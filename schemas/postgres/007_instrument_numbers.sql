-- Numbers for instruments, for programs that name them by one. A number is given once and never again to another.
CREATE TABLE instrument_numbers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE instrument_numbers IS 'The ids of /api/pairs/: stable numbers of instruments, by key text.';

-- The numbers of these instruments; those that have none get the next ones. Any number of callers may ask at once.
CREATE FUNCTION number_instruments(in_keys text[])
RETURNS TABLE (id bigint, instrument text, created_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- Mostly there is nothing to add: then it writes nothing and burns no number.
    INSERT INTO instrument_numbers (instrument)
    SELECT DISTINCT k.key COLLATE "C" AS key
    FROM unnest(in_keys) AS k (key)
    WHERE NOT EXISTS (SELECT FROM instrument_numbers n WHERE n.instrument = k.key COLLATE "C")
    ORDER BY key
    ON CONFLICT DO NOTHING;
    RETURN QUERY
    SELECT n.id, n.instrument, n.created_at
    FROM instrument_numbers n
    WHERE n.instrument = ANY (in_keys)
    ORDER BY n.id;
END
$$;
