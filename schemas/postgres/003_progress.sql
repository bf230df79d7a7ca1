-- How far the processor is, who may commit, and what it knows of each instrument.

-- A row for each partition of the trades topic. fillfactor leaves room for updates to stay HOT.
CREATE TABLE processor_progress (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    topic_uuid text NOT NULL,
    partitions integer NOT NULL,
    lineage integer NOT NULL DEFAULT 1,
    owner uuid NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    commit_seq bigint NOT NULL DEFAULT 0,
    next_offset bigint NOT NULL,
    watermark bigint NOT NULL DEFAULT -9223372036854775808,
    max_event bigint NOT NULL DEFAULT -9223372036854775808,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 45);

COMMENT ON TABLE processor_progress IS
    'How far each partition of the trades topic is committed, and who may commit (owner, epoch).';
COMMENT ON COLUMN processor_progress.lineage IS
    'Counts the logs that this partition was read from; readers keep the highest (lineage, revision).';
COMMENT ON COLUMN processor_progress.watermark IS
    'Event time, unix microseconds; the lowest bigint: none yet. So is max_event.';

-- A row for each instrument: open windows and ranges of trade ids seen, encoded by the processor. MAIN keeps the
-- state in the row.
CREATE TABLE processor_state (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    instrument text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (topic, partition, instrument)
) WITH (fillfactor = 45);

ALTER TABLE processor_state ALTER COLUMN state SET STORAGE MAIN;

