"""PostgreSQL beside the fold: checks 1 to 3."""

import dataclasses
from decimal import Decimal

import psycopg

from .fold import INTERVALS
from .records import Trade, Unusable, decode

COLUMNS = (
    "open", "high", "low", "close", "volume", "quote_volume", "trade_count", "taker_buy_volume",
    "taker_buy_quote_volume", "first_trade_id", "last_trade_id", "first_generation", "last_generation",
    "missing_trades",
)  # fmt: skip
NO_TIME = -(1 << 63)


@dataclasses.dataclass
class Progress:
    topic_id: str
    partitions: int
    lineage: int
    next_offset: int
    watermark_us: int


@dataclasses.dataclass
class Stored:
    """One snapshot."""

    progress: dict
    # (interval, key, window start) -> values of COLUMNS, and revision
    candles: dict
    # (topic id, partition, offset) -> (reason, key, value)
    quarantine: dict
    # (key, generation, id) -> (count, price, quantity, taker_buy, time)
    late: dict
    open_windows: int = 0


def read(market):
    """Everything of the market's database, as of one instant."""
    with market.connect() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        progress = {
            row[0]: Progress(*row[1:])
            for row in connection.execute(
                "SELECT partition, topic_uuid, partitions, lineage, next_offset, watermark FROM processor_progress"
                " WHERE topic = %s",
                [market.topic],
            )
        }
        candles = {}
        columns = ", ".join(COLUMNS)
        for row in connection.execute(f'SELECT "interval", symbol, window_start, {columns}, revision FROM candles'):
            key = row[:3]
            assert key not in candles, f"two rows of {key}"
            candles[key] = row[3:]
        quarantine = {
            (row[0], row[1], row[2]): row[3:]
            for row in connection.execute(
                'SELECT topic_uuid, partition, "offset", reason, key, value FROM quarantine WHERE topic = %s',
                [market.topic],
            )
        }
        late = {
            row[:3]: row[3:]
            for row in connection.execute(
                "SELECT instrument, generation, trade_id, trade_count, price, quantity, taker_buy, event_time_us"
                " FROM late_trades"
            )
        }
    return Stored(progress, candles, quarantine, late)


def topic_id(market):
    return market.query("SELECT min(topic_uuid) FROM processor_progress WHERE topic = %s", [market.topic])[0][0]


def horizons(market):
    return dict(market.query('SELECT "interval", horizon FROM candle_retention'))


def expected(candle, missing):
    """A fold's candle as the values of COLUMNS."""
    return (
        scaled(candle.open, 8), scaled(candle.high, 8), scaled(candle.low, 8), scaled(candle.close, 8),
        scaled(candle.volume, 8), scaled(candle.quote_volume, 16), candle.trade_count,
        scaled(candle.taker_buy_volume, 8), scaled(candle.taker_buy_quote_volume, 16), candle.first[1],
        candle.last[1], candle.first[0], candle.last[0], missing,
    )  # fmt: skip


def scaled(number, places):
    return Decimal(number).scaleb(-places)


def differences(oracle, found):
    """Sentences about everything that is not as the fold says."""
    return [
        *offset_differences(oracle, found),
        *candle_differences(oracle, found),
        *quarantine_differences(oracle, found),
        *late_differences(oracle, found),
        *count_differences(oracle, found),
    ]


def offset_differences(oracle, found):
    ends = oracle.fold.next_offsets.get(oracle.log, {})
    for partition, progress in sorted(found.progress.items()):
        end = ends.get(partition, 0)
        # An empty partition's log may begin anywhere.
        if progress.next_offset != end and partition in ends:
            yield f"partition {partition}: next_offset is {progress.next_offset}, the log ends at {end}"
    if len(found.progress) != oracle.market.partitions:
        yield f"progress of {sorted(found.progress)}, where there are {oracle.market.partitions} partitions"


def candle_differences(oracle, found):
    rows = dict(found.candles)
    found.open_windows = 0
    for interval, seconds in INTERVALS.items():
        horizon = oracle.horizons.get(interval, 0)
        for (key, start), (candle, missing) in sorted(oracle.fold.candles(interval).items()):
            place = (interval, key, start)
            row = rows.pop(place, None)
            watermark = found.progress[oracle.fold.partition(key)].watermark_us
            if start + seconds <= horizon:
                if row is not None:
                    yield f"{name(place)}: a row, though it was dropped by retention"
            elif (start + seconds) * 1_000_000 > watermark:
                found.open_windows += 1
                # One that has too many windows open gives some to their rows early, in parts.
                if row is not None and row[COLUMNS.index("trade_count")] > candle.trade_count:
                    yield f"{name(place)}: an open window's row counts {row[6]} of {candle.trade_count} trades"
            elif row is None:
                yield f"{name(place)}: no row, where {candle.trade_count} trades are"
            elif wrong := compare(expected(candle, missing), row):
                yield f"{name(place)}: {wrong}"
    for place, row in sorted(rows.items()):
        yield f"{name(place)}: a row of {row[6]} trades, where the log has none"


