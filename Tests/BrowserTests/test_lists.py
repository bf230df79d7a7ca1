"""Market list, tape, tables and files beside the charts, the layout in the address, keys and the phone."""

import csv
import io
import time
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from accessibility import assert_accessible
from chaos.kafkalog import partition_of
from conftest import FIGURES, figures, wait_for
from ownmarket import OwnMarket, long_market


@pytest.fixture(scope="module")
def day(stack):
    """A symbol that nothing is traded of any more: its figures of 24 hours stand still."""
    market = long_market(stack, "DAY", 400)
    # Its last hour closes with the event time of its partition, which another symbol leads on to the present.
    clock = next(
        other for other in (OwnMarket(stack, "CLOCK") for _ in range(1_000))
        if partition_of(other.symbol, 12) == partition_of(market.symbol, 12)
    )  # fmt: skip
    now = time.time()
    clock.send([(now - 2, "1.5"), (now - 1, "1.5"), (now, "1.5")])
    return market


def row(page, symbol):
    """Texts of a symbol's row in the list: price, change, volume, and the title of the volume."""
    return page.script(
        "const row = document.querySelector(`#markets tr[data-symbol='${arguments[0]}']`);"
        "return row && [...[2, 3, 4].map((index) => row.cells[index].textContent), row.cells[4].title]",
        symbol,
    )


def listed(page):
    return page.script(
        "return [...document.querySelectorAll('#markets tbody tr:not([hidden])')].map((row) => row.dataset.symbol)"
    )


def test_a_market_of_the_list(page, stack, day):
    stored = stack.rows(day.symbol, "10s")
    rows = [stored[start] for start in sorted(stored)]
    with localcontext(prec=60):
        first, last = Decimal(rows[0]["open"]), Decimal(rows[-1]["close"])
        percent = ((last - first) * 100 / first).quantize(Decimal("0.01"), ROUND_HALF_UP)
        volume, turnover = (sum(Decimal(row[name]) for row in rows) for name in ("volume", "quote_volume"))
    page.open("?symbol=BTCUSDT&interval=10s")
    decimals = next(info for info in stack.get("/symbols")["symbols"] if info["symbol"] == day.symbol)["price_decimals"]
    price = f"{last:,f}"
    whole, _, fraction = price.partition(".")
    wanted = [f"{whole}.{fraction.ljust(decimals, '0')}", f"{'+' if percent > 0 else '−'}{abs(percent)} %"]
    wait_for(
        lambda: (row(page, day.symbol) or [])[:2] == wanted, 30,
        lambda: f"{row(page, day.symbol)} instead of {wanted}",
    )  # fmt: skip

    def sums():
        title = row(page, day.symbol)[3]
        return [Decimal(word) for word in title.replace("(", "").split() if word[0].isdigit() and word != "24"]

    # The server sums up every few seconds.
    wait_for(lambda: sums() == [turnover, volume], 60, lambda: f"{sums()} instead of {[turnover, volume]}")
    short = row(page, day.symbol)[2]
    # The short form is the same number, cut.
    shown = Decimal(short.replace(",", ""))
    assert shown <= turnover < shown + Decimal(1).scaleb(shown.as_tuple().exponent)

    # The line goes through the newest closes that the API has of the interval it takes.
    for interval, limit, least in (("1h", 24, 8), ("5m", 60, 8), ("1m", 60, 8)):
        candles = stack.candles(day.symbol, interval, limit=limit, include_open="true")
        if len(candles) >= least:
            break
    prices = [Decimal(candles[0]["open"])] + [Decimal(candle["close"]) for candle in candles]
    low, high = min(prices), max(prices)
    heights = [18 - (price - low) / (high - low) * 16 for price in prices]
    points = wait_for(
        lambda: page.script(
            "const row = document.querySelector(`#markets tr[data-symbol='${arguments[0]}']`); row.scrollIntoView();"
            "return row.querySelector('polyline').getAttribute('points')",
            day.symbol,
        ),
        60, "there is no line",
    )  # fmt: skip
    drawn = [Decimal(point.split(",")[1]) for point in points.split()]
    assert len(drawn) == len(heights) and all(abs(one - other) < Decimal("0.06") for one, other in zip(drawn, heights))

    # A click loads the chart.
    page.browser.find_element(By.CSS_SELECTOR, f"#markets tr[data-symbol='{day.symbol}'] .volume").click()
    wait_for(lambda: page.loaded == f"{day.symbol} 10s", 60, "the click does not load the chart")


