"""Runs cases one by one, or beside one another where they leave the servers alone, and says what came of them."""

import concurrent.futures
import sys
import threading
import time
import traceback

from .context import Context
from .report import FAILED, LEFT_OUT, PASSED, Result
from .servers import kafka_home
from .stack import Stack
from .waiting import bound_this_thread, check_bound

# How many cases run beside one another.
LANES = 4
# A case that takes longer hangs, however slow the machine is.
QUICK_CASE_SECONDS = 150
# The quick run begins no case after so long, whatever the machine: those are left out by name.
QUICK_SECONDS = 225


class Stacks:
    """The servers: one stack that cases share, and those that a case has for itself."""

    def __init__(self, folder, seed, bin_folder):
        self.folder = folder
        self.seed = seed
        self.bin = bin_folder
        self._shared = None
        self._made = 0
        self._lock = threading.Lock()
        self._all = []

    def shared(self):
        with self._lock:
            if self._shared is None:
                self._made += 1
                self._shared = self._start(f"shared{self._made}", 1, None)
            return self._shared

    def own(self, name, brokers, properties):
        return self._start(name, brokers, properties)

    def heal(self):
        """After a failure: the shared servers run again, or the next case gets new ones."""
        with self._lock:
            if self._shared is None:
                return
            try:
                self._shared.heal()
            except Exception:  # noqa: BLE001 - whatever it is, new servers are the way out
                self._shared.close()
                self._shared = None

    def _start(self, name, brokers, properties):
        stack = Stack(self.folder / name, self.seed, self.bin, brokers, properties)
        self._all.append(stack)
        return stack.start()

    def close(self):
        for stack in self._all:
            stack.close()


class Runner:
    def __init__(self, cases, seed, quick, folder, bin_folder, verbose):
        self.cases = cases
        self.seed = seed
        self.quick = quick
        self.folder = folder
        self.verbose = verbose
        self.stacks = Stacks(folder, seed, bin_folder)
        self.results = []
        # Whether cases are left out once the quick run's time is over.
        self.is_bounded = False
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._log = open(folder / "chaos.log", "w", buffering=1)

    def say(self, text):
        line = f"{time.monotonic() - self._started:8.2f} {text}"
        with self._lock:
            self._log.write(line + "\n")
            if self.verbose:
                print(line, file=sys.stderr, flush=True)

    def run(self):
        """All cases; their results in the order of their numbers."""
        possible = [case for case in self.cases if self._is_possible(case)]
        try:
            beside = [case for case in possible if case.beside]
            if beside:
                self.stacks.shared()
                with concurrent.futures.ThreadPoolExecutor(LANES, "case") as lanes:
                    list(lanes.map(self.run_case, beside))
            for case in possible:
                if not case.beside:
                    # A thread of its own: its bound ends with it.
                    with concurrent.futures.ThreadPoolExecutor(1, "case") as lane:
                        lane.submit(self.run_case, case).result()
        except SystemExit:
            # Told to end, or the run's time is over: what has been seen until now is still told.
            for case in {case for case in self.cases} - {result.case for result in self.results}:
                self.tell(Result(case, FAILED, self.seed, reason="the run was ended before this case was"))
        finally:
            self.stacks.close()
        self.results.sort(key=lambda result: (result.case.number, result.case.run.__name__))
        return self.results

    def _is_possible(self, case):
        lacks = missing_needs(case)
        if lacks:
            self.tell(Result(case, LEFT_OUT, self.seed, reason=lacks))
        return not lacks

    def run_case(self, case):
        if self.is_bounded and time.monotonic() - self._started > QUICK_SECONDS:
            self.tell(Result(case, LEFT_OUT, self.seed, reason="the quick run's four minutes are over"))
            return
        bound_this_thread(QUICK_CASE_SECONDS if self.quick else case.seconds)
        context = Context(case, self.seed, self.quick, self.stacks, self.say)
        result = Result(case, PASSED, self.seed)
        start = time.monotonic()
        self.say(f"{context.label}: begins")
        try:
            check_bound()
            case.run(context)
        except Exception as error:  # noqa: BLE001 - a case may fail in any way
            result.outcome = FAILED
            result.reason = f"{type(error).__name__}: {error}"
            self.say(f"{context.label}: {traceback.format_exc()}")
        result.seconds = time.monotonic() - start
        try:
            context.end()
        except Exception as error:  # noqa: BLE001
            result.outcome = FAILED
            result.reason += f"\n    at the end: {type(error).__name__}: {error}"
        if result.outcome == FAILED and not case.beside:
            self.stacks.heal()
        result.done = ", ".join(context.done)
        result.oracle = context.oracle
        result.memory = ", ".join(context.memory)
        self.tell(result)

    def tell(self, result):
        with self._lock:
            self.results.append(result)
            print(result.line, flush=True)
            self._log.write(result.line + "\n")


def missing_needs(case):
    """Why a case cannot run on this machine; empty when it can."""
    if "kafka" in case.needs and kafka_home() is None:
        return "needs Apache Kafka (KAFKA_HOME): Tansu keeps no log and has none of Kafka's scripts"
    return ""
