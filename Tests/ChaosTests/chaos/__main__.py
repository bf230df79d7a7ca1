"""The command line behind scripts/chaos."""

import argparse
import pathlib
import random
import signal
import sys
import time

from .cases import all_cases
from .report import FAILED, markdown, summary, xunit
from .runner import Runner
from .servers import adopt_orphans
from .waiting import end_all_waits

# The quick run takes 4 minutes, because it begins no case later (runner.py); this ends one that hangs.
QUICK_SECONDS = 600
FULL_SECONDS = 3_600


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--case", default="")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--xunit", type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def chosen(cases, options):
    """The cases of this run: those asked for by number, or all of --quick or --full."""
    if options.case:
        wanted = []
        for text in options.case.split(","):
            found = [case for case in cases if (str(case.number) == text if text.isdigit() else text in case.title)]
            if not found:
                sys.exit(f"chaos: there is no case '{text}'; --list shows them")
            wanted += found
        return [case for case in cases if case in wanted]
    return cases if options.full else [case for case in cases if case.quick]


def end_in_order(number, _frame):
    """Ctrl-C, SIGTERM and the overall bound end the run through its `finally` clauses."""
    if number == signal.SIGALRM:
        print("chaos: the run's time is over", file=sys.stderr, flush=True)
    end_all_waits()
    raise SystemExit(128 + number)


def main():
    options = arguments()
    cases = chosen(all_cases(), options)
    if options.list:
        for case in cases:
            print(f"{case.number:>3} {'quick' if case.quick else '     '} {case.title}")
        return 0
    seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    print(f"seed {seed} (again: --seed {seed})", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end_in_order)
    adopt_orphans()
    start = time.monotonic()
    signal.alarm(FULL_SECONDS if options.full else QUICK_SECONDS if not options.case else FULL_SECONDS)
    runner = Runner(cases, seed, not options.full, options.folder, options.bin.resolve(), options.verbose)
    runner.is_bounded = not options.full and not options.case
    results = runner.run()
    signal.alarm(0)
    print(summary(results, time.monotonic() - start))
    if options.markdown:
        options.markdown.write_text(markdown(results))
    if options.xunit:
        options.xunit.write_text(xunit(results))
    return 1 if not results or any(result.outcome == FAILED for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