def test_the_list_is_sorted_and_filtered(page, stack, browser, day):
    page.open("?symbol=BTCUSDT&interval=10s")
    ours = {"BTCUSDT", "ETHUSDT", day.symbol}
    wait_for(lambda: all(row(page, symbol)[2] for symbol in ours), 60, "figures are missing")

    def head(column):
        return browser.find_element(By.CSS_SELECTOR, f"#markets th button[data-column='{column}']")

    def turnovers():
        return {day["symbol"]: Decimal(day["quote_volume"]) for day in stack.get("/summary")["symbols"]}

    head("volume").click()
    sums = turnovers()
    wanted = sorted(ours, key=lambda symbol: -sums[symbol])
    assert [symbol for symbol in listed(page) if symbol in ours] == wanted
    assert "sort=-volume" in browser.current_url
    head("volume").click()
    assert [symbol for symbol in listed(page) if symbol in ours] == wanted[::-1]
    head("symbol").click()
    assert listed(page) == sorted(listed(page))
    header = browser.find_element(By.CSS_SELECTOR, "#markets th[aria-sort]")
    assert (header.text.strip(" ▲"), header.get_attribute("aria-sort")) == ("Symbol", "ascending")
    browser.find_element(By.ID, "filter").send_keys("eth")
    assert listed(page) == ["ETHUSDT"]
    assert "sort=symbol" in browser.current_url and "filter=eth" in browser.current_url
    browser.refresh()
    wait_for(lambda: listed(page) == ["ETHUSDT"], 60, "the filter is not kept")
    browser.find_element(By.ID, "filter").send_keys("xyz")
    assert browser.find_element(By.ID, "markets-empty").text == "No symbol has this in its name."


def test_prices_flash_unless_motion_is_not_wanted(page, screen):
    page.open("?symbol=BTCUSDT&interval=10s")
    # Each flash that is seen: the ground of its cell, noted by the page itself.
    watch = (
        "globalThis.flashes = []; new MutationObserver((changes) => { for (const { target } of changes) {"
        " if (!/flash-/.test(target.className)) continue;"
        " flashes.push([target.className, getComputedStyle(target).backgroundColor]); } })"
        ".observe(document.querySelector('#markets tbody'), { subtree: true, attributeFilter: ['class'] })"
    )
    page.script(watch)
    seen = wait_for(lambda: page.script("return flashes"), 60, "no price flashes")
    assert all("rgba(" in colour and not colour.endswith(" 0)") for _, colour in seen)
    screen.media(prefers_reduced_motion="reduce")
    page.script("flashes.length = 0")
    seen = wait_for(lambda: page.script("return flashes"), 60, "no price changes")
    assert all(colour == "rgba(0, 0, 0, 0)" for _, colour in seen)


def test_the_tape_has_every_trade(page, stack):
    page.open("?symbol=BTCUSDT&interval=10s")
    page.wait_for_state("live", 60)

    def held():
        return page.script("return marketStream.trades.list.all()")

    # Windows that the tape holds from the first trade to the last, once they are stored.
    def whole_windows():
        ids = {trade["trade_id"]: trade for trade in held()}
        found = []
        for candle in stack.candles("BTCUSDT", "10s", limit=4):
            wanted = range(candle["first_trade_id"], candle["last_trade_id"] + 1)
            if wanted.start in ids and wanted.stop - 1 in ids and len(wanted) == candle["trade_count"]:
                found.append((candle["window_start"], [ids.get(id) for id in wanted]))
        return found if len(found) >= 2 else None

    for start, trades in wait_for(whole_windows, 90, "the tape holds no two windows"):
        assert None not in trades
        stored = stack.rows("BTCUSDT", "10s", start, start + 1)[start]
        prices = [Decimal(trade["price"]) for trade in trades]
        quantities = [Decimal(trade["quantity"]) for trade in trades]
        assert sum(quantities) == Decimal(stored["volume"])
        assert sum(price * quantity for price, quantity in zip(prices, quantities)) == Decimal(stored["quote_volume"])
        assert (prices[0], max(prices), min(prices), prices[-1]) == tuple(Decimal(stored[name]) for name in FIGURES[:4])
    ids = [trade["trade_id"] for trade in held()]
    assert ids == list(range(ids[0], ids[-1] + 1))

    # What is drawn is what is held, the newest first.
    shown = page.script(
        "return [...document.querySelectorAll('#tape tbody tr')].map((row) =>"
        " [Number(row.dataset.tradeId), row.cells[1].textContent, row.cells[2].textContent, row.cells[3].textContent])"
    )
    by_id = {trade["trade_id"]: trade for trade in held()}
    assert len(shown) == 60 and [line[0] for line in shown] == list(range(shown[0][0], shown[0][0] - 60, -1))
    for id, price, quantity, side in shown:
        trade = by_id[id]
        assert (price, quantity, side) == (trade["price"], trade["quantity"], trade["taker_side"])


