"""The oracle itself: that it knows what is right, and that it can fail. In memory."""

import csv
import dataclasses
import random
from decimal import Decimal

import pytest

from chaos import stored
from chaos.fold import INTERVALS, Fold, Runs
from chaos.kafkalog import ROOT, Record, murmur2, partition_of
from chaos.load import Shape, Shuffler, Tape
from chaos.oracle import control_json, trade_json
from chaos.records import FAST, Trade, Unusable, decode

DATA = ROOT / "Tests" / "Data" / "binance-spot-BTCUSDT-2020-01-02"
NOW_US = 1_700_000_000_000_000
KEY = "BTCUSDT"


def record(offset, value, key=KEY, partition=0, headers=None, timestamp_ms=NOW_US // 1_000):
    return Record(partition, offset, timestamp_ms, key.encode() if key is not None else None, value, headers)


def trade(offset, trade_id, time_us=NOW_US, key=KEY, **more):
    return record(offset, trade_json(key, trade_id, time_us, **more), key)


def folded(records, partitions=1):
    fold = Fold(partitions)
    fold.take(records)
    return fold


def reasons(fold):
    return [refused.reason for _, refused in sorted(fold.refused.items())]


# MARK: reading


@pytest.mark.parametrize(
    ("key", "hash"),
    [
        # From Apache Kafka's own UtilsTest.
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    ],
)
def test_murmur2_is_kafkas(key, hash):
    assert murmur2(key.encode()) == hash & 0xFFFFFFFF


def test_the_fast_and_the_long_way_read_the_same():
    rng = random.Random(1)
    for _ in range(2_000):
        price = f"{rng.randrange(10 ** rng.randrange(1, 9))}.{rng.randrange(10**8):08}"
        quantity = f"{rng.randrange(10 ** rng.randrange(1, 9))}.{rng.randrange(10**8):08}"
        trade_id, time_us = rng.randrange(10 ** rng.randrange(1, 17)), rng.randrange(10**16 * 7 // 10)
        value = trade_json(KEY, trade_id, time_us, price, quantity)
        fields = FAST(value).groups()
        try:
            slow = decode(value)
        except Unusable as problem:
            assert problem.reason == "implausible"
            continue
        assert int(fields[1]) == slow.last_id
        assert (Decimal(fields[2].decode()) * 10**8, Decimal(fields[3].decode()) * 10**8) == (slow.price, slow.quantity)
        assert int(fields[5]) == slow.time_us


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff\xfe",
        b"{}",
        b"[1]",
        b"null",
        b"not json",
        trade_json(KEY, 1, NOW_US)[:-1],
        trade_json(KEY, 1, NOW_US) + b"x",
        trade_json(KEY, "NaN", NOW_US),
        trade_json(KEY, "1e999", NOW_US),
        trade_json(KEY, 1 << 63, NOW_US),
        trade_json(KEY, 1, NOW_US, price="NaN"),
        trade_json(KEY, 1, NOW_US, price="1e999"),
        trade_json(KEY, 1, NOW_US, price="1e999999999999"),
        trade_json(KEY, 1, NOW_US, price="1.000000001"),
        trade_json(KEY, 1, NOW_US, price="92233720368.54775808"),
        trade_json(KEY, 1, NOW_US, side="hold"),
        trade_json("btcusdt", 1, NOW_US),
        trade_json(KEY, 1, NOW_US).replace(b'"price"', b'"trade_id":1,"price"'),
        trade_json(KEY, 1, NOW_US).replace(b'"price"', b'"pric"'),
        trade_json(KEY, 1, NOW_US).replace(b"}", b',"x":"' + b"x" * 16_384 + b'"}'),
        control_json(KEY, unavailable=[2, 1], reason="x"),
        control_json(KEY, unavailable=[1, 2]),
        control_json(KEY, new_generation=False),
    ],
)
def test_malformed_is_malformed(value):
    with pytest.raises(Unusable) as problem:
        decode(value)
    assert problem.value.reason == "malformed"


@pytest.mark.parametrize(
    "value",
    [
        trade_json(KEY, -1, NOW_US),
        trade_json(KEY, 1, -1),
        trade_json(KEY, 1, NOW_US, price="-1.0"),
        trade_json(KEY, 1, NOW_US, quantity="-1.0"),
        trade_json(KEY, 1, NOW_US, price="0.0"),
        trade_json(KEY, 1, NOW_US, count=0),
        trade_json(KEY, 1, NOW_US, count=1_000_001),
        trade_json(KEY, 1, NOW_US, count=3),
        control_json(KEY, unavailable=[-1, 1], reason="x"),
    ],
)
def test_implausible_is_implausible(value):
    with pytest.raises(Unusable) as problem:
        decode(value)
    assert problem.value.reason == "implausible"


def test_unusual_spelling_is_read():
    value = (
        b' { "symbol" : "BTC\\u0055SDT", "venue":"binance", "quantity": 1.5e-3, "price":"67000.01", "trade_id":7,'
        b'"other":[{"trade_id":1}], "taker_side":"sell","event_time_us":5,"received_time_us":6,"trade_count":null}'
    )
    assert decode(value) == Trade(KEY, 7, 7, 6_700_001_000_000, 150_000, False, 5)


