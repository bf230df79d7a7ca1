"""What the measurements of WebSockets share: a market of ours, its services, and clients that look at the time."""

import json
import resource
import subprocess
import threading
import time
import urllib.request

from .stack import BenchError, Usage, end, free_port, wait_for

# Until the broker's code is compiled: before, it takes a core by itself.
WARM_UP_SECONDS = 40
PRICES = {"op": "subscribe", "channels": ["price"]}
TRADES = {"op": "subscribe", "channels": ["trades"]}


def symbols(count):
    return [f"S{number:02}USDT" for number in range(count)]


def allow_many_files():
    """As many sockets as the machine allows, here and in what is started from here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Market:
    """A source of trades with producer, processor and API behind it, all on one stack.

    - rate: trades a second, of all symbols together. settings: of the three services.
    """

    def __init__(self, bench, stack, names, rate, settings=None):
        self.port = free_port()
        source = free_port()
        self.source = stack.start(
            "source", arguments=source_arguments(source, names, rate), program=bench.tool("load-tools"))
        environment = {
            "SYMBOLS": ",".join(names), "BINANCE_WS_URL": f"ws://127.0.0.1:{source}",
            "BINANCE_REST_URL": f"http://127.0.0.1:{source}", "API_PORT": str(self.port), "RATE_LIMIT": "0",
            "MAX_WEBSOCKET_CLIENTS": "20000", "MAX_HTTP_CONNECTIONS": "25000", **(settings or {}),
        }
        self.services = {
            name: stack.start(name, environment) for name in ("trade-processor", "market-producer", "market-api")}
        wait_for(self._prices_come, 60, lambda: f"no prices: {stack.log('market-api')}")

    def _prices_come(self):
        for name, process in self.services.items():
            if process.poll() is not None:
                raise BenchError(f"{name} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/prices", timeout=2) as answer:
                return b"event_time_us" in answer.read()
        except OSError:
            return False

    def stop(self):
        for process in (*self.services.values(), self.source):
            end(process)


def warm_up(bench):
    time.sleep(3 if bench.quick else WARM_UP_SECONDS)


def resident_bytes(pid):
    """Not the proportional size: that falls when another process of the same program starts."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def source_arguments(port, names, rate):
    return ["source", "--port", port, "--symbols", ",".join(names), "--rate", rate]


def feed(names, subscription):
    """The arguments of clients of /feed."""
    kind = "price" if subscription is PRICES else "trade"
    return ["--path", "/feed", "--send", json.dumps({**subscription, "symbols": names}),
            "--prefix", f'{{"type":"{kind}"']


def watch(bench, port, arguments, count=1, seconds=10, watched=None):
    """Runs clients.

    - watched: name -> pid of processes whose CPU is wanted.
    - Returns: what the clients report, with `cpu` (name -> share of one core) and `resident` (name -> bytes).
    """
    command = [bench.tool("load-tools"), "clients", "--port", port, "--clients", count, "--seconds", seconds]
    process = subprocess.Popen([str(word) for word in (*command, *arguments)], stdout=subprocess.PIPE, text=True)
    # Ramp and settling included; a server that stops answering is no reason to wait for ever.
    timer = threading.Timer(seconds + 60 + count / 50, process.kill)
    timer.start()
    try:
        before, said = {}, []
        for line in process.stdout:
            said.append(line.strip())
            if line.startswith("counting "):
                before = {name: Usage(pid).seconds for name, pid in (watched or {}).items()}
            elif line.startswith("{"):
                break
        else:
            raise BenchError(f"the clients reported nothing: {said[-3:]}")
        report = json.loads(said[-1])
        report["cpu"] = {
            name: (Usage(pid).seconds - before[name]) / report["seconds"] for name, pid in (watched or {}).items()}
        report["cpu"]["clients"] = report["cpu_seconds"] / report["seconds"]
        report["resident"] = {name: resident_bytes(pid) for name, pid in (watched or {}).items()}
    finally:
        timer.cancel()
        end(process)
    if report["messages"] == 0:
        raise BenchError(f"no client got anything: {said[-3:]}")
    return report


def shares(cpu):
    """CPU of each process, in words."""
    return ", ".join(f"{name} {share:.0%}" for name, share in cpu.items())
