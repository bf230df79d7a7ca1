-- Least privilege: three roles instead of one that may do everything.
--
--   market_migrator   owns the schema; for migrations, commands of recovery, and retention
--   market_processor  trade-processor: writes candles and its own state, changes no table, drops none (but see retention)
--   market_api        market-api: reads; writes instrument_numbers alone
--
-- Run as a superuser in the database of market-stream. May be run again at any time; run it again after an upgrade that
-- brings migrations, since new tables are nobody's but the migrator's until then:
--
--   psql -d market -f deploy/postgres/roles.sql          # before the first migration, and after it
--
-- With CANDLE_RETENTION the processor drops tables of candles that are older: --set=retention=on lets it.
--
-- Passwords: \password market_processor in psql sends no plain text. For scripts: psql 15 or later takes them from the
-- environment (MARKET_MIGRATOR_PASSWORD, MARKET_PROCESSOR_PASSWORD, MARKET_API_PASSWORD); a role without one cannot log in.

\set ON_ERROR_STOP on
-- A name after NOTICE for each grant that is there already helps nobody; passwords stay out of the server's log.
SET client_min_messages = warning;
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['market_migrator', 'market_processor', 'market_api'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
    END LOOP;
END
$$;

\getenv migrator_password MARKET_MIGRATOR_PASSWORD
\getenv processor_password MARKET_PROCESSOR_PASSWORD
\getenv api_password MARKET_API_PASSWORD
\if :{?migrator_password}
ALTER ROLE market_migrator PASSWORD :'migrator_password';
\endif
\if :{?processor_password}
ALTER ROLE market_processor PASSWORD :'processor_password';
\endif
\if :{?api_password}
ALTER ROLE market_api PASSWORD :'api_password';
\endif

BEGIN;

DO $$
DECLARE
    one record;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO market_migrator, market_processor, market_api', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO market_migrator, market_processor, market_api;
    GRANT CREATE ON SCHEMA public TO market_migrator;

    -- What an earlier owner made. Sequences follow their tables.
    FOR one IN
        SELECT format('ALTER TABLE %s OWNER TO market_migrator', c.oid::regclass) AS statement
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND c.relowner <> 'market_migrator'::regrole
            AND (c.relname ~ '^candles(_|$)' OR c.relname IN (
                'candle_retention', 'candle_outbox', 'processor_progress', 'processor_state', 'id_holes', 'quarantine',
                'late_trades', 'instruments', 'subscriptions', 'market_source', 'instrument_numbers', 'influx_target',
                'influx_outbox', 'schema_migrations'))
        UNION ALL
        SELECT format('ALTER TYPE %s OWNER TO market_migrator', t.oid::regtype)
        FROM pg_type t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typname = 'candle_change'
            AND t.typowner <> 'market_migrator'::regrole
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO market_migrator', p.oid::regprocedure)
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> 'market_migrator'::regrole
            AND NOT EXISTS (
                SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE one.statement;
    END LOOP;
END
$$;

-- Each grant is made where its table is there already: before the first migration there is none.
CREATE FUNCTION pg_temp.allow(in_rights text, in_tables text[], in_role text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY in_tables LOOP
        IF to_regclass('public.' || name) IS NOT NULL THEN
            EXECUTE format('GRANT %s ON public.%I TO %I', in_rights, name, in_role);
        END IF;
    END LOOP;
END
$$;

-- Rights of before are taken back, so that this file says all there are.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['market_processor', 'market_api'] LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', name);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM %I', name);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM %I', name);
    END LOOP;
END
$$;

-- PostgreSQL asks for rights on the table a statement names: the leaves below candles_10s ... are nobody's.
SELECT pg_temp.allow(t.rights, t.tables, 'market_processor') FROM (VALUES
    ('SELECT, INSERT, UPDATE, DELETE', ARRAY['candles', 'candles_10s', 'candles_1m', 'candles_5m', 'candles_15m',
        'candles_1h', 'candles_4h', 'candles_1d', 'processor_state', 'id_holes', 'subscriptions']),
    ('SELECT, INSERT, UPDATE', ARRAY['processor_progress', 'quarantine', 'instruments']),
    ('SELECT, INSERT, DELETE', ARRAY['candle_outbox', 'influx_outbox']),
    -- Another target has what is queued for the one before deleted.
    ('SELECT, INSERT, UPDATE', ARRAY['influx_target']),
    ('SELECT, INSERT', ARRAY['late_trades', 'market_source']),
    ('SELECT', ARRAY['candle_retention', 'schema_migrations'])
) AS t (rights, tables) \g /dev/null

SELECT pg_temp.allow(t.rights, t.tables, 'market_api') FROM (VALUES
    ('SELECT', ARRAY['candles', 'candles_10s', 'candles_1m', 'candles_5m', 'candles_15m', 'candles_1h', 'candles_4h',
        'candles_1d', 'processor_progress', 'instruments', 'market_source', 'schema_migrations']),
    -- How many there are, not what they hold.
    ('SELECT (reason)', ARRAY['quarantine']),
    ('SELECT (instrument)', ARRAY['late_trades']),
    ('SELECT (topic, partition, instrument)', ARRAY['processor_state']),
    ('SELECT, INSERT', ARRAY['instrument_numbers'])
) AS t (rights, tables) \g /dev/null

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['candles_id_seq', 'candle_outbox_id_seq', 'influx_outbox_id_seq'] LOOP
        IF to_regclass('public.' || name) IS NOT NULL THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE public.%I TO market_processor', name);
        END IF;
    END LOOP;
    IF to_regprocedure('public.ensure_candle_partitions(text, bigint, bigint)') IS NOT NULL THEN
        GRANT EXECUTE ON FUNCTION public.ensure_candle_partitions(text, bigint, bigint) TO market_processor;
    END IF;
END
$$;

\if :{?retention}
GRANT EXECUTE ON FUNCTION public.drop_candle_partitions(text, bigint) TO market_processor;
\endif

COMMIT;
