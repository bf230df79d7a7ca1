"""Points in InfluxDB equal candles in PostgreSQL, over outages, restarts, kills and late trades."""

import json
import os
import pathlib
import signal
import time
import urllib.error
import urllib.request

import psycopg
import pytest

import influx
from conftest import wait_for
from test_recorded_trades import database, line, produce, progress, trades

# 60 by hand; what is checked is the same.
OUTAGE_SECONDS = float(os.environ.get("INFLUX_OUTAGE_SECONDS", "4"))
FIELDS = ("open", "high", "low", "close", "volume")
pytestmark = pytest.mark.skipif(not influx.available(), reason="no influxd on this machine")


@pytest.fixture
def server(tmp_path):
    server = influx.Influx(tmp_path / "influx")
    try:
        yield server
    finally:
        server.stop()


def lines():
    """The recording in order, without repeats."""
    return [line(trade) for trade in trades()]


def candles(connection):
    """What InfluxDB must hold: doubles, the nearest to the exact decimals."""
    found = {}
    for row in connection.execute(f"SELECT symbol, window_start, {', '.join(FIELDS)} FROM candles_10s"):
        values = {name: float(value) for name, value in zip(FIELDS, row[2:])}
        found[row[0], row[1]] = {**values, "price": values["close"]}
    return found


class World:
    def __init__(self, stack, server, name):
        self.stack, self.server, self.name = stack, server, name
        self.url = database(stack, name)
        self.sent = 0
        self.processors = []

    def processor(self, **more):
        service = self.stack.start(
            "trade-processor",
            {
                "POSTGRES_URL": self.url,
                "KAFKA_TRADES_TOPIC": self.name,
                "KAFKA_GROUP_ID": self.name,
                "KAFKA_SESSION_TIMEOUT": "6s",
                "IDLE_TIMEOUT": "1s",
                "LOG_LEVEL": "trace",
                **more,
            },
        )
        self.processors.append(service)
        return service

    def with_influx(self, **more):
        settings = {
            "INFLUXDB_HOST": f"127.0.0.1:{self.server.port}",
            "INFLUXDB_USERNAME": influx.USER,
            "INFLUXDB_TOKEN": influx.SECRET,
            "INFLUXDB_DATABASE": influx.DATABASE,
            "INFLUXDB_INTERVAL": "10s",
            "INFLUXDB_BATCH_SIZE": "7",
            "INFLUXDB_FLUSH_INTERVAL": "200ms",
        }
        return self.processor(**{**settings, **more})

    def logs(self):
        return "\n".join(service.tail() for service in self.processors)

    def send(self, part, connection):
        """To the topic, and from there into PostgreSQL."""
        produce(self.stack, self.name, part)
        self.sent += len(part)
        wait_for(lambda: progress(connection, "sum(next_offset)") == self.sent, 90, self.logs)

    def wait_until_delivered(self, connection):
        def is_equal():
            queued = connection.execute("SELECT count(*) FROM influx_outbox").fetchone()[0]
            return queued == 0 and self.server.points() == candles(connection)

        def problem():
            found, expected = self.server.points(), candles(connection)
            wrong = {key: (found.get(key), expected.get(key)) for key in found.keys() | expected.keys()}
            return f"{ {key: pair for key, pair in wrong.items() if pair[0] != pair[1]} }\n{self.logs()}"

        wait_for(is_equal, 120, problem)


