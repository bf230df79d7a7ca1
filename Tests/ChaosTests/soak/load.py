"""Clients of the API for as long as a soak lasts: readers that stay, ones that come and go, and requests."""

import asyncio
import http.client
import json
import threading
import urllib.parse

import websockets

from chaos.cases.clients import Client

FEEDS = 8
SHORT_VISIT_SECONDS = 2
REQUESTS_PER_SECOND = 20
# A new connection after so many requests.
REQUESTS_PER_CONNECTION = 50


class Load:
    """`with Load(api, symbols) as load:`; `load.counts()` says what was done, `load.problems()` what went wrong."""

    def __init__(self, api, symbols):
        self.api = api
        self.symbols = symbols
        self.clients = [Client(symbols[number * len(symbols) // FEEDS]) for number in range(min(FEEDS, len(symbols)))]
        self.visits = self.requests = 0
        self.failures = []
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._feeds, name="feeds", daemon=True),
            threading.Thread(target=self._ask, name="requests", daemon=True),
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._end.set()
        for thread in self._threads:
            thread.join(30)

    def counts(self):
        return {
            "feed_prices": sum(client.prices for client in self.clients),
            "feed_candles": sum(len(client.closed) for client in self.clients),
            "visits": self.visits,
            "requests": self.requests,
            "failures": len(self.failures),
        }

    def problems(self):
        """Answers that were none, and messages that did not follow one another."""
        wrong = [f"/feed of {client.symbol}: {text}" for client in self.clients for text in client.wrong]
        return self.failures + wrong

    def _fail(self, what):
        if not self._end.is_set():
            self.failures.append(what)

    # MARK: WebSockets

    def _feeds(self):
        asyncio.run(self._all_feeds())

    async def _all_feeds(self):
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self._stay(client, stop)) for client in self.clients]
        tasks.append(asyncio.create_task(self._come_and_go(stop)))
        await asyncio.to_thread(self._end.wait)
        stop.set()
        await asyncio.gather(*tasks)

    async def _stay(self, client, stop):
        try:
            await client.run(f"ws://127.0.0.1:{self.api.port}/feed", lambda: None, stop)
        except (OSError, websockets.WebSocketException) as error:
            self._fail(f"/feed of {client.symbol} ended: {error}")

    async def _come_and_go(self, stop):
        """Whoever opens the dashboard and closes it again."""
        while not stop.is_set():
            visit = asyncio.Event()
            client = Client(self.symbols[self.visits % len(self.symbols)])
            task = asyncio.create_task(self._stay(client, visit))
            try:
                await asyncio.wait_for(stop.wait(), SHORT_VISIT_SECONDS)
            except TimeoutError:
                pass
            visit.set()
            await task
            self.visits += 1

    # MARK: requests

    def _ask(self):
        connection = None
        while not self._end.wait(1 / REQUESTS_PER_SECOND):
            path = self._path(self.requests)
            if connection is None or self.requests % REQUESTS_PER_CONNECTION == 0:
                connection = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=20)
            try:
                connection.request("GET", path)
                reply = connection.getresponse()
                body = reply.read()
                if reply.status != 200:
                    self._fail(f"GET {path}: {reply.status} {body[:200]!r}")
                elif path.startswith("/prices"):
                    json.loads(body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._fail(f"GET {path}: {type(error).__name__}: {error}")
                connection = None
            self.requests += 1

    def _path(self, number):
        symbol = urllib.parse.quote(self.symbols[number % len(self.symbols)])
        paths = [
            "/prices", f"/price?symbol={symbol}", f"/candles?symbol={symbol}&interval=1m&limit=100",
            f"/current-candle?symbol={symbol}", f"/trades/recent?symbol={symbol}&limit=50", "/summary", "/system",
            f"/api/v3/klines?symbol={symbol}&interval=1m&limit=100", "/metrics",
        ]  # fmt: skip
        return paths[number % len(paths)]
