"""Servers and services of chaos cases: private, on loopback and free ports, in a folder of their own."""

import pathlib


class Stack:
    """One or three brokers, PostgreSQL and Redis.

    brokers        [Broker]: start, stop, kill, pause, resume, port, id
    postgres       PostgresServer: the same, `psql(text)`, `restart()`
    redis          RedisServer: the same
    kafka_brokers  bootstrap text;  postgres_url(database), redis_url
    has_kafka      whether the broker keeps its log (Apache Kafka); Tansu does not
    """

    def __init__(self, folder, seed, bin_folder, brokers=1):
        self.folder = pathlib.Path(folder)
        self.seed = seed
        self.bin = pathlib.Path(bin_folder)

    def start(self):
        """Starts all servers and waits until they answer."""
        raise NotImplementedError

    def market(self, name, symbols=3, partitions=4):
        """A Market in this stack."""
        raise NotImplementedError

    def close(self):
        """Ends everything."""


class Market:
    """One case's data in a stack's servers.

    name, topic (trades topic), group, database, symbols [str], partitions
    candles_topic  "candles": shared by all markets of the stack, told apart by `symbols`
    stack          kafka_brokers, redis_url are the stack's unless a proxy stands between (see `through`)
    environment    settings every service of this market is given
    connect()      an autocommit psycopg connection to its database (made and migrated by the first processor)
    redis()        a redis.Redis client, decode_responses=True
    """

    def create_topic(self):
        """Makes the trades topic as our services do (LogAppendTime, partitions), so that a load can come first."""
        raise NotImplementedError

    def processor(self, **settings):
        """A trade-processor (Service, not started); more of one kind are called trade-processor-2 and so on."""
        raise NotImplementedError

    def producer(self, simulator, **settings):
        """A market-producer at that simulator."""
        raise NotImplementedError

    def simulator(self, rate=50, **settings):
        """An exchange-simulator of this market's symbols; `.port`."""
        raise NotImplementedError

    def api(self, **settings):
        """A market-api; `.port`."""
        raise NotImplementedError

    def through(self, postgres=None, redis=None, kafka=None):
        """Services made from now on reach these servers through proxies on these ports."""
        raise NotImplementedError

    def end_offsets(self):
        """{partition: end offset} of the trades topic."""
        raise NotImplementedError

    def progress(self):
        """{partition: next_offset} of processor_progress; empty before the first claim."""
        raise NotImplementedError

    def wait_drained(self, seconds):
        """Until next_offset equals the end offset of every partition."""
        raise NotImplementedError

    def close(self):
        """Ends this market's services."""
