"""A browser and the stack it looks at: `scripts/stack start` has started it, its `env` tells the addresses."""

import os
import pathlib
import subprocess
import time

import psycopg
import pytest
import redis
import requests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = pathlib.Path(__file__).resolve().parents[2]
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


class Page:
    """The dashboard as its user sees it."""

    def __init__(self, browser, stack):
        self.browser = browser
        self.stack = stack

    def open(self, query=""):
        self.browser.get(f"{self.stack.address}/dashboard{query}")
        wait_for(lambda: self.loaded, 20, lambda: f"the page shows no history: {self.text('body')[:300]}")

    def script(self, body, *arguments):
        return self.browser.execute_script(body, *arguments)

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    @property
    def state(self):
        return self.script("return document.body.dataset.state")

    @property
    def loaded(self):
        """Symbol and interval whose history is shown."""
        return self.script("return document.body.dataset.loaded ?? null")

    @property
    def bars(self):
        """What the chart draws."""
        return self.script("return marketStream.bars()")

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
