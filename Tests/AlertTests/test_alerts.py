"""Each failure for real, in an order in which one does not hide the next."""

import json
import os
import pathlib
import socket
import subprocess
import threading
import time

import psycopg
import pytest
import requests
import yaml

from conftest import RULES, wait_for


def record(symbol, trade_id, event_time_us):
    trade = {
        "venue": "binance", "symbol": symbol, "trade_id": trade_id, "price": "1.00000000", "quantity": "1.00000000",
        "taker_side": "buy", "event_time_us": event_time_us, "received_time_us": event_time_us,
    }  # fmt: skip
    return json.dumps(trade, separators=(",", ":"))


def an_hour_ago():
    return int(time.time() - 3600) * 1_000_000


def test_a_healthy_stack_is_quiet(world):
    """All but InfluxDB, which is not there from the beginning."""
    answer = lambda: requests.get(f"{world.api}/candles", timeout=10).json()["candles"]
    wait_for(answer, 120, "no candle has closed")
    world.fires("InfluxBehind")
    world.fires("PartFailed", "'influxdb'")
    for name in ("ServiceNotReady", "ServiceMissing", "ServiceDown", "CommitsStall", "VenueSilent"):
        world.ends(name, seconds=120)
    others = {alert for alert in world.alerts() if alert[0] != "InfluxBehind" and "'influxdb'" not in alert[1]}
    assert not others


def test_a_record_that_cannot_be_used(world):
    world.produce(["this is no trade"])
    world.fires("RecordsQuarantined", "'malformed'")


def test_trades_that_come_late(world):
    start = an_hour_ago()
    world.produce([record("BTCUSDT", number, start + number) for number in range(1, 2_001)])
    world.fires("TradesLate")


def test_trades_of_the_past(world):
    """Of instruments of their own, in partitions where nothing newer comes."""
    stop = threading.Event()
    start = an_hour_ago()

    def feed():
        number = 1
        while not stop.is_set():
            for letter in "ABCDEF":
                world.produce([record(f"OLD{letter}", number, start + number * 1000)], key=f"OLD{letter}")
            number += 1
            stop.wait(0.5)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        world.fires("TradesOld")
    finally:
        stop.set()
        feeder.join()


def test_too_many_clients(world):
    request = (
        "GET /feed HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()
    clients = []
    try:
        for _ in range(4):
            client = socket.create_connection(("127.0.0.1", int(world.values["API_PORT"])), timeout=10)
            client.sendall(request)
            client.recv(100)
            clients.append(client)
        world.fires("ClientsRefused")
    finally:
        for client in clients:
            client.close()


def test_missed_trades_that_the_venue_does_not_give(world):
    # Longer than the producer waits for an answer.
    world.fault("slow 20s 170s")
    world.fault("skip 20")
    world.fires("TradesMissing")
    world.fires("BackfillFails")


def test_files_run_out(world):
    pid = world.pid("market-producer")
    now = len(os.listdir(f"/proc/{pid}/fd"))
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={now + 2}:"], check=True)
    world.fires("FilesRunOut")
    subprocess.run(["prlimit", "--pid", str(pid), "--nofile=1000:"], check=True)
    world.ends("FilesRunOut")


def test_redis_is_gone(world):
    world.run("stop-service", "redis")
    world.fires("RedisFailing")
    world.fires("PartFailed", "'redis'")
    world.run("start-service", "redis")
    world.ends("PartFailed", "'redis'")


def test_postgresql_hangs(world):
    """Commits stop, requests fail, and what comes in goes over the bound of memory."""
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            try:
                requests.get(f"{world.api}/candles", params={"end": int(time.time())}, timeout=20)
            except requests.RequestException:
                stop.wait(0.2)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    world.run("stop-service", "postgres")
    for asker in askers:
        asker.start()
    try:
        for _ in range(4):
            world.produce(["no trade"] * 60_000)
        world.fires("ServiceNotReady", "'trade-processor'")
        world.fires("CommitsStall")
        world.fires("ApiErrors")
        world.fires("ProcessorBehind")
    finally:
        stop.set()
        for asker in askers:
            asker.join()
        world.run("start-service", "postgres")
    world.ends("CommitsStall")
    world.ends("ProcessorBehind")


def kafka_tool(world, name):
    """The start of a command of Apache Kafka's, for this stack's broker."""
    home = os.environ.get("KAFKA_HOME")
    if not home:
        pytest.skip("no Apache Kafka: KAFKA_HOME is not set")
    return [pathlib.Path(home) / "bin" / name, "--bootstrap-server", world.values["KAFKA_BROKERS"]]


def test_the_broker_refuses_candles(world):
    tool = kafka_tool(world, "kafka-configs.sh")
    change = [*tool, "--alter", "--entity-type", "topics", "--entity-name", "candles"]
    # No batch of candles is as short.
    subprocess.run([*change, "--add-config", "max.message.bytes=100"], check=True, timeout=120)
    world.fires("CandlesNotPublished", seconds=120)
    subprocess.run([*change, "--delete-config", "max.message.bytes"], check=True, timeout=120)


def test_the_broker_hangs(world):
    world.run("pause-service", "broker")
    try:
        world.fires("BrokerSilent", seconds=240)
    finally:
        world.run("resume-service", "broker")
    world.ends("BrokerSilent")


def test_the_venue_is_gone(world):
    world.run("stop-service", "exchange-simulator")
    world.fires("VenueReconnects")
    world.fires("VenueSilent")
    world.run("start-service", "exchange-simulator")
    world.ends("VenueSilent")


def test_the_topic_was_made_anew(world):
    tool = kafka_tool(world, "kafka-topics.sh")
    world.run("stop-service", "market-producer")
    subprocess.run([*tool, "--delete", "--topic", "trades"], check=True, timeout=120)
    create = [*tool, "--create", "--topic", "trades", "--partitions", "12", "--replication-factor", "1"]
    wait_for(lambda: subprocess.run(create, timeout=120).returncode == 0, 120, "the topic is not made anew")
    world.fires("PartitionHalted")
    with psycopg.connect(world.values["POSTGRES_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM processor_progress").fetchone()[0] == 12


def test_a_service_is_gone(world):
    world.run("stop-service", "trade-processor")
    world.fires("ServiceDown", "'trade-processor'")
    world.fires("ServiceMissing", "'trade-processor'")


def test_a_service_dies_again_and_again(world):
    for _ in range(5):
        world.run("stop-service", "market-api")
        world.run("start-service", "market-api")
        time.sleep(3)  # Two scrapes of this life.
    world.fires("ServiceRestarts")


def test_every_alert_has_fired(world):
    rules = yaml.safe_load(RULES.read_text())
    names = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert names - world.firing_seen == set()