def compare(wanted, row):
    """What differs, column by column; nothing where all are equal."""
    return ", ".join(
        f"{column} is {value} and should be {want}"
        for column, want, value in zip(COLUMNS, wanted, row, strict=False)
        if value != want
    )


def name(place):
    return f"{place[1]} {place[0]} {place[2]}"


def quarantine_differences(oracle, found):
    wanted = {
        (oracle.topic_ids[log], partition, offset): (refused.reason, refused.key, refused.value)
        for (log, partition, offset), refused in oracle.fold.refused.items()
    }
    for place in sorted(wanted.keys() | found.quarantine.keys()):
        want, have = wanted.get(place), found.quarantine.get(place)
        where = f"quarantine, partition {place[1]}, offset {place[2]}"
        if have is None:
            yield f"{where}: nothing, where {want[0]} is expected of {excerpt(want[2])}"
        elif want is None:
            yield f"{where}: {have[0]}, though the record can be used: {excerpt(have[2])}"
        elif want[0] != have[0]:
            yield f"{where}: {have[0]}, where {want[0]} is expected of {excerpt(want[2])}"
        elif (want[1], want[2]) != (have[1], have[2]):
            yield f"{where}: other bytes than the log's: {excerpt(have[2])} for {excerpt(want[2])}"


def late_differences(oracle, found):
    wanted = {
        place: (
            trade.last_id - trade.first_id + 1, scaled(trade.price, 8), scaled(trade.quantity, 8), trade.is_buy,
            trade.time_us,
        )
        for place, trade in oracle.fold.late.items()
    }  # fmt: skip
    for place in sorted(wanted.keys() | found.late.keys()):
        if wanted.get(place) != found.late.get(place):
            yield f"late_trades {place}: {found.late.get(place)} and should be {wanted.get(place)}"


def count_differences(oracle, found):
    """Every valid id of the log is in exactly one place."""
    fold = oracle.fold
    in_rows = sum(row[COLUMNS.index("trade_count")] for place, row in found.candles.items() if place[0] == "10s")
    # What is in windows that are open has no row yet.
    open_trades = 0
    for (key, start), (candle, _) in fold.candles("10s").items():
        if (start + 10) * 1_000_000 > found.progress[fold.partition(key)].watermark_us:
            open_trades += candle.trade_count - dict_count(found.candles.get(("10s", key, start)))
    late = sum(row[0] for row in found.late.values())
    accepted = fold.counted()
    refused_in_log = unaccepted(fold, (refused.value for refused in fold.refused.values()))
    refused_in_table = unaccepted(fold, (row[2] for row in found.quarantine.values()))
    total = in_rows + open_trades + late + refused_in_table + oracle.dropped_trades
    if total != accepted + refused_in_log:
        yield (
            f"{in_rows} trades in base rows + {open_trades} in open windows + {late} in late_trades +"
            f" {refused_in_table} ids in the quarantine alone + {oracle.dropped_trades} dropped by retention"
            f" = {total}, where the log has"
            f" {accepted + refused_in_log} distinct ids"
        )


def dict_count(row):
    return 0 if row is None else row[COLUMNS.index("trade_count")]


def unaccepted(fold, values):
    """Distinct ids with a quantity that stand in these records and that no candle took."""
    ids = set()
    for value in values:
        try:
            content = decode(value)
        except Unusable:
            continue
        if not isinstance(content, Trade) or content.quantity == 0:
            continue
        market = fold.markets.get(content.key.encode())
        for trade_id in range(content.first_id, content.last_id + 1):
            if market is None or not any(runs.seen(trade_id, trade_id) for runs in market.runs):
                ids.add((content.key, trade_id))
    return len(ids)


def excerpt(value):
    return "no value" if value is None else repr(bytes(value[:120]))


def is_there(market):
    """Whether the schema has been made."""
    try:
        return bool(market.progress())
    except psycopg.Error:
        return False
