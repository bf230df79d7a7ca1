"""The system panel on a whole stack: its figures are those of PostgreSQL and the broker, and what stops is seen."""

import contextlib
import json
import pathlib
import subprocess
import sys
import time

import psycopg
import pytest
import websockets.sync.client
from selenium.webdriver.common.by import By

from accessibility import AXE, assert_accessible
from conftest import ROOT, View, variable, wait_for

sys.path.insert(0, str(ROOT / "Tests" / "ChaosTests"))
from chaos.kafkalog import partition_of  # noqa: E402


class Panel(View):
    """The panel as its user sees it."""

    def __init__(self, browser, stack):
        super().__init__(browser, stack)
        self.brokers = variable("KAFKA_BROKERS")

    def open(self, query=""):
        self.browser.get(f"{self.stack.address}/dashboard/system{query}")
        wait_for(lambda: self.shown_time, 60, lambda: f"no figures: {self.text('main')[:300]}")

    @property
    def shown_time(self):
        """The server's time of what is shown, unix microseconds; 0 while nothing is."""
        return int(self.script("return document.body.dataset.loaded ?? 0"))

    def refreshed(self):
        """Waits for figures that were read entirely after this moment."""
        # The stores are asked once a second, and what they said may be a second old when it is shown.
        before = self.stack.get("/system")["time_us"] + 2_500_000
        wait_for(lambda: self.shown_time > before, 60, "the figures are not refreshed")

    def rows(self, table):
        """The texts of a table's cells by their column, by the row's key."""
        return self.script(
            "const table = document.getElementById(arguments[0]);"
            "const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);"
            "return Object.fromEntries([...table.tBodies[0].rows].map((row) => [row.dataset.key,"
            " Object.fromEntries([...row.cells].map((cell, place) => [titles[place], cell.textContent]))]))",
            table,
        )

    def figure(self, name):
        return number(self.text(f"[data-figure={name}] dd"))

    @property
    def problems(self):
        return self.script("return [...document.querySelectorAll('#problems li')].map((item) => item.textContent)")

    def wait_for_problem(self, words, seconds=60):
        wait_for(lambda: any(words in problem for problem in self.problems), seconds,
                 lambda: f"'{words}' is not among {self.problems}")

    def wait_until_well(self, seconds=120):
        wait_for(lambda: self.text("#attention-title") == "Everything works", seconds,
                 lambda: f"it is not well: {self.problems}")

    # What others say.

    def sql(self, query, *values):
        with psycopg.connect(self.stack.postgres_url) as connection:
            return connection.execute(query, values).fetchall()

    def committed(self):
        """Next offsets by partition, as PostgreSQL has them."""
        return dict(self.sql("SELECT partition, next_offset FROM processor_progress WHERE topic = 'trades'"))

    def ends(self, partitions):
        """End offsets by partition, as the broker has them."""
        asked = [option for partition in partitions for option in ("-t", f"trades:{partition}:-1")]
        answer = subprocess.run(
            ["kcat", "-b", self.brokers, "-Q", *asked], check=True, capture_output=True, text=True, timeout=60)
        # trades [3] offset 17
        return {int(line.split("[")[1].split("]")[0]): int(line.split()[-1]) for line in answer.stdout.splitlines()}

    def send(self, value, key=None, partition=None):
        """Puts a record into the log of trades."""
        place = ["-p", str(partition)] if partition is not None else []
        name = ["-k", key] if key else []
        subprocess.run(["kcat", "-b", self.brokers, "-P", "-t", "trades", *place, *name], input=value.encode(),
                       check=True, timeout=60)

    @contextlib.contextmanager
    def quiet_market(self):
        """While this lasts nothing is traded, and all that was is committed."""
        self.stack.control("pause-service", "exchange-simulator")
        try:
            wait_for(lambda: self.committed() == self.ends(self.committed()), 60, "the log is not worked off")
            yield
        finally:
            self.stack.control("resume-service", "exchange-simulator")


