"""A private InfluxDB 1.x: its own folder and port, with a user and a password."""

import json
import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.parse
import urllib.request
from base64 import b64encode

from conftest import wait_for

USER = "market"
SECRET = "no-log-may-hold-this"
DATABASE = "candles of ours"
CONFIGURATION = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[subscriber]
enabled = false
[http]
bind-address = "127.0.0.1:{port}"
auth-enabled = true
log-enabled = false
"""


def available():
    return shutil.which("influxd") is not None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Influx:
    """Has its port from the beginning; answers once it is started. tls: (certificate, key, SSL context of a client)."""

    def __init__(self, folder, tls=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.port = free_port()
        self.process = None
        self.tls = tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.context = tls[2] if tls else None

    def start(self):
        path = self.folder / "influxdb.conf"
        text = CONFIGURATION.format(folder=self.folder, port=self.port, rpc=free_port())
        if self.tls:
            # Of the section [http], which is the last.
            text += f'https-enabled = true\nhttps-certificate = "{self.tls[0]}"\nhttps-private-key = "{self.tls[1]}"\n'
        path.write_text(text)
        with open(self.folder / "influxd.log", "ab") as log:
            self.process = subprocess.Popen(["influxd", "-config", path], stdout=log, stderr=log)
        wait_for(self.answers, 60, lambda: (self.folder / "influxd.log").read_text()[-3000:])
        # The first user may be made without one.
        self.query(f"CREATE USER \"{USER}\" WITH PASSWORD '{SECRET}' WITH ALL PRIVILEGES")
        self.query(f'CREATE DATABASE "{DATABASE}"')

    def answers(self):
        assert self.process.poll() is None, (self.folder / "influxd.log").read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=2, context=self.context) as answer:
                return answer.status == 204
        except OSError:
            return False

    def query(self, text):
        body = urllib.parse.urlencode({"q": text, "db": DATABASE, "epoch": "s"}).encode()
        request = urllib.request.Request(f"{self.url}/query", data=body)
        request.add_header("Authorization", "Basic " + b64encode(f"{USER}:{SECRET}".encode()).decode())
        with urllib.request.urlopen(request, timeout=20, context=self.context) as answer:
            result = json.load(answer)["results"][0]
        assert "error" not in result, result
        return result.get("series", [])

    def points(self):
        """Everything there is, by symbol and time."""
        found = {}
        for series in self.query('SELECT * FROM "crypto_price" GROUP BY "symbol"'):
            for values in series["values"]:
                row = dict(zip(series["columns"], values))
                key = (series["tags"]["symbol"], row.pop("time"))
                assert key not in found, f"two points of {key}"
                found[key] = row
        return found

    def send(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
