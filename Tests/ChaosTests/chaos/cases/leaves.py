"""Tables that come and go under those who read and write them."""

import time

import psycopg

from ..trial import Trial
from ..waiting import pass_time, wait_for
from . import case
from .groups import wait_shared

# The lock timeout of our sessions, and what a busy machine adds.
LONGEST_PAUSE_SECONDS = 5 + 5
MONTH_SECONDS = 31 * 86_400


@case(
    41, "sub-partitions made and dropped beside a long reader and two processors", beside=True,
    promise="Making and dropping tables beside a dump holds commits up no longer than the lock timeout.",
)  # fmt: skip
def leaves_come_and_go(ctx):
    market = ctx.market(symbols=8)
    processors = [market.processor(COMMIT_INTERVAL="200ms").start() for _ in range(2)]
    with Trial(ctx, market, shuffle=1.0) as trial:
        trial.begin()
        wait_shared(market, processors)
        wait_for(lambda: market.query("SELECT count(*) FROM candles_10s")[0][0] > 5, 60, "no candles")
        made = dropped = refused = 0
        longest = 0.0
        with market.connect() as reader, market.connect() as administrator:
            end = time.monotonic() + (8 if ctx.quick else 60)
            seen, seen_at = market.commits(), time.monotonic()
            months = [int(time.time()) - months * MONTH_SECONDS for months in range(40, 3, -1)]
            while time.monotonic() < end:
                # What pg_dump does: one snapshot, and a lock on every table. Between two dumps there is none.
                is_dumping = ctx.rng.random() < 0.6
                if is_dumping:
                    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    reader.execute("LOCK TABLE candles IN ACCESS SHARE MODE")
                    reader.execute("SELECT count(*) FROM candles")
                month = months.pop(0) if months else int(time.time()) - 3 * MONTH_SECONDS
                made += max(0, leaf_call(administrator, f"ensure_candle_partitions('10s', {month}, {month})"))
                done = leaf_call(administrator, f"drop_candle_partitions('10s', {month + 2 * MONTH_SECONDS})")
                dropped += max(0, done)
                refused += done < 0
                if is_dumping:
                    reader.execute("COMMIT")
                now = market.commits()
                if now > seen:
                    longest = max(longest, time.monotonic() - seen_at)
                    seen, seen_at = now, time.monotonic()
                pass_time(0.05)
        wait_for(lambda: market.commits() > seen, 30, lambda: f"no commits\n{market.tails()}")
        deadlocks = market.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0]
        assert deadlocks == 0, f"{deadlocks} deadlocks"
        assert longest <= LONGEST_PAUSE_SECONDS, f"commits stood still for {longest:.1f} s"
        assert made > 0 and dropped > 0
        ctx.did(f"{made} made, {dropped} dropped, {refused} not in time; longest pause of commits {longest:.1f} s")
        trial.settle()


def leaf_call(connection, call):
    """The function's count; -1 where it gave up at its lock timeout."""
    try:
        return connection.execute(f"SELECT {call}").fetchone()[0]
    except psycopg.errors.LockNotAvailable:
        return -1
