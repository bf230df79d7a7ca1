"""Stops some threads of a process and leaves the others running, as a debugger would (ptrace)."""

import contextlib
import ctypes
import os
import pathlib

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def threads_but(pid, prefix):
    """Ids of the process's threads whose names do not begin so."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if not (task / "comm").read_text().startswith(prefix):
            found.append(int(task.name))
    return found


@contextlib.contextmanager
def only_running(pid, prefix):
    """While the block runs, only threads whose names begin so go on (librdkafka's are "rdk:..."). Enter and leave in
    the same thread: tracing belongs to it."""
    stopped = []
    try:
        for thread in threads_but(pid, prefix):
            _call(PTRACE_SEIZE, thread)
            stopped.append(thread)
            _call(PTRACE_INTERRUPT, thread)
            os.waitpid(thread, WALL)
        yield stopped
    finally:
        for thread in stopped:
            _call(PTRACE_DETACH, thread)


def _call(request, thread):
    if _libc.ptrace(request, thread, None, None) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request:#x} of thread {thread}: {os.strerror(error)}")
