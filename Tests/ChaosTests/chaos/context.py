"""What a case is given: servers, randomness from its seed, and a place to say what it did."""

import random

from .waiting import wait_for


class Context:
    """One case's run.

    ctx.rng      random.Random of the case's seed: every choice comes from it
    ctx.quick    whether this is a --quick run
    ctx.stack    the stack that cases share: one broker (Kafka, or Tansu), PostgreSQL, Redis. A case leaves it running
                 and healthy, whatever it did to it in between.
    """

    def __init__(self, case, seed, quick, folder, make_stack, say):
        self.case = case
        self.seed = seed
        self.quick = quick
        self.folder = folder
        self.rng = random.Random(f"{seed}:{case.number}:{case.run.__name__}")
        self.done: list[str] = []
        self.oracle = "not asked"
        self.memory: list[str] = []
        self._make_stack = make_stack
        self._say = say
        self._stacks = []
        self._markets = []

    @property
    def stack(self):
        return self._make_stack(1)

    def own_stack(self, brokers=1, **options):
        """Servers of this case alone, ended with it."""
        stack = self._make_stack(brokers, own=True, **options)
        self._stacks.append(stack)
        return stack

    def market(self, stack=None, **options):
        """A market (stack.Market) of this case alone: database, trades topic, group and symbols of its own. Its
        services are ended with the case."""
        market = (stack or self.stack).market(self._name(), **options)
        self._markets.append(market)
        return market

    def log(self, text):
        """A line of progress, shown with --verbose and kept in the case's log."""
        self._say(f"  {self.case.number}: {text}")

    def did(self, text):
        """What was done, for the case's line of the table: short."""
        self.done.append(text)
        self.log(text)

    def settled(self, findings):
        """What the oracle found, for the table; oracle.check gives it."""
        self.oracle = str(findings)
        self.log(f"oracle: {findings}")

    def note_memory(self, *services, limit_mib):
        """Peak resident memory of each service goes into the table; above the limit is a failure."""
        for service in services:
            peak = service.note_rss()
            self.memory.append(f"{service.name} {peak:.0f} MiB")
            assert peak <= limit_mib, f"{service.name}: peak of {peak:.0f} MiB, more than {limit_mib} MiB"

    @staticmethod
    def wait_for(condition, seconds, what, pause=0.05):
        return wait_for(condition, seconds, what, pause)

    def end(self):
        """Ends what the case started."""
        for market in self._markets:
            market.close()
        for stack in self._stacks:
            stack.close()

    def _name(self):
        return f"c{self.case.number:02}{'abcdefghijklmnopqrstuvwxyz'[len(self._markets)]}"
