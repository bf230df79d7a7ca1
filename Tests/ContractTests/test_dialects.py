"""Binance's dialect and TradingView's, held to schemas/openapi.yaml and schemas/asyncapi.yaml."""

import json

import pytest
import requests
import websockets.sync.client

from conftest import wait_for
from contracts import ASYNCAPI, pointer_to, problems

# Path, query, status.
ANSWERS = [
    ("/api/v3/ping", {}, 200),
    ("/api/v3/time", {}, 200),
    ("/api/v3/exchangeInfo", {}, 200),
    ("/api/v3/exchangeInfo", {"symbols": '["BTCUSDT","ETHUSDT"]'}, 200),
    ("/api/v3/exchangeInfo", {"symbol": "NOBODYFOLLOWS"}, 400),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "10s"}, 200),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1M", "timeZone": "-1:00"}, 200),
    ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1s"}, 400),
    ("/api/v3/klines", {"symbol": "BTCUSDT"}, 400),
    ("/api/v3/uiKlines", {"symbol": "BTCUSDT", "interval": "3m", "startTime": "0"}, 200),
    ("/api/v3/avgPrice", {"symbol": "BTCUSDT"}, 200),
    ("/api/v3/ticker/price", {}, 200),
    ("/api/v3/ticker/price", {"symbol": "BTCUSDT"}, 200),
    ("/api/v3/ticker/24hr", {}, 200),
    ("/api/v3/ticker/24hr", {"symbol": "BTCUSDT", "type": "MINI"}, 200),
    ("/api/v3/trades", {"symbol": "BTCUSDT"}, 200),
    ("/api/v3/historicalTrades", {"symbol": "BTCUSDT", "fromId": "0"}, 200),
    ("/api/v3/aggTrades", {"symbol": "BTCUSDT", "startTime": "0"}, 200),
    ("/api/v3/aggTrades", {"symbol": "BTCUSDT", "startTime": "0", "fromId": "0"}, 400),
    ("/udf/config", {}, 200),
    ("/udf/symbols", {"symbol": "BINANCE:BTCUSDT"}, 200),
    ("/udf/symbols", {"symbol": "NOBODYFOLLOWS"}, 404),
    ("/udf/search", {"query": "usdt"}, 200),
    ("/udf/history", {"symbol": "BTCUSDT", "resolution": "10S", "from": "0", "to": "4000000000"}, 200),
    ("/udf/history", {"symbol": "BTCUSDT", "resolution": "1", "to": "10", "countback": "5"}, 200),
    ("/udf/history", {"symbol": "BTCUSDT", "resolution": "7", "to": "10", "countback": "5"}, 400),
    ("/udf/config", {"unknown": "1"}, 400),
]
STREAMS = ["trade", "aggTrade", "kline_10s", "kline_3m", "miniTicker", "ticker"]


@pytest.fixture(scope="module")
def known(api):
    """The API once the venue has said what its symbols are."""
    wait_for(
        lambda: requests.get(f"{api}/api/v3/exchangeInfo", timeout=5).json()["symbols"], 60,
        "the venue has said nothing of its symbols")
    return api


@pytest.mark.parametrize("path, query, status", ANSWERS)
def test_answers(known, path, query, status):
    answer = requests.get(known + path, params=query, timeout=10)
    assert answer.status_code == status, answer.text
    content_type = answer.headers["content-type"].split(";")[0].strip()
    pointer = pointer_to(path, "get", status, content_type)
    assert pointer, f"{path} {status} {content_type} is not documented"
    assert problems(pointer, answer.json()) == []


def test_time_is_plain_text(api):
    answer = requests.get(f"{api}/udf/time", timeout=10)
    assert answer.headers["content-type"].startswith("text/plain") and int(answer.text) > 1_700_000_000


@pytest.mark.parametrize("path", ["/api/v3/nosuch", "/api/v3", "/api/v3/klines/more"])
def test_every_error_below_is_binances(api, path):
    answer = requests.get(api + path, timeout=10)
    assert answer.status_code == 404
    assert problems("openapi.yaml#/components/schemas/BinanceError", answer.json()) == []


def payload_of(name):
    return "asyncapi.yaml" + ASYNCAPI["components"]["messages"][name]["payload"]["$ref"]


def test_stream_messages(known):
    names = [f"btcusdt@{stream}" for stream in STREAMS] + ["!miniTicker@arr"]
    address = known.replace("http", "ws", 1) + "/stream?streams=" + "/".join(names[:-1])
    with websockets.sync.client.connect(address, open_timeout=10) as socket:
        requests_of_ours = [
            {"method": "SUBSCRIBE", "params": [names[-1]], "id": 1}, {"method": "LIST_SUBSCRIPTIONS", "id": "two"},
            {"method": "GET_PROPERTY", "params": ["combined"], "id": 3},
        ]
        for request in requests_of_ours:
            assert problems(payload_of("streamRequest"), request) == []
            socket.send(json.dumps(request))
        socket.send("not json")
        seen = set()

        def next_message():
            message = json.loads(socket.recv(timeout=30))
            is_reply = "stream" not in message
            assert problems(payload_of("streamReply" if is_reply else "streamCombined"), message) == [], message
            if is_reply:
                seen.add("error" if "error" in message else message["id"])
            else:
                seen.add(message["stream"])
            return {*names, 1, "two", 3, "error"} <= seen

        wait_for(next_message, 60, lambda: f"only came: {seen}")
