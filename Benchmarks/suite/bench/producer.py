"""market-producer from WebSocket frames to acknowledged records, beside librdkafka alone with the same bytes."""

import urllib.request

from . import load
from . import stack as processes
from .measure import Row, at_most, median
from .stack import BenchError, Stack, cpu_seconds, end, free_port, listens, wait_for

TITLE = "market-producer from frames to acknowledged records, beside librdkafka alone"
SYMBOLS = load.symbols(50)


def run(bench):
    trades = 100_000 if bench.quick else 1_000_000
    with Stack(bench.bin) as stack:
        ours, bare = [], []
        for number in range(bench.runs):
            topic = f"trades_{number}"
            ours.append(produce(bench, stack, trades, topic))
            bare.append(bare_produce(bench, stack, trades, topic))
            bench.note(
                f"run {number + 1}: market-producer {ours[-1]:.2f} s of CPU; librdkafka alone {bare[-1]:.2f} s")
    return [
        Row(
            "produce / librdkafka alone, CPU a trade", median(o / b for o, b in zip(ours, bare)), "", at_most(4),
            {
                "market-producer": f"{median(ours) / trades * 1e6:.2f} us", "librdkafka alone":
                f"{median(bare) / trades * 1e6:.2f} us",
            }),
    ]


def produce(bench, stack, trades, topic):
    """CPU seconds of market-producer from the first frame to the last acknowledgement."""
    port, metrics_port = free_port(), free_port()
    source = stack.start(
        "source", program=bench.tool("load-tools"),
        arguments=["source", "--port", port, "--symbols", ",".join(SYMBOLS), "--count", trades])
    wait_for(lambda: listens(port), 20, lambda: stack.log("source"))
    producer = stack.start("market-producer", {
        "SYMBOLS": ",".join(SYMBOLS), "BINANCE_WS_URL": f"ws://127.0.0.1:{port}",
        "BINANCE_REST_URL": f"http://127.0.0.1:{port}", "KAFKA_TRADES_TOPIC": topic, "METRICS_PORT": str(metrics_port),
    })
    try:
        # Looked at fifty times a second it spends a twentieth of its time on telling its figures.
        wait_for(
            lambda: acknowledged(metrics_port) >= trades, 120,
            lambda: f"{acknowledged(metrics_port)} of {trades} trades acknowledged: {stack.log('market-producer')}",
            every=0.5)
        return cpu_seconds(producer.pid)
    finally:
        end(producer)
        end(source)


def bare_produce(bench, stack, trades, topic):
    """CPU seconds of librdkafka alone with the records of a topic, into another with as many partitions."""
    offsets = processes.run([bench.tool("record_pipe"), "offsets", stack["KAFKA_BROKERS"], topic])
    count = len(offsets.splitlines())
    processes.run([bench.tool("record_pipe"), "create", stack["KAFKA_BROKERS"], f"{topic}_again", count, 1])
    words = processes.run(
        [bench.tool("bare_producer"), stack["KAFKA_BROKERS"], topic, f"{topic}_again", trades]).split()
    if int(words[0]) != trades:
        raise BenchError(f"librdkafka alone produced {words[0]} of {trades} records")
    return float(words[3])


def acknowledged(metrics_port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=2) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("producer_trades_acknowledged_total "):
                    return int(float(line.split()[1]))
    except OSError:
        pass
    return 0
