"""The chart: what it draws and says of a candle is what PostgreSQL has, however it came there."""

import datetime
import time
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from chaos.proxy import Proxy
from conftest import figures, wait_for
from ownmarket import OwnMarket, long_market


@pytest.fixture(scope="module")
def long(stack):
    return long_market(stack, "LONG")


@pytest.fixture(scope="module")
def autumn(stack):
    """Minutes around the end of daylight saving time in Europe, 2025-10-26 01:00 UTC."""
    market = OwnMarket(stack, "AUTUMN")
    start = int(datetime.datetime(2025, 10, 26, 0, 30, tzinfo=datetime.timezone.utc).timestamp())
    # One more, so that the last of these closes at once.
    market.send((start + 60 * minute + 1, f"{10 + minute}") for minute in range(62))
    market.wait_until_stored("1m", open_windows=1)
    return market


def test_history_goes_back_to_the_first_candle(page, stack, long):
    page.open(f"?symbol={long.symbol}&interval=10s")
    assert len(page.candles()) < len(long.windows), "all of it is read at once: nothing is tested"

    def scroll_back():
        # As somebody does who drags the chart to the right, again and again.
        page.script("marketStream.screen.pane.chart.scroll(-0.9)")
        return len(page.candles()) == len(long.windows)

    wait_for(scroll_back, 60, lambda: f"{len(page.candles())} of {len(long.windows)} candles")
    stored = stack.rows(long.symbol, "10s")
    assert {start: figures(candle) for start, candle in page.candles().items()} == stored
    page.wait_until_stored(long.symbol, "10s", 60)
    # The first trades of the outside truth, too: what was sent is what is drawn.
    first = min(long.windows)
    assert page.bars[0]["time"] == first
    assert page.bars[0]["open"] == float(long.windows[first][0][0])


def test_windows_without_trades_are_gaps(page, long):
    page.open(f"?symbol={long.symbol}&interval=10s")
    wait_for(
        lambda: page.script("marketStream.screen.pane.chart.scroll(-0.9)") or len(page.candles()) == len(long.windows),
        60, "not all is read",
    )  # fmt: skip
    wait_for(lambda: len(page.bars) == len(long.windows), 60, "not all is drawn")
    starts = sorted(long.windows)
    times = page.times()
    assert times == sorted(set(times))
    pause = starts[199]
    assert [time for time in times if pause < time < starts[200]] == list(range(pause + 10, pause + 80, 10))
    # Of the pause of a thousand windows the last three hundred keep their place.
    long_pause = [time for time in times if starts[899] < time < starts[900]]
    assert long_pause == list(range(starts[900] - 3000, starts[900], 10))


def test_the_legend_tells_a_candle_in_the_stores_words(page, stack, long):
    page.open(f"?symbol={long.symbol}&interval=10s")
    decimals = {info["symbol"]: info["price_decimals"] for info in stack.get("/symbols")["symbols"]}[long.symbol]
    stored = stack.rows(long.symbol, "10s")
    # Back by the keyboard, candle by candle.
    page.script("document.querySelector('.pane.focused').focus()")
    for back in range(1, 4):
        page.press(",")
        start = sorted(stored)[-back]
        row = stored[start]
        when = datetime.datetime.fromtimestamp(start, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        mean = Decimal(row["quote_volume"]) / Decimal(row["volume"])
        wanted = {
            "time": when, "O": row["open"], "H": row["high"], "L": row["low"], "C": row["close"], "Vol": row["volume"],
            "Trades": row["trade_count"], "VWAP": str(mean.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)),
        }  # fmt: skip
        wait_for(
            lambda: {name: page.legend().get(name) for name in wanted} == wanted, 60,
            lambda: f"{page.legend()} instead of {wanted}",
        )
    # The mouse does the same: on the candle that is fourth from the end.
    start = sorted(stored)[-4]
    x = page.script(f"return {page.pane()}.chart.place({start})")
    plot = page.script(f"return {page.pane()}.root.querySelector('.plot').getBoundingClientRect().toJSON()")
    page.browser.execute_cdp_cmd(
        "Input.dispatchMouseEvent", {"type": "mouseMoved", "x": plot["x"] + x, "y": plot["y"] + plot["height"] / 2},
    )
    wait_for(lambda: page.legend().get("O") == stored[start]["open"], 60, lambda: f"the mouse shows {page.legend()}")


def test_a_candle_that_lacks_trades_is_marked(page, stack, long):
    page.open(f"?symbol={long.symbol}&interval=10s")
    candles = page.candles()
    lacking = {
        start: row["missing_trades"] for start, row in stack.rows(long.symbol, "10s", min(candles)).items()
        if row["missing_trades"] not in (None, "0")
    }  # fmt: skip
    assert lacking and set(lacking.values()) == {"3"}
    marks = "return marketStream.screen.pane.chart.marks().map((mark) => mark.time)"
    wait_for(lambda: page.script(marks) == sorted(lacking), 60, "the marks are not where trades are missing")
    rows = page.script("return [...document.querySelectorAll('#candles .lacks')].map((row) => row.cells[0].title)")
    shown = {row["window_start"] for row in page.rows}
    assert len(rows) == len(shown & lacking.keys())
    assert all("3 trades are missing" in title for title in rows)


