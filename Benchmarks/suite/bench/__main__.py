"""Runs the measurements, prints the table, writes JSON. Started by scripts/bench."""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import signal
import sys
import time

from . import NAMES, measurement
from .measure import number
from .stack import BenchError


@dataclasses.dataclass
class Bench:
    """How to measure.

    - bin: the executables. tools: the programs of Benchmarks/, built. runs: of each, alternating.
    - quick: a small version of everything, to see that it works.
    """

    bin: pathlib.Path
    tools: pathlib.Path
    runs: int
    quick: bool
    huge: bool
    trades: int

    def note(self, text):
        print(f"  {text}", file=sys.stderr, flush=True)

    def tool(self, name):
        path = self.tools / name
        if not path.exists():
            raise BenchError(f"{path} is not built: scripts/bench builds it")
        return path


@dataclasses.dataclass
class Machine:
    """Time of all processors since the start, in ticks: that of a shared machine is partly other guests'."""

    all: int
    stolen: int

    @staticmethod
    def now():
        # user nice system idle iowait irq softirq steal, then what is counted in user already (proc_stat(5)).
        ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return Machine(all=sum(ticks), stolen=ticks[7])

    def stolen_since(self, earlier):
        return (self.stolen - earlier.stolen) / max(1, self.all - earlier.all)


def main():
    arguments = parse()
    bench = Bench(
        bin=arguments.bin, tools=arguments.tools, runs=arguments.runs or (1 if arguments.quick else 5),
        quick=arguments.quick, huge=arguments.huge,
        trades=arguments.trades or (300_000 if arguments.quick else 10_000_000))
    chosen = arguments.only or NAMES
    results, broken, stolen = {}, {}, {}
    for name in chosen:
        started, before = time.monotonic(), Machine.now()
        module = measurement(name)
        print(f"• {name}: {module.TITLE}", file=sys.stderr, flush=True)
        try:
            results[name] = module.run(bench)
        except BenchError as error:
            broken[name] = str(error)
            print(f"  {error}", file=sys.stderr, flush=True)
        stolen[name] = Machine.now().stolen_since(before)
        bench.note(f"{time.monotonic() - started:.0f} s, of which {stolen[name]:.1%} of the processors went to others")
    show(results, broken)
    if arguments.json:
        write(arguments.json, bench, results, broken, stolen)
    return 1 if broken else 0


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--trades", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--huge", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("only", nargs="*", choices=[*NAMES, []])
    return parser.parse_args()


def show(results, broken):
    rows = [row for rows in results.values() for row in rows]
    width = max((len(row.what) for row in rows), default=10)
    print(f"\n{'':{width}} {'figure':>12} {'':6} {'target':>9}")
    for row in rows:
        target = "" if row.target is None else str(row.target)
        print(f"{row.what:{width}} {number(row.value):>12} {row.unit:6} {target:>9}  {row.verdict}".rstrip())
        for name, value in row.beside.items():
            print(f"{'':{width}}   {name}: {number(value)}")
    for name, reason in broken.items():
        print(f"{name}: not measured: {reason}")


def write(path, bench, results, broken, stolen):
    content = {
        "measured_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "processor": processor(), "kernel": platform.release()},
        "quick": bench.quick, "runs": bench.runs, "trades": bench.trades,
        "results": {name: [row.as_json() for row in rows] for name, rows in results.items()}, "not_measured": broken,
        "stolen": {name: round(share, 4) for name, share in stolen.items()},
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    print(f"written to {path}", file=sys.stderr)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    # What was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
