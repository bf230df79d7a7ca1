"""marketctl against a stack of its own: what it says of parts that are well, and of those that are not."""

import os
import pathlib
import subprocess
import tempfile

import influx
import psycopg
import pytest
from conftest import ROOT, stack_command, wait_for

BIN = pathlib.Path(os.environ.get("MARKET_STREAM_BIN", ROOT / ".build" / "debug")).resolve()
TOKEN = "token-of-the-tests"


class Market:
    """All servers and services, on the simulator."""

    def __init__(self, folder):
        self.folder = folder
        environment = self.stack("start", "--bin", BIN, "--symbols", "BTCUSDT", f"API_TOKEN={TOKEN}")
        self.environment = {
            key: environment[key] for key in ("KAFKA_BROKERS", "POSTGRES_URL", "REDIS_URL", "API_URL")
        }
        self.environment["MARKET_SOURCE"] = environment["SOURCE"]

    def stack(self, command, *words):
        return stack_command(command, self.folder, *words)

    def run(self, *words, **settings):
        """marketctl's exit code and all that it says."""
        result = subprocess.run(
            [BIN / "marketctl", *words], env={**os.environ, **self.environment, **settings}, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )
        return result.returncode, result.stdout

    def wait(self, words, *expected, code, **settings):
        """Runs until the exit code and the texts are as expected; gives what it said."""
        said = []

        def is_so():
            found, text = self.run(*words, **settings)
            said.append(f"exit code {found}\n{text}")
            return text if found == code and all(part in text for part in expected) else None

        return wait_for(is_so, 90, lambda: said[-1])


@pytest.fixture(scope="module")
def market():
    with tempfile.TemporaryDirectory(prefix="market-stream-ctl.") as folder:
        os.chmod(folder, 0o755)
        market = Market(pathlib.Path(folder))
        try:
            yield market
        finally:
            market.stack("stop")


def test_status_names_every_part(market):
    text = market.wait(["status"], "binance binance", "\n11  ", code=0)
    for part in ("kafka", "postgres", "redis", "processor ", "market-api", "binance binance"):
        assert part in text, text
    rows = [line.split() for line in text.splitlines() if line and line[0].isdigit()]
    assert [row[-1] for row in rows] == ["ok"] * 12, text
    assert "\x1b" not in text
    assert market.run("status", "--quiet") == (0, "")


def test_a_processor_that_ends_in_good_order_says_so_last(market):
    for _ in range(3):
        market.wait(["status"], code=0)
        market.stack("stop-service", "trade-processor")
        try:
            text = market.wait(["status"], "no trade-processor runs", code=1)
            # Its last word, whatever it wrote while it stopped.
            states = [line.split()[2] for line in text.splitlines() if line.startswith("processor ") and "/" in line.split()[1]]
            assert states and set(states) <= {"stopped"}, text
        finally:
            market.stack("start-service", "trade-processor")
    market.wait(["status"], code=0)


def test_status_works_while_servers_are_away(market):
    text = market.wait(
        ["status"], "redis", "cannot connect", code=1, REDIS_URL=f"redis://127.0.0.1:{influx.free_port()}"
    )
    assert "market-api           ok" in text
    text = market.wait(["status"], "market-api does not answer", code=1, API_URL="http://127.0.0.1:1")
    assert "postgres" in text and "producer producer-1  running" in text
    code, text = market.run("status", POSTGRES_URL="postgresql://market:a-secret@127.0.0.1:1/market")
    assert code == 1 and "kafka" in text and "a-secret" not in text, text


def test_check_tries_each_connection(market):
    code, text = market.run("check")
    assert code == 0, text
    for target in ("kafka: ok", "postgres: ok", "redis: ok", "api: ok", "influxdb: not used"):
        assert target in text, text
    code, text = market.run("check", "postgres", "redis", MARKET_SOURCE="binance")
    assert code == 1 and text.count("another source") == 2, text
    code, text = market.run("check", "kafka", KAFKA_BROKERS="127.0.0.1:1")
    assert code == 1 and "kafka: failed" in text, text
    assert market.run("check", "something")[0] == 64
    code, text = market.run("check", MAX_FUTURE="2h", CANDLE_INTERVALS="7s")
    assert code == 78 and "CANDLE_INTERVALS" in text, text


@pytest.mark.skipif(not influx.available(), reason="influxd is not installed")
def test_check_writes_to_influxdb_and_reads_it_back(market):
    server = influx.Influx(market.folder / "influx")
    server.start()
    try:
        settings = {
            "INFLUXDB_HOST": f"127.0.0.1:{server.port}",
            "INFLUXDB_USERNAME": influx.USER,
            "INFLUXDB_TOKEN": influx.SECRET,
            "INFLUXDB_DATABASE": influx.DATABASE,
        }
        code, text = market.run("check", "influxdb", **settings)
        assert code == 0 and "and read back" in text and "no candle is there yet" in text, text
        [series] = server.query("SELECT * FROM market_stream_check")
        assert len(series["values"]) == 1
        code, text = market.run("check", "influxdb", **{**settings, "INFLUXDB_TOKEN": "wrong-and-secret"})
        assert code == 1 and "401" in text and "wrong-and-secret" not in text, text
    finally:
        server.stop()
    code, text = market.run("check", "influxdb", **settings)
    assert code == 1 and "does not answer" in text and influx.SECRET not in text, text


def test_symbols_are_added_and_removed(market):
    code, text = market.run("symbols", "remove", "BTCUSDT")
    assert code == 1 and "API_TOKEN" in text, text
    code, text = market.run("symbols", "add", "NOPE", API_TOKEN=TOKEN)
    assert code == 1 and "binance does not know NOPE" in text, text
    try:
        assert market.run("symbols", "remove", "BTCUSDT", API_TOKEN=TOKEN)[0] == 0
        market.wait(["symbols"], "BTCUSDT  no", code=0)
    finally:
        assert market.run("symbols", "add", "BTCUSDT", API_TOKEN=TOKEN)[0] == 0
    market.wait(["symbols", "list"], "BTCUSDT  yes", code=0)


def test_an_empty_database_gets_its_schema(market):
    url = market.environment["POSTGRES_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS empty")
        connection.execute("CREATE DATABASE empty")
    empty = url.rsplit("/", 1)[0] + "/empty"
    code, text = market.run("migrate", "--status", POSTGRES_URL=empty)
    assert code == 1 and "lacks migrations" in text, text
    code, text = market.run("quarantine", POSTGRES_URL=empty)
    assert code == 1 and "marketctl migrate" in text, text
    code, text = market.run("migrate", POSTGRES_URL=empty)
    assert code == 0 and "the schema is current" in text, text
    assert market.run("migrate", POSTGRES_URL=empty) == (0, "nothing to do\nthe schema is current\n")


def test_a_recording_is_replayed_by_the_producer_beside_it(market):
    code, text = market.run("replay", "nothing-there.csv")
    assert code != 0 and "nothing-there.csv" in text, text
