"""Requests of /price and /candles, beside routes of the same process that answer the same bytes without making them.

The generator is wrk on the same machine. A run goes over all sides again and again, a second each, forth and back, so
that what slows the machine down for a moment touches all of them; ratios are of one run. The access log is off on all
sides (it is at info).
"""

import collections
import http.client
import json
import re
import shutil
import subprocess
import sys

from . import stack as processes
from .drain import symbol
from .measure import Row, at_least, median, number
from .stack import ROOT, BenchError, Stack, cpu_seconds, free_port, wait_for

TITLE = "HTTP: /price and /candles, beside fixed answers of the same server"
SYMBOLS = [symbol(0), symbol(1)]
PRICE = f"/price?symbol={SYMBOLS[0]}"
CANDLES = f"/candles?symbol={SYMBOLS[0]}&interval=10s&limit=50"
CONNECTIONS = 64
# Enough for 50 windows of 10 s and those that are still open.
TRADES_PER_SECOND, SECONDS_OF_TRADES = 200, 700

# Of each side, in a run.
PASSES = 6

# cpu: seconds of the server process for 1,000 requests.
Round = collections.namedtuple("Round", "rate p99_ms cpu body")


def run(bench):
    if not shutil.which("wrk"):
        raise BenchError("wrk is not installed: apt-get install wrk")
    with Stack(bench.bin) as stack:
        fill(bench, stack)
        server = Server(bench, stack)
        peer = fastapi(bench, stack)
        sides = {
            "fixed price": (server, "/fixed/price"), "price": (server, PRICE),
            **({"FastAPI": (peer, PRICE)} if peer else {}),
            "fixed candles": (server, "/fixed/candles"), "candles": (server, CANDLES),
        }
        for side, path in sides.values():
            side.load(path)
        rounds = collections.defaultdict(list)
        for number_of_run in range(bench.runs):
            passes = collections.defaultdict(list)
            for number_of_pass in range(1 if bench.quick else PASSES):
                for name, (side, path) in list(sides.items())[:: -1 if number_of_pass % 2 else 1]:
                    passes[name].append(side.measure(path))
            for name, measured in passes.items():
                rounds[name].append(Round(*(sum(column) / len(measured) for column in zip(*measured))))
            bench.note(f"run {number_of_run + 1}: " + ", ".join(
                f"{name} {rounds[name][-1].rate:,.0f}/s" for name in sides))
    return rows(rounds)


def rows(rounds):
    found = [ratio("/price / fixed answer", rounds["price"], rounds["fixed price"], 0.9)]
    if "FastAPI" in rounds:
        found.append(ratio("/price / FastAPI's (1 worker)", rounds["price"], rounds["FastAPI"], 5))
    found.append(ratio("/candles?limit=50 / fixed answer", rounds["candles"], rounds["fixed candles"], 0.5))
    return found


def ratio(what, ours, theirs, bound):
    numerator, denominator = (name.split(" (")[0] for name in what.split(" / "))
    return Row(
        what, median(our.rate / their.rate for our, their in zip(ours, theirs)), "", at_least(bound),
        {numerator: figures(ours), denominator: figures(theirs)})


def figures(rounds):
    rate, p99_ms, cpu, body = (median(column) for column in zip(*rounds))
    return (
        f"{number(rate)}/s, p99 {number(p99_ms)} ms, {number(cpu)} s of CPU for 1,000 requests, "
        f"body of {body:.0f} bytes")


def fill(bench, stack):
    """Prices in Redis and closed candles in PostgreSQL, made by the processor; nothing comes in any more afterwards."""
    trades = TRADES_PER_SECOND * SECONDS_OF_TRADES
    processes.run([
        bench.tool("trade_generator"), stack["KAFKA_BROKERS"], "trades", trades, len(SYMBOLS), TRADES_PER_SECOND, 12])
    processor = stack.start("trade-processor")
    wait_for(
        lambda: drained(stack, trades), 120, lambda: f"the topic is not drained: {stack.log('trade-processor')}")
    processes.end(processor)


def drained(stack, trades):
    if stack.sql("SELECT to_regclass('processor_progress') IS NULL") == [["t"]]:
        return False
    [[offsets]] = stack.sql("SELECT coalesce(sum(next_offset), 0) FROM processor_progress WHERE topic = 'trades'")
    # Live state is written after the commit.
    return int(offsets) >= trades and "event_time_us" in stack.redis("hgetall", f"{SYMBOLS[0]}:price:meta")


