"""WebSocket clients of the API: many at once, and some that misbehave."""

import asyncio
import json
import socket
import struct
import time

import websockets
import websockets.asyncio.client

from .. import oracle
from ..process import rss_mib
from . import case
from .producers import wait_connected

MEMORY_LIMIT_MIB = 512
# So long may it take until everybody has heard of the trades that the API knows.
STARVED_SECONDS = 15


class Client:
    """One that reads: what it was told of one symbol."""

    def __init__(self, symbol):
        self.symbol = symbol
        self.newest_id = -1
        self.prices = 0
        # Of closed candles: where the numbering stands, how many came, and what was wrong with it.
        self.position = None
        self.closed = []
        self.wrong = []

    def take(self, message):
        kind = message["type"]
        if kind == "price":
            self.prices += 1
            self.newest_id = message["trade_id"]
        elif kind == "snapshot":
            position = message["positions"]["candles"]["10s"]
            self.position = (position["epoch"], position["seq"])
            if message["price"]:
                self.newest_id = message["price"]["trade_id"]
        elif kind == "candle" and "seq" in message:
            expected = (self.position[0], self.position[1] + 1)
            if (message["epoch"], message["seq"]) != expected:
                self.wrong.append(f"{message['epoch']} {message['seq']} where {expected} was expected")
            self.position = (message["epoch"], message["seq"])
            self.closed.append(message["candle"]["window_start"])
        elif kind == "gap":
            self.wrong.append(f"a gap: {message}")

    async def run(self, address, ready, stop):
        async with websockets.asyncio.client.connect(
            address, compression=None, open_timeout=120, ping_interval=None
        ) as session:
            await session.send(json.dumps({"op": "subscribe", "symbols": [self.symbol], "intervals": ["10s"]}))
            ready()
            while not stop.is_set():
                try:
                    self.take(json.loads(await asyncio.wait_for(session.recv(), 1)))
                except TimeoutError:
                    continue


def upgraded(port):
    """A raw socket that has become a WebSocket of /feed."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    one.settimeout(60)
    one.connect(("127.0.0.1", port))
    one.sendall(
        b"GET /feed HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b" 101 " in one.recv(12 + 4), "no upgrade"
    return one


def frame(payload, announced=None):
    """A masked text frame, whatever its bytes are, that may announce more than comes."""
    length = len(payload) if announced is None else announced
    if length < 126:
        head = bytes([0x80 | length])
    elif length < 65_536:
        head = b"\xfe" + struct.pack(">H", length)
    else:
        head = b"\xff" + struct.pack(">Q", length)
    return b"\x81" + head + b"\0\0\0\0" + payload


def close_code(port, sent):
    """The code with which the server answers; None where it just ends."""
    with upgraded(port) as one:
        one.sendall(sent)
        received = b""
        while part := one.recv(65_536):
            received += part
        at = received.rfind(b"\x88")
        return struct.unpack(">H", received[at + 2 : at + 4])[0] if at >= 0 else None


def vanish(port, count):
    """So many connect, follow something, and are gone without a word."""
    for _ in range(count):
        one = upgraded(port)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()


async def crowd(api, symbols, count, seconds, meanwhile):
    """So many clients, for so long after all have subscribed; also those that do not hear what the API knows."""
    clients = [Client(symbols[number % len(symbols)]) for number in range(count)]
    stop, subscribed = asyncio.Event(), [0]

    def ready():
        subscribed[0] += 1

    async with asyncio.TaskGroup() as group:
        # A hundred at a time: the backlog of a listening socket is bounded.
        for start in range(0, count, 100):
            for client in clients[start : start + 100]:
                group.create_task(client.run(f"ws://127.0.0.1:{api.port}/feed", ready, stop))
            while subscribed[0] < min(start + 100, count):
                await asyncio.sleep(0.02)
        began = time.monotonic()
        await asyncio.to_thread(meanwhile)
        while time.monotonic() - began < seconds:
            await asyncio.sleep(0.1)
        text = (await asyncio.to_thread(api.get, "/prices"))[1]
        known = {entry["symbol"]: entry["trade_id"] for entry in json.loads(text)["prices"]}
        behind, deadline = clients, time.monotonic() + STARVED_SECONDS
        while behind and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            behind = [client for client in behind if client.newest_id < known[client.symbol]]
        stop.set()
    return clients, behind


@case(
    33, "two thousand clients, one that never reads, a thousand that vanish, broken frames", quick=True, beside=True,
    promise="A client that misbehaves is closed with the right code, and nobody else notices.",
)  # fmt: skip
def clients(ctx):
    count, seconds = (200, 25) if ctx.quick else (2_000, 60)
    market = ctx.market(symbols=50)
    simulator = market.simulator(rate=50).start()
    simulator.wait_until("/health")
    market.processor().start()
    market.wait_claimed()
    producer = market.producer(simulator).start()
    api = market.api(RATE_LIMIT="0").start()
    api.wait_until("/ready")
    wait_connected(producer)
    before = rss_mib(api.pid)
    deaf = upgraded(api.port)
    everything = {
        "op": "subscribe", "symbols": market.symbols, "channels": ["price", "candles", "trades"],
        "intervals": ["10s", "1m", "5m", "15m", "1h", "4h", "1d"],
    }  # fmt: skip
    deaf.sendall(frame(json.dumps(everything).encode()))
    codes = []

    def misbehave():
        vanish(api.port, count // 2)
        codes.append(close_code(api.port, frame(b"x", announced=1 << 20)))
        codes.append(close_code(api.port, frame(b"\xff\xfe")))

    told, starved = asyncio.run(crowd(api, market.symbols, count, seconds, misbehave))
    during = rss_mib(api.pid)
    deaf.close()
    assert not starved, f"{len(starved)} of {count} clients were not told for {STARVED_SECONDS} s what the API knows"
    wrong = [f"{client.symbol}: {client.wrong[:3]}" for client in told if client.wrong]
    assert not wrong, f"{len(wrong)} clients: {wrong[:3]}"
    assert all(client.closed for client in told), "a client was told of no closed candle"
    assert codes == [1009, 1007], f"closed with {codes}"
    assert api.lives == 1, api.tail()
    ctx.note_memory(api, limit_mib=MEMORY_LIMIT_MIB)
    assert producer.stop() == 0, producer.tail()
    ctx.settled(oracle.check(market))
    ctx.did(
        f"{count:,} clients for {seconds} s, {sum(client.prices for client in told):,} prices and"
        f" {sum(len(client.closed) for client in told):,} closed candles, each numbered without a gap; market-api"
        f" {before:.0f} MiB before, {during:.0f} MiB beside them"
    )