# MARK: folding


def test_a_candle_is_the_same_in_any_order():
    rng = random.Random(2)
    tape = Tape(rng, [KEY, "ETHUSDT"], NOW_US, 50)
    trades = [tape.next() for _ in range(5_000)]
    straight = folded([record(n, value, key.decode()) for n, (_, key, value) in enumerate(trades)])
    twice = trades + rng.sample(trades, 500)
    rng.shuffle(twice)
    # A restarted numbering would be seen in what is far out of order: keep within its bound.
    twice.sort(key=lambda one: one[0] // 30_000_000)
    mixed = folded([record(n, value, key.decode()) for n, (_, key, value) in enumerate(twice)])
    assert mixed.duplicates == 500 and not mixed.refused
    for interval in ("10s", "1m", "1d"):
        assert rows(mixed, interval) == rows(straight, interval)


def rows(fold, interval):
    return {place: stored.expected(*candle) for place, candle in fold.candles(interval).items()}


def test_holes_count_at_both_edges():
    start = NOW_US // 10_000_000 * 10_000_000
    fold = folded([trade(0, 1, start), trade(1, 5, start + 1), trade(2, 8, start + 10_000_000)])
    missing = {place[1]: missing for place, (_, missing) in fold.candles("10s").items()}
    # Three inside the first window and two at its edge; the edge counts in the second one too.
    assert missing == {start // 1_000_000: 5, start // 1_000_000 + 10: 2}
    fold.take([trade(3, 6, start + 2), trade(4, 7, start + 3)])
    missing = {place[1]: missing for place, (_, missing) in fold.candles("10s").items()}
    assert missing == {start // 1_000_000: 3, start // 1_000_000 + 10: 0}


def test_what_came_before_the_first_trade_is_unknown():
    start = NOW_US // 60_000_000 * 60_000_000
    fold = folded([trade(0, 10, start + 15_000_000)])
    assert fold.candles("10s")[KEY, start // 1_000_000 + 10][1] is None
    fold.take([trade(1, 9, start)])
    assert fold.candles("10s")[KEY, start // 1_000_000 + 10][1] == 0
    assert fold.candles("1m")[KEY, start // 1_000_000][1] == 0


def test_a_trade_without_quantity_joins_ids_and_touches_no_candle():
    fold = folded([trade(0, 1), trade(1, 2, quantity="0.00000000"), trade(2, 3)])
    candle, missing = next(iter(fold.candles("10s").values()))
    assert (candle.trade_count, missing, fold.counted()) == (2, 0, 2)
    runs = Runs()
    for trade_id, time in ((1, 100), (2, None), (5, None), (6, 200)):
        runs.add(trade_id, trade_id, time)
    assert list(runs.holes()) == [(2, 100, 200)]


def test_reasons():
    minute = 60_000_000
    fold = folded(
        [
            trade(0, 100),
            trade(1, 101, NOW_US + 7_200_000_001),
            trade(2, 99, NOW_US + minute + 1),
            trade(3, 10_000_101),
            trade(4, 103, count=3),
            trade(5, 104, count=3, key=KEY),
            record(6, trade_json(KEY, 105, NOW_US), key="ETHUSDT"),
            record(7, trade_json(KEY, 105, NOW_US), key=None),
            record(8, trade_json(KEY, 105, NOW_US).replace(b",", b", "), headers=[("schema_version", b"2")]),
            record(9, control_json(KEY, unavailable=[20_000_000, 20_000_001], reason="x")),
            record(10, None),
        ]
    )
    assert reasons(fold) == [
        "future_time", "id_restart", "id_jump", "partial_overlap", "key_mismatch", "key_mismatch",
        "unsupported_version", "id_jump", "malformed",
    ]  # fmt: skip
    assert [place[2] for place in sorted(fold.refused)] == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    known = folded([record(0, trade_json(KEY, 1, NOW_US), headers=[("schema_version", b"2")])])
    assert reasons(known) == [] and known.trades == 1
    other = folded([record(0, trade_json(KEY, 1, NOW_US), partition=1 - partition_of(KEY, 2))], partitions=2)
    assert reasons(other) == ["wrong_partition"]


def test_a_new_generation_counts_ids_again():
    fold = folded([trade(0, 5), record(1, control_json(KEY, new_generation=True)), trade(2, 5, price="2.00000000")])
    candle, _ = next(iter(fold.candles("10s").values()))
    assert (candle.trade_count, candle.first, candle.last, candle.close) == (2, (0, 5), (1, 5), 200_000_000)


def test_the_exchanges_own_minutes():
    """Recorded trades, folded, are the exchange's own klines: in any order, and derived from 10 s candles."""
    values = []
    with open(DATA / "BTCUSDT-aggTrades-2020-01-02.part.csv", newline="") as file:
        for row in csv.reader(file):
            count = int(row[4]) - int(row[3]) + 1
            side = "sell" if row[6].lower() == "true" else "buy"
            values.append(trade_json(KEY, int(row[4]), int(row[5]) * 1_000, row[1], row[2], side, count))
    random.Random(3).shuffle(values)
    minutes = rows(folded([record(n, value) for n, value in enumerate(values)]), "1m")
    compared = 0
    with open(DATA / "BTCUSDT-1m-2020-01-02-1511-1517.csv", newline="") as file:
        for row in csv.reader(file):
            start = int(row[0]) // 1_000
            if not 1_577_977_860 <= start <= 1_577_978_220:
                continue
            wanted = [Decimal(row[column]) for column in (1, 2, 3, 4, 5, 7, 8, 9, 10)]
            assert list(minutes[KEY, start][:9]) == wanted
            compared += 1
    assert compared == 7


# MARK: failing


@dataclasses.dataclass
class FakeMarket:
    partitions: int = 1


class FakeOracle:
    """As much of an Oracle as the comparison with a snapshot needs."""

    def __init__(self, fold):
        self.fold = fold
        self.market = FakeMarket()
        self.log = 0
        self.topic_ids = {0: "topic"}
        self.horizons = {}
        self.dropped_trades = 0


def everything():
    """A fold, and the snapshot that equals it."""
    rng = random.Random(4)
    trades = Shuffler(Tape(rng, [KEY, "ETHUSDT"], NOW_US, 40), rng, Shape(shuffle=2.0, duplicates=0.05, gaps=0.02))
    records = [record(n, value, key.decode()) for n, (key, value) in enumerate(trades.next() for _ in range(4_000))]
    records.append(record(4_000, b"poison"))
    records.append(trade(4_001, 1 << 40))
    fold = folded(records)
    progress = {0: stored.Progress("topic", 1, 1, 4_002, NOW_US + 86_400_000_000)}
    candles = {}
    for interval, seconds in INTERVALS.items():
        for (key, start), row in rows(fold, interval).items():
            if (start + seconds) * 1_000_000 <= progress[0].watermark_us:
                candles[interval, key, start] = (*row, 1)
    quarantine = {
        ("topic", partition, offset): (refused.reason, refused.key, refused.value)
        for (_, partition, offset), refused in fold.refused.items()
    }
    return FakeOracle(fold), stored.Stored(progress, candles, quarantine, {})


def test_equal_is_equal():
    oracle, found = everything()
    assert len(found.candles) > 30 and len(found.quarantine) == 2
    assert stored.differences(oracle, found) == []


@pytest.mark.parametrize("column", stored.COLUMNS)
def test_every_column_is_compared(column):
    oracle, found = everything()
    rng = random.Random(column)
    place = rng.choice(sorted(found.candles))
    row = list(found.candles[place])
    index = stored.COLUMNS.index(column)
    row[index] = (row[index] or 0) + (Decimal("1e-16") if isinstance(row[index], Decimal) else 1)
    found.candles[place] = tuple(row)
    problems = stored.differences(oracle, found)
    assert problems and all(column in problem or "distinct ids" in problem for problem in problems), problems


def lose_row(found):
    del found.candles[min(found.candles)]


def invent_row(found):
    found.candles["10s", "XRPUSDT", 0] = next(iter(found.candles.values()))


def lose_quarantine(found):
    del found.quarantine[min(found.quarantine)]


def invent_quarantine(found):
    found.quarantine["topic", 0, 7] = ("malformed", b"", b"")


def change_reason(found):
    place = max(found.quarantine)
    found.quarantine[place] = ("id_restart", *found.quarantine[place][1:])


def change_bytes(found):
    place = max(found.quarantine)
    found.quarantine[place] = (*found.quarantine[place][:2], b"other")


def stop_early(found):
    found.progress[0].next_offset -= 1


def invent_late(found):
    found.late[KEY, 0, 1] = (1, Decimal(1), Decimal(1), True, 0)


def lose_progress(found):
    found.progress[1] = found.progress[0]


@pytest.mark.parametrize(
    "harm",
    [
        lose_row, invent_row, lose_quarantine, invent_quarantine, change_reason, change_bytes, stop_early, invent_late,
        lose_progress,
    ],
)  # fmt: skip
def test_every_harm_is_seen(harm):
    oracle, found = everything()
    harm(found)
    assert stored.differences(oracle, found), harm.__name__


def test_a_trade_counted_twice_is_seen():
    """What a processor without dedupe would store."""
    oracle, found = everything()
    twice = Fold(1)
    records = [trade(0, 1), trade(1, 2)]
    twice.take(records)
    oracle.fold = twice
    place = next(iter(twice.candles("10s")))
    candle, missing = twice.candles("10s")[place]
    candle.add((0, 2), (0, 2), candle.close, 100_000_000, True)
    found.candles = {("10s", *place): (*stored.expected(candle, missing), 1)}
    found.quarantine = {}
    found.progress[0].next_offset = 2
    oracle.fold = folded(records)
    problems = stored.differences(oracle, found)
    assert any("trade_count is 3 and should be 2" in problem for problem in problems)
    assert any("distinct ids" in problem for problem in problems)