class HTTPServer:
    """One process that is measured."""

    def __init__(self, process, port):
        self.process = process
        self.port = port

    def get(self, path):
        """(status, header fields, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def answers(self, path):
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def check(self, path):
        """The body, if it is the right one."""
        status, _, body = self.get(path)
        if status != 200:
            raise BenchError(f"{path} answered {status}: {body[:300]}")
        check_price(path, body)
        return body

    def measure(self, path):
        """A second of requests."""
        self.check(path)
        before = cpu_seconds(self.process.pid)
        report = self.load(path)
        cpu = cpu_seconds(self.process.pid) - before
        requests = int(re.search(r"(\d+) requests in", report)[1])
        return Round(
            float(re.search(r"Requests/sec: *([\d.]+)", report)[1]), milliseconds(re.search(r"99% +(\S+)", report)[1]),
            cpu * 1_000 / requests, len(self.check(path)))

    def load(self, path):
        report = processes.run([
            "wrk", "-t1", f"-c{CONNECTIONS}", "-d1s", "--latency", f"http://127.0.0.1:{self.port}{path}"])
        wrong = re.search(r"Non-2xx.*|Socket errors.*", report)
        if wrong:
            raise BenchError(f"{path}: {wrong[0]}")
        return report


class Server(HTTPServer):
    """market-api with fixed answers beside its own, the same in header fields and body."""

    def __init__(self, bench, stack):
        folder = stack.folder / "answers"
        folder.mkdir()
        # Once without fixed answers, for what they are.
        self.restart(bench, stack, folder)
        for name, path in (("price", PRICE), ("candles", CANDLES)):
            _, headers, body = self.get(path)
            own = {key: value for key, value in headers.items() if key.lower() in OWN_FIELDS}
            text = "".join(f"{key}: {value}\n" for key, value in own.items())
            (folder / name).write_bytes(text.encode() + b"\n" + body)
        processes.end(self.process)
        self.restart(bench, stack, folder)
        for name, path in (("price", PRICE), ("candles", CANDLES)):
            self.compare(f"/fixed/{name}", path)

    def restart(self, bench, stack, folder):
        super().__init__(
            stack.start(
                "fixed-answers", program=bench.tool("fixed-answers"), environment={
                    "FIXED_ANSWERS": str(folder), "API_PORT": str(port := free_port()), "RATE_LIMIT": "0",
                    "SYMBOLS": ",".join(SYMBOLS),
                }), port)
        wait_for(
            lambda: self.answers(PRICE) and self.answers(CANDLES), 30,
            lambda: f"fixed-answers does not answer: {stack.log('fixed-answers')}")

    def compare(self, fixed, path):
        """Both routes must send the same, but for what changes from second to second."""
        (_, fixed_headers, fixed_body), (_, headers, body) = self.get(fixed), self.get(path)
        if without_time(fixed_headers, fixed_body) != without_time(headers, body):
            raise BenchError(f"{fixed} is not what {path} answers: {fixed_headers} and {headers}")
        if path == CANDLES and len(json.loads(body)["candles"]) != 50:
            raise BenchError(f"{path} has not 50 candles")

    def check(self, path):
        body = super().check(path)
        if "candles" in path and body != self.get("/fixed/candles")[2]:
            raise BenchError(f"{path} is not the page any more that it was")
        return body


# What a route says itself; the rest comes from the middleware and the server.
OWN_FIELDS = {"content-type", "cache-control", "etag", "link"}


def without_time(headers, body):
    kept = {key.lower(): value for key, value in headers.items() if key.lower() not in ("date", "content-length")}
    return kept, re.sub(rb'"age_ms":\d+', b"", body)


def check_price(path, body):
    if "price" in path:
        answer = json.loads(body)
        if list(answer) != ["symbol", "price", "event_time_us", "trade_id", "age_ms", "live"] or not answer["live"] or (
                answer["symbol"] != SYMBOLS[0]):
            raise BenchError(f"{path} answered {body}")


def fastapi(bench, stack):
    """FastAPI's /price on the same Redis; None where no Python has what it needs."""
    needed = ("fastapi", "uvicorn", "redis")
    python = next((python for python in (sys.executable, "/usr/bin/python3") if imports(python, needed)), None)
    if python is None:
        bench.note(f"without FastAPI: no Python here has {', '.join(needed)}")
        return None
    faster = [module for module in ("uvloop", "httptools", "hiredis") if imports(python, (module,))]
    bench.note(f"FastAPI: {python}, 1 worker of uvicorn, with {', '.join(faster) or 'neither uvloop nor httptools'}")
    port = free_port()
    # Its default: uvloop and httptools where they are installed.
    process = stack.start("fastapi", program=python, arguments=[
        "-m", "uvicorn", "fastapi_price:app", "--app-dir", ROOT / "Benchmarks" / "peers", "--host", "127.0.0.1",
        "--port", port, "--workers", "1", "--no-access-log", "--log-level", "warning"])
    peer = HTTPServer(process, port)
    wait_for(lambda: peer.answers(PRICE), 20, lambda: f"FastAPI does not answer: {stack.log('fastapi')}")
    return peer


def imports(python, modules):
    return subprocess.run([python, "-c", f"import {', '.join(modules)}"], capture_output=True).returncode == 0


def milliseconds(text):
    """Of a time as wrk writes it: 850.00us, 1.23ms, 1.02s."""
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit]
