"""A browser and the stack it looks at: `scripts/stack start` has started it, its `env` tells the addresses."""

import os
import pathlib
import subprocess
import sys
import time

import psycopg
import pytest
import redis
import requests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The proxy with a network's faults, and the way into the broker.
sys.path.insert(0, str(ROOT / "Tests" / "ChaosTests"))
# Of a candle, as the page has them and PostgreSQL's columns are called.
FIGURES = ("open", "high", "low", "close", "volume", "quote_volume", "trade_count", "missing_trades", "revision")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,960",
)


def wait_for(condition, seconds, what):
    """The condition's first true value; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"after {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.05)


def variable(name):
    if name not in os.environ:
        pytest.skip(f"no running stack: {name} is not set (scripts/stack start, then its env)")
    return os.environ[name]


class Stack:
    """The running stack: its stores, its API, and its services to stop and to start."""

    def __init__(self):
        self.folder = variable("STACK_DIR")
        self.address = variable("API_URL")
        self.postgres_url = variable("POSTGRES_URL")
        self.redis = redis.Redis.from_url(variable("REDIS_URL"), decode_responses=True)

    def control(self, command, name):
        """start-service, stop-service, pause-service or resume-service."""
        subprocess.run([ROOT / "scripts" / "stack", command, "--dir", self.folder, name], check=True)

    def get(self, path, **parameters):
        answer = requests.get(self.address + path, params=parameters, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def candles(self, symbol, interval, **parameters):
        return self.get("/candles", symbol=symbol, interval=interval, **parameters)["candles"]

    def stored(self, symbol, interval, window_start):
        """The row in PostgreSQL, as text, or None."""
        query = (
            "SELECT open::text, high::text, low::text, close::text, volume::text, trade_count::text"
            f" FROM candles_{interval} WHERE symbol = %s AND window_start = %s"
        )
        with psycopg.connect(self.postgres_url) as connection:
            return connection.execute(query, (symbol, window_start)).fetchone()

    def rows(self, symbol, interval, start=0, end=1 << 40):
        """PostgreSQL's rows, {window start: {figure: text, or None}}."""
        columns = ", ".join(f"{name}::text" for name in FIGURES)
        query = (
            f"SELECT window_start, {columns} FROM candles_{interval}"
            " WHERE symbol = %s AND window_start >= %s AND window_start < %s ORDER BY window_start"
        )
        with psycopg.connect(self.postgres_url) as connection:
            found = connection.execute(query, (symbol, start, end)).fetchall()
        return {row[0]: dict(zip(FIGURES, row[1:])) for row in found}

    def newest(self, symbol, interval):
        """Start of the newest closed window in PostgreSQL."""
        query = f"SELECT max(window_start) FROM candles_{interval} WHERE symbol = %s"
        with psycopg.connect(self.postgres_url) as connection:
            return connection.execute(query, (symbol,)).fetchone()[0]


@pytest.fixture(scope="session")
def stack():
    stack = Stack()

    def has_candles():
        try:
            return stack.candles("BTCUSDT", "10s", limit=2)
        except requests.RequestException:
            return None

    wait_for(has_candles, 90, "no candle has closed")
    return stack


@pytest.fixture(scope="session")
def browser():
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


def figures(candle):
    """A candle of the API or the page as PostgreSQL's text."""
    return {name: None if candle[name] is None else str(candle[name]) for name in FIGURES}


class View:
    """A page of ours in the browser."""

    def __init__(self, browser, stack):
        self.browser = browser
        self.stack = stack

    def script(self, body, *arguments):
        return self.browser.execute_script(body, *arguments)

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    @property
    def state(self):
        return self.script("return document.body.dataset.state")