def test_a_late_amendment_is_drawn_and_the_view_stays(page, stack, long):
    page.open(f"?symbol={long.symbol}&interval=10s")
    page.script("marketStream.screen.pane.chart.scroll(-0.25)")
    candles = page.candles()
    start = sorted(candles)[-51]
    before = page.view()
    assert before["first"] < start < before["last"] < max(candles), "it must be seen, and the newest not"
    price = "999.5"
    long.send([(start + 5, price, "2")])
    wait_for(lambda: stack.rows(long.symbol, "10s", start, start + 1)[start]["high"] == price, 60, "it is not amended")
    row = stack.rows(long.symbol, "10s", start, start + 1)[start]
    assert int(row["revision"]) > int(candles[start]["revision"])
    wait_for(lambda: figures(page.candles()[start]) == row, 60, "the page does not hear of it")
    wait_for(
        lambda: [bar["high"] for bar in page.bars if bar["time"] == start] == [999.5], 60, "it is not drawn",
    )
    page.wait_until_stored(long.symbol, "10s", 60)
    after = page.view()
    assert (after["first"], after["last"]) == (before["first"], before["last"])
    assert after["from"] == pytest.approx(before["from"]) and after["to"] == pytest.approx(before["to"])


def test_new_candles_do_not_move_a_view_of_the_past(page):
    page.open("?symbol=BTCUSDT&interval=10s")
    page.wait_for_state("live", 60)
    wait_for(lambda: len(page.bars) > 12, 150, "too few candles")
    page.script("marketStream.screen.pane.chart.zoom(0.08); marketStream.screen.pane.chart.scroll(-0.8)")
    before, count = page.view(), len(page.bars)
    wait_for(lambda: len(page.bars) >= count + 2, 60, "no candle is added")
    after = page.view()
    assert (after["first"], after["last"]) == (before["first"], before["last"])
    # And the newest are one key away, where the view goes on with them.
    page.press("0")
    wait_for(lambda: page.view()["to"] > len(page.times()) - 1, 60, "the newest candles are not shown")
    count = len(page.bars)
    wait_for(lambda: len(page.bars) > count, 40, "no candle is added")
    assert page.view()["to"] > len(page.times()) - 1


def test_scales_and_precision(page, stack, browser, long):
    decimals = {info["symbol"]: info["price_decimals"] for info in stack.get("/symbols")["symbols"]}
    for symbol in ("BTCUSDT", long.symbol):
        page.open(f"?symbol={symbol}&interval=10s")
        options = page.script("return marketStream.screen.pane.chart.options()")
        assert options == {"mode": 0, "precision": decimals[symbol]}
    page.press("l")
    assert page.script("return marketStream.screen.pane.chart.options().mode") == 1
    assert "log=1" in browser.current_url
    assert browser.find_element(By.ID, "log").get_attribute("aria-pressed") == "true"
    page.open(f"?symbol={long.symbol}&interval=10s&log=1")
    assert page.script("return marketStream.screen.pane.chart.options().mode") == 1
    browser.find_element(By.ID, "fit").click()
    view = wait_for(
        lambda: (view := page.view())["first"] == page.bars[0]["time"] and view, 60, "not all candles are shown",
    )
    assert view["last"] == page.bars[-1]["time"]


def test_local_time_over_the_end_of_daylight_saving(page, stack, screen, autumn):
    zone = ZoneInfo("Europe/Berlin")
    screen.zone("Europe/Berlin")
    page.open(f"?symbol={autumn.symbol}&interval=1m&zone=local")
    stored = stack.rows(autumn.symbol, "1m")
    assert len(stored) >= 61
    # The hour from 02:00 on comes twice, and nothing is lost or in another order.
    assert [bar["time"] for bar in page.bars][:61] == sorted(stored)[:61]
    local = {start: datetime.datetime.fromtimestamp(start, zone) for start in stored}
    assert {time.strftime("%H:%M %z") for time in local.values()} >= {"02:45 +0200", "02:15 +0100"}
    wait_for(lambda: len(page.rows) == 40, 60, "the table is empty")
    shown = page.script(
        "return [...document.querySelectorAll('#candles tbody tr')].map((row) =>"
        " [Number(row.dataset.windowStart), row.cells[0].textContent, row.cells[0].title])"
    )
    for start, text, title in shown[1:]:
        assert text == local[start].strftime("%H:%M")
        offset = local[start].strftime("%z")
        assert title.startswith(f"{local[start]:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:]}")
    marks = page.script(
        "return arguments[0].map((time) => marketStream.times.axis(time, 3, 60))", sorted(local),
    )
    assert marks == [local[start].strftime("%H:%M") for start in sorted(local)]
    page.press("z")
    wait_for(
        lambda: page.script("return document.querySelector('#candles tbody td')?.textContent") == "01:31", 30,
        "z does not lead back to UTC",
    )
    assert "zone" not in page.browser.current_url


