"""What grows with the number of instruments, of partitions and of stored candles, and what does not."""

import re
import time
import urllib.request

from .drain import bare_consume, drain, fill
from .measure import Row, at_least, at_most, median
from .stack import BenchError, Stack, free_port, wait_for

TITLE = "growth: instruments, partitions, stored candles"
TRADES_PER_CANDLE = 100
WINDOW_SECONDS = 10
STORED_SYMBOLS = 200


def run(bench):
    return instruments(bench) + partitions(bench) + stored_candles(bench)


def instruments(bench):
    """The drain's rate at the same trades per candle."""
    counts = (10, 100) if bench.quick else (10, 100, 1_000, 10_000)
    return drains(bench, "instruments", [(count, 12) for count in counts], counts)


def partitions(bench):
    counts = (1, 12) if bench.quick else (1, 12, 48)
    return drains(bench, "partitions", [(50, count) for count in counts], counts)


def drains(bench, what, shapes, counts):
    """A row: the slowest of the shapes against the fastest, each beside librdkafka alone on the same topic."""
    trades = min(bench.trades, 5_000_000)
    rates, beside = [], {}
    for (symbols, partition_count), count in zip(shapes, counts):
        trades_per_second = symbols * TRADES_PER_CANDLE // WINDOW_SECONDS
        with Stack(bench.bin) as stack:
            fill(bench, stack, trades, symbols, trades_per_second, partition_count)
            bare_consume(bench, stack, trades)
            walls, ratios = [], []
            for number in range(min(bench.runs, 3)):
                bare = bare_consume(bench, stack, trades)[0]
                wall = drain(stack, trades, f"growth_{number}", trades_per_second)[0]
                walls.append(wall)
                ratios.append(bare / wall)
        rates.append(trades / median(walls))
        beside[f"{count:,} {what}"] = f"{rates[-1] / 1e6:.2f} M trades/s, {median(ratios):.2f} of librdkafka alone"
        bench.note(f"{count:,} {what}: {beside[f'{count:,} {what}']}")
    return [
        Row(
            f"drain, {counts[0]} to {counts[-1]:,} {what}, slowest / fastest", min(rates) / max(rates), "",
            at_least(0.7), beside),
    ]


def stored_candles(bench):
    """A warm read of 500 candles in the middle of the history, over HTTP."""
    counts = (100_000, 1_000_000) if bench.quick else (100_000, 1_000_000, 10_000_000)
    if bench.huge:
        counts += (100_000_000,)
    spans, beside = [], {}
    with Stack(bench.bin, symbols=["BENCH0USDT"]) as stack:
        port = free_port()
        stack.start("market-api", {"API_PORT": str(port), "SYMBOLS": "BENCH0USDT", "RATE_LIMIT": "0"})
        wait_for(
            lambda: stack.sql("SELECT to_regclass('candles') IS NOT NULL")[0][0] == "t", 30,
            lambda: stack.log("market-api"))
        newest = int(time.time()) // 86_400 * 86_400
        stored = 0
        for count in counts:
            store(stack, newest, stored // STORED_SYMBOLS, count // STORED_SYMBOLS)
            stored = count
            start = newest - count // STORED_SYMBOLS // 2 * WINDOW_SECONDS - 250 * WINDOW_SECONDS
            url = f"http://127.0.0.1:{port}/candles?symbol=BENCH0USDT&interval=10s&start={start}&limit=500"
            spans.append(median(read_millis(url) for _ in range(100)))
            beside[f"{count:,} candles"] = f"{spans[-1]:.2f} ms, {buffers(stack, start)}"
            bench.note(f"{count:,} candles: {beside[f'{count:,} candles']}")
    return [
        Row(
            f"read of 500 candles, {counts[0]:,} to {counts[-1]:,} stored", max(spans) / min(spans), "times",
            at_most(2), beside),
    ]


def store(stack, newest, first, last):
    """Candles of all symbols, the windows `first` to `last` before the newest."""
    oldest = newest - last * WINDOW_SECONDS
    stack.sql(f"SELECT ensure_candle_partitions('10s', {oldest}, {newest})")
    stack.sql(f"""
        INSERT INTO candles (symbol, "interval", window_start, open, high, low, close, volume, quote_volume,
            trade_count, taker_buy_volume, taker_buy_quote_volume, first_trade_id, last_trade_id)
        SELECT 'BENCH' || symbol || 'USDT', '10s', {newest} - n * {WINDOW_SECONDS},
            67123.45 + n % 97, 67180.01 + n % 97, 67100.5 + n % 97, 67150.25 + n % 97, 12.34567 + n % 13,
            828765.43210987 + n % 1013, 100, 6.1728 + n % 7,
            414382.71 + n % 991, 1000000000 - n * 100, 1000000099 - n * 100
        FROM generate_series({first + 1}, {last}) AS n, generate_series(0, {STORED_SYMBOLS - 1}) AS symbol
        """)
    stack.sql("VACUUM ANALYZE candles")


def read_millis(url):
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=10) as answer:
        body = answer.read()
    span = (time.perf_counter() - started) * 1000
    if body.count(b'"open"') != 500:
        raise BenchError(f"{url} gave {body.count(b'open')} candles, not 500")
    return span


def buffers(stack, start):
    """What PostgreSQL touched for the same rows."""
    plan = "\n".join(row[0] for row in stack.sql(f"""
        EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM candles_10s WHERE symbol = 'BENCH0USDT' AND "interval" = '10s'
        AND window_start >= {start} ORDER BY window_start LIMIT 500
        """))
    found = re.search(r"Buffers: (.*)", plan)
    return found[1] if found else "no buffers told"
