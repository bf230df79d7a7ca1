"""Nothing is lost: a network that is cut, a market of 50 symbols for minutes on end.

DASHBOARD_CUT_SECONDS    how long the network is away (default 5)
DASHBOARD_SOAK_SECONDS   how long the full market is watched; without it that test is skipped. It wants a stack of its
                         own: scripts/stack start --symbols (50 of them) --rate 2000
"""

import os
import time
from decimal import Decimal

import pytest

from chaos.proxy import Proxy
from conftest import wait_for
from ownmarket import long_market

CUT_SECONDS = float(os.environ.get("DASHBOARD_CUT_SECONDS", "5"))
SOAK_SECONDS = float(os.environ.get("DASHBOARD_SOAK_SECONDS", "0"))


@pytest.mark.parametrize("fault", ["cut", "black hole"])
def test_a_network_that_was_away_leaves_no_hole(page, stack, fault):
    """Two charts: candles of one close while the network is away, an old one of the other is amended."""
    quiet = long_market(stack, "CUT", 120)
    with Proxy(int(stack.address.rsplit(":", 1)[1])) as proxy:
        page.open(f"?symbol=BTCUSDT,{quiet.symbol}&interval=10s", f"http://127.0.0.1:{proxy.port}")
        page.wait_for_state("live", 60)
        wait_for(lambda: len(page.candles(1)) == len(quiet.windows), 60, "the second chart is not there")
        seen = page.script("return marketStream.trades.list.all()")[-1]["trade_id"]
        newest = stack.newest("BTCUSDT", "10s")
        began = time.monotonic()
        if fault == "cut":
            proxy.refuse()
            proxy.cut()
        else:
            proxy.black_hole()
        page.wait_for_state("offline", 30)
        assert "Disconnected" in page.text("#status") and "Trying again" in page.text("#notice")
        amended = sorted(quiet.windows)[-60]
        quiet.send([(amended + 5, "777.25", "3")])
        # It is away until things have happened that the page cannot have heard of.
        wait_for(
            lambda: stack.newest("BTCUSDT", "10s") > newest
            and stack.rows(quiet.symbol, "10s", amended)[amended]["high"] == "777.25",
            60, "nothing happens while the network is away",
        )  # fmt: skip
        while time.monotonic() - began < CUT_SECONDS:
            time.sleep(0.1)
        assert page.state == "offline"
        assert page.candles(1)[amended]["high"] != "777.25"
        proxy.allow()
        page.wait_for_state("live", 60)
        back = stack.newest("BTCUSDT", "10s")
        wait_for(lambda: max(s for s, c in page.candles(0).items() if c["closed"]) >= back, 60, "candles are missing")
        page.wait_until_stored("BTCUSDT", "10s", 60, 0)
        page.wait_until_stored(quiet.symbol, "10s", 60, 1)
        assert page.candles(1)[amended]["high"] == "777.25"
        # The tape goes on from where it was without leaving one out.
        wait_for(
            lambda: (ids := trade_ids(page)) and ids[0] <= seen < ids[-1] and len(ids) == ids[-1] - ids[0] + 1,
            60, lambda: f"trades are missing: {trade_ids(page)[:3]} to {trade_ids(page)[-3:]}",
        )  # fmt: skip


def trade_ids(page):
    return [trade["trade_id"] for trade in page.script("return marketStream.trades.list.all()")]


