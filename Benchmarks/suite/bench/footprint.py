"""How soon each service is ready, and the memory it takes."""

import http.client
import time

from .drain import drain, fill
from .measure import Row, at_most, median
from .stack import BenchError, Stack, end, free_port, pss_bytes, wait_for

TITLE = "cold start and memory"
MEGABYTE = 1_000_000
SYMBOLS = ["BTCUSDT", "ETHUSDT"]


def run(bench):
    rows = []
    with Stack(bench.bin, services=True, symbols=SYMBOLS, rate=50) as stack:
        at = {"BINANCE_WS_URL": stack["SIMULATOR_WS_URL"], "BINANCE_REST_URL": stack["SIMULATOR_REST_URL"]}
        memory = {}
        # As it is while a market comes in, half a minute after the start.
        time.sleep(5 if bench.quick else 30)
        services = ("market-producer", "trade-processor", "market-api")
        # Looked at while all run: what they share is counted by its share.
        for service in services:
            memory[service] = pss_bytes(stack.pid(service)) / MEGABYTE
        for service in services:
            stack.control("stop-service", service)
        for service, port in (
                ("market-producer", "METRICS_PORT"), ("trade-processor", "METRICS_PORT"), ("market-api", "API_PORT")):
            starts = [start_seconds(stack, service, port, at) for _ in range(bench.runs)]
            rows.append(Row(f"{service} ready after", median(starts), "s", at_most(0.5)))
            rows.append(Row(f"{service} at rest, PSS", memory[service], "MB", at_most(40)))
    rows.append(many_instruments(bench))
    return rows


def start_seconds(stack, service, port_key, settings):
    """From the start of the process until /ready says so."""
    port = free_port()
    started = time.monotonic()
    process = stack.start(service, {"SYMBOLS": ",".join(SYMBOLS), **settings, port_key: str(port)})
    try:
        wait_for(lambda: is_ready(port), 30, lambda: f"{service} is not ready: {stack.log(service)}")
        return time.monotonic() - started
    finally:
        end(process)


def is_ready(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def many_instruments(bench):
    """PSS of a processor with 2,000 instruments and all intervals, after it took in some windows of each."""
    instruments, trades = 2_000, 200_000 if bench.quick else 2_000_000
    memory = []
    with Stack(bench.bin) as stack:
        # 100 trades a candle.
        trades_per_second = instruments * 10
        fill(bench, stack, trades, instruments, trades_per_second, 12)

        def look(processor):
            time.sleep(5)
            memory.append(pss_bytes(processor.pid) / MEGABYTE)

        drain(stack, trades, "footprint", trades_per_second, look=look)
    if not memory:
        raise BenchError("the processor was not looked at")
    return Row(f"trade-processor with {instruments:,} instruments, PSS", memory[0], "MB", at_most(150))
