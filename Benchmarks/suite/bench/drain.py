"""trade-processor drains a filled topic, beside librdkafka alone on the same topic in the same minutes."""

import re
import subprocess

from .measure import Row, at_least, at_most, median
from . import stack as processes
from .stack import BenchError, Stack, cpu_seconds, end

TITLE = "trade-processor drains a topic, beside librdkafka alone"
SYMBOLS, TRADES_PER_SECOND, PARTITIONS = 50, 2_000, 12


def run(bench):
    with Stack(bench.bin) as stack:
        bench.note(f"{bench.trades:,} trades of {SYMBOLS} symbols")
        fill(bench, stack, bench.trades, SYMBOLS, TRADES_PER_SECOND, PARTITIONS)
        bare_consume(bench, stack, bench.trades)
        bare, ours = [], []
        for number in range(bench.runs):
            bare.append(bare_consume(bench, stack, bench.trades))
            ours.append(drain(stack, bench.trades, f"drain_{number}", TRADES_PER_SECOND))
            bench.note(
                f"run {number + 1}: librdkafka alone {bare[-1][0]:.2f} s, {bare[-1][1]:.2f} s of CPU; "
                f"trade-processor {ours[-1][0]:.2f} s, {ours[-1][1]:.2f} s of CPU")
    bare_wall, bare_cpu = (median(column) for column in zip(*bare))
    wall, cpu = (median(column) for column in zip(*ours))
    return [
        Row(
            "drain / librdkafka alone, wall time", median(b[0] / o[0] for b, o in zip(bare, ours)), "", at_least(0.6),
            {
                "trade-processor": f"{bench.trades / wall / 1e6:.2f} M trades/s",
                "librdkafka alone": f"{bench.trades / bare_wall / 1e6:.2f} M trades/s",
            }),
        Row(
            "drain / librdkafka alone, CPU a trade", median(o[1] / b[1] for b, o in zip(bare, ours)), "", at_most(1.7),
            {
                "trade-processor": f"{cpu / bench.trades * 1e6:.3f} us", "librdkafka alone":
                f"{bare_cpu / bench.trades * 1e6:.3f} us",
            }),
    ]


def symbol(number):
    """How trade_generator names its symbols, from 0."""
    return f"BENCH{number:05}USDT"


def fill(bench, stack, trades, symbols, trades_per_second, partitions, topic="trades"):
    """A topic of generated trades; event times end now."""
    words = [stack["KAFKA_BROKERS"], topic, trades, symbols, trades_per_second, partitions]
    acknowledged = int(processes.run([bench.tool("trade_generator"), *words]))
    if acknowledged != trades:
        raise BenchError(f"the topic {topic} got {acknowledged} of {trades} trades")


def bare_consume(bench, stack, trades, topic="trades"):
    """(wall, CPU) seconds of librdkafka alone, from the assignment of the partitions to the end of the last one."""
    words = processes.run([bench.tool("bare_consumer"), stack["KAFKA_BROKERS"], topic]).split()
    if int(words[0]) != trades:
        raise BenchError(f"librdkafka alone read {words[0]} of {trades} records")
    return float(words[2]), float(words[3])


def drain(stack, trades, database, trades_per_second, settings=None, look=None):
    """(wall, CPU) seconds of one processor on an empty database.

    Wall time: from the first claim of a partition to the moment when processor_progress.next_offset equals the end of
    every partition, that is, when all candles are committed, as PostgreSQL's clock sees it. CPU: of the whole process
    up to there. `look` is called with the process at the end.
    """
    stack.sql(f"CREATE DATABASE {database}", "postgres")
    stack.redis("flushall")
    url = stack["POSTGRES_URL"].rpartition("/")[0] + "/" + database
    # The watcher looks from the start, so that it sees the first claim.
    watcher = subprocess.Popen(
        ["psql", url, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", WATCH.replace("TRADES", str(trades))],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    processor = stack.start("trade-processor", {"POSTGRES_URL": url, "KAFKA_GROUP_ID": database, **(settings or {})})
    try:
        found = re.search(r"drained ([0-9.]+)", watcher.communicate(timeout=1_000)[1])
        if not found:
            raise BenchError(f"the processor did not drain the topic: {stack.log('trade-processor')}")
        wall, cpu = float(found[1]), cpu_seconds(processor.pid)
        if look:
            look(processor)
    finally:
        watcher.kill()
        end(processor)
    [[counted]] = stack.sql("SELECT coalesce(sum(trade_count), 0) FROM candles_10s", database)
    # Windows that are still open hold the last trades. A fast processor that loses some is no result.
    if not trades - trades_per_second * 30 <= int(counted) <= trades:
        raise BenchError(f"the closed candles hold {counted} of {trades} trades")
    stack.sql(f"DROP DATABASE {database}", "postgres")
    return wall, cpu


WATCH = """
DO $$
DECLARE
    claimed timestamptz;
    deadline timestamptz := clock_timestamp() + interval '15 minutes';
    done bigint := 0;
BEGIN
    LOOP
        IF to_regclass('processor_progress') IS NOT NULL THEN
            EXECUTE 'SELECT coalesce(sum(next_offset), -1) FROM processor_progress WHERE topic = ''trades''' INTO done;
            IF done >= 0 AND claimed IS NULL THEN claimed := clock_timestamp(); END IF;
            EXIT WHEN done >= TRADES;
        END IF;
        -- No lock is held between two looks.
        COMMIT;
        IF clock_timestamp() > deadline THEN RAISE EXCEPTION 'not drained: % of TRADES', done; END IF;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE NOTICE 'drained %', extract(epoch FROM clock_timestamp() - claimed);
END $$;
"""
