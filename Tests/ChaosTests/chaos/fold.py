"""What must come out of a log: every record judged and every trade folded, one after the other, in exact integers.

Nothing here knows of windows that close, commits, batches or restarts: a row is what the trades of its window amount
to, whenever they came.
"""

import bisect
import dataclasses

from .kafkalog import partition_of
from .records import FAST, VERSION_1, Control, Trade, Unusable, decode

INTERVALS = {"10s": 10, "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}
BASE_US = 10_000_000
MAX_INSTRUMENTS = 20_000
ID_RESTART_US = 60_000_000
ID_JUMP = 10_000_000
ID_JUMP_PER_SECOND = 10_000


class Candle:
    """The trades of one window. Money is int: prices and volumes times 10^8, quote volumes times 10^16."""

    __slots__ = (
        "open", "high", "low", "close", "volume", "quote_volume", "trade_count", "taker_buy_volume",
        "taker_buy_quote_volume", "first", "last",
    )  # fmt: skip

    def __init__(self, first, last, price):
        self.open = self.high = self.low = self.close = price
        self.volume = self.quote_volume = self.trade_count = self.taker_buy_volume = self.taker_buy_quote_volume = 0
        # (generation, trade id)
        self.first = first
        self.last = last

    def add(self, first, last, price, quantity, is_buy):
        """A trade, or an aggregate from one key to another."""
        if first < self.first:
            self.first = first
            self.open = price
        if last > self.last:
            self.last = last
            self.close = price
        if price > self.high:
            self.high = price
        if price < self.low:
            self.low = price
        quote = price * quantity
        self.volume += quantity
        self.quote_volume += quote
        self.trade_count += last[1] - first[1] + 1
        if is_buy:
            self.taker_buy_volume += quantity
            self.taker_buy_quote_volume += quote

    def merge(self, other):
        if other.first < self.first:
            self.first = other.first
            self.open = other.open
        if other.last > self.last:
            self.last = other.last
            self.close = other.close
        self.high = max(self.high, other.high)
        self.low = min(self.low, other.low)
        self.volume += other.volume
        self.quote_volume += other.quote_volume
        self.trade_count += other.trade_count
        self.taker_buy_volume += other.taker_buy_volume
        self.taker_buy_quote_volume += other.taker_buy_quote_volume

    def copy(self):
        copy = Candle(self.first, self.last, self.open)
        copy.merge(self)
        copy.high, copy.low, copy.close = self.high, self.low, self.close
        copy.volume, copy.quote_volume, copy.trade_count = self.volume, self.quote_volume, self.trade_count
        copy.taker_buy_volume, copy.taker_buy_quote_volume = self.taker_buy_volume, self.taker_buy_quote_volume
        return copy


class Runs:
    """Ids seen, as runs without a gap; each knows the event times of its first and last trade with a quantity."""

    def __init__(self):
        self.firsts = []
        # [first, last, first time or None, last time or None]
        self.runs = []

    def seen(self, first, last):
        """How many of these ids were seen."""
        count = 0
        at = max(0, bisect.bisect_right(self.firsts, first) - 1)
        while at < len(self.runs) and self.runs[at][0] <= last:
            count += max(0, min(last, self.runs[at][1]) - max(first, self.runs[at][0]) + 1)
            at += 1
        return count

    def add(self, first, last, time):
        """Ids none of which was seen; time: None for a trade without a quantity."""
        at = bisect.bisect_right(self.firsts, first)
        run = [first, last, time, time]
        if at < len(self.runs) and self.runs[at][0] == last + 1:
            right = self.runs.pop(at)
            self.firsts.pop(at)
            run[1] = right[1]
            run[2] = time if time is not None else right[2]
            run[3] = right[3] if right[3] is not None else time
        if at > 0 and self.runs[at - 1][1] == first - 1:
            left = self.runs[at - 1]
            left[1] = run[1]
            left[2] = left[2] if left[2] is not None else run[2]
            left[3] = run[3] if run[3] is not None else left[3]
        else:
            self.runs.insert(at, run)
            self.firsts.insert(at, first)

    def holes(self):
        """(count, time before or None, time after or None) of every hole."""
        for left, right in zip(self.runs, self.runs[1:], strict=False):
            yield right[0] - left[1] - 1, left[3], right[2]


@dataclasses.dataclass
class Market:
    """One instrument."""

    partition: int
    generation: int = 0
    # By generation.
    runs: list = dataclasses.field(default_factory=lambda: [Runs()])
    # Of the present generation.
    highest: int | None = None
    highest_time: int = 0
    # Over all generations, of trades with a quantity.
    earliest: int | None = None
    latest: tuple = ((-1, -1), 0, 0)
    # Window number of the base interval -> Candle
    windows: dict = dataclasses.field(default_factory=dict)
    # Ids with a quantity, accepted: how many.
    counted: int = 0
    zero: int = 0


@dataclasses.dataclass
class Refused:
    """A record that must be in the quarantine."""

    reason: str
    key: bytes | None
    value: bytes | None


class Fold:
    """All instruments of a topic. `take` the records of each log in turn; then ask."""

    def __init__(self, partitions, max_future_us=7_200_000_000):
        self.partitions = partitions
        self.max_future_us = max_future_us
        self.markets: dict[str, Market] = {}
        self.instruments = [0] * partitions
        # (log, partition, offset) -> Refused
        self.refused: dict[tuple, Refused] = {}
        # (key, generation, id) of trades beyond retention; see `retain`.
        self.late: dict[tuple, Trade] = {}
        self.records = self.trades = self.duplicates = 0
        self.next_offsets = {}
        self._retention = None

    def retain(self, horizon, offsets):
        """From these offsets on, trades of base windows that end by the horizon (unix seconds) have no row."""
        self._retention = (horizon * 1_000_000, offsets)

    def take(self, records, log=0, below=None):
        """Folds a log's records; those of an earlier call are skipped. below: {partition: offset} to stop at."""
        markets, fast = self.markets, FAST
        starts = dict(self.next_offsets.get(log, {}))
        ends = self.next_offsets.setdefault(log, {})
        for record in records:
            partition, offset, timestamp, key, value, headers = record
            if offset < starts.get(partition, 0) or (below is not None and offset >= below.get(partition, 0)):
                continue
            ends[partition] = offset + 1
            self.records += 1
            if headers is None and value is not None and (match := fast(value)) is not None:
                symbol, last, price, quantity, side, time = match.groups()
                market = markets.get(symbol) if key == symbol else None
                if market is not None and market.partition == partition:
                    last, time = int(last), int(time)
                    quantity = int(quantity.replace(b".", b""))
                    price = int(price.replace(b".", b""))
                    # The plain case: the next id, a little later, of an instrument that is known.
                    if (
                        last - 1 == market.highest
                        and quantity > 0
                        and price > 0
                        and time <= timestamp * 1_000 + self.max_future_us
                        and self._retention is None
                    ):
                        self.trades += 1
                        market.highest = last
                        market.highest_time = time
                        first = (market.generation, last)
                        self._count(market, first, last, last, price, quantity, side == b"buy", time)
                        continue
            self._judge(record, log)

    def _judge(self, record, log):
        """The long way, for any record."""
        try:
            self._accept(self._decoded(record), record)
        except Unusable as problem:
            self.refused[log, record.partition, record.offset] = Refused(problem.reason, record.key, record.value)

    def _decoded(self, record):
        for name, value in record.headers or ():
            if name == "schema_version" and value != b"1" and not VERSION_1(record.value or b""):
                raise Unusable("unsupported_version")
        content = decode(record.value)
        key = content.key.encode()
        if record.key != key:
            raise Unusable("key_mismatch")
        if partition_of(key, self.partitions) != record.partition:
            raise Unusable("wrong_partition")
        if key not in self.markets:
            if self.instruments[record.partition] >= MAX_INSTRUMENTS:
                raise Unusable("too_many_instruments")
            self.instruments[record.partition] += 1
            self.markets[key] = Market(record.partition)
        return content

    def _accept(self, content, record):
        market = self.markets[content.key.encode()]
        if isinstance(content, Control):
            self._obey(content, market)
            return
        trade = content
        if record.timestamp_ms >= 0 and trade.time_us > record.timestamp_ms * 1_000 + self.max_future_us:
            raise Unusable("future_time")
        self._check_numbering(trade, market)
        runs = market.runs[market.generation]
        known = runs.seen(trade.first_id, trade.last_id)
        if known == trade.last_id - trade.first_id + 1:
            self.duplicates += 1
            return
        if known:
            raise Unusable("partial_overlap")
        self.trades += 1
        if market.highest is None or trade.last_id > market.highest:
            market.highest = trade.last_id
            market.highest_time = trade.time_us
        if trade.quantity == 0:
            runs.add(trade.first_id, trade.last_id, None)
            market.zero += trade.last_id - trade.first_id + 1
            return
        generation = market.generation
        self._count(
            market, (generation, trade.first_id), trade.first_id, trade.last_id, trade.price, trade.quantity,
            trade.is_buy, trade.time_us,
        )  # fmt: skip
        if self._retention is not None:
            horizon, offsets = self._retention
            end = (trade.time_us // BASE_US + 1) * BASE_US
            if end <= horizon and record.offset >= offsets.get(record.partition, 0):
                self.late[trade.key, generation, trade.last_id] = trade

    @staticmethod
    def _check_numbering(trade, market):
        if market.highest is None:
            return
        since = trade.time_us - market.highest_time
        if trade.last_id <= market.highest:
            if since > ID_RESTART_US:
                raise Unusable("id_restart")
        elif trade.last_id - market.highest > ID_JUMP + max(0, since) // 1_000_000 * ID_JUMP_PER_SECOND:
            raise Unusable("id_jump")

    @staticmethod
    def _obey(control, market):
        if control.kind == "new_generation":
            market.generation += 1
            market.runs.append(Runs())
            market.highest = None
        elif market.highest is not None and control.last_id - market.highest > ID_JUMP:
            raise Unusable("id_jump")

    @staticmethod
    def _count(market, first_key, first, last, price, quantity, is_buy, time):
        """A trade that counts."""
        runs = market.runs[market.generation]
        tail = runs.runs[-1] if runs.runs else None
        if tail is not None and tail[1] == first - 1:
            tail[1] = last
            tail[3] = time
            if tail[2] is None:
                tail[2] = time
        else:
            runs.add(first, last, time)
        last_key = (first_key[0], last)
        number = time // BASE_US
        candle = market.windows.get(number)
        if candle is None:
            candle = market.windows[number] = Candle(first_key, last_key, price)
        candle.add(first_key, last_key, price, quantity, is_buy)
        market.counted += last - first + 1
        if market.earliest is None or time < market.earliest:
            market.earliest = time
        if last_key > market.latest[0]:
            market.latest = (last_key, price, time)

    # MARK: what must be there

    def candles(self, interval, key=None):
        """{(key, window start): (Candle, missing trades or None)} of every window that has trades."""
        seconds = INTERVALS[interval]
        found = {}
        for name, market in self.markets.items():
            if key is not None and name != key:
                continue
            if market.earliest is None:
                continue
            candles = {}
            for number, candle in market.windows.items():
                start = number * 10 // seconds * seconds
                if seconds == 10:
                    candles[start] = candle
                elif start in candles:
                    candles[start].merge(candle)
                else:
                    candles[start] = candle.copy()
            missing = self._missing(market, seconds)
            text = name.decode()
            for start, candle in candles.items():
                is_unknown = start * 1_000_000 < market.earliest
                found[text, start] = (candle, None if is_unknown else missing.get(start, 0))
        return found

    @staticmethod
    def _missing(market, seconds):
        """{window start: ids missing}: a hole counts in the windows of both its neighbours, once if it is one."""
        counts = {}
        for runs in market.runs:
            for count, before, after in runs.holes():
                for start in {time // 1_000_000 // seconds * seconds for time in (before, after) if time is not None}:
                    counts[start] = counts.get(start, 0) + count
        return counts

    def partition(self, key):
        return self.markets[key.encode()].partition

    def counted(self):
        """Ids with a quantity that were accepted."""
        return sum(market.counted for market in self.markets.values())
