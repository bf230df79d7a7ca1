"""Symbols that only a test trades: what it wants to see is put into the broker's log."""

import itertools
import json
import time

from chaos.kafkalog import Kafka
from conftest import variable, wait_for


# No two runs on one stack trade the same symbol.
_names = itertools.count(int(time.time()))


class OwnMarket:
    """One symbol, its trades and the id of the last."""

    def __init__(self, stack, name, venue="binance"):
        self.stack = stack
        self.venue = venue
        self.venue_symbol = f"{name}{next(_names)}USDT" if venue == "binance" else f"{name}{next(_names)}/USD"
        self.symbol = self.venue_symbol if venue == "binance" else f"{venue}:{self.venue_symbol}"
        self.last_id = 0
        # {window start of 10 s: [(price, quantity), ...]}, as it was traded.
        self.windows = {}

    def trade(self, producer, seconds, price, quantity="0.5", skipped_ids=0):
        """One trade at that time, unix seconds; ids before it can be left out."""
        self.last_id += 1 + skipped_ids
        micros = int(seconds * 1_000_000)
        record = {
            "venue": self.venue, "symbol": self.venue_symbol, "trade_id": self.last_id, "price": f"{price}",
            "quantity": f"{quantity}", "taker_side": "buy" if self.last_id % 2 else "sell", "event_time_us": micros,
            "received_time_us": micros,
        }  # fmt: skip
        producer.send(self.symbol.encode(), json.dumps(record, separators=(",", ":")).encode())
        self.windows.setdefault(int(seconds) // 10 * 10, []).append((price, quantity))

    def send(self, trades):
        """Trades as arguments of `trade`, acknowledged by the broker at the end."""
        with Kafka(variable("KAFKA_BROKERS")).producer("trades") as producer:
            for arguments in trades:
                self.trade(producer, *arguments)
            producer.flush()

    def wait_until_stored(self, interval="10s", open_windows=0):
        """Until PostgreSQL has a row for every window but so many, and the API lists the symbol."""
        wanted = len(self.windows) - open_windows
        wait_for(
            lambda: len(self.stack.rows(self.symbol, interval)) >= wanted, 90,
            lambda: f"{len(self.stack.rows(self.symbol, interval))} of {wanted} windows of {self.symbol} are stored",
        )
        wait_for(
            lambda: self.symbol in [info["symbol"] for info in self.stack.get("/symbols")["symbols"]], 60,
            f"{self.symbol} is not listed",
        )


def long_market(stack, name, count=1_700):
    """Candles of 10 s over some hours, more than two pages: with a pause of 7 windows, one of a thousand, and a candle
    that lacks 3 trades."""
    market = OwnMarket(stack, name)
    start = int(time.time() - 14 * 3600) // 10 * 10
    trades = []
    at = start
    for index in range(count):
        at += {200: 80, 900: 10_010}.get(index, 10)
        price = f"{100 + index % 37 * 0.25 + index // 100:.2f}"
        trades.append((at + 1, price, f"0.{index % 9 + 1}", 3 if index == count - 40 else 0))
        trades.append((at + 8.5, f"{float(price) + (0.5 if index % 3 else -0.75):.2f}", "1.25"))
    market.send(trades)
    market.wait_until_stored()
    return market
