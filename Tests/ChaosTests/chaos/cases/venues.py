"""A venue that misbehaves: what is missed is fetched from its history."""

import decimal
import json
import time
import urllib.request

from .. import oracle
from ..waiting import pass_time, wait_for
from ..watcher import Watcher
from . import case
from .producers import wait_connected

STREAM_FAULTS = [
    "cut", "stall 4s", "skip 20", "again 50", "reorder", "garbage", "oversized", "rotate", "shutdown 1s", "skip 1",
]  # fmt: skip
MEMORY_LIMIT_MIB = 512


def strike(simulator, fault):
    """Lets a fault strike the simulated exchange at once."""
    address = f"http://127.0.0.1:{simulator.port}/faults"
    with urllib.request.urlopen(urllib.request.Request(address, fault.encode(), method="POST"), timeout=5) as reply:
        return reply.read().decode()


def lacking(market):
    """How many candles lack trades."""
    return market.query("SELECT count(*) FROM candles WHERE missing_trades > 0")[0][0]


def wait_complete(market, producer, seconds):
    """Until no candle lacks a trade, for some seconds."""
    wait_for(
        lambda: lacking(market) == 0, seconds,
        lambda: f"{lacking(market)} candles lack trades\n{producer.tail()}\n{market.tails()}", pause=0.5,
    )  # fmt: skip


def exchange_klines(simulator, symbol, limit=1_000):
    """{unix seconds: (open, high, low, close, volume, quote volume, count, taker base, taker quote)}, by the exchange."""
    address = f"http://127.0.0.1:{simulator.port}/api/v3/klines?symbol={symbol}&interval=1m&limit={limit}"
    with urllib.request.urlopen(address, timeout=60) as reply:
        rows = json.load(reply)
    return {
        row[0] // 1000: tuple(map(decimal.Decimal, (*row[1:6], row[7], str(row[8]), row[9], row[10]))) for row in rows
    }


def compare_with_exchange(market, simulator, limit=1_000):
    """Every whole minute of the newest equals the exchange's own; gives how many were compared."""
    compared = 0
    for symbol in market.symbols:
        rows = market.query(
            "SELECT window_start, open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume,"
            " taker_buy_quote_volume FROM candles_1m WHERE symbol = %s AND missing_trades = 0 ORDER BY window_start",
            [symbol],
        )
        theirs = exchange_klines(simulator, symbol, limit)
        for start, *ours in rows:
            if start in theirs:
                assert tuple(ours) == theirs[start], f"{symbol} {start}: {ours} is not the exchange's {theirs[start]}"
                compared += 1
    return compared


@case(
    31, "the venue cuts, stalls, skips, repeats and sends garbage", quick=True, beside=True, seconds=1_200,
    promise="Whatever a venue does, trades that were missed are fetched by their ids, and no candle lacks one.",
)  # fmt: skip
def misbehaving_venue(ctx):
    seconds, refused = (15, 2) if ctx.quick else (600, 30)
    market = ctx.market()
    simulator = market.simulator(rate=200).start()
    simulator.wait_until("/health")
    processor = market.processor().start()
    market.wait_claimed()
    producer = market.producer(simulator, STALE_AFTER="2s").start()
    with Watcher(market) as watcher:
        wait_connected(producer)
        waited, strikes, refusals = 0.0, 0, [(seconds / 2, 429), (seconds / 2 + refused, 418)]
        order = ctx.rng.sample(STREAM_FAULTS, len(STREAM_FAULTS))
        while waited < seconds:
            pause = ctx.rng.uniform(0.5, 2 if ctx.quick else 5)
            pass_time(pause)
            waited += pause
            strike(simulator, order[strikes % len(order)])
            strikes += 1
            # Past trades are refused in the middle, while faults go on.
            if refusals and waited >= refusals[0][0]:
                strike(simulator, f"{refusals.pop(0)[1]} {refused}s")
        vain = producer.metric("producer_backfill_failures_total")
        assert vain <= 6, f"it was asked {vain:.0f} times in vain while it was told to wait"
        wait_complete(market, producer, 60)
        fetched = producer.metric("producer_backfill_trades_total")
        assert fetched > 0, f"nothing was missed: the faults did nothing\n{simulator.tail()}"
        assert producer.lives == processor.lives == 1 and producer.running and processor.running
        compared = compare_with_exchange(market, simulator)
        assert ctx.quick or compared > 0
        assert producer.stop() == 0, producer.tail()
        ctx.note_memory(producer, processor, limit_mib=MEMORY_LIMIT_MIB)
        ctx.settled(oracle.check(market))
        watcher.check()
    ctx.did(
        f"{strikes} faults in {seconds} s, REST refusing for {2 * refused} s of them ({vain:.0f} questions in vain),"
        f" {fetched:,.0f} trades fetched: no candle lacks one,"
        f" {compared} minutes equal the exchange's own"
    )


