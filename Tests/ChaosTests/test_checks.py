"""The five checks and the watcher against real servers: what a processor wrote passes, and every tampering is seen."""

import json
import random

import pytest

from chaos import oracle, stored
from chaos.kafkalog import Kafka
from chaos.load import fill, send
from chaos.waiting import wait_for
from chaos.watcher import Watcher


@pytest.fixture(scope="module")
def market(servers):
    """A market whose processor has worked off a load and stopped, so that what it wrote stays as it is."""
    market = servers.market("oracle")
    processor = market.processor().start()
    market.wait_claimed()
    fill(market, 3_000, random.Random(5), rate=100, shuffle=1.0, duplicates=0.05, gaps=0.01)
    send(market, [(market.symbols[0], b"poison")])
    findings = oracle.check(market)
    assert findings.trades > 2_900 and findings.duplicates > 50 and findings.quarantined == 1
    assert processor.stop() == 0
    return market


def need_failure(market, word):
    with pytest.raises(AssertionError) as failure:
        oracle.check(market, seconds=1, close=False)
    assert word in str(failure.value), failure.value


def a_row(market):
    return market.query(
        "SELECT window_start FROM candles_10s WHERE symbol = %s ORDER BY 1 LIMIT 1", [market.symbols[0]]
    )[0][0]


@pytest.mark.parametrize("column", [column for column in stored.COLUMNS if column != "missing_trades"])
def test_a_changed_column_is_seen(market, column):
    place = [a_row(market), market.symbols[0]]
    change = f"UPDATE candles_10s SET {column} = {column} %s 1 WHERE window_start = %%s AND symbol = %%s"
    with market.connect() as connection:
        connection.execute(change % "+", place)
        try:
            need_failure(market, column)
        finally:
            connection.execute(change % "-", place)
    oracle.check(market, close=False)


def test_a_changed_price_in_redis_is_seen(market):
    store, key = market.redis(), f"{market.symbols[0]}:price"
    price = store.get(key)
    store.set(key, "1.5")
    need_failure(market, key)
    store.set(key, price)
    oracle.check(market, close=False)


def test_a_lost_open_candle_in_redis_is_seen(market):
    store, key = market.redis(), f"{market.symbols[0]}:current_candle:1d"
    volume = store.hget(key, "volume")
    store.hset(key, "volume", "0.1")
    need_failure(market, key)
    store.hset(key, "volume", volume)


def test_a_newer_record_in_the_topic_is_seen(market):
    symbol, start = market.symbols[0], a_row(market)
    key = f"{symbol}|10s|{start}".encode()
    for record in Kafka(market.stack.kafka_brokers).read("candles"):
        if record.key == key:
            candle, partition = json.loads(record.value), record.partition
    right = json.dumps(candle | {"revision": candle["revision"] + 2, "volume": candle["volume"]}, separators=(",", ":"))
    wrong = json.dumps(candle | {"revision": candle["revision"] + 1, "volume": "0.1"}, separators=(",", ":"))
    with Kafka(market.stack.kafka_brokers).producer("candles") as producer:
        producer.send(key, wrong.encode(), partition)
    need_failure(market, "volume is 0.1")
    with Kafka(market.stack.kafka_brokers).producer("candles") as producer:
        producer.send(key, right.encode(), partition)
    need_failure(market, f"revision {candle['revision'] + 2}")


def test_the_watcher_sees_a_fall(market):
    store, key = market.redis(), f"{market.symbols[1]}:price:meta"
    with Watcher(market) as watcher:
        wait_for(lambda: watcher.samples > 3, 30, "the watcher does not look")
        watcher.check()
        store.hincrby(key, "trade_id", -1)
        wait_for(lambda: watcher.falls, 30, "nobody saw the price go back")
        with pytest.raises(AssertionError):
            watcher.check()
    with Watcher(market) as watcher:
        place = [a_row(market), market.symbols[1]]
        with market.connect() as connection:
            change = "UPDATE candles_10s SET revision = revision %s 1, updated_at = now() WHERE symbol = %%s"
            connection.execute(change % "+", place[1:])
            wait_for(lambda: any(name[1] == "revision of row" for name in watcher._last), 30, "no row was looked at")
            connection.execute(change % "-", place[1:])
        wait_for(lambda: watcher.falls, 30, "nobody saw the revision go back")


def test_an_unread_record_is_seen(market):
    send(market, [(market.symbols[0], b"more poison")])
    market.wait_drained = lambda seconds: None
    need_failure(market, "next_offset")
