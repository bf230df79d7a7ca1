"""The five checks of every case, against what an independent fold over the broker's log says.

    findings = oracle.check(market)          # raises AssertionError with the first differences

1. candles, late trades and quarantine in PostgreSQL equal the fold
2. trade_count over base candles + late_trades + ids quarantined and never accepted = distinct valid ids in the log
3. next_offset = end offset of every partition
4. Redis equals what it should show
5. the topic `candles`, folded by key with the highest (lineage, revision), equals PostgreSQL
"""

import dataclasses
import json
import time

from . import shown, stored
from .fold import BASE_US, Fold
from .kafkalog import Kafka, partition_of
from .waiting import wait_for
from .watcher import Watcher

__all__ = ["Findings", "Oracle", "Watcher", "check", "remember_log"]

OUT_OF_ORDERNESS_US = 2_000_000
SHOWN_DIFFERENCES = 12


@dataclasses.dataclass
class Findings:
    """What was compared and found equal."""

    records: int
    trades: int
    duplicates: int
    rows: int
    open_windows: int
    quarantined: int
    late: int
    seconds: float

    def __str__(self):
        parts = [f"{self.records:,} records, {self.trades:,} trades, {self.rows:,} rows"]
        counts = {"duplicates": self.duplicates, "quarantined": self.quarantined, "late_trades": self.late}
        for what, count in counts.items():
            if count:
                parts.append(f"{count:,} {what}")
        return ", ".join(parts) + ": zero difference"


def check(market, *, seconds=60, close=True, close_days=False):
    """Runs the five checks on a market; gives Findings, or raises AssertionError that shows what differs.

    seconds      for the processor to drain the log, and again for Redis and the topic `candles` to follow
    close        first send a few trades that close all 10 s windows
    close_days   ... and those of all longer intervals; only where event times lie days back
    """
    return of(market).check(seconds=seconds, close=close, close_days=close_days)


def remember_log(market, up_to_progress=True):
    """Folds what the log holds now, before it is lost; later checks go on from there.

    up_to_progress: only what the processor has committed counts, the rest is lost with the log.
    """
    of(market).remember_log(up_to_progress)


def of(market):
    """The market's Oracle; it lives as long as the market."""
    if getattr(market, "oracle", None) is None:
        market.oracle = Oracle(market)
    return market.oracle


class Oracle:
    def __init__(self, market, max_future_us=7_200_000_000):
        self.market = market
        self.fold = Fold(market.partitions, max_future_us)
        self.log = 0
        # log number -> topic id
        self.topic_ids = {}
        # interval -> unix seconds; windows that end at or before it have no row
        self.horizons = {}
        # trades counted in base rows that retention has dropped
        self.dropped_trades = 0
        self._closer_ids = {}

    @property
    def kafka(self):
        return Kafka(self.market.stack.kafka_brokers)

    # MARK: the log

    def read_log(self, below=None):
        """Folds what the log has got since the last call."""
        start = self.fold.next_offsets.get(self.log, {})
        self.fold.take(self.kafka.read(self.market.topic, start), self.log, below)

    def remember_log(self, up_to_progress=True):
        self.read_log(self.market.progress() if up_to_progress else None)
        self.topic_ids[self.log] = stored.topic_id(self.market)
        self.log += 1

    def retention_passed(self):
        """Says that candle_retention has changed: call while everything is drained. Later trades of base windows before
        the horizon belong into late_trades."""
        self.read_log()
        self.horizons = stored.horizons(self.market)
        if "10s" in self.horizons:
            offsets = {partition: high for partition, (_, high) in self.kafka.offsets(self.market.topic).items()}
            self.fold.retain(self.horizons["10s"], offsets)
            self.dropped_trades = sum(
                candle.trade_count
                for (_, start), (candle, _) in self.fold.candles("10s").items()
                if start + 10 <= self.horizons["10s"]
            )

    def close_windows(self, days=False):
        """Sends trades that move every partition's time past its open 10 s windows (days: past its last day)."""
        self.read_log()
        ends = {}
        for market in self.fold.markets.values():
            if market.windows:
                end = (max(market.windows) + 1) * BASE_US
                ends[market.partition] = max(end, ends.get(market.partition, 0))
        with self.kafka.producer(self.market.topic) as producer:
            for partition, end in ends.items():
                if days:
                    end = (end // 86_400_000_000 + 1) * 86_400_000_000
                key = closing_symbol(self.market.prefix, partition, self.market.partitions)
                # Twice: one trade far ahead of the others is not believed.
                for step in range(2):
                    self._closer_ids[key] = self._closer_ids.get(key, 0) + 1
                    producer.send(
                        key.encode(), trade_json(key, self._closer_ids[key], end + OUT_OF_ORDERNESS_US + step)
                    )

    # MARK: the checks

    def check(self, *, seconds=60, close=True, close_days=False):
        started = time.monotonic()
        self.market.wait_drained(seconds)
        if close:
            self.close_windows(close_days)
            self.market.wait_drained(seconds)
        self.read_log()
        # Idle time may be passing, so what is stored and up to when is read in one snapshot.
        found = stored.read(self.market)
        self.topic_ids[self.log] = next(iter(found.progress.values())).topic_id
        self._need(stored.differences(self, found))
        deadline = time.monotonic() + seconds
        while True:
            problems = shown.differences(self, found)
            if not problems or time.monotonic() >= deadline:
                break
            time.sleep(0.25)
            found = stored.read(self.market)
        self._need(problems)
        return Findings(
            self.fold.records, self.fold.trades, self.fold.duplicates, len(found.candles), found.open_windows,
            len(found.quarantine), len(found.late), time.monotonic() - started,
        )  # fmt: skip

    def _need(self, problems):
        if not problems:
            return
        more = f"\n  ... and {len(problems) - SHOWN_DIFFERENCES} more" if len(problems) > SHOWN_DIFFERENCES else ""
        lines = "\n  ".join(problems[:SHOWN_DIFFERENCES])
        raise AssertionError(f"{self.market.name}: {len(problems)} differences\n  {lines}{more}")


def closing_symbol(prefix, partition, partitions):
    """A symbol of the market's that belongs to that partition."""
    for number in range(1_000):
        symbol = f"{prefix}CLOSE{number}USDT"
        if partition_of(symbol, partitions) == partition:
            return symbol
    raise AssertionError(f"no symbol for partition {partition}")


def trade_json(key, trade_id, time_us, price="1.00000000", quantity="1.00000000", side="buy", count=1):
    """A trade's record value as a producer writes it."""
    venue, _, symbol = key.rpartition(":")
    text = (
        f'{{"venue":"{venue or "binance"}","symbol":"{symbol}","trade_id":{trade_id},"price":"{price}",'
        f'"quantity":"{quantity}","taker_side":"{side}","event_time_us":{time_us},"received_time_us":{time_us}'
    )
    return (text + (f',"trade_count":{count}' if count != 1 else "") + "}").encode()


def control_json(key, **what):
    """A control record's value: unavailable=[1, 2], reason="..." or reopen=[1, 2] or new_generation=True."""
    venue, _, symbol = key.rpartition(":")
    return json.dumps({"venue": venue or "binance", "symbol": symbol, **what}).encode()


def wait_for_rows(market, seconds=60):
    """Until the database has candles at all."""
    wait_for(lambda: market.query("SELECT 1 FROM candles_10s LIMIT 1"), seconds, "there is no candle")
