"""Producers: two at once, and one that restarts beside a processor that lags."""

import json
import time
import urllib.error
import urllib.request

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
    32, "two producers at once, killed in turn", quick=True, beside=True, seconds=900,
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
        # Five minutes, a kill every 20 s; or two kills in short.
        before, after = (2, 1) if ctx.quick else (10, 10)
        kills = 2 if ctx.quick else 15
        for number in range(kills):
            producer = producers[number % 2]
            pass_time(before)
            producer.kill()
            pass_time(after)
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
    ctx.did(f"{kills} kills, {fold.duplicates:,} trades came twice, none is missing")


TOKEN = "token-of-this-run-only"


def post(api, path, token=TOKEN):
    """(status, JSON) of a POST with the token."""
    request = urllib.request.Request(f"http://127.0.0.1:{api.port}{path}", b"", method="POST")
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def wait_price(api, symbol, status, seconds=30):
    """Until the API answers with that status; how many seconds that took."""
    began = time.monotonic()
    wait_for(
        lambda: api.get(f"/price?symbol={symbol}")[0] == status, seconds,
        lambda: f"{symbol}: {api.get(f'/price?symbol={symbol}')}", pause=0.02,
    )  # fmt: skip
    return time.monotonic() - began


def stays(market, symbol, seconds):
    """Whether the newest stored trade of a symbol is still the newest after so long."""
    newest = "SELECT max(last_trade_id) FROM candles_10s WHERE symbol = %s"
    before = market.query(newest, [symbol])
    pass_time(seconds)
    return market.query(newest, [symbol]) == before


@case(
    32, "symbols come and go at run time, everything killed between", quick=True,
    promise="What is followed changes within a second, over restarts and while another producer is down, and costs no trade.",
)  # fmt: skip
def symbols_come_and_go(ctx):
    market = ctx.market()
    first, second, third = market.symbols
    simulator = market.simulator(rate=200).start()
    simulator.wait_until("/health")
    rest = {"BINANCE_REST_URL": f"http://127.0.0.1:{simulator.port}"}
    market.processor().start()
    market.wait_claimed()
    producers = [market.producer(simulator, SYMBOLS=first, PRODUCER_SHARD=f"{share}/2") for share in range(2)]
    api = market.api(SYMBOLS=first, API_TOKEN=TOKEN, **rest).start()
    api.wait_until("/ready")
    with Watcher(market) as watcher:
        for producer in producers:
            producer.start()
        wait_price(api, first, 200, 60)
        assert post(api, f"/symbol/{second}/subscribe", "another-token-altogether")[0] == 401
        status, answer = post(api, "/symbol/NOSUCHCOIN/subscribe")
        assert status == 404 and "Invalid symbol." in answer["detail"], answer
        assert post(api, f"/symbol/{second}/subscribe?interval=1m")[0] == 200
        took = wait_price(api, second, 200)
        producers[0].kill()
        producers[1].kill()
        # Nobody is there to hear it, nor that it is taken back.
        assert post(api, f"/symbol/{third}/subscribe")[0] == 200
        assert post(api, f"/symbol/{first}/unsubscribe")[0] == 200
        api.kill()
        for service in (*producers, api):
            service.start()
        api.wait_until("/ready")
        wait_price(api, third, 200, 60)
        wait_price(api, first, 404)
        listed = {entry["symbol"]: entry for entry in json.loads(api.get("/symbols")[1])["symbols"]}
        assert listed[second]["interval"] == "1m", listed[second]
        assert listed[second]["followed"], listed[second]
        assert not listed[first]["followed"], listed[first]
        # What was under way is stored; after that, no trade more.
        wait_for(lambda: stays(market, first, 3), 60, f"{first} goes on though nobody wants it")
        # What was traded meanwhile is missing like anything else, and is fetched.
        assert post(api, f"/symbol/{first}/subscribe")[0] == 200
        wait_price(api, first, 200)
        pass_time(3)
        for producer in producers:
            assert producer.stop() == 0, producer.tail()
        ctx.settled(oracle.check(market))
        watcher.check()
    lacking = market.query("SELECT count(*) FROM candles WHERE missing_trades > 0")[0][0]
    assert lacking == 0, f"{lacking} candles lack trades"
    # Others use the same topic: their producers shall not follow these.
    for symbol in market.symbols:
        post(api, f"/symbol/{symbol}/unsubscribe")
    ctx.did(f"the price of a new symbol after {took:.2f} s")


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
