"""Processors that come and go in the group."""

import time

from ..claims import claims, owners
from ..trial import Trial
from ..waiting import pass_time, wait_for
from . import case

STORM_PAUSE_SECONDS = 2
# In a storm, each of so many seconds must see commits.
PROGRESS_SECONDS = 20


def shares(processors):
    """How many partitions each processor says it has."""
    return [int(processor.metric("processor_partitions_assigned")) for processor in processors]


def wait_shared(market, processors):
    """Until all partitions have owners, and each processor some."""

    def is_shared():
        found = shares(processors)
        return sum(found) == market.partitions and min(found) > 0

    wait_for(is_shared, 60, lambda: f"shares are {shares(processors)}\n{market.tails()}")


@case(
    6, "1, 3, 1 processors under load", quick=True, beside=True,
    promise="Processors may be added and taken away at any time.",
)  # fmt: skip
def one_three_one(ctx):
    market = ctx.market(symbols=8)
    first = market.processor().start()
    with Trial(ctx, market, shuffle=1.0) as trial:
        trial.begin()
        rounds = 1 if ctx.quick else 3
        for number in range(rounds):
            others = [market.processor().start() for _ in range(2)]
            wait_shared(market, [first, *others])
            pass_time(ctx.rng.uniform(1, 3))
            before = set(owners(market).values())
            assert others[0].stop() == 0
            # The second leaves in anger.
            others[1].kill() if number % 2 else others[1].stop()
            wait_shared(market, [first])
            assert set(owners(market).values()) != before
        ctx.did(f"{rounds} times two joined and left")
        trial.settle()


@case(
    7, "rebalance storm: one joins or leaves every 2 s", quick=False, beside=True,
    promise="However often the group changes, it goes forward.",
)  # fmt: skip
def rebalance_storm(ctx):
    market = ctx.market(symbols=8)
    market.processor().start()
    others = [market.processor() for _ in range(2)]
    with Trial(ctx, market) as trial:
        trial.begin()
        end = time.monotonic() + (20 if ctx.quick else 90)
        mark, mark_end, changes = committed(market), time.monotonic() + PROGRESS_SECONDS, 0
        while time.monotonic() < end:
            pass_time(STORM_PAUSE_SECONDS)
            other = ctx.rng.choice(others)
            if other.running:
                assert other.stop() == 0, f"{other.name}: {other.exit_code}\n{other.tail()}"
            else:
                other.start()
            changes += 1
            if time.monotonic() >= mark_end:
                now = committed(market)
                assert now > mark, f"no progress in {PROGRESS_SECONDS} s of the storm\n{market.tails()}"
                mark, mark_end = now, time.monotonic() + PROGRESS_SECONDS
        for other in others:
            other.stop()
        ctx.did(f"{changes} joins and leaves, {claims(market)} claims, the offset went on throughout")
        trial.settle()


def committed(market):
    """Records that are committed, all partitions together."""
    return sum(market.progress().values())