@case(
    31, "a thousand symbols at 50,000 trades a second", seconds=600,
    promise="One producer follows a thousand symbols at full speed, within its memory, and loses nothing.",
)  # fmt: skip
def many_symbols(ctx):
    symbols, rate, seconds = (100, 2_000, 10) if ctx.quick else (1_000, 50_000, 60)
    market = ctx.market(symbols=symbols)
    simulator = market.simulator(rate=rate).start()
    simulator.wait_until("/health")
    processor = market.processor().start()
    market.wait_claimed()
    producer = market.producer(simulator).start()
    wait_connected(producer)

    def measured():
        return producer.metric("producer_trades_accepted_total"), producer.cpu_seconds(), time.monotonic()

    before = measured()
    pass_time(seconds)
    trades, cpu, took = (after - earlier for after, earlier in zip(measured(), before, strict=True))
    assert producer.stop(seconds=30) == 0, producer.tail()
    lost = producer.tail(10_000).count("not acknowledged and are lost")
    assert lost == 0, producer.tail()
    ctx.note_memory(producer, processor, limit_mib=MEMORY_LIMIT_MIB)
    ctx.settled(oracle.check(market))
    fold = oracle.of(market).fold
    followed = market.query("SELECT count(DISTINCT symbol) FROM candles_10s WHERE symbol = ANY(%s)", [market.symbols])
    followed = followed[0][0]
    missing = sum(count for one in fold.markets.values() for runs in one.runs for count, _, _ in runs.holes())
    assert followed == symbols, f"{followed} of {symbols} symbols have candles"
    assert missing == 0, f"{missing} trades are missing in the log"
    ctx.did(
        f"{symbols:,} symbols, {trades / took:,.0f} trades a second, market-producer {100 * cpu / took:.0f} % of a core"
        f" ({1e6 * cpu / trades:.1f} µs a trade), none is missing"
    )


@case(
    31, "the venue's REST refuses while trades are missing", beside=True,
    promise="A venue that wants to be left alone is left alone for as long as it says, and asked then.",
)  # fmt: skip
def refusing_venue(ctx):
    seconds = 5 if ctx.quick else 30
    market = ctx.market()
    simulator = market.simulator(rate=200).start()
    simulator.wait_until("/health")
    market.processor().start()
    market.wait_claimed()
    producer = market.producer(simulator, STALE_AFTER="2s").start()
    wait_connected(producer)
    pass_time(2)
    for status in (429, 418):
        strike(simulator, f"{status} {seconds}s")
        refused = producer.metric("producer_backfill_failures_total")
        fetched = producer.metric("producer_backfill_trades_total")
        strike(simulator, "skip 500")
        wait_for(
            lambda: producer.metric("producer_backfill_failures_total") > refused, 60,
            lambda: f"nothing is missing\n{producer.tail()}",
        )  # fmt: skip
        wait_for(
            lambda: producer.metric("producer_backfill_trades_total") >= fetched + 500, seconds + 60,
            lambda: f"not fetched\n{producer.tail()}",
        )  # fmt: skip
        wait_complete(market, producer, 60)
        more = producer.metric("producer_backfill_failures_total") - refused
        assert 1 <= more <= 3, f"it was asked {more:.0f} times in vain within {seconds} s"
    compared = compare_with_exchange(market, simulator)
    assert producer.stop() == 0, producer.tail()
    ctx.settled(oracle.check(market))
    ctx.did(f"429 and 418 for {seconds} s each: asked once, then complete; {compared} minutes equal the exchange's own")