def test_a_late_trade_stands_in_its_place(page, stack):
    market = OwnMarket(stack, "TAPE")
    now = int(stack.get("/price", symbol="BTCUSDT")["event_time_us"] / 1e6)
    market.send((now + index / 10, f"{20 + index}", "1", 1 if index == 3 else 0) for index in range(6))
    market.wait_until_stored(open_windows=1)
    page.open(f"?symbol={market.symbol}&interval=10s")

    def ids():
        rows = "[...document.querySelectorAll('#tape tbody tr')]"
        return page.script(f"return {rows}.map((row) => Number(row.dataset.tradeId))")

    wait_for(lambda: ids() == [7, 6, 5, 3, 2, 1], 60, lambda: f"the tape shows {ids()}")
    # The one that was skipped comes late.
    market.last_id = 3
    market.send([(now + 0.25, "23.5", "1")])
    wait_for(lambda: ids() == [7, 6, 5, 4, 3, 2, 1], 60, lambda: f"the tape shows {ids()}")


def test_files_are_the_servers_words(page, stack, browser, downloads, day):
    page.open(f"?symbol={day.symbol}&interval=10s")
    wait_for(lambda: len(page.candles()) == len(day.windows), 60, "not all candles are there")
    browser.find_element(By.ID, "candles-csv").click()
    saved = downloads(f"{day.symbol}-10s.csv").read_bytes().decode()
    assert saved == page.browser.execute_async_script(
        "const [symbol, done] = arguments; fetch(`/candles?symbol=${symbol}&interval=10s&limit=1000&format=csv`)"
        ".then((answer) => answer.text()).then(done)",
        day.symbol,
    )
    stored = stack.rows(day.symbol, "10s")
    lines = list(csv.DictReader(io.StringIO(saved)))
    assert {int(line["window_start"]): {name: line[name] or None for name in FIGURES} for line in lines} == stored

    page.open("?symbol=BTCUSDT&interval=10s")
    wait_for(lambda: page.script("return marketStream.trades.list.size") > 50, 60, "too few trades")
    browser.find_element(By.ID, "tape-csv").click()
    lines = list(csv.DictReader(io.StringIO(downloads("BTCUSDT-trades.csv").read_bytes().decode())))
    served = {trade["trade_id"]: trade for trade in stack.get("/trades/recent", symbol="BTCUSDT", limit=1000)["trades"]}
    both = [line for line in lines if int(line["trade_id"]) in served]
    assert len(both) > 30
    for line in both:
        trade = served[int(line["trade_id"])]
        for name in ("price", "quantity", "taker_side", "event_time_us"):
            assert line[name] == str(trade[name])


