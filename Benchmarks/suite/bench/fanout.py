"""How far behind thousands of WebSocket clients are, and what each of them costs, beside a bare NIO server."""

import itertools

from . import load
from .measure import Row, at_most, median
from .stack import Stack, end, free_port, listens, wait_for

TITLE = "thousands of WebSocket clients of the API"

BEHIND_MILLIS = 250
CLIENT_KILOBYTES = 50


def run(bench):
    load.allow_many_files()
    rows = []
    # Of each run its own: a source numbers its trades from the start, and what is known already is passed over.
    names = (f"RUN{number}USDT" for number in itertools.count())
    with Stack(bench.bin) as stack:
        # One trade a second would never do it.
        market = load.Market(bench, stack, load.symbols(50), rate=10_000)
        load.warm_up(bench)
        market.stop()
        for clients, rate in ((200, 10), (500, 1)) if bench.quick else ((2_000, 10), (10_000, 1)):
            ours, floors = [], []
            for _ in range(bench.runs):
                ours.append(through_api(bench, stack, next(names), clients, rate))
                floors.append(through_broadcast(bench, stack, clients, rate, ours[-1]["message_bytes"]))
                note(bench, "API", ours[-1])
                note(bench, "floor", floors[-1])
            rows += rows_of(clients, rate, ours, floors)
    return rows


def note(bench, name, report):
    bench.note(f"{name}: {report['connected']:,} clients, own p99 {report['client_median']:.1f} to "
               f"{report['client_max']:.1f} ms, {report['messages'] / report['seconds']:,.0f} "
               f"messages/s, {report['kilobytes']:.1f} KB a client; cpu {load.shares(report['cpu'])}")


def rows_of(clients, rate, ours, floors):
    def at(name, reports=ours):
        return median([report[name] for report in reports])

    what = f"{clients:,} clients, {rate}/s each"
    return [
        Row(f"{what}: behind at p99, the worst client", at("client_max"), "ms", at_most(BEHIND_MILLIS), {
            "the median client, ms": at("client_median"), "one client alone, ms": at("alone"),
            "floor, the worst client, ms": at("client_max", floors), "clients connected": at("connected"),
            "closed or without a message": max(report["closed"] + report["silent"] for report in ours),
            "cpu": load.shares(ours[-1]["cpu"]), "floor's cpu": load.shares(floors[-1]["cpu"])}),
        Row(f"{what}: memory of a client", at("kilobytes"), "KB", at_most(CLIENT_KILOBYTES), {
            "floor, KB": at("kilobytes", floors)}),
    ]


def through_api(bench, stack, symbol, clients, rate):
    """All follow the price of one symbol that trades as often as each is to be told."""
    market = load.Market(bench, stack, [symbol], rate)
    api = market.services["market-api"].pid
    arguments = load.feed([symbol], load.PRICES)
    try:
        alone = load.watch(bench, market.port, arguments, seconds=5 if rate >= 10 else 20)
        before = load.resident_bytes(api)
        report = load.watch(
            bench, market.port, arguments, count=clients, seconds=seconds(bench), watched={"market-api": api})
        report["alone"] = alone["p99"]
        report["kilobytes"] = (report["resident"]["market-api"] - before) / report["connected"] / 1_000
        return report
    finally:
        market.stop()


def through_broadcast(bench, stack, clients, rate, size):
    """The floor: as many bytes as often, out of one event loop and nothing else."""
    port = free_port()
    server = stack.start(
        "broadcast", program=bench.tool("load-tools"),
        arguments=["broadcast", "--port", port, "--rate", rate, "--bytes", round(size)])
    wait_for(lambda: listens(port), 10, lambda: f"the floor does not listen: {stack.log('broadcast')}")
    before = load.resident_bytes(server.pid)
    try:
        report = load.watch(
            bench, port, ["--path", "/"], count=clients, seconds=seconds(bench), watched={"broadcast": server.pid})
        report["kilobytes"] = (report["resident"]["broadcast"] - before) / report["connected"] / 1_000
        return report
    finally:
        end(server)


def seconds(bench):
    return 5 if bench.quick else 20