def health(port):
    """The parts of the processor, and whether it is ready."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        parts = json.load(answer)["parts"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            return parts, answer.status == 200
    except urllib.error.HTTPError:
        return parts, False


def test_points_equal_candles_whatever_happens_to_influxdb(stack, server):
    world = World(stack, server, "influx")
    recording = lines()
    # Trades that come when their windows have closed long ago.
    late = recording[200:1000:100]
    recording = [line for line in recording if line not in late]
    third = len(recording) // 3
    first = world.processor()
    with psycopg.connect(world.url, autocommit=True) as connection:
        wait_for(lambda: progress(connection, "count(*)") == 12, 90, world.logs)
        # Candles from before anybody wanted points.
        world.send(recording[:third], connection)
        wait_for(lambda: len(candles(connection)) > 2, 60, world.logs)
        assert connection.execute("SELECT count(*) FROM influx_outbox").fetchone()[0] == 0
        assert first.stop() == 0, first.tail()
        before = len(candles(connection))

        # InfluxDB is not there: trades go on into PostgreSQL, and the processor says what is the matter.
        port = influx.free_port()
        one = world.with_influx(METRICS_PORT=str(port))
        end = time.monotonic() + OUTAGE_SECONDS
        wait_for(lambda: "influxdb" in world.logs(), 60, world.logs)
        parts = max(1, third // 400)
        for number in range(parts):
            begin = third + third * number // parts
            world.send(recording[begin : third + third * (number + 1) // parts], connection)
        wait_for(lambda: len(candles(connection)) > before + 2, 60, world.logs)
        wait_for(
            lambda: health(port)[0].get("influxdb", {}).get("state") == "failed", 60, lambda: str(health(port))
        )
        wait_for(lambda: health(port)[1], 60, lambda: str(health(port)))
        wait_for(lambda: time.monotonic() > end, OUTAGE_SECONDS + 5, "time stands still")
        assert connection.execute("SELECT count(*) FROM influx_outbox").fetchone()[0] > 0

        # It comes; a second processor is there too, and the first is killed in the midst of it.
        two = world.with_influx()
        server.start()
        wait_for(lambda: server.points(), 120, world.logs)
        one.kill()
        world.wait_until_delivered(connection)

        # It hangs, while new candles close and old ones are amended.
        server.send(signal.SIGSTOP)
        old = candles(connection)
        world.send(recording[2 * third :], connection)
        world.send(late, connection)
        changed = wait_for(
            lambda: [key for key, row in candles(connection).items() if key in old and row != old[key]], 60, world.logs
        )
        server.send(signal.SIGCONT)
        world.wait_until_delivered(connection)
        assert changed
        # The last windows close by the clock.
        wait_for(lambda: (("BTCUSDT", 1577978280) in candles(connection)), 60, world.logs)
        world.wait_until_delivered(connection)
        assert two.stop() == 0, two.tail()
    for service in world.processors:
        assert influx.SECRET not in pathlib.Path(service.log).read_text(errors="replace")


def test_another_database_gets_everything_and_a_refusal_is_told(stack, server):
    world = World(stack, server, "influx-again")
    server.start()
    part = lines()[:600]
    first = world.with_influx()
    with psycopg.connect(world.url, autocommit=True) as connection:
        wait_for(lambda: progress(connection, "count(*)") == 12, 90, world.logs)
        world.send(part, connection)
        wait_for(lambda: len(candles(connection)) > 1, 60, world.logs)
        world.wait_until_delivered(connection)
        assert first.stop() == 0, first.tail()
        delivered = server.points()

        port = influx.free_port()
        wrong = world.with_influx(INFLUXDB_TOKEN="wrong-and-secret", METRICS_PORT=str(port))
        wait_for(lambda: "influxdb" in health_or_nothing(port), 60, world.logs)
        connection.execute(
            "INSERT INTO influx_outbox (symbol, interval, window_start) SELECT symbol, interval, window_start"
            " FROM candles_10s"
        )
        reason = wait_for(
            lambda: health_or_nothing(port).get("influxdb", {}).get("reason", ""), 60, world.logs
        )
        assert "401" in reason, reason
        assert wrong.stop() == 0, wrong.tail()
        assert "wrong-and-secret" not in pathlib.Path(wrong.log).read_text(errors="replace")

        server.query('DROP MEASUREMENT "crypto_price"')
        third = world.with_influx(INFLUXDB_ORG="another-target")
        wait_for(lambda: server.points() == delivered, 60, world.logs)
        assert third.stop() == 0, third.tail()
        connection.execute("SELECT influx_stop()")
        assert connection.execute("SELECT count(*) FROM influx_outbox").fetchone()[0] == 0


def health_or_nothing(port):
    try:
        return health(port)[0]
    except OSError:
        return {}
