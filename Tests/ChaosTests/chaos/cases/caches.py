"""Redis that is away, forgets, or remembers something older."""

import shutil
import time

from ..trial import Trial
from ..waiting import pass_time, wait_for
from . import case
from .databases import MEMORY_LIMIT_MIB


@case(
    19, "Redis down for 60 s", quick=True,
    promise="Candles reach PostgreSQL without Redis as with it.",
)  # fmt: skip
def redis_down(ctx):
    seconds = 8 if ctx.quick else 60
    market = ctx.market()
    processor = market.processor().start()
    api = market.api().start()
    with Trial(ctx, market) as trial:
        trial.begin()
        wait_for(lambda: market.commits() > market.partitions, 60, "no commits")
        trial.watcher.lost()
        market.stack.redis.kill()
        end = time.monotonic() + seconds
        largest_lag, looks = 0, 0
        while time.monotonic() < end:
            committed = sum(market.progress().values())
            wait_for(lambda: sum(market.progress().values()) > committed, 20, "commits stopped without Redis")
            largest_lag = max(largest_lag, sum(market.end_offsets().values()) - sum(market.progress().values()))
            looks += 1
            pass_time(0.5)
        assert processor.is_ready(), f"not ready without Redis: {processor.get('/ready')}"
        assert api.get(f"/candles?symbol={market.symbols[0]}&interval=10s")[0] == 200, "no history without Redis"
        market.stack.redis.start()
        trial.watcher.lost()
        ctx.note_memory(processor, api, limit_mib=MEMORY_LIMIT_MIB)
        ctx.did(f"down for {seconds} s: the offset went on at each of {looks} looks, lag at most {largest_lag} records")
        trial.settle()


@case(
    20, "Redis emptied, or failed over to stale data", quick=True,
    promise="What Redis lost is noticed and published again.",
)  # fmt: skip
def redis_forgets(ctx):
    market = ctx.market()
    server = market.stack.redis
    processor = market.processor().start()
    with Trial(ctx, market) as trial:
        trial.begin()
        client = market.redis()
        for number in range(1 if ctx.quick else 4):
            wait_for(lambda: client.exists(f"{market.symbols[0]}:last_candle"), 60, "no live state")
            trial.watcher.lost()
            client.flushall()
            trial.watcher.lost()
            wait_for(lambda: client.exists(f"{market.symbols[0]}:last_candle"), 30, "not published again")
            # A replica that was behind takes over.
            client.save()
            stale = server.dump.with_suffix(f".{number}")
            shutil.copy2(server.dump, stale)
            window = client.hget(f"{market.symbols[0]}:last_candle", "window_start")
            wait_for(
                lambda: client.hget(f"{market.symbols[0]}:last_candle", "window_start") > window, 60, "no newer candle"
            )
            trial.watcher.lost()
            server.kill()
            shutil.copy2(stale, server.dump)
            server.start()
            trial.watcher.lost()
            wait_for(
                lambda: client.hget(f"{market.symbols[0]}:last_candle", "window_start") > window, 30,
                lambda: f"stale state stays\n{processor.tail()}",
            )  # fmt: skip
        # Quiet and then emptied: nothing but the sentinel can tell.
        trial.stop_load()
        market.wait_drained()
        trial.watcher.lost()
        client.flushall()
        trial.watcher.lost()
        ctx.did("emptied under load, failed over to stale data, emptied when quiet")
        trial.settle()