@pytest.mark.skipif(not SOAK_SECONDS, reason="takes minutes: DASHBOARD_SOAK_SECONDS=600 runs it")
def test_a_full_market_for_minutes(page, stack):
    """Prints memory before and after and the main thread's share; no trade, candle or amendment is lost."""
    symbol = stack.get("/symbols")["default_symbol"]
    amended = long_market(stack, "SOAK", 300)
    charts = os.environ.get("DASHBOARD_SOAK_CHARTS", "2")
    page.open(f"?charts={charts}&symbol={symbol},{amended.symbol}&interval=10s")
    page.wait_for_state("live", 60)
    browser = page.browser
    # The thread's own time: on a machine with other work the clock's says how long it had to wait, too.
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    lines = "return document.querySelectorAll('#markets polyline[points]').length"
    wait_for(lambda: page.script(lines) > 9, 60, "the list has no lines")
    time.sleep(10)

    def metrics():
        browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        found = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return {metric["name"]: metric["value"] for metric in found}

    # What the tape is given is noted in the page; one that was missed and comes later than a thousand newer ones is
    # given, too, though it is not kept. It is fetched seldom: the browser keeps the text of each script that a driver
    # runs, and that is not to be measured.
    page.script(
        "const { list } = marketStream.trades; const put = list.put.bind(list);"
        "const note = (trade) => taken.push([trade.trade_id, trade.price, trade.quantity]);"
        "globalThis.taken = []; list.all().forEach(note);"
        "list.put = (trade) => { note(trade); return put(trade); }"
    )
    seen, amendments, heaps = {}, 0, []

    def fetch():
        for id, price, quantity in page.script("return taken.splice(0)"):
            seen[id] = (Decimal(price), Decimal(quantity))

    fetch()
    # What is fetched afterwards may have been traded before anybody looked.
    first = min(seen)
    before = metrics()
    started = time.monotonic()
    messages = page.script("return marketStream.feed.counts.messages")
    began = due = time.monotonic()
    while time.monotonic() - began < SOAK_SECONDS:
        fetch()
        if time.monotonic() > due:
            due += 20
            amended.send([(sorted(amended.windows)[-20 - amendments] + 5, f"{500 + amendments}.5")])
            amendments += 1
            heaps.append(page.script("return performance.memory.usedJSHeapSize"))
        time.sleep(10)
    fetch()
    after = metrics()
    span = time.monotonic() - started
    share = (after["TaskDuration"] - before["TaskDuration"]) / span
    counts = page.script("return marketStream.feed.counts")
    heap = [metrics["JSHeapUsedSize"] / 1e6 for metrics in (before, after)]
    script = (after["ScriptDuration"] - before["ScriptDuration"]) / span
    print(
        f"\n{charts} charts, {span:.0f} s, {(counts['messages'] - messages) / span:.0f} messages/s:"
        f" heap {heap[0]:.1f} MB before, {heap[1]:.1f} MB after (up to {max(heaps) / 1e6:.1f} MB between collections);"
        f" nodes {before['Nodes']:.0f} and {after['Nodes']:.0f}; main thread {share:.1%} (script {script:.1%});"
        f" {len(seen)} trades of {symbol} seen; {amendments} amendments; {counts}"
    )
    page.wait_until_stored(symbol, "10s", 60, 0)
    page.wait_until_stored(amended.symbol, "10s", 60, 1)
    fetch()
    highs = {candle["high"] for candle in page.candles(1).values()}
    assert highs >= {f"{500 + index}.5" for index in range(amendments)}
    # Every window that lies between the first and the last trade seen: all its trades, and what they sum up to.
    last, checked = max(seen), 0
    for start, candle in page.candles(0).items():
        if not candle["closed"] or candle["first_trade_id"] < first or candle["last_trade_id"] > last:
            continue
        ids = range(candle["first_trade_id"], candle["last_trade_id"] + 1)
        # Those that the producer missed are fetched by and by.
        wait_for(
            lambda: fetch() or all(id in seen for id in ids), 60,
            lambda: f"{sum(id not in seen for id in ids)} of {len(ids)} trades of the window {start} were not seen",
        )  # fmt: skip
        row = stack.rows(symbol, "10s", start, start + 1)[start]
        assert len(ids) == int(row["trade_count"])
        assert sum(seen[id][1] for id in ids) == Decimal(row["volume"])
        checked += 1
    assert checked >= SOAK_SECONDS / 10 - 3
    assert counts["holes"] == 0
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] * 1.5 + 5e6
    assert share < 0.3
