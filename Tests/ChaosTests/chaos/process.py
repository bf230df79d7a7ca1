"""One process of a stack: started, signalled, measured and, whatever happens, ended."""

import os
import pathlib
import signal
import subprocess
import time

from .waiting import wait_for


class Process:
    """A program with its log. `start` may be called again after it ended: the same command line, another life."""

    def __init__(self, name, command, environment, folder, log):
        self.name = name
        self.command = [str(part) for part in command]
        self.environment = dict(environment)
        self.folder = pathlib.Path(folder)
        self.log = pathlib.Path(log)
        self.popen = None
        self.lives = 0
        self.peak_rss_mib = 0.0

    @property
    def pid(self):
        """The id of the present, or else the last, life."""
        return self.popen.pid if self.popen else None

    @property
    def running(self):
        return self.popen is not None and self.popen.poll() is None

    @property
    def exit_code(self):
        """Of the last life; None while it runs. Ended by signal n: -n."""
        return self.popen.poll() if self.popen else None

    def start(self, **environment):
        """Starts it; keyword arguments change settings for this life and those after it."""
        assert not self.running, f"{self.name} runs already"
        self.environment.update(environment)
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the runner, which ends its processes in its own order.
                start_new_session=True,
            )
        self.lives += 1
        self._write_pid_file()
        return self

    def _write_pid_file(self):
        """What scripts/lib/process.sh knows processes by: scripts/chaos ends them should the runner be killed."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        started = stat.rpartition(")")[2].split()[19]
        (self.folder / "pid" / f"{self.name}.pid").write_text(f"{self.pid} {started}\n")

    def handles(self, number):
        """Whether its present life has a handler of its own for a signal; before, the signal's default ends it."""
        return bool(int(status_field(self.pid, "SigCgt:") or "0", 16) >> (number - 1) & 1)

    def signal(self, number):
        if self.running:
            self.popen.send_signal(number)

    def kill(self):
        """kill -9, and waits for the end."""
        self.note_rss()
        if self.running:
            self.popen.kill()
            self.popen.send_signal(signal.SIGCONT)
        if self.popen:
            self.popen.wait()

    def pause(self):
        """SIGSTOP."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        """SIGCONT."""
        self.signal(signal.SIGCONT)

    def stop(self, seconds=10):
        """SIGTERM as an operator would; gives the exit code. One that has not ended after `seconds` is a failure."""
        self.note_rss()
        if not self.running:
            return self.exit_code
        self.popen.terminate()
        self.popen.send_signal(signal.SIGCONT)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} had not ended {seconds} s after SIGTERM:\n{self.tail()}") from None

    def stop_seconds(self, seconds=10):
        """Like `stop`; gives (exit code, seconds it took)."""
        start = time.monotonic()
        return self.stop(seconds), time.monotonic() - start

    def cpu_seconds(self):
        """Processor time that it has used, in user and in kernel mode."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def note_rss(self):
        """Remembers the peak resident memory of this life (VmHWM); gives the peak of all lives in MiB."""
        if self.running:
            self.peak_rss_mib = max(self.peak_rss_mib, peak_rss_mib(self.pid))
        return self.peak_rss_mib

    def tail(self, characters=3_000):
        """The end of its log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def wait_for_end(self, seconds):
        """Its exit code, once it has ended by itself."""
        wait_for(lambda: not self.running, seconds, f"{self.name} goes on")
        return self.exit_code


def peak_rss_mib(pid):
    """Peak resident memory of a process, MiB; 0 when there is none."""
    return status_mib(pid, "VmHWM:")


def rss_mib(pid):
    """Resident memory of a process now, MiB."""
    return status_mib(pid, "VmRSS:")


def status_mib(pid, field):
    return int(status_field(pid, field) or 0) / 1024


def status_field(pid, field):
    """The value of a line of /proc/PID/status; None where there is no such process, or it has no such line."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field):
                return line.split()[1]
    except OSError:
        pass
    return None


def descendants(pid):
    """Ids of a process's children and theirs."""
    found = []
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    except OSError:
        pass
    return found
