"""Recorded trades in, the exchange's own candles out: through real servers, whatever happens on the way."""

import csv
import json
import os
import random
import socket
import subprocess
import time
from decimal import Decimal

import psycopg
import pytest

from conftest import ROOT, wait_for

DATA = ROOT / "Tests" / "Data" / "binance-spot-BTCUSDT-2020-01-02"
TRADES = DATA / "BTCUSDT-aggTrades-2020-01-02.part.csv"
KLINES = DATA / "BTCUSDT-1m-2020-01-02-1511-1517.csv"
COLUMNS = (
    "open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume,"
    " first_trade_id, last_trade_id"
)


def trades():
    with open(TRADES, newline="") as file:
        for row in csv.reader(file):
            yield {
                "aggregate_id": int(row[0]),
                "price": row[1],
                "quantity": row[2],
                "first_id": int(row[3]),
                "last_id": int(row[4]),
                "time_ms": int(row[5]),
                "is_buyer_maker": row[6].lower() == "true",
            }


def exchange_minutes():
    """The exchange's own klines of the seven minutes that the recording holds whole."""
    with open(KLINES, newline="") as file:
        for row in csv.reader(file):
            start = int(row[0]) // 1000
            if 1577977860 <= start <= 1577978220:
                yield start, tuple(
                    [Decimal(text) for text in row[1:6]] + [Decimal(row[7]), int(row[8]), Decimal(row[9]), Decimal(row[10])]
                )


def rows(connection, interval):
    query = f"SELECT window_start, {COLUMNS}, missing_trades FROM candles_{interval} ORDER BY window_start"
    return {row[0]: row[1:] for row in connection.execute(query)}


