"""What a measurement gives: rows, each with a figure, and where there is one the target that it is held to."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Target:
    """A bound. Figures are reported beside it and never fail a test: machines are shared and noisy."""

    bound: float
    at_least: bool

    def holds(self, value):
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self):
        return f"{'>=' if self.at_least else '<='} {number(self.bound)}"


def at_least(bound):
    return Target(bound, True)


def at_most(bound):
    return Target(bound, False)


@dataclasses.dataclass
class Row:
    """One line of the table.

    `value` is a median where there were several runs; `beside` are the figures it was made from, or that it is read
    against (name -> text or number), in the order in which they are shown.
    """

    what: str
    value: float
    unit: str = ""
    target: Target | None = None
    beside: dict = dataclasses.field(default_factory=dict)

    @property
    def verdict(self):
        if self.target is None:
            return ""
        return "pass" if self.target.holds(self.value) else "FAIL"

    def as_json(self):
        return {
            "what": self.what, "value": self.value, "unit": self.unit,
            "target": None if self.target is None else str(self.target), "verdict": self.verdict, "beside": self.beside,
        }


def number(value):
    """Three significant digits, no exponent."""
    if isinstance(value, str):
        return value
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def median(values):
    return statistics.median(values)


def percentile(values, share):
    """The value that `share` (0...1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
