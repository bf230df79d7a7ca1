"""python-binance pointed at the API: it does not notice, and its candles are PostgreSQL's.

docs/CLIENTS.md shows what is done here. Skipped where the package is not installed."""

import asyncio
import time
from decimal import Decimal

import psycopg
import pytest
import requests

from conftest import variable, wait_for

binance = pytest.importorskip("binance", reason="python-binance is not installed")
COLUMNS = "open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume"


@pytest.fixture(scope="module")
def client(api):
    client = binance.Client("", "", ping=False)
    client.API_URL = f"{api}/api"
    wait_for(
        lambda: len(requests.get(f"{api}/candles", params={"interval": "1m"}, timeout=5).json()["candles"]) >= 2
        and len(client.get_exchange_info()["symbols"]) == 2,
        240, "no two minutes have closed, or the venue has said nothing of its symbols")
    return client


def stored(interval):
    with psycopg.connect(variable("POSTGRES_URL")) as connection:
        rows = connection.execute(
            f"SELECT window_start * 1000, {COLUMNS} FROM candles_{interval} WHERE symbol = 'BTCUSDT'").fetchall()
    return {row[0]: row[1:] for row in rows}


def figures(kline):
    return tuple(Decimal(kline[place]) for place in (1, 2, 3, 4, 5, 7, 8, 9, 10))


def test_what_is_asked_once(client):
    assert client.ping() == {} and abs(client.get_server_time()["serverTime"] / 1000 - time.time()) < 60
    assert [symbol["symbol"] for symbol in client.get_exchange_info()["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    prices = [client.get_symbol_ticker(symbol="BTCUSDT")["price"], client.get_avg_price(symbol="BTCUSDT")["price"]]
    # Asked for afterwards, so that it holds both.
    day = client.get_ticker(symbol="BTCUSDT")
    assert all(Decimal(day["lowPrice"]) <= Decimal(price) <= Decimal(day["highPrice"]) for price in prices)
    for trades in (client.get_recent_trades(symbol="BTCUSDT"), client.get_aggregate_trades(symbol="BTCUSDT")):
        ids = [trade.get("id", trade.get("a")) for trade in trades]
        assert ids == list(range(ids[0], ids[0] + len(ids))) and len(ids) > 10


def test_candles_are_those_of_postgres(client):
    minutes = client.get_historical_klines("BTCUSDT", "1m", "2 hours ago UTC")
    for interval, klines in (("1m", minutes), ("10s", client.get_klines(symbol="BTCUSDT", interval="10s"))):
        rows = stored(interval)
        # The newest is still open, and the one before may have been when it was asked for.
        compared = [kline for kline in klines if kline[0] in rows and kline[0] / 1000 + 90 < time.time()]
        assert compared
        for kline in compared:
            assert figures(kline) == rows[kline[0]]


def test_a_refusal_is_understood(client):
    with pytest.raises(binance.exceptions.BinanceAPIException) as refusal:
        client.get_klines(symbol="NOSUCH", interval="1m")
    assert refusal.value.code == -1121


async def received(api, count):
    client = binance.AsyncClient("", "")
    client.API_URL = f"{api}/api"
    manager = binance.BinanceSocketManager(client)
    manager.STREAM_URL = api.replace("http", "ws", 1) + "/"
    sockets = {
        "trade": manager.trade_socket("BTCUSDT"), "kline": manager.kline_socket("BTCUSDT", "1m"),
        "multiplex": manager.multiplex_socket(["btcusdt@aggTrade", "ethusdt@trade"]),
    }
    messages = {}
    for name, socket in sockets.items():
        async with socket as stream:
            messages[name] = [await asyncio.wait_for(stream.recv(), 60) for _ in range(count)]
    await client.close_connection()
    return messages


def test_streams(api, client):
    messages = asyncio.run(received(api, 5))
    ids = [message["t"] for message in messages["trade"]]
    assert ids == list(range(ids[0], ids[0] + 5))
    assert all(message["k"]["i"] == "1m" for message in messages["kline"])
    assert {message["stream"] for message in messages["multiplex"]} <= {"btcusdt@aggTrade", "ethusdt@trade"}
