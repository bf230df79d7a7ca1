"""What Redis shows and the topics say, beside PostgreSQL and the fold: checks 4 and 5. Both follow a little later."""

import json
from decimal import Decimal

from .fold import INTERVALS
from .stored import COLUMNS, compare, expected, name

OUT_OF_ORDERNESS_US = 2_000_000
# Generations are not in the records.
SHARED = tuple(column for column in COLUMNS if "generation" not in column)


def differences(oracle, found):
    return [
        *price_differences(oracle),
        *open_candle_differences(oracle, found),
        *last_candle_differences(oracle, found),
        *topic_differences(oracle, found),
        *quarantine_topic_differences(oracle),
    ]


def price_differences(oracle):
    redis = oracle.market.redis()
    for key, market in sorted(oracle.fold.markets.items()):
        (_, trade_id), price, time_us = market.latest
        if trade_id < 0:
            continue
        symbol = key.decode()
        shown, meta = redis.get(f"{symbol}:price"), redis.hgetall(f"{symbol}:price:meta")
        wanted = (Decimal(price).scaleb(-8), str(trade_id), str(time_us))
        have = (shown and Decimal(shown), meta.get("trade_id"), meta.get("event_time_us"))
        if have != wanted:
            yield f"redis {symbol}:price is {have} and should be {wanted}"


def open_candle_differences(oracle, found):
    """The newest open window of each interval. A hash whose window has closed is nobody's: its last state stays."""
    redis = oracle.market.redis()
    for interval, seconds in INTERVALS.items():
        newest = {}
        for (key, start), (candle, missing) in oracle.fold.candles(interval).items():
            watermark = found.progress[oracle.fold.partition(key)].watermark_us
            is_open = (start + seconds) * 1_000_000 > watermark
            if is_open and start * 1_000_000 <= watermark + OUT_OF_ORDERNESS_US:
                newest[key] = max(newest.get(key, (0, None, None)), (start, candle, missing), key=lambda one: one[0])
        for key, (start, candle, missing) in sorted(newest.items()):
            if ahead(oracle, key, interval, start, found):
                continue
            places = [f"{key}:current_candle:{interval}"] + ([f"{key}:current_candle"] if interval == "10s" else [])
            for place in places:
                if wrong := hash_difference(redis.hgetall(place), start, expected(candle, missing)):
                    yield f"redis {place}: {wrong}"


def ahead(oracle, key, interval, start, found):
    """Whether the window holds trades that lie ahead of the partition's time: they are not shown yet."""
    if interval == "10s":
        return False
    now = found.progress[oracle.fold.partition(key)].watermark_us + OUT_OF_ORDERNESS_US
    end = start + INTERVALS[interval]
    return any(
        number * 10_000_000 > now and start <= number * 10 < end
        for number in oracle.fold.markets[key.encode()].windows
    )


def last_candle_differences(oracle, found):
    """The last closed 10 s candle: equal to its row, and the newest one unless the log is not the first."""
    redis = oracle.market.redis()
    rows = {}
    for (interval, key, start), row in found.candles.items():
        if interval == "10s" and (start + 10) * 1_000_000 <= found.progress[oracle.fold.partition(key)].watermark_us:
            rows.setdefault(key, {})[start] = row
    for key, starts in sorted(rows.items()):
        shown = redis.hgetall(f"{key}:last_candle")
        newest = max(starts)
        lineage = found.progress[oracle.fold.partition(key)].lineage
        if lineage > 1 and shown.get("window_start", "").isdigit() and int(shown["window_start"]) in starts:
            # A window amended after the log was made anew may stand here until the next one closes.
            newest = int(shown["window_start"])
        if wrong := hash_difference(shown, newest, starts[newest]):
            yield f"redis {key}:last_candle: {wrong}"
        elif int(shown["revision"]) != starts[newest][-1]:
            yield f"redis {key}:last_candle: revision {shown['revision']}, in PostgreSQL {starts[newest][-1]}"


def hash_difference(shown, start, wanted):
    if not shown:
        return f"not there, should be the window of {start}"
    if shown.get("window_start") != str(start):
        return f"the window of {shown.get('window_start')}, should be {start}"
    return difference(shown, wanted)


def difference(record, wanted):
    """A hash or JSON record beside the values of COLUMNS."""
    have = [
        column_value(record, column) if column in SHARED else want
        for column, want in zip(COLUMNS, wanted, strict=False)
    ]
    return compare(wanted[: len(COLUMNS)], have)


def column_value(record, column):
    value = record.get(column)
    if column in ("trade_count", "first_trade_id", "last_trade_id"):
        return None if value is None else int(value)
    if column == "missing_trades":
        return None if value in (None, "", "null") else int(value)
    return None if value is None else Decimal(value)


def topic_differences(oracle, found):
    """The topic `candles`, by key the record with the highest (lineage, revision)."""
    prefix = b'{"symbol":"' + oracle.market.prefix.encode()
    highest = {}
    for record in oracle.kafka.read("candles"):
        if record.value is None or not record.value.startswith(prefix):
            continue
        candle = json.loads(record.value)
        key = f"{candle['symbol']}|{candle['interval']}|{candle['window_start']}"
        if record.key != key.encode():
            yield f"topic candles: a record of {key} under the key {record.key}"
        place = (candle["interval"], candle["symbol"], candle["window_start"])
        version = (candle["lineage"], candle["revision"])
        if place not in highest or version > highest[place][0]:
            highest[place] = (version, candle)
    for place, row in sorted(found.candles.items()):
        if place not in highest:
            yield f"topic candles: {name(place)} is not there"
            continue
        (_, revision), candle = highest.pop(place)
        if wrong := difference(candle, row):
            yield f"topic candles: {name(place)}: {wrong}"
        elif revision != row[-1]:
            yield f"topic candles: {name(place)}: revision {revision}, in PostgreSQL {row[-1]}"
    for place in sorted(highest):
        start, seconds = place[2], INTERVALS[place[0]]
        if start + seconds > oracle.horizons.get(place[0], 0):
            yield f"topic candles: {name(place)}, of which PostgreSQL has no row"


def quarantine_topic_differences(oracle):
    if not oracle.fold.refused:
        return
    wanted = {(partition, offset) for log, partition, offset in oracle.fold.refused if log == oracle.log}
    have = set()
    for record in oracle.kafka.read(f"{oracle.market.topic}.quarantine"):
        content = json.loads(record.value)
        if content["source_topic"] == oracle.market.topic:
            have.add((content["partition"], content["offset"]))
    if missing := sorted(wanted - have):
        yield f"topic {oracle.market.topic}.quarantine lacks {len(missing)} records, the first {missing[:3]}"
