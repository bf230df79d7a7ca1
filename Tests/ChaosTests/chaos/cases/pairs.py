"""Two of everything, killed in turn for as long as a run allows."""

import time

from .. import oracle
from ..waiting import pass_time, wait_for
from ..watcher import Watcher
from . import case

TRADES_PER_SECOND = 20_000
MEMORY_LIMIT_MIB = 1_024


@case(
    32, "two producers and two processors at once, killed in turn", seconds=1_200,
    promise="Two producers may run at once: each trade counts once, whoever of the four dies.",
)  # fmt: skip
def pairs_killed_in_turn(ctx):
    seconds, rate = (15, 2_000) if ctx.quick else (600, TRADES_PER_SECOND)
    market = ctx.market(symbols=20)
    simulator = market.simulator(rate=rate).start()
    simulator.wait_until("/health")
    processors = [market.processor().start() for _ in range(2)]
    producers = [market.producer(simulator).start() for _ in range(2)]
    for producer in producers:
        producer.wait_until("/health")
    market.wait_claimed()
    judge = oracle.of(market)
    with Watcher(market) as watcher:
        started, kills = time.monotonic(), 0
        order = [producers[0], processors[0], producers[1], processors[1]]
        while time.monotonic() - started < seconds:
            victim = order[kills % len(order)]
            before = sum(market.progress().values())
            pass_time(ctx.rng.uniform(1, 4))
            victim.kill()
            kills += 1
            # Folded on the way, so that the end need not wait for all of it.
            judge.read_log()
            pass_time(ctx.rng.uniform(0, 2))
            victim.start()
            wait_for(lambda: sum(market.progress().values()) > before, 60, lambda: f"no progress\n{market.tails()}")
        for service in (*producers, simulator):
            # One that was started this instant would be ended before it hears of signals.
            service.wait_until("/health")
            assert service.stop() == 0, service.tail()
        ctx.note_memory(*processors, *producers, simulator, limit_mib=MEMORY_LIMIT_MIB)
        findings = oracle.check(market, seconds=180)
        watcher.check()
    per_second = findings.trades / (time.monotonic() - started)
    ctx.did(f"{kills} kills in {seconds} s at {rate:,} trades a second ({per_second:,.0f} a second seen, by both)")
    ctx.settled(findings)