def database(stack, name):
    url = stack.values["POSTGRES_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return url.rsplit("/", 1)[0] + "/" + name


def wait_until_committed(connection, last_id, processor):
    """Until the last recorded trade is in a closed 10 s candle."""

    def is_there():
        try:
            found = connection.execute("SELECT max(last_trade_id) FROM candles_10s").fetchone()[0]
        except psycopg.errors.UndefinedTable:
            return False
        return found == last_id

    wait_for(is_there, 60, lambda: f"the last trade's candle is not closed; the processor says:\n{processor.tail()}")


@pytest.fixture(scope="module")
def golden(stack):
    """The rows of all intervals after the recording went through simulator, producer, broker and processor."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    simulator = stack.start(
        "exchange-simulator",
        {
            "SIMULATOR_PORT": port,
            "SIMULATOR_FILES": f"BTCUSDT={TRADES}" if os.environ.get("SIMULATOR_FILES_BY_SYMBOL") else str(TRADES),
            "SIMULATOR_SPEED": "0",
            "SIMULATOR_START": "subscription",
        },
    )
    url = database(stack, "golden")
    environment = {"POSTGRES_URL": url, "KAFKA_TRADES_TOPIC": "golden", "KAFKA_GROUP_ID": "golden"}
    processor = stack.start("trade-processor", {**environment, "IDLE_TIMEOUT": "1s"})
    wait_for(lambda: simulator.process.poll() is None and reachable(port), 20, simulator.tail)
    producer = stack.start(
        "market-producer",
        {
            "KAFKA_TRADES_TOPIC": "golden",
            "BINANCE_STREAM": "aggTrade",
            "SYMBOLS": "BTCUSDT",
            "BINANCE_WS_URL": f"ws://127.0.0.1:{port}",
            "BINANCE_REST_URL": f"http://127.0.0.1:{port}",
        },
    )
    last_id = max(trade["last_id"] for trade in trades())
    with psycopg.connect(url, autocommit=True) as connection:
        wait_until_committed(connection, last_id, processor)
        wait_for(
            lambda: 1577978280 in rows(connection, "1m"), 30, lambda: f"minutes stay open:\n{processor.tail()}"
        )
        result = {interval: rows(connection, interval) for interval in ("10s", "1m")}
    for service in (producer, simulator, processor):
        assert service.stop() == 0, service.tail()
    return result


def reachable(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def test_seven_minutes_equal_the_exchanges_own_klines_in_all_nine_fields(golden):
    minutes = dict(exchange_minutes())
    assert len(minutes) == 7
    for start, expected in minutes.items():
        assert golden["1m"][start][:9] == expected, f"minute {start}"
        assert golden["1m"][start][-1] == 0, "the recording has no gap"


def test_ten_second_candles_roll_up_to_the_same(golden):
    for start, expected in exchange_minutes():
        parts = [row for window, row in sorted(golden["10s"].items()) if start <= window < start + 60]
        assert parts
        rolled = (
            parts[0][0],
            max(part[1] for part in parts),
            min(part[2] for part in parts),
            parts[-1][3],
            *(sum(part[column] for part in parts) for column in range(4, 9)),
        )
        assert rolled == expected, f"minute {start}"


def line(trade):
    """A trade of the recording as a record of the topic."""
    record = {
        "venue": "binance",
        "symbol": "BTCUSDT",
        "trade_id": trade["last_id"],
        "price": trade["price"],
        "quantity": trade["quantity"],
        "taker_side": "sell" if trade["is_buyer_maker"] else "buy",
        "event_time_us": trade["time_ms"] * 1000,
        "received_time_us": trade["time_ms"] * 1000 + 50_000,
        "trade_count": trade["last_id"] - trade["first_id"] + 1,
        "aggregate_id": trade["aggregate_id"],
    }
    return json.dumps(record, separators=(",", ":"))


def records(seed):
    """The recording as records of the topic, shuffled within the bound, some of them twice."""
    chance = random.Random(seed)
    result = []
    for trade in trades():
        # Late by less than OUT_OF_ORDERNESS, so that no window has closed.
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            result.append((trade["time_ms"] + chance.uniform(0, 1_900), line(trade)))
    return [text for _, text in sorted(result)]


def produce(stack, topic, lines):
    subprocess.run(
        [
            "kcat", "-P", "-b", stack.values["KAFKA_BROKERS"], "-t", topic, "-k", "BTCUSDT",
            "-X", "topic.partitioner=murmur2_random", "-X", "enable.idempotence=true", "-q",
        ],  # fmt: skip
        input="\n".join(lines).encode(),
        check=True,
        timeout=60,
    )


def test_shuffled_duplicated_and_killed_gives_the_same_rows(stack, golden):
    seed = int(os.environ.get("MARKET_STREAM_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"MARKET_STREAM_SEED={seed}")
    chance = random.Random(seed)
    lines = records(seed)
    url = database(stack, "shuffled")
    environment = {
        "POSTGRES_URL": url,
        "KAFKA_TRADES_TOPIC": "shuffled",
        "KAFKA_GROUP_ID": "shuffled",
        "KAFKA_SESSION_TIMEOUT": "6s",
        "COMMIT_INTERVAL": "50ms",
    }
    processor = stack.start("trade-processor", environment)
    with psycopg.connect(url, autocommit=True) as connection:
        wait_for(lambda: progress(connection, "count(*)") == 12, 60, lambda: f"not claimed:\n{processor.tail()}")
        cuts = sorted(chance.sample(range(1, len(lines)), 4))
        for begin, end in zip([0, *cuts], [*cuts, len(lines)]):
            read = progress(connection, "sum(next_offset)")
            produce(stack, "shuffled", lines[begin:end])
            if end == len(lines):
                break
            # Anywhere between nothing and all of the part committed.
            part = chance.uniform(0, 1) * (end - begin)
            deadline = time.monotonic() + chance.uniform(0.0, 1.5)
            while time.monotonic() < deadline and progress(connection, "sum(next_offset)") - read < part:
                time.sleep(0.01)
            processor.kill()
            processor = stack.start("trade-processor", environment)
        wait_for(
            lambda: progress(connection, "sum(next_offset)") == len(lines),
            60,
            lambda: f"not drained:\n{processor.tail()}",
        )
        last_id = max(trade["last_id"] for trade in trades())
        wait_until_committed(connection, last_id, processor)
        for interval in ("10s", "1m"):
            wait_for(
                lambda: set(rows(connection, interval)) == set(golden[interval]), 60,
                lambda: f"windows of {interval} stay open:\n{processor.tail()}",
            )  # fmt: skip
            found = rows(connection, interval)
            for start, expected in golden[interval].items():
                assert found[start] == expected, f"{interval} {start}, seed {seed}"
    assert processor.stop() == 0, processor.tail()


def progress(connection, expression):
    try:
        return connection.execute(f"SELECT {expression} FROM processor_progress").fetchone()[0] or 0
    except psycopg.errors.UndefinedTable:
        return 0
