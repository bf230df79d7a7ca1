"""Waiting for conditions with a deadline."""

import time


class Overdue(AssertionError):
    """A condition did not come true in time."""


def wait_for(condition, seconds, what, pause=0.05):
    """The condition's first true value.

    `what` says what had not happened: a text, or a function that looks when it is needed. An exception of the
    condition ends the wait.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Overdue(f"after {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(pause)
