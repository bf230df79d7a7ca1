"""Producers: two at once, and one that restarts beside a processor that lags."""

from .. import oracle
from ..httptap import HTTPTap
from ..load import fill
from ..waiting import pass_time, wait_for
from ..watcher import Watcher
from . import case


def wait_connected(producer, seconds=60):
    wait_for(
        lambda: producer.metric("producer_trades_accepted_total") > 0, seconds,
        lambda: f"{producer.name} takes no trades\n{producer.tail()}",
    )  # fmt: skip


@case(
    32, "two producers at once, killed in turn", quick=True, beside=True,
    promise="Two producers may follow the same instruments: each trade counts once.",
)  # fmt: skip
def two_producers(ctx):
    market = ctx.market()
    simulator = market.simulator(rate=200).start()
    market.processor().start()
    producers = [market.producer(simulator) for _ in range(2)]
    with Watcher(market) as watcher:
        for producer in producers:
            producer.start()
            wait_connected(producer)
        for producer in producers * (1 if ctx.quick else 4):
            pass_time(2)
            producer.kill()
            pass_time(1)
            producer.start()
            wait_connected(producer)
        pass_time(1)
        for producer in producers:
            assert producer.stop() == 0, producer.tail()
        ctx.settled(oracle.check(market))
        watcher.check()
    fold = oracle.of(market).fold
    assert fold.duplicates > 100, "the producers did not overlap"
    missing = sum(count for one in fold.markets.values() for runs in one.runs for count, _, _ in runs.holes())
    assert missing == 0, f"{missing} trades are missing though one producer was always there"
    ctx.did(f"{fold.duplicates:,} trades came twice, none is missing")


@case(
    40, "the processor lags while a producer restarts", quick=True, beside=True,
    promise="What the log already holds is not fetched from the venue again.",
)  # fmt: skip
def lagging_processor(ctx):
    market = ctx.market()
    simulator = market.simulator(rate=100).start()
    simulator.wait_until("/health")
    processor = market.processor().start()
    market.wait_claimed()
    with HTTPTap(simulator.port) as tap:
        producer = market.producer(simulator).start(BINANCE_REST_URL=f"http://127.0.0.1:{tap.port}")
        wait_connected(producer)
        pass_time(3)
        # It lags: what comes now is in the log and unknown to it.
        processor.pause()
        for _ in range(1 if ctx.quick else 5):
            pass_time(2 if ctx.quick else 20)
            assert producer.stop() == 0, producer.tail()
            producer.start()
            wait_connected(producer)
        pass_time(3)
        processor.kill()
        processor.start()
        market.wait_drained()
        pass_time(3)
        assert producer.stop() == 0, producer.tail()
        ctx.settled(oracle.check(market))
        asked = [line for line in tap.requests if "rades?" in line]
        # One producer at a time, which begins where the market is: only what was fetched could come twice.
        twice = oracle.of(market).fold.duplicates
        assert twice == 0, f"{twice} trades that the log held were fetched: {asked}"
    assert any("exchangeInfo" in line for line in tap.requests), "the tap saw nothing"
    assert asked, "nothing was missing: the producer's restarts left no gap"
    ctx.did(f"{len(asked)} REST requests for what the restarts had missed, none for ids that the log held")
