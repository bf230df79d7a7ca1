"""The cases, by the numbers of the list of faults. A case is a function that takes a Context and returns its findings.

    @case(9, "broker killed with -9 and restarted", needs=("kafka",))
    def broker_killed(ctx): ...
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable

CASES: list["Case"] = []


@dataclasses.dataclass(frozen=True)
class Case:
    number: int
    title: str
    run: Callable
    # Part of --quick. A case asks ctx.quick where it does less then.
    quick: bool
    # "kafka": Apache Kafka, for a log that outlives its broker, and for Kafka's own scripts.
    needs: tuple[str, ...]
    # Leaves the shared servers alone, and can run beside other cases.
    beside: bool
    # Seconds a --full run may take; --quick has its own bound.
    seconds: int
    # What must hold, as docs/RELIABILITY.md says it.
    promise: str


def case(number, title, *, quick=False, needs=(), beside=False, seconds=300, promise=""):
    """Registers a case. Several functions may share a number; they run in the order of their names."""

    def register(function):
        CASES.append(Case(number, title, function, quick, tuple(needs), beside, seconds, promise))
        return function

    return register


def all_cases():
    """Every case of this folder, by number."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(CASES, key=lambda case: (case.number, case.run.__name__))
