"""Much at once: a day of backlog, and more than may wait in memory."""

import fractions
import time

from ..load import fill
from ..postgres_proxy import PostgresProxy
from ..trial import Trial
from ..waiting import pass_time, wait_for
from . import case
from .databases import MEMORY_LIMIT_MIB, SPARSE_RATE, SPARSE_TRADES

DAY_SECONDS = 86_400


@case(
    26, "a backpressured partition is never idle", beside=True,
    promise="A partition that is paused because PostgreSQL is behind is not taken for a quiet one: no window closes"
    " over trades that wait in the log.",
)  # fmt: skip
def backpressured(ctx):
    market = ctx.market(symbols=1)
    market.create_topic()
    with PostgresProxy(market.stack.postgres.port) as proxy, Trial(ctx, market) as trial:
        market.through(postgres=proxy.port)
        processor = market.processor(IDLE_TIMEOUT="200ms").start()
        market.wait_claimed()
        trial.watch()
        proxy.refuse()
        proxy.cut()
        start_s = time.time() - 40 * DAY_SECONDS
        fill(market, SPARSE_TRADES, ctx.rng, rate=SPARSE_RATE, start_s=start_s)
        wait_for(
            lambda: processor.said("partitions are paused until commits catch up"), 120,
            lambda: f"the bound was never reached\n{processor.tail()}",
        )  # fmt: skip
        # Many times the idle timeout.
        pass_time(5)
        proxy.allow()
        wait_for(lambda: sum(market.progress().values()) > 0, 60, lambda: f"no commit\n{processor.tail()}")
        market.wait_drained(180)
        amended = market.query("SELECT count(*) FROM candles WHERE revision > 1")[0][0]
        assert amended == 0, f"{amended} rows were amended by trades in order: their windows had closed over them"
        assert processor.metric("processor_trades_late_total") == 0
        ctx.note_memory(processor, limit_mib=MEMORY_LIMIT_MIB)
        ctx.did(f"{SPARSE_TRADES:,} trades, one a window, with PostgreSQL away: paused for 5 s, no row closed early")
        trial.settle(180, close_days=True)


@case(
    28, "a day of backlog at full speed", beside=True, needs=("kafka",),
    promise="A processor that was away for a day ends with the candles it would have had.",
)  # fmt: skip
def day_of_backlog(ctx):
    market = ctx.market(symbols=8)
    market.create_topic()
    count = 10_000 if ctx.quick else 2_000_000
    start_s = time.time() - DAY_SECONDS
    rate = fractions.Fraction(count, DAY_SECONDS)
    sent = fill(market, count, ctx.rng, rate=rate, start_s=start_s, shuffle=1.5, duplicates=0.02)
    with Trial(ctx, market) as trial:
        started = time.monotonic()
        processor = market.processor().start()
        market.wait_drained(400)
        seconds = time.monotonic() - started
        late = processor.metric("processor_trades_late_total")
        assert late == 0, f"{late} trades in order within the bound were late"
        ctx.note_memory(processor, limit_mib=MEMORY_LIMIT_MIB)
        trial.watch()
        pass_time(0.5)
        ctx.did(f"{sent:,} records of a day drained in {seconds:.1f} s from the start of the program")
        trial.settle(120)