def test_the_layout_is_in_the_address(page, stack, browser, day):
    page.open("?symbol=BTCUSDT&interval=10s")
    page.press("g")
    wait_for(lambda: page.script("return marketStream.screen.panes.length") == 2, 60, "there are not two charts")
    page.press("g")
    wait_for(lambda: page.script("return marketStream.screen.panes.length") == 4, 60, "there are not four charts")
    # The third one shows another symbol and interval, chosen by keys and by a click in the list.
    page.press("p")
    page.press("p")
    page.press("2")
    browser.find_element(By.CSS_SELECTOR, f"#markets button[data-symbol='{day.symbol}']").click()
    wait_for(lambda: page.loaded == f"{day.symbol} 1m", 60, lambda: f"the third chart shows {page.loaded}")
    assert_accessible(browser, "four charts")
    address = browser.current_url
    layout = page.script("return marketStream.screen.layout")
    assert len(layout) == 4 and layout[2] == {"symbol": day.symbol, "interval": "1m"}
    assert layout[0] == {"symbol": "BTCUSDT", "interval": "10s"}
    assert "charts=4" in address and "focus=3" in address
    # Whoever is given the address sees the same, and each chart is the store's.
    browser.get("about:blank")
    browser.get(address)
    wait_for(lambda: page.loaded == f"{day.symbol} 1m", 60, "the address does not lead there")
    assert page.script("return marketStream.screen.layout") == layout
    for index, pane in enumerate(layout):
        page.wait_until_stored(pane["symbol"], pane["interval"], 60, index)
    # One chart again: the others are gone, and nothing follows them.
    browser.find_element(By.CSS_SELECTOR, "#counts label").click()
    wait_for(lambda: page.script("return document.querySelectorAll('.pane').length") == 1, 60, "the charts stay")
    assert "charts=" not in browser.current_url


def test_help_and_keys_that_do_nothing(page, browser):
    page.open("?symbol=BTCUSDT&interval=10s")
    dialog = browser.find_element(By.ID, "help")
    page.press("?")
    assert dialog.is_displayed() and "Search for a symbol" in dialog.text
    assert_accessible(browser, "the list of keys")
    browser.find_element(By.ID, "keys-on").click()
    page.press(Keys.ESCAPE)
    assert not dialog.is_displayed()
    browser.execute_script("document.activeElement.blur()")
    page.press("2")
    assert page.loaded == "BTCUSDT 10s" and "keys=off" in browser.current_url
    browser.find_element(By.ID, "help-open").click()
    browser.find_element(By.ID, "keys-on").click()
    browser.find_element(By.ID, "help-close").click()
    browser.execute_script("document.activeElement.blur()")
    page.press("2")
    wait_for(lambda: page.loaded == "BTCUSDT 1m", 60, "the key does nothing")
    page.press("/")
    assert page.script("return document.activeElement.id") == "symbol"
    page.press(Keys.ARROW_DOWN)
    assert_accessible(browser, "the search")
    # What is typed there are no keys.
    page.press("1")
    assert page.loaded == "BTCUSDT 1m"


def test_light_and_dark(page, browser):
    page.open("?symbol=BTCUSDT&interval=10s")
    grounds = []
    for _ in range(2):
        grounds.append(page.script("return getComputedStyle(document.querySelector('.pane')).backgroundColor"))
        page.press("t")
    assert grounds == ["rgb(16, 21, 29)", "rgb(255, 255, 255)"]
    page.press("t")
    assert "theme=light" in browser.current_url
    page.open("?symbol=BTCUSDT&interval=10s&theme=light")
    assert page.script("return document.documentElement.dataset.theme") == "light"
    link = browser.find_element(By.CSS_SELECTOR, ".pages a[href^='/dashboard/system']")
    assert link.get_attribute("href").endswith("?theme=light")


def test_a_phone_shows_one_part_at_a_time(page, browser, screen):
    screen.size(390, 844)
    page.open("?symbol=BTCUSDT&interval=10s")
    wait_for(lambda: page.rows, 60, "the table is empty")
    parts = {"chart": "#charts", "markets": "#markets", "trades": "#tape", "candles": "#candles"}
    for part, selector in parts.items():
        browser.find_element(By.CSS_SELECTOR, f"#parts [data-part='{part}']").click()
        seen = {name: browser.find_element(By.CSS_SELECTOR, other).is_displayed() for name, other in parts.items()}
        assert seen == {name: name == part for name in parts}, selector
        assert page.script("return document.documentElement.scrollWidth <= innerWidth")
        assert page.script("return document.documentElement.scrollHeight <= innerHeight")


def test_the_open_candle_of_the_table_is_the_charts(page):
    page.open("?symbol=ETHUSDT&interval=10s")
    page.wait_for_state("live", 60)
    newest = wait_for(lambda: [r for r in page.rows if r["closed"]], 60, "no candle has closed")[0]
    held = figures(page.candles()[newest["window_start"]])
    assert newest["cells"] == [held[name] for name in ("open", "high", "low", "close", "volume", "trade_count")]
