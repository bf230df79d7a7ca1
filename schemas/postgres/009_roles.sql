-- Services that own nothing (deploy/postgres/roles.sql): the processor still gets the tables its candles go to, and where it
-- is to keep to a retention drops old ones, as the functions' owner. Whoever may call them can do no more than that, and
-- not everybody may.
DO $$
BEGIN
    -- The schema that these migrations made everything in, then nothing of anybody else's.
    EXECUTE format(
        'ALTER FUNCTION ensure_candle_partitions(text, bigint, bigint) SECURITY DEFINER SET search_path = %I, pg_temp',
        current_schema());
    EXECUTE format(
        'ALTER FUNCTION drop_candle_partitions(text, bigint) SECURITY DEFINER SET search_path = %I, pg_temp',
        current_schema());
END
$$;

REVOKE EXECUTE ON FUNCTION ensure_candle_partitions(text, bigint, bigint) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION drop_candle_partitions(text, bigint) FROM PUBLIC;
