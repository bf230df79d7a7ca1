"""WebSocket messages held to schemas/asyncapi.yaml, Kafka records to schemas/kafka."""

import json
import os
import pathlib
import subprocess
import time

import pytest
import requests
import websockets.sync.client

from conftest import wait_for
from contracts import ASYNCAPI, KAFKA, problems

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / ".deps" / "lib"
# Schema of a record, and the topic that holds it.
TOPICS = {
    "trade.schema.json": "trades",
    "candle.schema.json": "candles",
    "progress.schema.json": "market.progress",
    "instrument.schema.json": "instruments",
    "heartbeat.schema.json": "market.heartbeat",
    "source.schema.json": "trades.source",
}


def payload_of(name):
    return "asyncapi.yaml" + ASYNCAPI["components"]["messages"][name]["payload"]["$ref"]


def test_feed_messages(api):
    with websockets.sync.client.connect(api.replace("http", "ws", 1) + "/feed", open_timeout=10) as socket:
        command = {"op": "subscribe", "id": 7, "symbols": ["BTCUSDT"], "intervals": ["10s"],
                   "channels": ["price", "candles", "trades"]}
        assert problems(payload_of("command"), command) == []
        socket.send(json.dumps(command))
        socket.send(json.dumps({"op": "ping", "id": 8}))
        socket.send("not json")
        wanted = {"subscribed", "snapshot", "price", "candle", "trade", "status", "pong", "error"}
        seen = set()

        def next_message():
            message = json.loads(socket.recv(timeout=15))
            kind = message["type"]
            assert kind in ASYNCAPI["components"]["messages"], f"{kind} is not documented"
            assert problems(payload_of(kind), message) == [], message
            seen.add(kind)
            return wanted <= seen

        wait_for(next_message, 30, lambda: f"never came: {wanted - seen}")


def test_events(api):
    query = {"symbols": "BTCUSDT", "channels": "price,candles,trades", "intervals": "10s"}
    wanted = {"snapshot", "price", "candle", "trade", "status"}
    seen = set()
    with requests.get(f"{api}/events", params=query, stream=True, timeout=15) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind, deadline = None, time.monotonic() + 30
        for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                message = json.loads(value)
                assert message["type"] == kind
                assert problems(payload_of(kind), message) == [], message
                seen.add(kind)
            if wanted <= seen:
                break
            assert time.monotonic() < deadline, f"never came: {wanted - seen}"


def test_trades_are_numbered_without_a_hole(api):
    with websockets.sync.client.connect(api.replace("http", "ws", 1) + "/feed", open_timeout=10) as socket:
        socket.send(json.dumps({"op": "subscribe", "symbols": ["BTCUSDT"], "channels": ["trades"]}))
        position, count = None, 0
        while count < 100:
            message = json.loads(socket.recv(timeout=15))
            if message["type"] == "snapshot":
                position = message["positions"]["trades"]
            elif message["type"] == "trade":
                assert (message["epoch"], message["seq"]) == (position["epoch"], position["seq"] + 1)
                position = {"epoch": message["epoch"], "seq": message["seq"]}
                count += 1


def test_price_messages(api):
    with websockets.sync.client.connect(api.replace("http", "ws", 1) + "/ws/price", open_timeout=10) as socket:
        for _ in range(10):
            message = json.loads(socket.recv(timeout=15))
            assert problems(payload_of("day"), message) == [], message


def test_crypto_messages(api):
    address = api.replace("http", "ws", 1) + "/ws/crypto/btcusdt/"
    with websockets.sync.client.connect(address, open_timeout=10) as socket:
        request = {"type": "history", "limit": 3}
        assert problems(payload_of("historyRequest"), request) == []
        socket.send(json.dumps(request))
        socket.send("not json")
        kinds = {"price_update": "priceUpdate", "history": "history", "error": "cryptoError"}
        seen = set()

        def next_message():
            message = json.loads(socket.recv(timeout=15))
            assert problems(payload_of(kinds[message["type"]]), message) == [], message
            seen.add(message["type"])
            return seen == set(kinds)

        wait_for(next_message, 30, lambda: f"never came: {set(kinds) - seen}")


@pytest.mark.parametrize("schema, topic", TOPICS.items())
def test_kafka_records(api, brokers, schema, topic):
    # A system's old kcat reads what a newer librdkafka can, where setup has one.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARY)} if LIBRARY.is_dir() else dict(os.environ)
    command = ["kcat", "-C", "-b", brokers, "-t", topic, "-o", "beginning", "-e", "-q", "-c", "200", "-J"]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, timeout=60).stdout
    records = [json.loads(line) for line in output.splitlines()]
    assert records, f"{topic} is empty"
    assert KAFKA[schema]
    for record in records:
        value = json.loads(record["payload"])
        assert problems(schema, value) == [], value
        headers = dict(zip(record["headers"][::2], record["headers"][1::2]))
        assert "schema_version" in headers, record
        # The stack's venue is the default one: an instrument's key is its bare symbol.
        if "symbol" in value:
            assert record["key"].split("|")[0] == value["symbol"]
