"""Processors that are killed: anywhere, and exactly where it hurts."""

import random
import threading
import time

from ..claims import claims, in_parallel, wait_claim
from ..postgres_proxy import PostgresProxy
from ..trial import Trial
from ..waiting import pass_time, wait_for
from . import case

SHARE_KILLED_AT_WORK = 0.8


def kill_in_turn(ctx, market, kills, seed):
    """Lives of one processor, each ended by kill -9 at a random instant; gives the seconds the last took to drain."""
    chance = random.Random(seed)
    processor = market.processor(COMMIT_INTERVAL="200ms").start()
    with Trial(ctx, market, shuffle=1.0, duplicates=0.05) as trial:
        trial.begin()
        for _ in range(kills):
            pass_time(chance.uniform(0, 2.5))
            assert processor.running, f"ended by itself with {processor.exit_code}:\n{processor.tail()}"
            processor.kill()
            before = claims(market)
            processor.start()
            # Most die at work, some while they connect, join the group or claim.
            if chance.random() < SHARE_KILLED_AT_WORK:
                wait_claim(market, before)
        started = time.monotonic()
        trial.stop_load()
        market.wait_drained(90)
        drained = time.monotonic() - started
        trial.settle()
    return drained


@case(
    1, "processor killed with -9 at random instants", quick=True, beside=True, seconds=1_500,
    promise="A processor may die anywhere: nothing is lost, nothing counts twice.",
)  # fmt: skip
def killed_at_random(ctx):
    lanes, kills = (2, 5) if ctx.quick else (4, 50)
    works = [(ctx.market(), ctx.rng.randrange(1 << 31)) for _ in range(lanes)]
    drained = in_parallel(lambda work: kill_in_turn(ctx, work[0], kills, work[1]), works)
    ctx.did(f"{lanes * kills} kills in {lanes} markets, drained {max(drained):.1f} s after the load's end")


def rows_of(market):
    """All that a commit of trades changes, in one look."""
    return market.query(
        "SELECT (SELECT array_agg((partition, commit_seq, next_offset)::text ORDER BY partition)"
        " FROM processor_progress), (SELECT count(*) FROM candles), (SELECT sum(trade_count) FROM candles),"
        " (SELECT md5(string_agg(state::text, ',' ORDER BY instrument)) FROM processor_state)"
    )[0]


def open_transactions(market):
    """Transactions that others have open in the market's database."""
    return market.query(
        "SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


@case(
    2, "killed between compare-and-set and COMMIT", quick=True, beside=True,
    promise="A commit is whole or not there.",
)  # fmt: skip
def killed_before_commit(ctx):
    market = ctx.market()
    rounds = 1 if ctx.quick else 8
    with PostgresProxy(market.stack.postgres.port) as proxy:
        market.through(postgres=proxy.port)
        processor = market.processor().start()
        with Trial(ctx, market) as trial:
            trial.begin()
            for _ in range(rounds):
                seen = []

                def kill():
                    # The statements are at the server, the COMMIT is here.
                    proxy.before_commit = None
                    seen.append(rows_of(market))
                    processor.kill()
                    return True

                pass_time(ctx.rng.uniform(0.5, 2))
                proxy.before_commit = kill
                wait_for(lambda: seen and not processor.running, 30, "no commit came by")
                wait_for(lambda: not open_transactions(market), 30, "the server keeps the dead one's transaction")
                assert rows_of(market) == seen[0], "a part of the killed commit is visible"
                before = claims(market)
                processor.start()
                wait_claim(market, before)
            ctx.did(f"{rounds} kills with the statements run and the COMMIT not sent: nothing of them visible")
            trial.settle()


@case(
    3, "killed after COMMIT, before Redis and the topic candles", quick=True, beside=True,
    promise="What was committed reaches Redis and the topic `candles`, whoever dies in between.",
)  # fmt: skip
def killed_after_commit(ctx):
    market = ctx.market()
    rounds = 1 if ctx.quick else 6
    with PostgresProxy(market.stack.postgres.port) as proxy:
        market.through(postgres=proxy.port)
        processor = market.processor().start()
        with Trial(ctx, market, rate=500) as trial:
            trial.begin()
            for _ in range(rounds):
                stop_after_closing_commit(market, proxy, processor)
                processor.kill()
                before = claims(market)
                processor.start()
                wait_claim(market, before)
            ctx.did(f"{rounds} kills with closed candles committed and shown nowhere yet")
            trial.settle()


def stop_after_closing_commit(market, proxy, processor):
    """Stops the processor while a commit that closes windows is on its way, and waits until the server has made it."""
    while True:
        before, stopped = [], threading.Event()

        def stop():
            # The COMMIT goes on to the server, whose answer finds nobody awake.
            proxy.before_commit = None
            processor.pause()
            before.append(rows_of(market))
            stopped.set()
            return False

        proxy.before_commit = stop
        wait_for(stopped.is_set, 60, lambda: f"no commit came by\n{processor.tail()}")
        wait_for(lambda: rows_of(market) != before[0], 30, "the server has not made the commit")
        if rows_of(market)[2] != before[0][2]:
            return
        # It closed no window; the next one may.
        processor.resume()
