"""What the processes use and how far behind they are, measured again and again."""

import json
import os
import pathlib
import re


def usage(service):
    """One sample of a process: memory in MiB, threads, open files, seconds of processor time so far."""
    folder = pathlib.Path(f"/proc/{service.pid}")
    memory = dict(re.findall(r"^(Rss|Pss|Anonymous):\s+(\d+) kB", (folder / "smaps_rollup").read_text(), re.MULTILINE))
    threads = re.search(r"^Threads:\s+(\d+)", (folder / "status").read_text(), re.MULTILINE)
    return {
        "rss_mib": int(memory["Rss"]) / 1024,
        "pss_mib": int(memory["Pss"]) / 1024,
        "anonymous_mib": int(memory["Anonymous"]) / 1024,
        "threads": int(threads[1]),
        "open_files": len(os.listdir(folder / "fd")),
        "cpu_seconds": service.cpu_seconds(),
    }


class Sampler:
    """`take(seconds since the start)` adds a sample; `samples` has them all.

    A sample: {"at": seconds, "services": {name: usage}, "lag_records", "waiting_trades", "event_to_store_p99_ms",
    "load": counts}. Lag is what the log has and PostgreSQL has not.
    """

    def __init__(self, market, services, producer, load):
        self.market = market
        self.services = services
        self.producer = producer
        self.load = load
        self.samples = []

    def take(self, at):
        # Progress first: the lag is rather too large than too small.
        committed = self.market.progress()
        ends = self.market.end_offsets()
        self.samples.append(
            {
                "at": round(at, 2),
                "services": {name: usage(service) for name, service in self.services.items()},
                "lag_records": sum(ends.values()) - sum(committed.values()),
                "waiting_trades": self.producer.metric("producer_trades_waiting"),
                "event_to_store_p99_ms": self._p99(),
                "load": self.load.counts(),
            }
        )
        return self.samples[-1]

    def _p99(self):
        """Of the last minute, as the processor says it in Redis: at most a sixteenth too large."""
        with self.market.redis() as store:
            for name in store.zrevrange("market:processors", 0, -1):
                text = store.get(f"market:processor:{name}")
                latency = json.loads(text)["event_to_store"] if text else None
                if latency and latency["count"]:
                    return latency["p99_us"] / 1_000
        return None