def number(text):
    return int(text.replace(",", ""))


@pytest.fixture()
def panel(browser, stack):
    panel = Panel(browser, stack)
    yield panel
    browser.get("about:blank")


@pytest.fixture(scope="session")
def token(stack):
    """The API's, which the stack was started with."""
    for line in (pathlib.Path(stack.folder) / "options").read_text().splitlines():
        if line.startswith("API_TOKEN="):
            return line.partition("=")[2]
    pytest.skip("the stack was started without API_TOKEN=...")


def test_offsets_and_lag_are_those_of_postgresql_and_the_broker(panel):
    panel.open()
    committed, ends = panel.committed(), panel.ends(range(12))
    panel.refreshed()
    shown = {int(key): row for key, row in panel.rows("partitions").items()}
    committed_later, ends_later = panel.committed(), panel.ends(range(12))
    assert set(shown) == set(ends) == set(range(12))
    for partition, row in shown.items():
        assert row["State"] == "running"
        next_offset, end_offset = number(row["Next offset"]), number(row["End offset"])
        assert committed[partition] <= next_offset <= committed_later[partition]
        assert ends[partition] <= end_offset <= ends_later[partition]
        assert number(row["Lag"]) == max(0, end_offset - next_offset)
    # The rate is that of PostgreSQL's candles, and its plot is drawn.
    # That of the market alone: other tests send trades of their own.
    followed = [symbol.strip() for symbol in variable("SYMBOLS").split(",")]
    [(traded,)] = panel.sql(
        "SELECT sum(trade_count) / (10.0 * count(DISTINCT window_start)) FROM candles_10s WHERE symbol = ANY(%s)"
        " AND window_start >= (SELECT max(window_start) FROM candles_10s WHERE symbol = ANY(%s)) - 50", followed, followed)
    assert traded / 3 < number(panel.text("#tile-trades-in .value span").split(".")[0]) < traded * 3
    assert panel.script(
        "const canvas = document.querySelector('#tile-trades-in canvas');"
        "return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)")
    # In a quiet market nothing is left to chance.
    with panel.quiet_market():
        panel.refreshed()
        exact = panel.committed()
        rows = panel.rows("partitions")
        assert {int(key): number(row["Next offset"]) for key, row in rows.items()} == exact
        assert {int(key): number(row["End offset"]) for key, row in rows.items()} == panel.ends(exact)
        assert {row["Lag"] for row in rows.values()} == {"0"}
        panel.wait_for_problem("No live price of binance has come here")
    panel.wait_until_well()


def test_counts_are_those_of_the_tables(panel):
    panel.open()

    def settled():
        """What the panel and PostgreSQL count while nothing moves."""
        with panel.quiet_market():
            panel.refreshed()
            [(rows, changes)] = panel.sql("SELECT count(*), sum(revision) FROM candles")
            hour = panel.stack.get("/system")["stored"]["last_hour"]
            stored = panel.sql(
                "SELECT count(*), coalesce(sum(trade_count), 0), count(*) FILTER (WHERE missing_trades > 0),"
                " coalesce(sum(missing_trades), 0) FROM candles_10s WHERE window_start >= %s AND window_start < %s",
                hour["start"], hour["end"],
            )[0]
            # A window may have closed meanwhile: idle time goes on.
            if panel.sql("SELECT count(*), sum(revision) FROM candles") != [(rows, changes)]:
                return None
            shown = tuple(panel.figure(name) for name in (
                "candles", "trade_count", "incomplete_candles", "missing_trades"))
            if shown != stored:
                return None
            return rows, changes, panel.figure("candles_stored"), panel.figure("candles_amended")

    rows, changes, stored, amended = wait_for(settled, 120, "the panel's hour is not that of PostgreSQL")
    newest = panel.stack.newest("BTCUSDT", "10s")
    wait_for(lambda: panel.stack.newest("BTCUSDT", "10s") >= newest + 20, 60, "no candle closed")
    rows_later, changes_later, stored_later, amended_later = wait_for(settled, 120, "... nor later")
    assert rows_later > rows
    assert stored_later - stored == rows_later - rows
    assert amended_later - amended == (changes_later - changes) - (rows_later - rows)


