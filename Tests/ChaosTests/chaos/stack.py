"""Servers and services of chaos cases: private, on loopback and free ports, in a folder of their own."""

import base64
import os
import pathlib
import subprocess
import uuid

from .market import Market
from .servers import KafkaBroker, PostgresServer, RedisServer, Tansu, free_port, kafka_home


class Stack:
    """One or three brokers, PostgreSQL and Redis.

    brokers     [KafkaBroker] or [Tansu]: start, stop, kill, pause, resume, port
    postgres    PostgresServer: the same, psql(sql, database), connect(database), url(database)
    redis       RedisServer: the same, url
    has_kafka   whether the broker keeps its log (Apache Kafka); Tansu does not
    """

    def __init__(self, folder, seed, bin_folder, brokers=1, properties=None):
        self.folder = pathlib.Path(folder)
        self.seed = seed
        self.bin = pathlib.Path(bin_folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("log", "pid"):
            (self.folder / name).mkdir(exist_ok=True)
        # PostgreSQL may run as another user, who must be able to enter.
        os.chmod(self.folder, 0o755)
        self.cluster_id = base64.urlsafe_b64encode(uuid.UUID(int=seed << 64 | 0x42).bytes).decode().rstrip("=")
        self.has_kafka = kafka_home() is not None
        if self.has_kafka:
            numbers = range(1, brokers + 1)
            ports = {number: free_port() for number in numbers}
            controllers = {number: free_port() for number in numbers}
            self.brokers = [KafkaBroker(self, number, ports, controllers, properties or {}) for number in numbers]
        else:
            self.brokers = [Tansu(self, free_port())]
        self.postgres = PostgresServer(self, free_port())
        self.redis = RedisServer(self, free_port())
        self.markets = []

    @property
    def broker(self):
        """The first broker, for stacks that have one."""
        return self.brokers[0]

    @property
    def kafka_brokers(self):
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    def start(self):
        """Starts all servers and waits until they answer."""
        for broker in self.brokers:
            broker.start()
        self.postgres.start()
        self.redis.start()
        if self.has_kafka:
            for broker in self.brokers:
                broker.wait_until_ready()
        return self

    def kafka_script(self, name, *arguments, check=True):
        """Runs one of Kafka's own scripts (kafka-topics.sh) against the brokers; its output."""
        command = [pathlib.Path(os.environ["KAFKA_HOME"]) / "bin" / name, "--bootstrap-server", self.kafka_brokers]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def market(self, name, **options):
        """A Market of that name: what one case works on."""
        market = Market(self, name, **options)
        self.markets.append(market)
        return market

    def heal(self):
        """Everything runs and answers again, whatever a case left behind."""
        for server in (self.postgres, self.redis):
            server.resume()
            server.start()
        for broker in self.brokers:
            broker.resume()
            if not broker.running:
                broker.start()
        if self.has_kafka:
            for broker in self.brokers:
                broker.wait_until_ready()

    def close(self):
        """Ends everything."""
        for market in self.markets:
            market.close()
        for server in (*self.brokers, self.redis, self.postgres):
            server.kill()
