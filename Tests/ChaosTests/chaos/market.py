"""One case's data in a stack's servers: a topic, a database, a group, symbols, and the services that work on them."""

import re
import subprocess

import psycopg
import redis

from .servers import free_port
from .service import Service
from .waiting import wait_for

# Of every topic, `candles` too.
PARTITIONS = 4
SESSION_TIMEOUT_SECONDS = 6
SOURCE = "simulator:chaos"


class Market:
    """A database, a trades topic, a group and symbols of its own; the other topics are shared with the stack's markets.

    symbols      key texts, all beginning with `prefix`
    environment  settings that every service gets; change it before making services
    services     all made so far
    """

    def __init__(self, stack, name, symbols=3, partitions=PARTITIONS, **settings):
        self.stack = stack
        self.name = name
        self.topic = f"trades-{name}"
        self.group = f"group-{name}"
        self.database = name
        self.partitions = partitions
        self.prefix = name.upper()
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        names = letters[:symbols] if symbols <= len(letters) else (f"{number:04d}" for number in range(symbols))
        self.symbols = [f"{self.prefix}{name}USDT" for name in names]
        self.services = []
        self.environment = {
            "KAFKA_BROKERS": stack.kafka_brokers,
            "POSTGRES_URL": stack.postgres.url(self.database),
            "REDIS_URL": stack.redis.url,
            "MARKET_SOURCE": SOURCE,
            "KAFKA_TRADES_TOPIC": self.topic,
            "KAFKA_TOPIC_PARTITIONS": str(partitions),
            "KAFKA_TOPIC_REPLICATION": "3" if len(stack.brokers) >= 3 else "1",
            **settings,
        }
        stack.postgres.psql(f'CREATE DATABASE "{self.database}"')

    # MARK: services, made and not started

    def processor(self, **settings):
        usual = {
            "KAFKA_GROUP_ID": self.group,
            "IDLE_TIMEOUT": "2s",
            "KAFKA_SESSION_TIMEOUT": f"{SESSION_TIMEOUT_SECONDS}s",
        }
        return self._service("trade-processor", "METRICS_PORT", **usual | settings)

    def producer(self, simulator, **settings):
        number = 1 + sum(service.name.startswith("market-producer") for service in self.services)
        usual = {
            "SYMBOLS": ",".join(self.symbols),
            "BINANCE_WS_URL": f"ws://127.0.0.1:{simulator.port}",
            "BINANCE_REST_URL": f"http://127.0.0.1:{simulator.port}",
            "PRODUCER_ID": f"{self.name}-{number}",
        }
        return self._service("market-producer", "METRICS_PORT", **usual | settings)

    def simulator(self, rate=50, **settings):
        return self._service(
            "exchange-simulator", "SIMULATOR_PORT", SYMBOLS=",".join(self.symbols), SIMULATOR_RATE=str(rate),
            SIMULATOR_SEED=str(self.stack.seed), **settings,
        )  # fmt: skip

    def api(self, **settings):
        return self._service("market-api", "API_PORT", **{"SYMBOLS": ",".join(self.symbols)} | settings)

    def through(self, postgres=None, redis=None, kafka=None):
        """Services made from now on reach these servers on these ports, a proxy's for example."""
        if postgres:
            self.environment["POSTGRES_URL"] = f"postgresql://market:market@127.0.0.1:{postgres}/{self.database}"
        if redis:
            self.environment["REDIS_URL"] = f"redis://127.0.0.1:{redis}/0"
        if kafka:
            self.environment["KAFKA_BROKERS"] = f"127.0.0.1:{kafka}"

    def _service(self, program, port_key, **settings):
        count = sum(service.command[0].endswith(program) for service in self.services)
        name = f"{self.name}-{program}" + (f"-{count + 1}" if count else "")
        port = free_port()
        environment = {key: str(value) for key, value in {**self.environment, port_key: port, **settings}.items()}
        service = Service(name, self.stack.bin / program, environment, self.stack.folder, port)
        self.services.append(service)
        return service

    # MARK: looking

    def connect(self):
        """An autocommit connection to the database; the first processor makes the schema."""
        return self.stack.postgres.connect(self.database)

    def query(self, sql, parameters=()):
        """Rows of one statement on a connection of its own."""
        with self.connect() as connection:
            return connection.execute(sql, parameters).fetchall()

    def redis(self):
        return redis.Redis(port=self.stack.redis.port, decode_responses=True)

    def create_topic(self):
        """Makes the trades topic as our services would, so that a load can come before them."""
        replication = self.environment["KAFKA_TOPIC_REPLICATION"]
        extra = ["--config", "min.insync.replicas=2"] if replication == "3" else []
        self.stack.kafka_script(
            "kafka-topics.sh", "--create", "--topic", self.topic, "--partitions", str(self.partitions),
            "--replication-factor", replication, "--config", "message.timestamp.type=LogAppendTime", *extra,
        )  # fmt: skip

    def end_offsets(self):
        """{partition: end offset} of the trades topic, as the brokers say."""
        command = ["kcat", "-Q", "-b", self.stack.kafka_brokers]
        for partition in range(self.partitions):
            command += ["-t", f"{self.topic}:{partition}:-1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        found = re.findall(r"\[(\d+)\] offset (\d+)", done.stdout)
        assert len(found) == self.partitions, f"no end offsets of {self.topic}: {done.stdout}{done.stderr}"
        return {int(partition): int(offset) for partition, offset in found}

    def progress(self):
        """{partition: next_offset} of the processor's progress; empty before the first claim."""
        try:
            rows = self.query("SELECT partition, next_offset FROM processor_progress WHERE topic = %s", [self.topic])
        except psycopg.errors.UndefinedTable:
            return {}
        return dict(rows)

    def commits(self):
        """Sum of commit_seq over all partitions."""
        rows = self.query("SELECT coalesce(sum(commit_seq), 0) FROM processor_progress WHERE topic = %s", [self.topic])
        return int(rows[0][0])

    def wait_claimed(self, seconds=60):
        """Until every partition has an owner in PostgreSQL."""
        wait_for(lambda: len(self.progress()) == self.partitions, seconds, lambda: f"not claimed\n{self.tails()}")

    def wait_drained(self, seconds=60):
        """Until the progress is at the end of every partition."""
        ends = {}

        def drained():
            ends.update(self.end_offsets())
            return self.progress() == ends

        wait_for(
            drained, seconds, lambda: f"not drained: {self.progress()} of {ends}\n{self.tails()}", pause=0.2,
        )  # fmt: skip

    def tails(self):
        """The ends of the processors' logs."""
        found = [service for service in self.services if "trade-processor" in service.name]
        return "\n".join(f"---- {service.name}\n{service.tail(1_500)}" for service in found)

    def close(self):
        """Ends this market's services."""
        for service in reversed(self.services):
            service.kill()
