"""What the tests talk to: a running stack, named by the variables that `scripts/stack env` prints."""

import os
import pathlib
import sys
import time

import pytest
import requests

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def wait_for(condition, seconds, what):
    """The condition's first true value; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"after {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.1)


def variable(name):
    if name not in os.environ:
        pytest.skip(f"no running stack: {name} is not set (scripts/stack start, then its env)")
    return os.environ[name]


@pytest.fixture(scope="session")
def brokers():
    return variable("KAFKA_BROKERS")


@pytest.fixture(scope="session")
def api():
    """The API's address, once it has a closed candle."""
    address = variable("API_URL")

    def has_candles():
        answer = requests.get(f"{address}/candles", timeout=5)
        return answer.ok and answer.json()["candles"]

    wait_for(has_candles, 60, "no candle has closed")
    return address
