"""Candles of a tick: 200 symbols close a window at once; how long until all 200 rows are committed."""

import json
import os
import re
import struct
import subprocess
import time

from . import stack as processes
from .drain import symbol
from .measure import Row, at_most, percentile
from .stack import BenchError, Stack, wait_for

TITLE = "200 candles that close at once: from the trade that closes them to the commit"
SYMBOLS, PARTITIONS, WINDOW_SECONDS, OUT_OF_ORDERNESS_SECONDS = 200, 12, 10, 2


def run(bench):
    ticks = 12 if bench.quick else 150
    with Stack(bench.bin) as stack:
        processes.run([bench.tool("record_pipe"), "create", stack["KAFKA_BROKERS"], "trades", PARTITIONS, 1,
                       "message.timestamp.type=LogAppendTime"])
        stack.start("trade-processor")
        # Claimed are the partitions as soon as their rows are there.
        wait_for(lambda: claimed(stack) == PARTITIONS, 30, lambda: stack.log("trade-processor"))
        with Ticks(bench, stack, ticks) as market:
            market.send(0)
            watcher = watch(stack, market, ticks)
            acknowledged = []
            for tick in range(1, ticks + 1):
                # A commit has ended long before the next tick begins.
                time.sleep(0.4)
                acknowledged.append(market.send(tick))
            output = watcher.communicate(timeout=60)[1]
        seen = {int(tick): float(at) for tick, at in re.findall(r"tick (\d+) at ([0-9.]+)", output)}
        if len(seen) != ticks:
            problems = output[-500:] + stack.log("trade-processor")
            raise BenchError(f"{len(seen)} of {ticks} ticks were committed: {problems}")
        spans = [(seen[tick] - acknowledged[tick - 1]) * 1000 for tick in range(1, ticks + 1)]
        [[candles]] = stack.sql("SELECT count(*) FROM candles_10s")
        if int(candles) != ticks * SYMBOLS:
            raise BenchError(f"{candles} candles were stored, not {ticks * SYMBOLS}")
        syncs = sync_millis(stack.folder)
    sync50, sync99 = percentile(syncs, 0.5), percentile(syncs, 0.99)
    return [
        Row(
            "200 candles that close at once, p99", percentile(spans, 0.99), "ms", at_most(50),
            {"p50": f"{percentile(spans, 0.5):.1f} ms", "max": f"{max(spans):.1f} ms", "ticks": ticks,
             "the disk's fdatasync of 8 KB": f"p50 {sync50:.1f} ms, p99 {sync99:.1f} ms",
             "from, to": "the trades acknowledged by the broker, the commit seen by another session"}),
    ]


def sync_millis(folder):
    """How long the disk takes to keep a page, as each commit asks it once."""
    spans = []
    with open(folder / "sync", "wb", buffering=0) as file:
        for _ in range(300):
            file.write(bytes(8_192))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            spans.append((time.perf_counter() - started) * 1000)
    return spans


def claimed(stack):
    [[known]] = stack.sql("SELECT to_regclass('processor_progress') IS NOT NULL")
    return known == "t" and int(stack.sql("SELECT count(*) FROM processor_progress")[0][0])


class Ticks:
    """A market of one trade a symbol every 10 s of event time, written to the topic by record_pipe."""

    def __init__(self, bench, stack, ticks):
        # The last tick is at the present, so that no trade comes from the future.
        now = int(time.time()) // WINDOW_SECONDS * WINDOW_SECONDS
        self.first_second = now - (ticks + 1) * WINDOW_SECONDS
        self._pipe = subprocess.Popen(
            [bench.tool("record_pipe"), "produce", stack["KAFKA_BROKERS"], "trades"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._pipe.stdin.close()
        self._pipe.wait(10)

    def send(self, tick):
        """One trade of every symbol in the window of this number, late enough to close the one before.

        When the broker had acknowledged them.
        """
        event = (self.first_second + tick * WINDOW_SECONDS + OUT_OF_ORDERNESS_SECONDS) * 1_000_000
        frames = bytearray()
        for number in range(SYMBOLS):
            name = symbol(number)
            value = json.dumps({
                "venue": "binance", "symbol": name, "trade_id": tick + 1, "price": f"{100 + tick}.00000000",
                "quantity": "1.00000000", "taker_side": "buy", "event_time_us": event + number,
                "received_time_us": event + 20_000,
            }, separators=(",", ":")).encode()
            key = name.encode()
            header = struct.pack("<ii", len("schema_version"), 1) + b"schema_version1"
            frames += struct.pack("<iiii", -1, len(key), len(value), len(header)) + key + value + header
        frames += struct.pack("<iiii", -2, -1, -1, -1)
        self._pipe.stdin.write(frames)
        self._pipe.stdin.flush()
        self._pipe.stdout.readline()
        return time.time()

    def window_end_micros(self, tick):
        return (self.first_second + tick * WINDOW_SECONDS) * 1_000_000


def watch(stack, market, ticks):
    """Says when, by the clock, all partitions have committed a watermark at the end of each window."""
    return subprocess.Popen(
        ["psql", stack["POSTGRES_URL"], "-qAt", "-v", "ON_ERROR_STOP=1", "-c",
         WATCH.format(first=market.window_end_micros(0), step=WINDOW_SECONDS * 1_000_000, ticks=ticks)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


WATCH = """
DO $$
DECLARE
    deadline timestamptz := clock_timestamp() + interval '5 minutes';
    reached bigint;
BEGIN
    FOR tick IN 1..{ticks} LOOP
        LOOP
            SELECT min(watermark) INTO reached FROM processor_progress WHERE max_event > {first} - 1;
            -- No lock, and no old snapshot, is held between two looks.
            COMMIT;
            EXIT WHEN reached >= {first} + tick * {step}::bigint;
            IF clock_timestamp() > deadline THEN RAISE EXCEPTION 'only % ticks were committed', tick - 1; END IF;
            PERFORM pg_sleep(0.001);
        END LOOP;
        RAISE NOTICE 'tick % at %', tick, extract(epoch FROM clock_timestamp());
    END LOOP;
END $$;
"""
