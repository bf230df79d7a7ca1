"""A client that somebody else wrote, Binance's own JavaScript connector: it does not notice the simulator."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.request
from decimal import Decimal

import pytest

from conftest import ROOT, wait_for

MODULES = ROOT / ".deps" / "node" / "node_modules"
CLIENT = pathlib.Path(__file__).parent / "node" / "client.js"
MESSAGES = 60

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine"),
    pytest.mark.skipif(
        not (MODULES / "@binance" / "connector").is_dir(), reason="@binance/connector could not be had by scripts/setup"
    ),
]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulator")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    binary = pathlib.Path(os.environ.get("MARKET_STREAM_BIN", ROOT / ".build" / "debug")).resolve()
    environment = {
        **os.environ, "SIMULATOR_PORT": host.split(":")[1], "SYMBOLS": "BTCUSDT,ETHUSDT", "SIMULATOR_RATE": "200",
    }
    with open(folder / "simulator.log", "wb") as log:
        process = subprocess.Popen(
            [binary / "exchange-simulator"], env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)

    def answers():
        assert process.poll() is None, (folder / "simulator.log").read_text()
        try:
            return urllib.request.urlopen(f"http://{host}/api/v3/ping", timeout=2).status == 200
        except OSError:
            return False

    try:
        wait_for(answers, 30, "the simulator does not answer")
        yield host
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def heard(simulator):
    """What the connector got, as one object."""
    result = subprocess.run(
        ["node", CLIENT, simulator, str(MESSAGES)], env={**os.environ, "NODE_PATH": str(MODULES)}, text=True,
        capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout)


def test_rest_answers(heard):
    assert heard["ping"] == {}
    assert heard["time"]["serverTime"] > 1_700_000_000_000
    assert [symbol["symbol"] for symbol in heard["exchangeInfo"]["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    ids = [trade["id"] for trade in heard["trades"]]
    assert ids == list(range(ids[0], ids[0] + 10))
    assert heard["historicalTrades"] == heard["trades"]
    for trade in heard["trades"]:
        assert Decimal(trade["price"]) * Decimal(trade["qty"]) == Decimal(trade["quoteQty"])
    aggregates = [trade["a"] for trade in heard["aggTrades"]]
    assert aggregates == list(range(aggregates[0], aggregates[0] + 10))
    assert [len(row) for row in heard["klines"]] == [12, 12, 12]
    for row in heard["klines"]:
        opened, high, low, close = map(Decimal, row[1:5])
        assert low <= min(opened, close) <= max(opened, close) <= high


def test_a_refusal_is_the_one_it_knows(heard):
    assert heard["refusal"] == {"status": 400, "body": {"code": -1121, "msg": "Invalid symbol."}}


def test_a_raw_stream(heard):
    assert {message["e"] for message in heard["raw"]} == {"trade"}
    ids = [message["t"] for message in heard["raw"]]
    # It closes when it has so many; a few more may be on their way by then.
    assert len(ids) >= MESSAGES
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_combined_streams(heard):
    wrapped = [message for message in heard["combined"] if "stream" in message]
    assert {message["stream"] for message in wrapped} == {"btcusdt@trade", "btcusdt@aggTrade", "ethusdt@aggTrade"}
    for message in wrapped:
        assert message["stream"] == f"{message['data']['s'].lower()}@{message['data']['e']}"
    replies = [message for message in heard["combined"] if "id" in message]
    assert [message["result"] for message in replies] == [None]
