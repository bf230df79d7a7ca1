"""A stack and a Prometheus of its own, with the real rules."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest
import requests
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"


def wait_for(condition, seconds, what):
    """The condition's first true value; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"after {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.25)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class World:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.firing_seen = set()
        binaries = os.environ.get("MARKET_STREAM_BIN", ROOT / ".build" / "debug")
        output = self.run(
            "start", "--bin", binaries, "RATE_LIMIT=0", "MAX_WEBSOCKET_CLIENTS=2", "IDLE_TIMEOUT=1s",
            "INFLUXDB_HOST=127.0.0.1:9", "INFLUXDB_INTERVAL=10s", "INFLUXDB_FLUSH_INTERVAL=1s",
        )  # fmt: skip
        self.values = {}
        for line in output.splitlines():
            key, _, value = line.partition("=")
            if key.isupper():
                self.values[key] = shlex.split(value)[0] if value else ""
        self.api = self.values["API_URL"]
        self.start_prometheus()

    def run(self, *words):
        command = [ROOT / "scripts" / "stack", words[0], "--dir", self.folder / "stack", *words[1:]]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=180).stdout

    def start_prometheus(self):
        rules = re.sub(r"for: \w+", "for: 2s", RULES.read_text())
        (self.folder / "rules.yml").write_text(rules)
        targets = {
            "market-producer": "PRODUCER_METRICS_PORT",
            "trade-processor": "PROCESSOR_METRICS_PORT",
            "market-api": "API_PORT",
        }
        configuration = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{self.values[port]}"]}]}
                for job, port in targets.items()
            ],
        }
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/api/v1"
        with open(self.folder / "prometheus.log", "wb") as log:
            self.prometheus = subprocess.Popen(
                [
                    "prometheus", f"--config.file={self.folder}/prometheus.yml",
                    f"--storage.tsdb.path={self.folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}",
                ],  # fmt: skip
                stdout=log,
                stderr=log,
            )
        wait_for(self.answers, 60, lambda: (self.folder / "prometheus.log").read_text()[-3000:])

    def answers(self):
        try:
            return requests.get(f"{self.url}/alerts", timeout=2).ok
        except requests.RequestException:
            return False

    def alerts(self):
        """What fires now: {(name, labels as text)}."""
        found = set()
        for alert in requests.get(f"{self.url}/alerts", timeout=10).json()["data"]["alerts"]:
            if alert["state"] == "firing":
                labels = {key: value for key, value in alert["labels"].items() if key not in ("alertname", "severity")}
                found.add((alert["labels"]["alertname"], str(labels)))
        self.firing_seen |= {name for name, _ in found}
        return found

    def fires(self, name, containing="", seconds=180):
        """Waits until the alert fires."""
        started = time.monotonic()
        wait_for(
            lambda: any(alert == name and containing in labels for alert, labels in self.alerts()),
            seconds,
            lambda: f"{name} does not fire; these do: {self.alerts()}",
        )
        print(f"    {name} fires after {time.monotonic() - started:.0f} s")

    def ends(self, name, containing="", seconds=180):
        wait_for(
            lambda: not any(alert == name and containing in labels for alert, labels in self.alerts()),
            seconds,
            lambda: f"{name} fires on: {self.alerts()}",
        )

    def pid(self, service):
        return int((self.folder / "stack" / "pid" / f"{service}.pid").read_text().split()[0])

    def produce(self, lines, key="BTCUSDT"):
        subprocess.run(
            [
                "kcat", "-P", "-b", self.values["KAFKA_BROKERS"], "-t", "trades", "-k", key,
                "-X", "topic.partitioner=murmur2_random", "-q",
            ],  # fmt: skip
            input="\n".join(lines).encode() + b"\n",
            check=True,
            timeout=120,
        )

    def fault(self, text):
        requests.post(f"{self.values['SIMULATOR_REST_URL']}/faults", data=text, timeout=10).raise_for_status()

    def stop(self):
        self.prometheus.send_signal(signal.SIGTERM)
        try:
            self.prometheus.wait(20)
        except subprocess.TimeoutExpired:
            self.prometheus.kill()
            self.prometheus.wait()
        for name in ("broker", "postgres", "redis", "trade-processor"):
            try:
                os.killpg(self.pid(name), signal.SIGCONT)
            except (OSError, ValueError):
                continue
        self.run("stop")


@pytest.fixture(scope="session")
def world():
    if not os.environ.get("ALERT_TESTS"):
        pytest.skip("takes ten minutes: scripts/alerts")
    if not shutil.which("prometheus"):
        pytest.skip("no prometheus on this machine")
    with tempfile.TemporaryDirectory(prefix="market-stream-alerts.") as folder:
        os.chmod(folder, 0o755)
        world = World(folder)
        try:
            yield world
        finally:
            world.stop()
