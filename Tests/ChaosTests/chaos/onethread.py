"""Stops one thread of a process and leaves the others running, as a debugger would (ptrace)."""

import contextlib
import ctypes
import os
import pathlib

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def thread_named(pid, name):
    """Id of the process's thread of that name; None where there is none."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    return None


@contextlib.contextmanager
def stopped_thread(pid, name):
    """While the block runs, that thread stands still. Enter and leave in the same thread: tracing belongs to it."""
    thread = thread_named(pid, name)
    assert thread is not None, f"process {pid} has no thread '{name}'"
    _call(PTRACE_SEIZE, thread)
    try:
        _call(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)
        yield thread
    finally:
        _call(PTRACE_DETACH, thread)


def _call(request, thread):
    if _libc.ptrace(request, thread, None, None) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request:#x} of thread {thread}: {os.strerror(error)}")
