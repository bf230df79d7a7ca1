"""Looks on while a case runs: what Redis shows and what PostgreSQL has committed must never go backwards."""

import threading

import psycopg
import redis

from .fold import INTERVALS

PAUSE_SECONDS = 0.1
SHOWN_FALLS = 10


class Watcher:
    """`with Watcher(market) as watcher: ...; watcher.check()`. Servers that are away are looked at again later."""

    def __init__(self, market):
        self.market = market
        self.samples = 0
        self.falls = []
        self._last = {}
        # Rise with each `lost` and `restored`, so that what was read before counts no more.
        self._epochs = {"redis": 0, "postgres": 0}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._end.set()
        self._thread.join(10)

    def lost(self, *what):
        """Redis was emptied, or went back to older data: what it showed before counts no more."""
        self._forget("redis")

    def restored(self, *what):
        """PostgreSQL went back to older data on purpose."""
        self._forget("postgres")

    def check(self):
        """AssertionError where something went backwards, or nothing could be looked at."""
        assert self.samples > 0, "the watcher never saw anything"
        with self._lock:
            falls = self.falls[:SHOWN_FALLS]
        assert not falls, "went backwards:\n  " + "\n  ".join(falls)

    def _forget(self, kind):
        with self._lock:
            self._epochs[kind] += 1
            self._last = {place: value for place, value in self._last.items() if place[0] != kind}

    def _run(self):
        connection = None
        store = redis.Redis(
            port=self.market.stack.redis.port, decode_responses=True, socket_timeout=2, socket_connect_timeout=2
        )
        while not self._end.wait(PAUSE_SECONDS):
            epochs = dict(self._epochs)
            try:
                self._note("redis", self._redis(store), epochs)
                self.samples += 1
            except redis.RedisError:
                pass
            try:
                if connection is None or connection.closed:
                    connection = psycopg.connect(
                        self.market.stack.postgres.url(self.market.database), autocommit=True, connect_timeout=2,
                        options="-c statement_timeout=3000",
                    )  # fmt: skip
                self._note("postgres", self._postgres(connection), epochs)
            except psycopg.Error:
                if connection is not None:
                    connection.close()
                    connection = None
        if connection is not None:
            connection.close()
        store.close()

    def _note(self, kind, seen, epochs):
        with self._lock:
            if epochs[kind] != self._epochs[kind]:
                return
            for place, value in seen.items():
                place = (kind, *place)
                last = self._last.get(place)
                if last is not None and value < last:
                    self.falls.append(f"{' '.join(map(str, place))}: {value} after {last}")
                self._last[place] = value

    def _redis(self, store):
        seen = {}
        pipe = store.pipeline(transaction=False)
        for symbol in self.market.symbols:
            pipe.hmget(f"{symbol}:price:meta", "version_lineage", "version_generation", "trade_id")
            pipe.hmget(f"{symbol}:last_candle", "version_lineage", "window_start", "revision", "trade_count")
            for interval in INTERVALS:
                pipe.hmget(
                    f"{symbol}:current_candle:{interval}", "version_lineage", "window_start", "version_offset",
                    "trade_count",
                )  # fmt: skip
        for partition in range(self.market.partitions):
            pipe.get(f"market:sentinel:{self.market.topic}:{partition}")
        replies = iter(pipe.execute())
        for symbol in self.market.symbols:
            self._add(seen, (symbol, "price"), next(replies))
            self._add(seen, (symbol, "last_candle"), next(replies))
            for interval in INTERVALS:
                self._add(seen, (symbol, f"current_candle:{interval}"), next(replies))
        for partition in range(self.market.partitions):
            if text := next(replies):
                seen["sentinel", partition] = tuple(map(int, text.split(":")))
        return seen

    @staticmethod
    def _add(seen, place, fields):
        if any(field is None for field in fields):
            return
        numbers = tuple(map(int, fields))
        seen[place] = numbers
        if len(numbers) == 4:
            # Within one window trades are only ever added.
            seen[(*place, "trades", *numbers[:2])] = numbers[3:]

    def _postgres(self, connection):
        seen = {}
        rows = connection.execute(
            "SELECT partition, lineage, next_offset, epoch, commit_seq, watermark FROM processor_progress"
        )
        for partition, lineage, next_offset, epoch, commit_seq, watermark in rows:
            seen["progress", partition] = (lineage, next_offset)
            seen["epoch", partition] = (epoch,)
            seen["commit_seq", partition] = (commit_seq,)
            seen["watermark", partition] = (watermark,)
        rows = connection.execute(
            'SELECT symbol, "interval", window_start, revision, trade_count FROM candles'
            " WHERE updated_at > now() - interval '2 seconds' LIMIT 5000"
        )
        for symbol, interval, start, revision, trade_count in rows:
            seen["revision of row", symbol, interval, start] = (revision,)
            seen["trades of row", symbol, interval, start] = (trade_count,)
        return seen