-- Takes a partition over: the owner before can commit no more. Alone in its transaction (several at once deadlock
-- with a commit). Read processor_state in a statement after this one's commit, else it may be of before the last
-- commit of the owner before.
CREATE FUNCTION claim_partition(
    in_topic text, in_partition integer, in_owner uuid,
    in_topic_uuid text, in_partitions integer, in_first_offset bigint
) RETURNS TABLE (
    topic_uuid text, partitions integer, lineage integer, epoch bigint, commit_seq bigint,
    next_offset bigint, watermark bigint, max_event bigint, is_new boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    inserted bigint;
BEGIN
    INSERT INTO processor_progress (topic, partition, topic_uuid, partitions, owner, next_offset)
    VALUES (in_topic, in_partition, in_topic_uuid, in_partitions, in_owner, in_first_offset)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    RETURN QUERY
    UPDATE processor_progress p SET owner = in_owner, epoch = p.epoch + 1, updated_at = now()
    WHERE p.topic = in_topic AND p.partition = in_partition
    RETURNING
        p.topic_uuid, p.partitions, p.lineage, p.epoch, p.commit_seq,
        p.next_offset, p.watermark, p.max_event, inserted = 1;
END
$$;

CREATE FUNCTION raise_fenced(in_topic text, in_partitions integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'another owner has taken over partitions of topic "%"', in_topic
        USING ERRCODE = 'MS001', DETAIL = array_to_string(in_partitions, ','),
            HINT = 'Drop the state of these partitions and wait for the next assignment.';
END
$$;

-- First statement of every commit: moves each partition from the commit that the caller knows to the next one, or
-- raises MS001 with the partitions (DETAIL) that are no longer the caller's. An error voids the whole pipelined
-- transaction; 0 rows changed would not.
CREATE FUNCTION commit_partitions(
    in_topic text, in_partitions integer[], in_owners uuid[], in_epochs bigint[], in_commit_seqs bigint[],
    in_next_offsets bigint[], in_watermarks bigint[], in_max_events bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part record;
    fenced integer[] := '{}';
BEGIN
    FOR part IN
        SELECT *
        FROM unnest(
            in_partitions, in_owners, in_epochs, in_commit_seqs, in_next_offsets, in_watermarks, in_max_events
        ) AS t (partition, owner, epoch, commit_seq, next_offset, watermark, max_event)
        ORDER BY t.partition
    LOOP
        UPDATE processor_progress p SET
            commit_seq = p.commit_seq + 1,
            next_offset = part.next_offset,
            watermark = part.watermark,
            max_event = part.max_event,
            updated_at = now()
        WHERE p.topic = in_topic AND p.partition = part.partition
            AND p.owner = part.owner AND p.epoch = part.epoch AND p.commit_seq = part.commit_seq;
        IF NOT FOUND THEN
            fenced := fenced || part.partition;
        END IF;
    END LOOP;
    IF cardinality(fenced) > 0 THEN
        PERFORM raise_fenced(in_topic, fenced);
    END IF;
END
$$;

-- Goes over to another log (or to the same one after PostgreSQL was restored from a dump): watermark and states stay.
CREATE FUNCTION start_lineage(
    in_topic text, in_partition integer, in_owner uuid, in_epoch bigint,
    in_topic_uuid text, in_partitions integer, in_next_offset bigint
) RETURNS TABLE (lineage integer, commit_seq bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    UPDATE processor_progress p SET
        topic_uuid = in_topic_uuid,
        partitions = in_partitions,
        lineage = p.lineage + 1,
        commit_seq = p.commit_seq + 1,
        next_offset = in_next_offset,
        updated_at = now()
    WHERE p.topic = in_topic AND p.partition = in_partition AND p.owner = in_owner AND p.epoch = in_epoch
    RETURNING p.lineage, p.commit_seq;
    IF NOT FOUND THEN
        PERFORM raise_fenced(in_topic, ARRAY[in_partition]);
    END IF;
END
$$;

CREATE FUNCTION save_states(
    in_topic text, in_partitions integer[], in_instruments text[], in_versions integer[], in_states bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO processor_state (topic, partition, instrument, version, state)
    SELECT in_topic, t.partition, t.instrument, t.version, t.state
    FROM unnest(in_partitions, in_instruments, in_versions, in_states) AS t (partition, instrument, version, state)
    ORDER BY t.partition, t.instrument COLLATE "C"
    ON CONFLICT (topic, partition, instrument) DO UPDATE SET version = excluded.version, state = excluded.state;
END
$$;

CREATE FUNCTION delete_states(in_topic text, in_partitions integer[], in_instruments text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM processor_state s
    USING unnest(in_partitions, in_instruments) AS t (partition, instrument)
    WHERE s.topic = in_topic AND s.partition = t.partition AND s.instrument = t.instrument;
END
$$;

-- Holes between trade ids that no longer fit into a state row. Times are those of the trades on either side (unix
-- microseconds); settled: ids in it that nobody asks for any more, is_settled: all of them. Holes of one instrument are
-- disjoint.
CREATE TABLE id_holes (
    instrument text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    before_time_us bigint,
    after_time_us bigint,
    settled int8multirange NOT NULL DEFAULT '{}',
    is_settled boolean NOT NULL DEFAULT false,
    PRIMARY KEY (instrument, generation, first_id),
    CHECK (first_id <= last_id)
);

CREATE FUNCTION save_id_holes(
    in_instruments text[], in_generations integer[], in_first_ids bigint[], in_last_ids bigint[],
    in_before_times_us bigint[], in_after_times_us bigint[], in_settled text[], in_is_settled boolean[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO id_holes (
        instrument, generation, first_id, last_id, before_time_us, after_time_us, settled, is_settled
    )
    SELECT
        t.instrument, t.generation, t.first_id, t.last_id, t.before_time_us, t.after_time_us,
        t.settled::int8multirange, t.is_settled
    FROM unnest(
        in_instruments, in_generations, in_first_ids, in_last_ids, in_before_times_us, in_after_times_us,
        in_settled, in_is_settled
    ) AS t (instrument, generation, first_id, last_id, before_time_us, after_time_us, settled, is_settled)
    ORDER BY t.instrument COLLATE "C", t.generation, t.first_id
    ON CONFLICT (instrument, generation, first_id) DO UPDATE SET
        last_id = excluded.last_id,
        before_time_us = excluded.before_time_us,
        after_time_us = excluded.after_time_us,
        settled = excluded.settled,
        is_settled = excluded.is_settled;
END
$$;

CREATE FUNCTION delete_id_holes(in_instruments text[], in_generations integer[], in_first_ids bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM id_holes h
    USING unnest(in_instruments, in_generations, in_first_ids) AS t (instrument, generation, first_id)
    WHERE h.instrument = t.instrument AND h.generation = t.generation AND h.first_id = t.first_id;
END
$$;

-- The holes that overlap [in_low_id, in_high_id], the nearest one below and the nearest one above. Because holes are
-- disjoint, only the last that starts at or before the low end can reach into it: no scan of all the older ones.
CREATE FUNCTION find_id_holes(in_instrument text, in_generation integer, in_low_id bigint, in_high_id bigint)
RETURNS SETOF id_holes LANGUAGE plpgsql STABLE AS $$
DECLARE
    holding bigint;
BEGIN
    SELECT max(h.first_id) INTO holding FROM id_holes h
    WHERE h.instrument = in_instrument AND h.generation = in_generation AND h.first_id <= in_low_id;
    RETURN QUERY
    SELECT h.* FROM id_holes h
    WHERE h.instrument = in_instrument AND h.generation = in_generation
        AND h.first_id >= coalesce(holding, in_low_id) AND h.first_id <= in_high_id;
    IF holding IS NOT NULL AND EXISTS (
        SELECT FROM id_holes h
        WHERE h.instrument = in_instrument AND h.generation = in_generation AND h.first_id = holding
            AND h.last_id >= in_low_id
    ) THEN
        RETURN QUERY
        SELECT h.* FROM id_holes h
        WHERE h.instrument = in_instrument AND h.generation = in_generation AND h.first_id < holding
        ORDER BY h.first_id DESC LIMIT 1;
    END IF;
    RETURN QUERY
    SELECT h.* FROM id_holes h
    WHERE h.instrument = in_instrument AND h.generation = in_generation AND h.first_id > in_high_id
    ORDER BY h.first_id LIMIT 1;
END
$$;
