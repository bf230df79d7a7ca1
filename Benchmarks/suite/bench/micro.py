"""The small steps of every trade, one by one: nanoseconds, and where the clock is too noisy instructions and
allocations.

Counted with valgrind, which is everywhere, where the counters of the processor often are not: of two runs of different
length, the difference.
"""

import re
import shutil
import subprocess

from .measure import Row, median
from .stack import BenchError, run as command

TITLE = "small steps: decode, step, encode, frame"


def run(bench):
    program = bench.tool("micro-benchmarks")
    times = 200_000 if bench.quick else 3_000_000
    counter = without_debug_information(bench, program) if shutil.which("valgrind") else None
    rows = []
    for step in command([program, "--list"]).split():
        spans = [float(command([program, step, times])) for _ in range(bench.runs)]
        beside = {}
        if counter:
            beside["instructions"] = counted(counter, step, instructions)
            beside["allocations"] = counted(counter, step, allocations)
        else:
            bench.note("no valgrind: instructions and allocations are not counted")
        rows.append(Row(step, median(spans), "ns", None, beside))
        bench.note(f"{step}: {spans}, {beside}")
    return rows


def without_debug_information(bench, program):
    """A copy for valgrind, which stops at debug information newer than itself."""
    copy = bench.tools / "micro-benchmarks.stripped"
    command(["strip", "--strip-debug", "-o", copy, program])
    return copy


def counted(program, step, count):
    """Of one step: of 20,000 and of 40,000 the difference, so that what happens once is not in it."""
    few, many = 20_000, 40_000
    return round((count(program, step, many) - count(program, step, few)) / (many - few), 2)


def instructions(program, step, times):
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, step, times]
    return number(r"Collected : (\d+)", words)


def allocations(program, step, times):
    return number(r"total heap usage: ([\d,]+) allocs", ["valgrind", "--tool=memcheck", program, step, times])


def number(pattern, words):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=600)
    found = re.search(pattern, result.stderr)
    if result.returncode != 0 or not found:
        raise BenchError(f"{words[1]} of {words[-2]}: {result.stderr[-800:]}")
    return int(found[1].replace(",", ""))
