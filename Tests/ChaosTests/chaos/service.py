"""Our executables as processes of a stack."""

import re
import urllib.error
import urllib.request

from .process import Process
from .waiting import wait_for

# Whether a program can use another market's records in the same topics is none of these cases' business.
HTTP_SECONDS = 3


class Service(Process):
    """One of our executables with its HTTP port: /health, /ready, /metrics."""

    def __init__(self, name, program, environment, folder, port):
        super().__init__(name, [program], environment, folder, folder / "log" / f"{name}.log")
        self.port = port

    def get(self, path):
        """(status, text) of a GET; (0, reason) when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=HTTP_SECONDS) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def is_ready(self):
        return self.get("/ready")[0] == 200

    def is_healthy(self):
        return self.get("/health")[0] == 200

    def wait_until(self, path="/ready", status=200, seconds=30):
        """Until a GET answers with that status; the text it answered with."""

        def answer():
            assert self.running, f"{self.name} ended with {self.exit_code}:\n{self.tail()}"
            found, text = self.get(path)
            return (text or " ") if found == status else None

        return wait_for(answer, seconds, lambda: f"{self.name}{path} gives {self.get(path)}:\n{self.tail(1500)}")

    def metric(self, name, **labels):
        """The sum of a metric's values, those with these labels; 0 when there is none."""
        _, text = self.get("/metrics")
        total = 0.0
        for line in text.splitlines():
            found = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
            if not found or found[1] != name:
                continue
            had = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[2] or ""))
            if all(had.get(key) == value for key, value in labels.items()):
                total += float(found[3])
        return total

    def said(self, text, since=0):
        """Whether its log holds the text from that character on."""
        return text in self.log_text()[since:]

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""
