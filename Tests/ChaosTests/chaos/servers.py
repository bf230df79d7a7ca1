"""The servers of a stack: Apache Kafka or Tansu, PostgreSQL, Redis. Private, on loopback, on free ports.

PostgreSQL, Redis and Tansu are started by scripts/lib/servers.sh as all scripts start them; Apache Kafka here, because
some cases want three brokers.
"""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess

import psycopg

from .process import Process, descendants
from .waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[3]

_given_ports: set[int] = set()


def free_port():
    """A port of loopback that nobody listens on, and that was not given out before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _given_ports:
            _given_ports.add(port)
            return port


def listens(port):
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def adopt_orphans():
    """Makes servers that a script started children of this process, so that their end can be waited for here: an init
    that reaps nobody would leave a dead PostgreSQL in the process table, and the next one would take it for alive."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def alive(pid):
    """Whether the process is there and has not ended."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class LibraryServer:
    """A server that scripts/lib/servers.sh starts: start, stop, kill, pause, resume."""

    # The function of servers.sh, and the name of its pid file and log.
    function = name = ""
    stop_signal = signal.SIGTERM

    def __init__(self, stack, port):
        self.stack = stack
        self.port = port
        self.pid = None

    @property
    def log(self):
        return self.stack.folder / "log" / f"{self.name}.log"

    @property
    def running(self):
        return self.pid is not None and alive(self.pid)

    @property
    def environment(self):
        return {f"{self.name.upper()}_PORT": str(self.port)}

    def start(self):
        """Starts it unless it runs, and waits until it answers."""
        call_library(self.stack.folder, self.function, self.environment)
        self.pid = int((self.stack.folder / "pid" / f"{self.name}.pid").read_text().split()[0])
        return self

    def pids(self):
        return [self.pid, *descendants(self.pid)] if self.running else []

    def signal(self, number):
        """To the server and every process it has made."""
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """kill -9, and waits for the end of all its processes."""
        pids = self.pids()
        # The parent first: it must not see its children go.
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._wait_for_end(pids, 20)

    def _wait_for_end(self, pids, seconds):
        wait_for(
            lambda: not any(alive(pid) for pid in pids), seconds, f"{self.name} does not end", is_bounded=False
        )  # fmt: skip

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def stop(self, seconds=20):
        """An orderly stop."""
        if not self.running:
            return
        pids = self.pids()
        os.kill(self.pid, self.stop_signal)
        self.resume()
        try:
            self._wait_for_end(pids, seconds)
        except AssertionError:
            self.kill()
            raise

    def tail(self, characters=3_000):
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""


class PostgresServer(LibraryServer):
    function = "start_postgres"
    name = "postgres"
    # A fast shutdown: sessions are ended, nothing is lost.
    stop_signal = signal.SIGINT

    def url(self, database="postgres"):
        return f"postgresql://market:market@127.0.0.1:{self.port}/{database}"

    def connect(self, database="postgres"):
        """An autocommit connection."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def psql(self, sql, database="postgres"):
        """Runs one statement; its rows, if it has any."""
        with self.connect(database) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    @property
    def data(self):
        return (self.stack.folder / "postgres").resolve()


class RedisServer(LibraryServer):
    function = "start_redis"
    name = "redis"

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def dump(self):
        """Where it keeps its snapshot."""
        return self.stack.folder / "redis" / "dump.rdb"


class Tansu(LibraryServer):
    """A broker in memory: its log does not outlive it."""

    function = "start_broker"
    name = "broker"

    @property
    def environment(self):
        return {"BROKER_PORT": str(self.port), "CONTROLLER_PORT": "0", "KAFKA_HOME": ""}


class KafkaBroker(Process):
    """One Apache Kafka node, broker and controller in one; its log outlives it."""

    def __init__(self, stack, number, ports, controllers, properties):
        self.number = number
        self.port = ports[number]
        self.data = stack.folder / f"kafka-{number}"
        self.properties = stack.folder / f"kafka-{number}.properties"
        home = pathlib.Path(os.environ["KAFKA_HOME"])
        logs = stack.folder / "log"
        environment = {"LOG_DIR": str(logs), "KAFKA_HEAP_OPTS": "-Xms256m -Xmx512m"}
        super().__init__(
            f"broker-{number}", [home / "bin" / "kafka-server-start.sh", self.properties], environment, stack.folder,
            logs / f"broker-{number}.log",
        )  # fmt: skip
        settings = kafka_settings(number, ports, controllers, self.data)
        # A function where they differ from node to node.
        settings |= properties(number, settings) if callable(properties) else properties
        self.properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self.cluster = stack.cluster_id
        self.format = [home / "bin" / "kafka-storage.sh", "format", "-t", self.cluster, "-c", self.properties]

    def start(self, **environment):
        """Starts it; `wait_until_ready` waits for its answer."""
        if not (self.data / "meta.properties").exists():
            self.data.mkdir(exist_ok=True)
            done = subprocess.run(self.format, env={**os.environ, **self.environment}, capture_output=True, text=True)
            assert done.returncode == 0, f"Apache Kafka could not format its folder: {done.stdout}{done.stderr}"
        return super().start(**environment)

    def wait_until_ready(self, seconds=60):
        def answers():
            assert self.running, f"{self.name} ended:\n{self.tail()}"
            return listens(self.port) and metadata_of(self.port)

        wait_for(answers, seconds, lambda: f"{self.name} does not answer:\n{self.tail()}", pause=0.2)
        return self

    def restart(self, seconds=60):
        return self.start().wait_until_ready(seconds)

    def stop(self, seconds=30):
        """An orderly stop; partitions are handed over first where there are other brokers."""
        return super().stop(seconds)


def kafka_settings(number, ports, controllers, data):
    """What one node is told."""
    copies = 3 if len(ports) >= 3 else 1
    return {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": ",".join(f"{node}@127.0.0.1:{port}" for node, port in controllers.items()),
        "listeners": f"PLAINTEXT://127.0.0.1:{ports[number]},CONTROLLER://127.0.0.1:{controllers[number]}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports[number]}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # A broker that was killed is let back when its old session has run out.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
    }


def metadata_of(port):
    """Whether the broker answers a metadata request, not only the connection."""
    done = subprocess.run(["kcat", "-b", f"127.0.0.1:{port}", "-L", "-m", "2"], capture_output=True, timeout=30)
    return done.returncode == 0


def call_library(folder, function, environment):
    """Calls a function of scripts/lib/servers.sh for the stack in that folder."""
    script = (
        "set -euo pipefail; . scripts/lib/common.sh; . scripts/lib/process.sh; . scripts/lib/servers.sh; "
        f"stack_folders; {function}"
    )
    done = subprocess.run(
        ["bash", "-c", script, "chaos"], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "STACK": str(folder), **environment},
    )  # fmt: skip
    assert done.returncode == 0, f"{function}: {done.stdout}{done.stderr}"


def kafka_home():
    """The folder of an Apache Kafka distribution, as scripts/lib/servers.sh finds it; None where there is none."""
    given = os.environ.get("KAFKA_HOME")
    for folder in [given] if given else [ROOT.parent / "shared" / "kafka"]:
        if os.access(pathlib.Path(folder) / "bin" / "kafka-server-start.sh", os.X_OK):
            os.environ["KAFKA_HOME"] = str(folder)
            return pathlib.Path(folder)
    return None