class Page(View):
    """The dashboard as its user sees it."""

    def open(self, query="", address=None):
        self.browser.get(f"{address or self.stack.address}/dashboard{query}")
        wait_for(lambda: self.loaded, 60, lambda: f"the page shows no history: {self.text('body')[:300]}")

    @property
    def loaded(self):
        """Symbol and interval whose history is shown in the chart with the focus."""
        return self.script("return document.querySelector('.pane.focused')?.dataset.loaded ?? null")

    @property
    def bars(self):
        """The candles that the chart with the focus draws."""
        return self.drawn()

    def drawn(self, pane=None):
        return self.script(f"return {self.pane(pane)}.chart.bars()")

    def times(self, pane=None):
        """Times that have a place in a chart, those of empty windows too."""
        return self.script(f"return {self.pane(pane)}.chart.times()")

    def pane(self, index=None):
        return "marketStream.screen.pane" if index is None else f"marketStream.screen.panes[{index}]"

    def candles(self, pane=None):
        """All candles that a chart holds, as the server sent them, by window start."""
        held = self.script(f"return {self.pane(pane)}.history.list.all()")
        return {candle["window_start"]: candle for candle in held}

    def view(self, pane=None):
        """What part of a chart is seen."""
        return self.script(f"return {self.pane(pane)}.chart.range()")

    def legend(self, pane=None):
        """The legend's entries that are seen, by name; those without a name by their class."""
        return self.script(
            f"return Object.fromEntries([...{self.pane(pane)}.root.querySelectorAll('.legend > div:not([hidden])')]"
            ".map((group) => [group.querySelector('dt').textContent, group.querySelector('dd').textContent]))"
        )

    def is_stored(self, symbol, interval, pane=None):
        """None if a chart holds and draws exactly PostgreSQL's rows, from its first candle on; else what differs."""
        candles = self.candles(pane)
        if not candles:
            return "the chart has no candle" if self.stack.rows(symbol, interval) else None
        stored = self.stack.rows(symbol, interval, min(candles))
        held = {start: figures(candle) for start, candle in candles.items() if candle["closed"]}
        # A candle may have closed between the two looks.
        newest = max(held, default=0)
        stored = {start: row for start, row in stored.items() if start <= newest}
        drawn = {bar["time"]: [bar[name] for name in FIGURES[:4]] for bar in self.drawn(pane)}
        for start in sorted(stored.keys() | held.keys()):
            if stored.get(start) != held.get(start):
                return f"{symbol} {interval} {start}: {held.get(start)} instead of {stored.get(start)}"
            floats = [float(stored[start][name]) for name in FIGURES[:4]]
            if drawn.get(start) != floats:
                return f"{symbol} {interval} {start} is drawn as {drawn.get(start)} instead of {floats}"
        return None

    def wait_until_stored(self, symbol, interval, seconds, pane=None):
        wait_for(
            lambda: self.is_stored(symbol, interval, pane) is None, seconds,
            lambda: self.is_stored(symbol, interval, pane),
        )

    def press(self, keys):
        self.browser.switch_to.active_element.send_keys(keys)

    @property
    def rows(self):
        """The table of the last candles, newest first: the texts of its cells, by window start."""
        return self.script(
            "return [...document.querySelectorAll('#candles tbody tr')].map((row) => ({"
            " window_start: Number(row.dataset.windowStart), closed: row.dataset.closed === 'true',"
            " cells: [...row.cells].slice(1).map((cell) => cell.textContent) }))"
        )

    def wait_for_state(self, state, seconds):
        wait_for(lambda: self.state == state, seconds, lambda: f"the state is {self.state}, not {state}")


@pytest.fixture()
def page(browser, stack):
    return Page(browser, stack)


@pytest.fixture()
def downloads(browser, tmp_path):
    """The folder into which the browser saves files."""
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})

    def saved(ending, seconds=30):
        """The first file with that ending, once it is whole."""

        def whole():
            return [path for path in tmp_path.glob(f"*{ending}") if path.stat().st_size]

        return wait_for(whole, seconds, lambda: f"nothing is saved but {list(tmp_path.iterdir())}")[0]

    return saved


@pytest.fixture()
def screen(browser):
    """Sets size, time zone and wishes of the screen; all are as before afterwards."""

    class Screen:
        def size(self, width, height):
            browser.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 640},
            )

        def zone(self, name):
            browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": name})

        def media(self, **features):
            wishes = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wishes})

    yield Screen()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
