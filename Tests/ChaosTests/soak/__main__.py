"""The command line behind scripts/soak."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import signal
import sys
import time

from chaos import oracle
from chaos.cases.producers import wait_connected
from chaos.cases.venues import compare_with_exchange
from chaos.servers import adopt_orphans
from chaos.stack import Stack
from chaos.waiting import end_all_waits, wait_for

from .judge import judge, table
from .load import Load
from .picture import page
from .sampler import Sampler

# The log is folded while it runs; what is older need not be kept.
BROKER = {"log.segment.bytes": 67_108_864, "log.retention.check.interval.ms": 60_000}
RETENTION = "1h"
# Of each symbol, compared with the exchange's own.
MINUTES_COMPARED = 60
# Beside the time that is asked for: start, drain and comparison.
OVERHEAD_SECONDS = 1_200


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/soak", add_help=False)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--symbols", type=int, required=True)
    parser.add_argument("--every", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    return parser.parse_args()


def end_in_order(number, _frame):
    if number == signal.SIGALRM:
        print("soak: its time is over, and it had not come to an end", file=sys.stderr, flush=True)
    end_all_waits()
    raise SystemExit(128 + number)


class Soak:
    def __init__(self, options, stack):
        self.options = options
        self.market = stack.market("soak", symbols=options.symbols, KAFKA_TRADES_RETENTION=RETENTION)
        self.judge = oracle.of(self.market)
        self.started = time.monotonic()

    def begin(self):
        """All services, until candles are there and the API shows prices."""
        market = self.market
        self.simulator = market.simulator(rate=self.options.rate).start()
        self.simulator.wait_until("/health")
        self.processor = market.processor(KAFKA_SESSION_TIMEOUT="10s", IDLE_TIMEOUT="5s").start()
        market.wait_claimed()
        self.producer = market.producer(self.simulator).start()
        self.api = market.api(RATE_LIMIT="0").start()
        self.api.wait_until("/ready")
        wait_connected(self.producer)
        wait_for(
            lambda: len(market.query("SELECT DISTINCT symbol FROM candles_10s")) == len(market.symbols), 120,
            lambda: f"not every symbol has a candle\n{market.tails()}",
        )  # fmt: skip
        self.services = {
            "market-producer": self.producer, "trade-processor": self.processor, "market-api": self.api,
            "exchange-simulator": self.simulator,
        }  # fmt: skip

    def run(self):
        """Samples until the time is over; gives them."""
        with Load(self.api, self.market.symbols) as load:
            sampler = Sampler(self.market, self.services, self.producer, load)
            self.started = time.monotonic()
            for number in range(int(self.options.seconds / self.options.every) + 1):
                # A moment of its own for each sample, however long the one before took.
                wait = self.started + number * self.options.every - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                for name, service in self.services.items():
                    assert service.running and service.lives == 1, f"{name} ended:\n{service.tail()}"
                self.say(sampler.take(time.monotonic() - self.started))
                self.judge.read_log()
            self.load_problems = load.problems()
            self.load_counts = load.counts()
        return sampler.samples

    def say(self, sample):
        memory = ", ".join(f"{name} {one['rss_mib']:.1f}" for name, one in sample["services"].items())
        p99 = sample["event_to_store_p99_ms"]
        print(
            f"{sample['at']:8.0f} s  MiB: {memory}  lag {sample['lag_records']}"
            f"  p99 {'-' if p99 is None else f'{p99:.0f} ms'}",
            flush=True,
        )

    def settle(self):
        """Is every candle the one its trades make? Gives sentences of what is wrong, and what was compared."""
        problems = []
        compared = compare_with_exchange(self.market, self.simulator, MINUTES_COMPARED)
        code = self.producer.stop(seconds=30)
        if code != 0:
            problems.append(f"market-producer ended with {code}: {self.producer.tail(500)}")
        findings = oracle.check(self.market, seconds=120)
        fold = self.judge.fold
        in_log = sum(count for one in fold.markets.values() for runs in one.runs for count, _, _ in runs.holes())
        lacking = self.market.query("SELECT count(*) FROM candles WHERE missing_trades > 0")[0][0]
        if in_log or lacking:
            problems.append(f"{in_log} trades are missing in the log, {lacking} candles lack trades")
        if self.options.seconds > 150 and compared == 0:
            problems.append("no minute could be compared with the exchange's own")
        return problems, findings, compared


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end_in_order)
    adopt_orphans()
    signal.alarm(int(options.seconds) + OVERHEAD_SECONDS)
    stack = Stack(options.folder / "stack", options.seed, options.bin.resolve(), properties=BROKER)
    try:
        return soak(options, stack.start())
    finally:
        stack.close()


def soak(options, stack):
    begun = datetime.datetime.now(datetime.UTC)
    run = Soak(options, stack)
    run.begin()
    minutes = options.seconds / 60
    print(f"{options.symbols} symbols at {options.rate:,} trades a second for {minutes:g} minutes", flush=True)
    samples = run.run()
    verdict = judge(samples, options.rate, options.seconds)
    problems = verdict["problems"] + [f"load: {text}" for text in run.load_problems[:10]]
    findings, compared = None, 0
    try:
        wrong, findings, compared = run.settle()
        problems += wrong
    except AssertionError as error:
        problems.append(f"oracle: {error}")
    closing = table(verdict)
    told = f"oracle: {findings}; {compared} minutes equal the exchange's own" if findings else "oracle: see below"
    load = "load: " + ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in run.load_counts.items())
    outcome = "all flat, every candle exact" if not problems else f"{len(problems)} problems: " + "; ".join(problems)
    print(f"\n{closing}\n{load}\n{told}\n\n{outcome}", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    title = f"market-stream, {options.seconds / 60:g} minutes at {options.rate:,} trades a second, {begun:%Y-%m-%d}"
    report = {
        "begun": begun.isoformat(timespec="seconds"), "seconds": options.seconds, "rate": options.rate,
        "symbols": options.symbols, "seed": options.seed, "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "verdict": verdict, "load": run.load_counts, "oracle": told, "problems": problems, "samples": samples,
    }  # fmt: skip
    (options.output / "soak.json").write_text(json.dumps(report, indent=1) + "\n")
    text = "\n".join((closing, load, told))
    (options.output / "soak.html").write_text(page(title, text, samples, options.seconds, outcome))
    print(f"{options.output}/soak.html and soak.json have the figures", flush=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
