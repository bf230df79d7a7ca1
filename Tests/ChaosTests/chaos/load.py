"""Trades at a given rate and shape into a market's topic, seeded."""

import dataclasses
import heapq
import threading
import time

from .kafkalog import Kafka
from .oracle import trade_json

PRICE_SCALE = 10**8
BURST_SECONDS = 0.02


@dataclasses.dataclass
class Shape:
    """How a load differs from trades in order.

    shuffle     a trade is sent up to so many seconds of event time late (the bound is 2 s)
    duplicates  share of trades that are sent a second time, up to `repeat` trades later
    late        share of trades that are sent `late_by` seconds of event time late
    gaps        share of trades that are never sent
    """

    shuffle: float = 0.0
    duplicates: float = 0.0
    repeat: int = 1_000
    late: float = 0.0
    late_by: float = 60.0
    gaps: float = 0.0


class Tape:
    """A market's trades, one after the other: a pure function of the random numbers it is given.

    symbols   key texts
    start_us  event time of the first trade
    rate      trades a second of event time, all symbols together
    """

    def __init__(self, rng, symbols, start_us, rate, first_id=1):
        self._rng = rng
        self._symbols = symbols
        self._start_us = start_us
        self._rate = rate
        self._count = 0
        self._ids = [first_id - 1] * len(symbols)
        self._cents = [rng.randrange(10_000, 7_000_000) for _ in symbols]

    @property
    def time_us(self):
        """Event time of the next trade."""
        return self._start_us + int(self._count * 1_000_000 / self._rate)

    def next(self):
        """(event time, key, value) of the next trade."""
        dice = self._rng.getrandbits(48)
        index = dice % len(self._symbols)
        time_us = self.time_us
        self._count += 1
        self._ids[index] += 1
        cents = max(100, self._cents[index] + (dice >> 16) % 41 - 20)
        self._cents[index] = cents
        quantity = (dice >> 24) % 100_000 + 1
        key = self._symbols[index]
        value = trade_json(
            key, self._ids[index], time_us, f"{cents // 100}.{cents % 100:02}000000",
            f"{quantity // 100_000}.{quantity % 100_000:05}000", "buy" if dice & 1 << 22 else "sell",
        )  # fmt: skip
        return time_us, key.encode(), value


class Shuffler:
    """Gives a tape's trades in the order in which a shape sends them."""

    def __init__(self, tape, rng, shape):
        self._tape = tape
        self._rng = rng
        self._shape = shape
        self._waiting = []
        self._count = 0

    def next(self, is_last=False):
        """(key, value) to send next; None after the last one that waits, once `is_last`."""
        while not is_last and (not self._waiting or self._waiting[0][0] > self._tape.time_us):
            self._take()
        if not self._waiting:
            return None
        _, _, key, value = heapq.heappop(self._waiting)
        return key, value

    def _take(self):
        shape, rng = self._shape, self._rng
        time_us, key, value = self._tape.next()
        if shape.gaps and rng.random() < shape.gaps:
            return
        due = time_us
        if shape.shuffle:
            due += int(rng.random() * shape.shuffle * 1_000_000)
        if shape.late and rng.random() < shape.late:
            due += int(shape.late_by * 1_000_000)
        self._push(due, key, value)
        if shape.duplicates and rng.random() < shape.duplicates:
            self._push(due + int(rng.random() * shape.repeat * 1_000_000 / self._tape._rate), key, value)

    def _push(self, due, key, value):
        self._count += 1
        heapq.heappush(self._waiting, (due, self._count, key, value))


class Load:
    """Sends trades in the background until stopped. A broker that is away is waited for; nothing is given up.

    rate        trades a second, all symbols together
    event_rate  trades a second of event time: less than `rate` makes a market's time run faster than ours
    start_s     event time of the first trade, unix seconds; now unless given
    """

    def __init__(
        self, market, rate=2_000, rng=None, seconds=None, start_s=None, symbols=None, first_id=1, event_rate=None,
        **shape,
    ):  # fmt: skip
        self.market = market
        self.rate = rate
        self.seconds = seconds
        self.sent = 0
        start_us = int((time.time() if start_s is None else start_s) * 1_000_000)
        self.tape = Tape(rng, symbols or market.symbols, start_us, event_rate or rate, first_id)
        self._trades = Shuffler(self.tape, rng, Shape(**shape))
        self._end = threading.Event()
        self._problem = None
        self._thread = threading.Thread(target=self._run, name=f"load {market.name}", daemon=True)

    def start(self):
        self._producer = Kafka(self.market.stack.kafka_brokers).producer(self.market.topic)
        self._thread.start()
        return self

    def stop(self):
        """Ends it and waits until the broker has acknowledged everything."""
        self._end.set()
        self.wait()

    def wait(self):
        """Waits for the end of a load of so many seconds."""
        self._thread.join()
        if self._problem:
            raise self._problem

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.stop()

    def _run(self):
        try:
            self._send()
            while (trade := self._trades.next(is_last=True)) is not None:
                self._producer.send(*trade)
                self.sent += 1
            self._producer.close()
        except Exception as problem:
            self._problem = problem
            self._producer.kill()

    def _send(self):
        started = time.monotonic()
        count = 0
        while not self._end.is_set():
            elapsed = time.monotonic() - started
            if self.seconds is not None and elapsed >= self.seconds:
                return
            due = int(elapsed * self.rate)
            while count < due:
                self._producer.send(*self._trades.next())
                count += 1
            self.sent = count
            self._producer.push()
            time.sleep(BURST_SECONDS)


def fill(market, count, rng, rate=2_000, start_s=None, symbols=None, first_id=1, **shape):
    """A backlog of `count` trades in one go; returns when all are acknowledged. `rate` is of event time; the last trade
    falls on now unless `start_s` is given."""
    if start_s is None:
        start_s = time.time() - count / rate
    tape = Tape(rng, symbols or market.symbols, int(start_s * 1_000_000), rate, first_id)
    trades = Shuffler(tape, rng, Shape(**shape))
    with Kafka(market.stack.kafka_brokers).producer(market.topic) as producer:
        for number in range(count):
            producer.send(*trades.next())
        while (trade := trades.next(is_last=True)) is not None:
            producer.send(*trade)
    return producer.sent


def send(market, records):
    """Arbitrary records: (key, value) or (key, value, partition) or (key, value, partition, headers); keys are text or
    bytes or None. Returns when all are acknowledged."""
    with Kafka(market.stack.kafka_brokers).producer(market.topic) as producer:
        for key, *rest in records:
            producer.send(key.encode() if isinstance(key, str) else key, *rest)
