"""scripts/bench: how fast the services are, beside what they are made of."""

import importlib

NAMES = ("drain", "producer", "latency", "http", "fanout", "commit", "footprint", "growth", "micro")


def measurement(name):
    """A module with a TITLE and `run(bench) -> [Row]`."""
    return importlib.import_module(f".{name}", __name__)
