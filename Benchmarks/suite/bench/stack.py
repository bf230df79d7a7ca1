"""Servers and services of a measurement: a stack of its own on free ports (scripts/stack), and what they use."""

import os
import pathlib
import shlex
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERTZ = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A measurement that cannot be made: what, where and what to do."""


def run(command, **options):
    """A command's stdout; what it wrote to stderr is in the error."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise BenchError(f"{command[0]} ended with {result.returncode}: {(result.stderr or result.stdout)[-1500:]}")
    return result.stdout


class Usage:
    """What a process has used up to now: CPU seconds, user and system."""

    def __init__(self, pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        self.user = int(fields[11]) / HERTZ
        self.system = int(fields[12]) / HERTZ

    @property
    def seconds(self):
        return self.user + self.system


def cpu_seconds(pid):
    return Usage(pid).seconds


def pss_bytes(pid):
    """Proportional set size: shared pages count by their share."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise BenchError(f"/proc/{pid}/smaps_rollup has no Pss")


def wait_for(condition, seconds, what, every=0.02):
    """The condition's first true value; an error with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise BenchError(f"after {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)


class Stack:
    """Broker, PostgreSQL and Redis, with `services` everything; a context manager that ends all of it.

    - bin: the executables. symbols, rate: the simulated market. settings: KEY=VALUE for all services.
    """

    def __init__(self, bin, services=False, symbols=None, rate=None, settings=None):
        self.bin = pathlib.Path(bin)
        self._words = ["--bin", self.bin]
        if not services:
            self._words.append("--servers")
        if symbols:
            self._words += ["--symbols", ",".join(symbols)]
        if rate:
            self._words += ["--rate", str(rate)]
        self._words += [f"{key}={value}" for key, value in (settings or {}).items()]

    def __enter__(self):
        self._temporary = tempfile.TemporaryDirectory(prefix="market-stream-bench.")
        self.folder = pathlib.Path(self._temporary.name)
        # PostgreSQL runs as another user there.
        self.folder.chmod(0o755)
        self._started = []
        try:
            self.values = self._command("start", *self._words)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self._started):
            end(process)
        if (self.folder / "stack" / "stack.env").exists():
            self._command("stop")
        self._temporary.cleanup()

    def _command(self, command, *words):
        output = run([ROOT / "scripts" / "stack", command, "--dir", self.folder / "stack", *words])
        values = {}
        for line in output.splitlines():
            key, _, value = line.partition("=")
            if key.isupper():
                values[key] = shlex.split(value)[0] if value else ""
        return values

    def __getitem__(self, key):
        return self.values[key]

    def pid(self, service):
        """Of a service or server that scripts/stack started."""
        return int((self.folder / "stack" / "pid" / f"{service}.pid").read_text().split()[0])

    def control(self, command, service):
        """start-service, stop-service, pause-service or resume-service."""
        self._command(command, service)

    @property
    def environment(self):
        """What every service is given."""
        return {
            "KAFKA_BROKERS": self["KAFKA_BROKERS"], "POSTGRES_URL": self["POSTGRES_URL"],
            "REDIS_URL": self["REDIS_URL"], "MARKET_SOURCE": self["SOURCE"], "METRICS_PORT": "0",
            "LOG_LEVEL": "warning",
        }

    def start(self, name, environment=None, arguments=(), program=None):
        """One of our executables (or `program`), ended with the stack; its log is `<folder>/<name>.log`."""
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [str(word) for word in (program or self.bin / name, *arguments)],
                env={**os.environ, **self.environment, **(environment or {})}, cwd=self.folder, stdout=log,
                stderr=subprocess.STDOUT)
        self._started.append(process)
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]

    def sql(self, text, database="market"):
        """Rows of text fields."""
        url = self["POSTGRES_URL"].rpartition("/")[0] + "/" + database
        output = run(["psql", url, "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", text])
        return [line.split("\t") for line in output.splitlines()]

    def redis(self, *words):
        return run(["redis-cli", "-u", self["REDIS_URL"], *words])


def end(process, seconds=15):
    """Asks a process to stop, then kills it; its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listens(port):
    """Whether somebody listens there on loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