def test_late_missing_and_quarantined_are_counted(panel):
    panel.open()
    # A symbol of its own in a partition that nobody else has: what is late there is known by construction.
    used = {partition for partition, end in panel.ends(range(12)).items() if end > 0}
    symbol, partition = next(
        (name, partition_of(name, 12)) for name in (f"PANEL{letter}USDT" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if partition_of(name, 12) not in used
    )
    names = ("trades_late", "ids_found_missing", "quarantined", "stored_quarantined", "missing_trades")
    before = {name: panel.figure(name) for name in names}
    start = int(time.time()) // 10 * 10 - 600

    def trade(trade_id, second):
        micros = (start + second) * 1_000_000
        panel.send(json.dumps({
            "venue": "binance", "symbol": symbol, "trade_id": trade_id, "price": "1.5", "quantity": "2",
            "taker_side": "buy", "event_time_us": micros, "received_time_us": micros}), symbol, partition)

    trade(1, 1)
    trade(2, 60)
    wait_for(lambda: panel.stack.stored(symbol, "10s", start), 60, "the first candle is not stored")
    trade(3, 2)  # Its candle is closed.
    trade(10, 61)  # Six ids were left out.
    panel.send("this is no trade", symbol, partition)

    def differences():
        return {name: panel.figure(name) - before[name] for name in names}

    wait_for(lambda: differences()["trades_late"] == 1 and differences()["quarantined"] == 1, 60, differences)
    wait_for(lambda: panel.stack.stored(symbol, "10s", start + 60), 60, "the last candle is not stored")
    panel.refreshed()
    [(missing, revisions)] = panel.sql(
        "SELECT sum(missing_trades), max(revision) FROM candles_10s WHERE symbol = %s", symbol)
    assert missing > 0 and revisions >= 2
    [(quarantined,)] = panel.sql("SELECT count(*) FROM quarantine")
    shown = differences()
    assert shown["ids_found_missing"] == 6
    assert shown["missing_trades"] == missing
    assert panel.figure("stored_quarantined") == quarantined == before["stored_quarantined"] + 1


def test_services_that_stop_are_seen_within_seconds(panel):
    panel.open()
    panel.wait_until_well()
    [(key, processor)] = [(k, row) for k, row in panel.rows("services").items()
                          if row["Service"] == "trade-processor" and row["State"] == "running"]
    assert processor["Version"] == panel.stack.get("/version")["version"]
    panel.stack.control("stop-service", "trade-processor")
    try:
        panel.wait_for_problem("No trade-processor runs")
        assert panel.rows("services")[key]["State"] == "stopped"
        # Lag is told though no processor is there to tell it.
        wait_for(lambda: number(panel.text("#tile-lag .value span")) > 100, 60, "the lag does not grow")
        committed, ends = panel.committed(), panel.ends(range(12))
        panel.refreshed()
        ends_later = panel.ends(range(12))
        for name, row in panel.rows("partitions").items():
            partition = int(name)
            assert row["State"] == "unassigned"
            lag = number(row["Lag"])
            assert ends[partition] - committed[partition] <= lag <= ends_later[partition] - committed[partition]
        if AXE.is_file():
            assert_accessible(panel.browser, "the panel with problems")
    finally:
        panel.stack.control("start-service", "trade-processor")
    panel.wait_until_well()

    panel.stack.control("pause-service", "market-producer")
    try:
        panel.wait_for_problem("producer-1 is silent")
        [connection] = panel.rows("connections").values()
        assert connection["State"] == "unknown"
    finally:
        panel.stack.control("resume-service", "market-producer")
    panel.wait_until_well()

    panel.stack.control("stop-service", "exchange-simulator")
    try:
        panel.wait_for_problem("of producer-1 is disconnected: ")
        [connection] = panel.rows("connections").values()
        assert connection["State"] in ("disconnected", "connecting") and connection["Last error"]
    finally:
        panel.stack.control("start-service", "exchange-simulator")
    panel.wait_until_well()


def test_clients_are_counted(panel):
    panel.open()
    before = number(panel.text("#tile-clients .value span"))
    with websockets.sync.client.connect(panel.stack.address.replace("http", "ws") + "/feed"):
        wait_for(lambda: number(panel.text("#tile-clients .value span")) == before + 1, 30, "the client is not counted")
    wait_for(lambda: number(panel.text("#tile-clients .value span")) == before, 30, "it is counted for ever")


def test_a_store_that_hangs_is_named(panel):
    panel.open()
    assert panel.rows("stores")["redis"]["State"] == "ok"
    panel.stack.control("pause-service", "redis")
    try:
        panel.wait_for_problem("Redis does not answer")
        wait_for(lambda: panel.rows("stores")["redis"]["State"] in ("waiting", "failed"), 60, "its row does not say so")
        # The rest goes on, and what only Redis knows is not made up.
        assert panel.state == "live" and panel.rows("stores")["postgres"]["State"] == "ok"
        assert panel.figure("candles") > 0 and panel.text("[data-figure=candles_stored] dd") == "–"
    finally:
        panel.stack.control("resume-service", "redis")
    panel.wait_until_well()


def test_a_server_that_is_gone_is_told_and_found_again(panel):
    panel.open()
    panel.stack.control("stop-service", "market-api")
    try:
        wait_for(lambda: panel.state == "offline", 60, "the page does not notice")
        assert panel.text("#status-text") == "Disconnected"
        panel.wait_for_problem("market-api: the server cannot be reached")
        assert panel.browser.title.startswith("⚠")
    finally:
        panel.stack.control("start-service", "market-api")
    wait_for(lambda: panel.state == "live", 60, "the page does not come back")
    panel.wait_until_well()


def keep(panel, token):
    panel.browser.find_element(By.ID, "token").send_keys(token)
    panel.browser.find_element(By.CSS_SELECTOR, "#token-form button[type=submit]").click()


def act(panel, symbol, action):
    """Presses a symbol's button and gives the answer's words."""
    button = wait_for(
        lambda: panel.browser.find_elements(By.CSS_SELECTOR, f"#symbols tr[data-key='{symbol}'] button"), 60,
        f"{symbol} is not in the list")[0]
    wait_for(lambda: button.text == action, 60, f"the button says {button.text}")
    button.click()

    def answered():
        words = panel.text("#symbols-answer")
        return words if words and not words.endswith("…") else None

    return wait_for(answered, 60, "nothing is said")


def test_symbols_are_stopped_and_started_with_the_token_alone(panel, token):
    panel.open()
    assert "needs the API token" in act(panel, "ETHUSDT", "Stop")
    keep(panel, "not-the-token")
    assert act(panel, "ETHUSDT", "Stop").startswith("Refused: The token is not the one of this server")
    assert {row["Symbols"] for row in panel.rows("connections").values()} == {"2"}
    keep(panel, token)
    try:
        assert "Unsubscribed from ETHUSDT" in act(panel, "ETHUSDT", "Stop")
        wait_for(lambda: panel.rows("symbols")["ETHUSDT"]["State"] == "stopped", 30, "its row does not say so")
        # The producer lets go of it, and PostgreSQL remembers.
        wait_for(lambda: {row["Symbols"] for row in panel.rows("connections").values()} == {"1"}, 60,
                 "the producer goes on with both")
        wait_for(lambda: panel.sql("SELECT is_followed FROM subscriptions WHERE instrument = 'ETHUSDT'") == [(False,)],
                 60, "PostgreSQL does not know")
    finally:
        assert "Subscribed to ETHUSDT" in act(panel, "ETHUSDT", "Start")
    wait_for(lambda: {row["Symbols"] for row in panel.rows("connections").values()} == {"2"}, 60, "it is not followed")
    # What nobody has is refused in the venue's words.
    panel.browser.find_element(By.ID, "follow").send_keys("NOSUCHUSDT")
    panel.browser.find_element(By.CSS_SELECTOR, "#follow-form button[type=submit]").click()
    wait_for(lambda: "NOSUCHUSDT" in panel.text("#symbols-answer") and "Refused" in panel.text("#symbols-answer"), 60,
             lambda: panel.text("#symbols-answer"))
    assert_nowhere(panel, token)
    panel.browser.find_element(By.ID, "token-forget").click()
    assert "needs the API token" in act(panel, "ETHUSDT", "Stop")


def assert_nowhere(panel, token):
    """The token is in no place that outlives the page, nor where others see it."""
    places = panel.script(
        "return [location.href, document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage),"
        " JSON.stringify(history.state), document.documentElement.outerHTML, document.title,"
        " [...document.querySelectorAll('input')].map((input) => input.value).join(),"
        " performance.getEntries().map((entry) => entry.name).join()]"
    )
    assert not any(token in place for place in places if place)
    databases = panel.browser.execute_async_script("indexedDB.databases().then(arguments[0])")
    assert databases == []
    assert not any(token in entry["message"] for entry in panel.browser.get_log("browser"))
    for log in (pathlib.Path(panel.stack.folder) / "log").iterdir():
        if log.is_file():
            assert token.encode() not in log.read_bytes(), f"the token is in {log.name}"


def test_figures_in_words(panel):
    """The texts of numbers, at the edges of their units."""
    panel.open()
    texts = panel.browser.execute_async_script(
        "import(arguments[0]).then((data) => arguments[1](["
        "data.latency(999), data.latency(4200), data.latency(999999), data.latency(1350000), data.latency(null),"
        "data.duration(59e6), data.duration(3599e6), data.duration(86399e6), data.duration(273600e6),"
        "data.count(1234567), data.rate(0.25), data.rate(99.6), data.rate(2000)]))",
        f"{panel.stack.address}/dashboard/system-data.js",
    )
    assert texts == ["999 µs", "4.2 ms", "1000 ms", "1.35 s", "–", "59 s", "59 min 59 s", "23 h 59 min", "3 d 4 h",
                     "1,234,567", "0.3", "100", "2,000"]


def test_problems_are_told_in_words_the_worst_first(panel):
    """What a test cannot bring about quickly, from an answer that was changed."""
    panel.open()
    system = panel.stack.get("/system")
    system["partitions"][0] |= {"state": "halted", "reason": "the log was cut"}
    system["partitions"][1] |= {"lag": 123456}
    system["producers"].append(system["producers"][0] | {"producer_id": "producer-2", "state": "silent"})
    system["api"]["parts"].append({"name": "trades", "state": "failed", "reason": "no broker"})
    told = panel.browser.execute_async_script(
        "import(arguments[0]).then((data) => arguments[2](data.problems(arguments[1])))",
        f"{panel.stack.address}/dashboard/system-data.js", system,
    )
    assert [problem["level"] for problem in told] == ["bad", "warn", "warn", "warn"]
    assert told[0]["text"] == "Partition 0 halted: the log was cut"
    words = " ".join(problem["text"] for problem in told)
    for part in ("producer-2 is silent", "Partition 1 is 123,456 records behind", "This server's trades: no broker"):
        assert part in words


def test_the_panel_is_within_its_policy_and_fits_a_phone(panel, browser):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
    try:
        panel.open()
        panel.refreshed()
        assert panel.script("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    complaints = [entry["message"] for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]]
    assert complaints == []
