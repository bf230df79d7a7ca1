"""The broker's log: all records of a topic, arbitrary records into it, and what an administrator can do to it.

Python has no Kafka client here, so a small C program over librdkafka (Benchmarks/record-pipe) carries the records as
binary frames on a pipe.
"""

import atexit
import collections
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCE = ROOT / "Benchmarks" / "record-pipe" / "record_pipe.c"

# headers: None where the record's are exactly the usual ones, else a list of (name, value).
Record = collections.namedtuple("Record", "partition offset timestamp_ms key value headers")

USUAL_HEADERS = [("schema_version", b"1")]
_USUAL = struct.pack("<ii", 14, 1) + b"schema_version" + b"1"
_IN = struct.Struct("<iqqiii")
_OUT = struct.Struct("<iiii")
_HEADER = struct.Struct("<ii")


def murmur2(key):
    """The hash by which Kafka's Java clients choose a partition, as an unsigned 32-bit number."""
    mask = 0xFFFFFFFF
    value = (0x9747B28C ^ len(key)) & mask
    whole = len(key) // 4 * 4
    for (word,) in struct.iter_unpack("<I", key[:whole]):
        word = word * 0x5BD1E995 & mask
        word = (word ^ word >> 24) * 0x5BD1E995 & mask
        value = value * 0x5BD1E995 & mask ^ word
    rest = key[whole:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & mask
    value = (value ^ value >> 13) * 0x5BD1E995 & mask
    return value ^ value >> 15


def partition_of(key, partitions):
    """The partition of a key (text or bytes)."""
    return (murmur2(key.encode() if isinstance(key, str) else key) & 0x7FFFFFFF) % partitions


class Kafka:
    """The brokers of one cluster."""

    def __init__(self, brokers):
        self.brokers = brokers

    def read(self, topic, start=None):
        """Every record, in order within each partition, from there ({partition: offset}; else all) up to the ends as
        they are now."""
        starts = [f"{partition}:{offset}" for partition, offset in (start or {}).items()]
        with subprocess.Popen(
            [program(), "consume", self.brokers, topic, *starts], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                yield from _records(process.stdout)
                problem = process.stderr.read().decode(errors="replace")
                assert process.wait() == 0, f"{topic} cannot be read: {problem}"
            finally:
                if process.poll() is None:
                    process.kill()

    def offsets(self, topic):
        """{partition: (first offset, end offset)}"""
        lines = self._run("offsets", topic).splitlines()
        return {int(line.split()[0]): tuple(map(int, line.split()[1:])) for line in lines}

    def create_topic(self, topic, partitions, replication=1, **configuration):
        """Configuration with _ for the dots: message_timestamp_type="LogAppendTime"."""
        options = [f"{key.replace('_', '.')}={value}" for key, value in configuration.items()]
        self._run("create", topic, str(partitions), str(replication), *options)

    def delete_topic(self, topic):
        self._run("delete", topic)

    def grow_topic(self, topic, partitions):
        """More partitions, up to that many."""
        self._run("grow", topic, str(partitions))

    def cut_log(self, topic, partition, offset):
        """Deletes a partition's records before the offset."""
        self._run("cut", topic, str(partition), str(offset))

    def producer(self, topic):
        return TopicProducer(self.brokers, topic)

    def _run(self, command, topic, *arguments):
        done = subprocess.run(
            [program(), command, self.brokers, topic, *arguments], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command} of {topic}: {done.stderr.strip()}"
        return done.stdout


class TopicProducer:
    """Sends records to one topic; nothing is given up while a broker is away (for ten minutes)."""

    def __init__(self, brokers, topic):
        self.topic = topic
        self.sent = 0
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [program(), "produce", brokers, topic], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None,
            bufsize=1 << 20, start_new_session=True,
        )  # fmt: skip
        atexit.register(self._process.kill)

    def send(self, key, value, partition=-1, headers=None):
        """One record; key and value are bytes or None. Partition -1: by murmur2 of the key. Headers: the usual ones
        unless a list of (name, value) is given."""
        packed = _USUAL if headers is None else b"".join(
            _HEADER.pack(len(name), -1 if value is None else len(value)) + name.encode() + (value or b"")
            for name, value in headers
        )  # fmt: skip
        frame = _OUT.pack(
            partition, -1 if key is None else len(key), -1 if value is None else len(value), len(packed)
        )
        with self._lock:
            self._process.stdin.write(frame + (key or b"") + (value or b"") + packed)
            self.sent += 1

    def push(self):
        """Hands what was sent to the program, without waiting for acknowledgements."""
        with self._lock:
            self._process.stdin.flush()

    def flush(self):
        """Waits until the broker has acknowledged everything; AssertionError where it refused something."""
        with self._lock:
            self._process.stdin.write(_OUT.pack(-2, -1, -1, 0))
            self._process.stdin.flush()
            self._judge(self._process.stdout.readline())

    def close(self):
        with self._lock:
            if self._process.poll() is not None:
                return
            self._process.stdin.close()
            line = self._process.stdout.readline()
            self._process.wait()
            atexit.unregister(self._process.kill)
            self._judge(line)

    def kill(self):
        """Ends it, whatever is under way."""
        self._process.kill()
        self._process.wait()

    def _judge(self, line):
        assert line, f"the producer for {self.topic} ended"
        acknowledged, failed = map(int, line.split())
        assert not failed, f"{failed} records for {self.topic} were refused"
        assert acknowledged == self.sent, f"{acknowledged} of {self.sent} records for {self.topic} were acknowledged"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is None:
            self.close()
        else:
            self.kill()


def _records(stream):
    """Records out of the frames of a pipe."""
    size = _IN.size
    unpack = _IN.unpack_from
    buffer = b""
    while True:
        chunk = stream.read(1 << 20)
        if not chunk:
            break
        buffer = buffer + chunk if buffer else chunk
        at = 0
        length = len(buffer)
        while at + size <= length:
            partition, offset, timestamp, key, value, headers = unpack(buffer, at)
            key_at = at + size
            value_at = key_at + (key if key > 0 else 0)
            headers_at = value_at + (value if value > 0 else 0)
            end = headers_at + headers
            if end > length:
                break
            packed = buffer[headers_at:end]
            yield Record(
                partition,
                offset,
                timestamp,
                buffer[key_at:value_at] if key >= 0 else None,
                buffer[value_at:headers_at] if value >= 0 else None,
                None if packed == _USUAL else _headers(packed),
            )
            at = end
        buffer = buffer[at:]
    assert not buffer, "the log ends inside a record"


def _headers(packed):
    found = []
    at = 0
    while at < len(packed):
        name, value = _HEADER.unpack_from(packed, at)
        at += _HEADER.size
        found.append((packed[at : at + name].decode(), None if value < 0 else packed[at + name : at + name + value]))
        at += name + max(0, value)
    return found


_program = None
_program_lock = threading.Lock()


def program():
    """The C program, compiled once a run, with the librdkafka that our executables use where that is known."""
    global _program
    with _program_lock:
        if _program is None:
            folder = tempfile.mkdtemp(prefix="record-pipe.")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            path = pathlib.Path(folder) / "record_pipe"
            command = ["cc", "-O2", "-o", path, SOURCE, "-lrdkafka", *_linking()]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, f"{SOURCE} does not compile: {done.stderr}"
            _program = str(path)
        return _program


def _linking():
    """The loader and the run paths of our executables, as scripts/bench compiles; nothing where there are none."""
    folder = pathlib.Path(os.environ.get("MARKET_STREAM_BIN", ROOT / ".build" / "debug")).resolve()
    executable = folder / "trade-processor"
    if not executable.exists():
        return []
    found = subprocess.run(["readelf", "-l", "-d", executable], capture_output=True, text=True).stdout
    loader = re.search(r"program interpreter: (.*)\]", found)
    paths = re.search(r"R(?:UN)?PATH.*\[(.*)\]", found)
    flags = ["-Wl,--disable-new-dtags,--allow-shlib-undefined"]
    if loader:
        flags.append(f"-Wl,--dynamic-linker={loader[1]}")
    if paths:
        flags.append(f"-Wl,-rpath,{paths[1].replace('$ORIGIN', str(folder))}")
    return flags