def test_a_picture_is_saved(page, browser, downloads):
    page.open("?symbol=BTCUSDT&interval=10s")
    wait_for(lambda: page.bars, 60, "no candle is drawn")
    browser.find_element(By.ID, "image").click()
    data = downloads(".png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    assert width > 500 and height > 300


def test_all_intervals_are_the_stores(page, stack, long):
    intervals = stack.get("/symbols")["intervals"]
    assert intervals[0] == "10s" and "1d" in intervals
    page.open(f"?symbol={long.symbol}&interval=10s")
    for index, interval in enumerate(intervals):
        page.press(str(index + 1))
        wait_for(lambda: page.loaded == f"{long.symbol} {interval}", 60, f"{interval} is not shown")
        # The open candle of a long interval is no row yet.
        wait_for(
            lambda: page.candles() and page.is_stored(long.symbol, interval) is None, 60,
            lambda: page.is_stored(long.symbol, interval),
        )


def test_words_for_what_there_is_not(page, stack, browser):
    now = int(time.time() * 1_000_000)
    stack.redis.publish(
        "live", '{"symbol":"EMPTYUSDT","price":"1.25","trade_id":1,"event_time_us":%d,"candles":{}}' % now
    )
    wait_for(
        lambda: "EMPTYUSDT" in [s["symbol"] for s in stack.get("/symbols")["symbols"]], 60, "the symbol is not listed",
    )
    page.open("?symbol=EMPTYUSDT&interval=10s")
    notice = browser.find_element(By.CSS_SELECTOR, ".pane-notice")
    wait_for(lambda: "No candle yet" in notice.text, 60, lambda: f"the chart says {notice.text!r}")
    wait_for(lambda: "No candle yet" in page.text("#candles-empty"), 60, "the table says nothing")
    wait_for(lambda: "No trade yet" in page.text("#tape-empty"), 60, "the tape says nothing")
    # An answer that does not come.
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/candles?*"]})
    try:
        page.press("2")
        wait_for(lambda: "cannot be reached" in notice.text, 60, lambda: f"the chart says {notice.text!r}")
        page.press("[")
        page.press("1")
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        browser.execute_cdp_cmd("Network.disable", {})
    wait_for(lambda: page.loaded and not notice.is_displayed(), 60, lambda: f"the chart says {notice.text!r}")


def test_a_symbol_of_another_venue_is_found_and_shown(page, stack, browser):
    market = OwnMarket(stack, "XBT", venue="kraken")
    start = int(time.time()) // 10 * 10 - 3600
    market.send((start + 10 * index, f"{50_000 + index}.125") for index in range(30))
    market.wait_until_stored(open_windows=1)
    page.open("?symbol=BTCUSDT&interval=10s")
    page.press("/")
    page.browser.switch_to.active_element.send_keys("kraken ", market.venue_symbol[:-4].lower())
    options = browser.find_elements(By.CSS_SELECTOR, "#symbols [role=option]")
    assert [option.get_attribute("data-symbol") for option in options] == [market.symbol]
    assert "kraken" in options[0].text.lower()
    active = browser.find_element(By.ID, "symbol").get_attribute("aria-activedescendant")
    assert active == options[0].get_attribute("id") and options[0].get_attribute("aria-selected") == "true"
    page.press(Keys.ENTER)
    wait_for(lambda: page.loaded == f"{market.symbol} 10s", 60, lambda: f"{page.loaded} is shown")
    page.wait_until_stored(market.symbol, "10s", 60)
    assert f"symbol={market.symbol}" in browser.current_url
    browser.refresh()
    wait_for(lambda: page.loaded == f"{market.symbol} 10s", 60, "the address does not lead there")


def test_waiting_is_told(page, stack):
    with Proxy(int(stack.address.rsplit(":", 1)[1])) as proxy:
        page.open("?symbol=BTCUSDT&interval=10s", f"http://127.0.0.1:{proxy.port}")
        proxy.black_hole()
        page.press("2")
        wait_for(lambda: "Loading candles" in page.text(".pane-notice"), 60, "the chart says nothing")
        wait_for(lambda: "Loading candles" in page.text("#candles-empty"), 60, "the table says nothing")
        proxy.allow()
        wait_for(lambda: page.loaded == "BTCUSDT 1m", 60, "it is not shown in the end")
        page.wait_until_stored("BTCUSDT", "1m", 60)
