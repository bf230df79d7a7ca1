"""How old a trade is when a client of the API has it, beside the same way without us: WebSocket, Kafka, WebSocket."""

from . import load
from .measure import Row, at_most, median
from .stack import Stack, end, free_port, listens, wait_for

TITLE = "from a trade at the exchange to a WebSocket client of the API"

RATE = 10_000
SYMBOLS = load.symbols(50)
# What the services are given, and of it what concerns Kafka.
LIVE = {"LIVE_FLUSH_INTERVAL": "1ms"}
# librdkafka sends a request for each partition (its issue 1700), so with one of them requests may go sooner and are
# fewer all the same.
FEW_REQUESTS = {"KAFKA_TOPIC_PARTITIONS": "1", "KAFKA_CLIENT_LINGER_MS": "2"}
SIDES = (("", {}), (", one partition", FEW_REQUESTS))


def run(bench):
    reports = {side: {"prices": [], "trades": [], "floor": []} for side, _ in SIDES}
    for _ in range(min(bench.runs, 3)):
        for side, kafka in SIDES:
            with Stack(bench.bin) as stack:
                floor = through_relay(bench, stack, kafka)
                price, trade = through_services(bench, stack, kafka)
            for name, report in (("prices", price), ("trades", trade), ("floor", floor)):
                bench.note(f"{name}{side}: p50 {report['p50']:.2f} ms, p99 {report['p99']:.2f} ms, max "
                           f"{report['max']:.1f} ms, {report['messages'] / report['seconds']:,.0f}/s; "
                           f"cpu {load.shares(report['cpu'])}")
                reports[side][name].append(report)
    return [row for side, _ in SIDES for row in rows_of(side, **reports[side])]


def rows_of(side, prices, trades, floor):
    floor50, floor99 = at("p50", floor), at("p99", floor)
    beside = {"floor p50, ms": floor50, "floor p99, ms": floor99}
    return [
        Row(f"latency of prices{side}, p50", at("p50", prices), "ms", at_most(5),
            {**beside, "messages a second": messages(prices)}),
        Row(f"latency of prices{side}, p99", at("p99", prices), "ms", at_most(20), {"max, ms": at("max", prices)}),
        Row(f"latency of prices{side}, p99, by the floor's", at("p99", prices), "ms", at_most(2 * floor99 + 5)),
        Row(f"latency of trades{side}, p50", at("p50", trades), "ms", None,
            {"p99, ms": at("p99", trades), "messages a second": messages(trades)}),
    ]


def through_services(bench, stack, kafka):
    """A client of prices, then one of trades, of all symbols."""
    market = load.Market(bench, stack, SYMBOLS, RATE, LIVE | kafka)
    watched = {name: process.pid for name, process in market.services.items()}
    watched |= {"source": market.source.pid, "broker": stack.pid("broker"), "redis": stack.pid("redis")}
    seconds = 3 if bench.quick else 15
    try:
        load.warm_up(bench)
        return [
            load.watch(bench, market.port, load.feed(SYMBOLS, what), seconds=seconds, watched=watched)
            for what in (load.PRICES, load.TRADES)]
    finally:
        market.stop()


def through_relay(bench, stack, kafka):
    """The floor: no decoding, no candles, no Redis; one process between source and client beside the broker."""
    port, source_port = free_port(), free_port()
    source = stack.start(
        "source", arguments=load.source_arguments(source_port, SYMBOLS, RATE), program=bench.tool("load-tools"))
    wait_for(lambda: listens(source_port), 10, "the source does not listen")
    streams = "/".join(f"{name.lower()}@trade" for name in SYMBOLS)
    relay = stack.start(
        "relay", kafka, program=bench.tool("load-tools"),
        arguments=["relay", "--source", f"ws://127.0.0.1:{source_port}/stream?streams={streams}", "--port", port,
                   "--brokers", stack["KAFKA_BROKERS"], "--partitions", kafka.get("KAFKA_TOPIC_PARTITIONS", 12)])
    wait_for(lambda: listens(port), 20, lambda: f"the relay does not listen: {stack.log('relay')}")
    try:
        load.warm_up(bench)
        # Its consumer joins a group first, which takes the broker 3 s.
        return load.watch(
            bench, port, ["--path", "/", "--key", '"T":', "--settle", "8"], seconds=3 if bench.quick else 15,
            watched={"relay": relay.pid, "source": source.pid, "broker": stack.pid("broker")})
    finally:
        end(relay)
        end(source)


def at(name, reports):
    return median([report[name] for report in reports])


def messages(reports):
    return median([report["messages"] / report["seconds"] for report in reports])
