"""Waiting for conditions with a deadline, and the bound of a whole case."""

import threading
import time

_bound = threading.local()
_is_over = threading.Event()


class Overdue(AssertionError):
    """A condition did not come true in time."""


def bound_this_thread(seconds):
    """From now on no wait of this thread goes on for longer than this; a case has a thread of its own."""
    _bound.end = time.monotonic() + seconds


def end_all_waits():
    """The whole run is over: no thread waits any longer."""
    _is_over.set()


def wait_for(condition, seconds, what, pause=0.05, is_bounded=True):
    """The condition's first true value.

    `what` says what had not happened: a text, or a function that looks when it is needed. An exception of the
    condition ends the wait. Not bounded by the case's and the run's time: for what ends processes.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now >= deadline:
            raise Overdue(f"after {seconds:g} s: {what() if callable(what) else what}")
        if is_bounded:
            check_bound(what)
        time.sleep(pause)


def check_bound(what="the case"):
    """Raises when the case's time is over, or the run's."""
    if _is_over.is_set():
        raise Overdue("the run was ended")
    if time.monotonic() >= getattr(_bound, "end", float("inf")):
        raise Overdue(f"the case's time is over: {what() if callable(what) else what}")


def pass_time(seconds):
    """For durations that are themselves the fault (an outage of 60 s); never to wait for something to happen."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        check_bound()
        time.sleep(min(left, 0.2))
