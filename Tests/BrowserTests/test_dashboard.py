"""The dashboard in Chromium on a whole stack: what it shows is what the API and PostgreSQL say."""

import re
import time
from decimal import ROUND_HALF_UP, Decimal, localcontext

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import wait_for

COLUMNS = ("open", "high", "low", "close", "volume", "trade_count")


def cells(candle):
    return [str(candle[name]) for name in COLUMNS]


def test_a_candle_appears_and_changes(page, stack):
    page.open("?symbol=BTCUSDT&interval=10s")
    page.wait_for_state("live", 60)
    first = wait_for(lambda: [row for row in page.rows if not row["closed"]], 60, "no open candle")[0]

    def has_changed():
        row = next((row for row in page.rows if row["window_start"] == first["window_start"]), None)
        return row and row["cells"] != first["cells"]

    wait_for(has_changed, 30, "the open candle does not change")
    wait_for(
        lambda: page.rows[0]["window_start"] > first["window_start"], 60, "no further candle appears",
    )

    # The candle that was open closes on the screen, and is what the API and PostgreSQL have.
    def closed_row():
        return next((row for row in page.rows if row["window_start"] == first["window_start"] and row["closed"]), None)

    row = wait_for(closed_row, 60, "the candle does not close on the screen")
    candle = stack.candles("BTCUSDT", "10s", start=first["window_start"], limit=1)[0]
    assert row["cells"] == cells(candle)
    assert tuple(row["cells"]) == stack.stored("BTCUSDT", "10s", first["window_start"])
    bar = next(bar for bar in page.bars if bar["time"] == first["window_start"])
    assert [bar[name] for name in COLUMNS[:4]] == [float(candle[name]) for name in COLUMNS[:4]]


def test_the_whole_table_is_the_servers(page, stack):
    page.open("?symbol=ETHUSDT&interval=10s")
    shown = wait_for(
        lambda: {row["window_start"]: row["cells"] for row in page.rows if row["closed"]}, 30, "no closed candle")
    stored = {c["window_start"]: cells(c) for c in stack.candles("ETHUSDT", "10s", start=min(shown), limit=1000)}
    assert shown == {start: stored[start] for start in shown}


def test_title_badge_and_attribution(page, browser):
    page.open()
    wait_for(lambda: re.match(r"^[\d,]+\.\d+ BTCUSDT", browser.title), 60, lambda: f"the title is {browser.title}")
    assert browser.find_element(By.ID, "simulated").is_displayed()
    link = browser.find_element(By.CSS_SELECTOR, ".attribution a")
    assert "tradingview.com" in link.get_attribute("href") and link.is_displayed()
    price = browser.find_element(By.ID, "price").text
    assert re.fullmatch(r"[\d,]+\.\d{2,}", price), price


def test_symbol_and_interval_are_switched(page, browser, stack):
    page.open("?symbol=BTCUSDT&interval=10s")
    search = browser.find_element(By.ID, "symbol")
    search.click()
    search.send_keys(Keys.CONTROL, "a")
    search.send_keys("eth usdt")
    options = browser.find_elements(By.CSS_SELECTOR, "#symbols [role=option]")
    assert [option.get_attribute("data-symbol") for option in options] == ["ETHUSDT"]
    search.send_keys(Keys.ENTER)
    wait_for(lambda: page.loaded == "ETHUSDT 10s", 60, "the other symbol is not shown")
    wait_for(lambda: "ETHUSDT" in browser.title, 60, lambda: f"the title is {browser.title}")
    wait_for(lambda: page.bars, 60, "no candle of the other symbol is drawn")
    label = browser.find_element(By.XPATH, "//fieldset[@id='intervals']//label[span='1m']")
    label.click()
    wait_for(lambda: page.loaded == "ETHUSDT 1m", 60, "the other interval is not shown")
    assert "symbol=ETHUSDT" in browser.current_url and "interval=1m" in browser.current_url

    def same_as_the_api():
        newest = stack.candles("ETHUSDT", "1m", limit=1, include_open="true")
        row = page.rows[0] if page.rows else None
        return newest and row and row["window_start"] == newest[-1]["window_start"]

    wait_for(same_as_the_api, 60, "the newest minute is not the API's")
    assert all(row["window_start"] % 60 == 0 for row in page.rows)
    # The address remembers: back shows what was there before.
    browser.back()
    wait_for(lambda: page.loaded == "ETHUSDT 10s", 60, "back does not lead back")


def test_the_keyboard_is_enough(page, browser):
    page.open("?symbol=BTCUSDT&interval=10s")
    browser.find_element(By.TAG_NAME, "body").send_keys("2")
    wait_for(lambda: page.loaded == "BTCUSDT 1m", 60, "key 2 does not choose the second interval")
    browser.find_element(By.CSS_SELECTOR, "#markets button[data-symbol='ETHUSDT']").send_keys(Keys.ENTER)
    wait_for(lambda: page.loaded == "ETHUSDT 1m", 60, "the list of markets does not take Enter")
    current = browser.find_element(By.CSS_SELECTOR, "#markets [aria-current='true']")
    assert current.get_attribute("data-symbol") == "ETHUSDT"


def test_an_unknown_address_shows_what_there_is(page):
    page.open("?symbol=NOBODY&interval=7s")
    assert page.loaded == "BTCUSDT 10s"


