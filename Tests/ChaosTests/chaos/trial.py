"""A market under load, watched, and judged at the end: what most cases are made of."""

import time

from . import oracle
from .load import Load
from .watcher import Watcher


class Trial:
    """A load on a market's topic, a watcher that sees values go backwards, and the oracle at the end.

    with Trial(ctx, market, rate=500) as trial:
        trial.begin()
        ... the fault ...
        trial.settle()
    """

    def __init__(self, ctx, market, rate=300, **load):
        self.ctx = ctx
        self.market = market
        # Ten times as fast as ours: a window closes every second. An hour and a half of that is in the past.
        shape = {"event_rate": max(1, rate // 10), "start_s": time.time() - 5_400, **load}
        self.load = Load(market, rate=rate, rng=ctx.rng, **shape)
        self.watcher = Watcher(market)
        self._is_loading = self._is_watching = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop_load()
        if self._is_watching:
            self.watcher.__exit__(*error)

    def begin(self, seconds=60):
        """Once the partitions are claimed: the watcher and the load."""
        self.market.wait_claimed(seconds)
        self.watch()
        self.load.start()
        self._is_loading = True
        return self

    def watch(self):
        """The watcher alone; the case sends its own trades."""
        self.watcher.__enter__()
        self._is_watching = True
        return self

    def stop_load(self):
        """No more trades; those sent are acknowledged."""
        if self._is_loading:
            self._is_loading = False
            self.load.stop()

    def settle(self, seconds=60, **options):
        """Ends the load and asks the oracle, which lets the windows close first."""
        self.stop_load()
        findings = oracle.check(self.market, seconds=seconds, **options)
        self.watcher.check()
        self.ctx.settled(findings)
        return findings
