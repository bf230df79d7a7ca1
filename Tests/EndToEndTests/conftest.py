"""A stack of its own for the end-to-end tests: real broker, PostgreSQL and Redis on free ports (scripts/stack)."""

import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Processes, servers and pages that run: shared with the tests of faults.
sys.path.append(str(ROOT / "Tests" / "ChaosTests"))


def wait_for(condition, seconds, what):
    """The condition's first true value; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"after {seconds} s: {what()if callable(what) else what}"
        time.sleep(0.05)


def stack_command(command, folder, *words):
    """Runs scripts/stack; what it says as {KEY: value}."""
    output = subprocess.run(
        [ROOT / "scripts" / "stack", command, "--dir", folder, *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    values = {}
    for line in output.splitlines():
        key, _, value = line.partition("=")
        if key.isupper():
            values[key] = shlex.split(value)[0] if value else ""
    return values


class Service:
    """One of our executables, with its log."""

    def __init__(self, name, stack, environment, arguments=()):
        self.name = name
        self.log = stack.folder / f"{name}-{len(list(stack.folder.glob(name + '-*.log')))}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [stack.bin / name, *arguments],
                env={**os.environ, **stack.service_environment, **environment},
                cwd=stack.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Asks it to stop, as a person would; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(12)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not stop within 12 s:\n{self.tail()}")
        return self.process.returncode

    def tail(self):
        return self.log.read_text(errors="replace")[-4000:]


class Stack:
    def __init__(self, folder):
        self.folder = folder
        self.bin = pathlib.Path(os.environ.get("MARKET_STREAM_BIN", ROOT / ".build" / "debug")).resolve()
        self.values = stack_command("start", folder / "stack", "--servers", "--bin", self.bin)
        self.service_environment = {
            "KAFKA_BROKERS": self.values["KAFKA_BROKERS"],
            "POSTGRES_URL": self.values["POSTGRES_URL"],
            "REDIS_URL": self.values["REDIS_URL"],
            "MARKET_SOURCE": "binance",
            "METRICS_PORT": "0",
        }
        self.services = []

    def start(self, name, environment=None, arguments=()):
        service = Service(name, self, environment or {}, arguments)
        self.services.append(service)
        return service

    def stop(self):
        for service in reversed(self.services):
            if service.process.poll() is None:
                service.kill()
        stack_command("stop", self.folder / "stack")


@pytest.fixture(scope="session")
def stack():
    with tempfile.TemporaryDirectory(prefix="market-stream-e2e.") as folder:
        os.chmod(folder, 0o755)
        stack = Stack(pathlib.Path(folder))
        try:
            yield stack
        finally:
            stack.stop()