def test_figures_are_made_from_texts_and_exact(page, stack):
    """No float on the way: the page's arithmetic is compared with decimals, digit by digit."""
    page.open()
    pairs = [
        ("67000.01", "67837.51"), ("0.00000001", "92233720368.54775807"), ("3", "4"), ("3", "5"), ("800", "799"),
        ("67000.01", "67000.01"), ("9007199254740993", "9007199254740994"),
    ]
    figures = page.browser.execute_async_script(
        "const done = arguments[2]; const [folder, pairs] = arguments;"
        "Promise.all([import(folder + 'text.js'), import(folder + 'decimal.js')]).then(([text, decimal]) =>"
        " done(pairs.map(([from, to]) => [decimal.changePercent(from, to), text.money(to, 2), to + text.padding(to, 2),"
        " decimal.direction(from, to), decimal.quotient(to, from, 3)])))",
        f"{stack.address}/dashboard/",
        pairs,
    )
    for (before, after), (change, money, padded, direction, quotient) in zip(pairs, figures):
        with localcontext(prec=60):
            difference = Decimal(after) - Decimal(before)
            assert quotient == str((Decimal(after) / Decimal(before)).quantize(Decimal("0.001"), ROUND_HALF_UP))
            percent = (difference * 100 / Decimal(before)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        sign = "" if percent == 0 else "+" if percent > 0 else "−"
        assert change == f"{sign}{abs(percent)} %"
        assert money.replace(",", "") == padded and Decimal(padded) == Decimal(after)
        assert direction == ("up" if difference > 0 else "down" if difference < 0 else "")


def test_empty_windows_keep_their_place(page, stack):
    """Gaps in what was traded are gaps on the time scale, not candles side by side."""
    page.open("?symbol=BTCUSDT&interval=10s")
    module = f"{stack.address}/dashboard/candles.js"
    items = page.browser.execute_async_script(
        "const done = arguments[1]; import(arguments[0]).then(({ chartItems }) => done(chartItems("
        "[{ window_start: 100 }, { window_start: 140 }, { window_start: 1000000 }], 10,"
        " (candle) => ({ time: candle.window_start, value: 1 }))))",
        module,
    )
    times = [item["time"] for item in items]
    assert times[:5] == [100, 110, 120, 130, 140]
    assert [item["time"] for item in items if "value" in item] == [100, 140, 1000000]
    assert times == sorted(times) and len(set(times)) == len(times)
    # A long pause is drawn shorter, so that no page grows without end.
    assert len(items) < 400 and times[-2] == 999990


def test_a_quiet_symbol_is_not_stale_and_a_silent_venue_is(page, stack):
    # A followed symbol that does not trade while its venue does.
    now = int(time.time() * 1_000_000)
    live = (
        '{"symbol":"QUIETUSDT","price":"1.25","trade_id":1,"event_time_us":%d,"candles":{}}' % now
    )
    stack.redis.set("QUIETUSDT:price", "1.25")
    stack.redis.hset("QUIETUSDT:price:meta", mapping={"trade_id": 1, "event_time_us": now})
    stack.redis.publish("live", live)
    wait_for(
        lambda: "QUIETUSDT" in [s["symbol"] for s in stack.get("/symbols")["symbols"]], 60, "the symbol is not followed",
    )
    page.open("?symbol=QUIETUSDT&interval=10s")
    page.wait_for_state("live", 60)
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        assert page.state == "live", "a quiet symbol of a lively venue is shown as stale"
        time.sleep(0.2)

    page.open("?symbol=BTCUSDT&interval=10s")
    page.wait_for_state("live", 60)
    stack.control("pause-service", "exchange-simulator")
    try:
        page.wait_for_state("stale", 10)
        assert "silent" in page.text("#status") and "No trade has come" in page.text("#notice")
        assert page.browser.title.startswith("⚠")
    finally:
        stack.control("resume-service", "exchange-simulator")
    page.wait_for_state("live", 30)
    wait_for(lambda: not page.browser.find_element(By.ID, "notice").is_displayed(), 60, "the notice stays")


def test_a_stopped_server_is_seen_and_nothing_is_missing_after_its_return(page, stack):
    page.open("?symbol=BTCUSDT&interval=10s")
    page.wait_for_state("live", 60)
    newest = stack.candles("BTCUSDT", "10s", limit=1)[0]["window_start"]
    stack.control("stop-service", "market-api")
    try:
        page.wait_for_state("offline", 10)
        assert "Disconnected" in page.text("#status")
        assert "down" in page.text("#notice") and page.browser.find_element(By.ID, "notice").is_displayed()
        # Candles close meanwhile which this page never hears of.
        wait_for(lambda: stack.newest("BTCUSDT", "10s") > newest, 40, "no candle closed without the API")
    finally:
        stack.control("start-service", "market-api")
    page.wait_for_state("live", 40)

    def is_whole():
        stored = {c["window_start"]: cells(c) for c in stack.candles("BTCUSDT", "10s", limit=20)}
        shown = {row["window_start"]: row["cells"] for row in page.rows if row["closed"]}
        return all(shown.get(start) == stored[start] for start in list(stored)[-10:])

    wait_for(is_whole, 30, "candles of the time without connection are missing")


def test_the_page_is_within_its_policy(page, browser, tmp_path):
    page.open("?symbol=BTCUSDT&interval=10s")
    page.wait_for_state("live", 60)
    wait_for(lambda: len(page.bars) >= 5, 60, "too few candles for a picture")
    picture = tmp_path / "dashboard.png"
    assert browser.save_screenshot(str(picture))
    assert picture.stat().st_size > 20_000
    messages = [entry["message"] for entry in browser.get_log("browser")]
    assert [message for message in messages if "Content Security Policy" in message] == []
