"""Clients that others wrote for Binance, pointed at the API: they do not notice, and their candles are PostgreSQL's.

docs/CLIENTS.md shows what is done here."""

import json
import os
import pathlib
import shutil
import subprocess
import time
from decimal import Decimal

import psycopg
import pytest
import requests
import websockets.sync.client

from conftest import variable, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / ".deps" / "node" / "node_modules"
PROGRAMS = ROOT / "Tests" / "EndToEndTests" / "node"
MESSAGES = 60

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine"),
    pytest.mark.skipif(not (MODULES / "ccxt").is_dir(), reason="ccxt could not be had by scripts/setup"),
]


def run(program, api, *arguments):
    """What a program of ours that uses the client printed, as one object."""
    result = subprocess.run(
        ["node", PROGRAMS / program, api.removeprefix("http://"), *arguments],
        env={**os.environ, "NODE_PATH": str(MODULES)}, text=True, capture_output=True, timeout=240)
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def ready(api):
    """The API once it has what the clients ask for: two closed minutes and what the venue says of its symbols."""

    def has_all():
        info = requests.get(f"{api}/api/v3/exchangeInfo", timeout=5).json()
        minutes = requests.get(f"{api}/candles", params={"interval": "1m"}, timeout=5).json()
        return len(info["symbols"]) == 2 and len(minutes["candles"]) >= 2

    wait_for(has_all, 240, "no two minutes have closed, or the venue has said nothing of its symbols")
    return api


@pytest.fixture(scope="module")
def ccxt(ready):
    return run("ccxt.js", ready)


@pytest.fixture(scope="module")
def connector(ready):
    return run("client.js", ready, str(MESSAGES))


@pytest.fixture(scope="module")
def database():
    with psycopg.connect(variable("POSTGRES_URL"), autocommit=True) as connection:
        yield connection


def stored(database, interval, columns):
    """Stored candles of BTCUSDT by window start in milliseconds."""
    rows = database.execute(
        f"SELECT window_start * 1000, {columns} FROM candles_{interval} WHERE symbol = 'BTCUSDT' ORDER BY window_start")
    return {row[0]: row[1:] for row in rows}


def test_ccxt_knows_the_markets(ccxt):
    assert {"BTC/USDT", "ETH/USDT"} <= set(ccxt["symbols"])
    assert ccxt["market"]["active"] and ccxt["market"]["precision"]["price"] == 0.01
    assert {"BTC/USDT", "ETH/USDT"} <= set(ccxt["tickers"])
    ticker = ccxt["ticker"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"] and ticker["baseVolume"] > 0
    assert ccxt["watchedTicker"]["symbol"] == "BTC/USDT" and ccxt["watchedTicker"]["last"] > 0


def test_ccxt_candles_are_those_of_postgres(ccxt, database):
    rows = stored(database, "1m", "open, high, low, close, volume")
    compared = 0
    for start, *figures in ccxt["candles"]:
        # The newest is still open, and the one before may have been when it was asked for.
        if start + 90_000 < ccxt["now"] and start in rows:
            assert figures == [float(value) for value in rows[start]]
            compared += 1
    assert compared >= 1
    # A window in which nothing was traded is flat, none is left out.
    starts = [row[0] for row in ccxt["candles"]]
    assert starts == list(range(starts[0], starts[0] + 60_000 * len(starts), 60_000))
    assert all(start % 180_000 == 0 for start, *_ in ccxt["folded"])


def test_ccxt_watches(ccxt):
    ids = [int(trade["id"]) for trade in ccxt["watchedTrades"]]
    assert ids == list(range(ids[0], ids[0] + len(ids))), "trades are missing or out of order"
    fetched = [int(trade["id"]) for trade in ccxt["trades"]]
    assert fetched == list(range(fetched[0], fetched[0] + 100))
    for start, opened, high, low, close, volume in ccxt["watchedCandles"]:
        assert start % 60_000 == 0 and low <= min(opened, close) <= max(opened, close) <= high and volume >= 0


def test_ccxt_understands_a_refusal(ccxt):
    assert ccxt["refusal"]["name"] in ("BadRequest", "BadSymbol") and "-1120" in ccxt["refusal"]["message"]


def test_binances_connector(connector):
    assert connector["ping"] == {} and connector["time"]["serverTime"] > 1_700_000_000_000
    assert [symbol["symbol"] for symbol in connector["exchangeInfo"]["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    ids = [trade["id"] for trade in connector["trades"]]
    assert ids == list(range(ids[0], ids[0] + 10))
    assert connector["historicalTrades"] == connector["trades"]
    for trade in connector["trades"]:
        assert Decimal(trade["price"]) * Decimal(trade["qty"]) == Decimal(trade["quoteQty"])
    assert [len(row) for row in connector["klines"]] == [12] * len(connector["klines"])
    assert connector["refusal"] == {"status": 400, "body": {"code": -1121, "msg": "Invalid symbol."}}


def test_binances_connector_streams(connector):
    ids = [message["t"] for message in connector["raw"] if message.get("e") == "trade"]
    assert len(ids) >= MESSAGES and ids == list(range(ids[0], ids[0] + len(ids)))
    wrapped = [message for message in connector["combined"] if "stream" in message]
    assert {message["stream"] for message in wrapped} == {"btcusdt@trade", "btcusdt@aggTrade", "ethusdt@aggTrade"}
    assert [message["result"] for message in connector["combined"] if "id" in message] == [None]


def klines(api, interval, **parameters):
    query = {"symbol": "BTCUSDT", "interval": interval, **parameters}
    answer = requests.get(f"{api}/api/v3/klines", params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_klines_are_those_of_postgres_to_the_digit(ready, database):
    columns = (
        "open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume")
    rows = stored(database, "10s", columns)
    newest = max(rows)
    given = klines(ready, "10s", startTime=min(rows), endTime=newest, limit=1000)
    seen = set()
    for start, opened, high, low, close, volume, end, quote, count, buy, buy_quote, _ in given:
        assert end == start + 9_999
        if count == 0:
            assert start not in rows and opened == high == low == close
            continue
        assert rows[start] == tuple(
            [Decimal(text) for text in (opened, high, low, close, volume, quote)] + [count, Decimal(buy), Decimal(buy_quote)])
        seen.add(start)
    assert seen == {start for start in rows if start <= given[-1][0]}


def test_a_closed_kline_comes_once_and_is_the_stored_one(ready, database):
    closed = []
    with websockets.sync.client.connect(
        ready.replace("http", "ws", 1) + "/ws/btcusdt@kline_10s", open_timeout=10
    ) as socket:
        deadline = time.monotonic() + 90
        while len(closed) < 3:
            assert time.monotonic() < deadline, "three windows of ten seconds did not close"
            message = json.loads(socket.recv(timeout=60))
            if message["k"]["x"]:
                closed.append(message["k"])
    starts = [kline["t"] for kline in closed]
    assert starts == sorted(set(starts)) and starts == list(range(starts[0], starts[0] + 30_000, 10_000))
    rows = stored(database, "10s", "open, high, low, close, volume, quote_volume, trade_count, first_trade_id, last_trade_id")
    for kline in closed:
        if kline["n"]:
            assert rows[kline["t"]] == tuple(
                [Decimal(kline[name]) for name in "ohlcvq"] + [kline["n"], kline["f"], kline["L"]])
