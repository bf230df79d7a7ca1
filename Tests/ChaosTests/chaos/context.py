"""What a case is given: servers, randomness from its seed, and a place to say what it did."""

import random

from .waiting import pass_time, wait_for


class Context:
    """One case's run.

    rng      random.Random of the case's seed: every choice comes from it
    quick    whether this is a --quick run
    stack    the stack that cases share: one broker (Kafka, or Tansu), PostgreSQL, Redis. A case leaves it running and
             healthy, whatever it did to it in between.
    """

    def __init__(self, case, seed, quick, stacks, say):
        self.case = case
        self.seed = seed
        self.quick = quick
        self.rng = random.Random(f"{seed}:{case.number}:{case.run.__name__}")
        self.done = []
        self.oracle = ""
        self.memory = []
        self._stacks = stacks
        self._say = say
        self._own = []
        self._markets = []

    @property
    def stack(self):
        return self._stacks.shared()

    def own_stack(self, brokers=1, properties=None):
        """Servers of this case alone, ended with it. `properties`: more settings of the brokers."""
        stack = self._stacks.own(self._name(self._own), brokers, properties)
        self._own.append(stack)
        return stack

    def market(self, stack=None, **options):
        """A market (see market.py) of this case alone; its services are ended with the case."""
        market = (stack or self.stack).market(self._name(self._markets), **options)
        self._markets.append(market)
        return market

    def log(self, text):
        """A line of progress: kept in the run's log, shown with --verbose."""
        self._say(f"{self.label}: {text}")

    def did(self, text):
        """What was done, for the case's line of the table: short."""
        self.done.append(text)
        self.log(text)

    def settled(self, findings):
        """What the oracle found, for the table; oracle.check gives it."""
        self.oracle = "; ".join(filter(None, [self.oracle, str(findings)]))
        self.log(f"oracle: {findings}")

    def note_memory(self, *services, limit_mib):
        """Peak resident memory of each service goes into the table; above the limit is a failure."""
        for service in services:
            peak = service.note_rss()
            self.memory.append(f"{service.name.partition('-')[2]} {peak:.0f} MiB")
            assert peak <= limit_mib, f"{service.name}: peak of {peak:.0f} MiB, more than {limit_mib} MiB"
        self.log("peak memory: " + ", ".join(self.memory))

    @property
    def label(self):
        return f"{self.case.number} {self.case.run.__name__}"

    @staticmethod
    def wait_for(condition, seconds, what, pause=0.05):
        return wait_for(condition, seconds, what, pause)

    @staticmethod
    def pass_time(seconds):
        pass_time(seconds)

    def end(self):
        """Ends what the case started."""
        for market in self._markets:
            market.close()
        for stack in self._own:
            stack.close()

    def _name(self, others):
        # Two functions may share a number; their names tell them apart.
        word = "".join(part[0] for part in self.case.run.__name__.split("_"))
        return f"c{self.case.number:02}{word}{len(others)}"
