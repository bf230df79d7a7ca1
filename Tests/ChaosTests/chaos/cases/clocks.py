"""Wall clocks that jump: ours and the broker's."""

import subprocess

from .. import oracle
from ..claims import claims
from ..servers import ROOT
from ..waiting import pass_time, wait_for
from ..watcher import Watcher
from . import case

SOURCE = ROOT / "Tests" / "ChaosTests" / "wall-clock" / "wall_clock.c"
HOUR_SECONDS = 3_600


class WallClock:
    """A wall clock that processes see instead of the machine's, which these tests must not move: a small library, loaded
    into them, adds what its file says."""

    def __init__(self, folder, name):
        self.library = folder / "wall_clock.so"
        if not self.library.exists():
            command = ["cc", "-shared", "-fPIC", "-O2", "-o", self.library, SOURCE, "-ldl"]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, f"{SOURCE} does not compile: {done.stderr}"
        self.file = folder / f"clock-{name}"
        self.file.write_bytes(bytes(8))

    def set(self, seconds):
        """The clock is now so much ahead of the machine's."""
        # In place: the processes have it mapped.
        with open(self.file, "r+b", buffering=0) as file:
            file.write(seconds.to_bytes(8, "little", signed=True))

    @property
    def environment(self):
        return {"LD_PRELOAD": str(self.library), "WALL_CLOCK_FILE": str(self.file)}


@case(
    30, "the wall clock jumps by an hour either way", beside=True, needs=("kafka",),
    promise="No wall clock decides anything: jumps of ours or of the broker's change no candle.",
)  # fmt: skip
def clock_jumps(ctx):
    stack = ctx.own_stack()
    broker_clock, our_clock = (WallClock(stack.folder, name) for name in ("broker", "services"))
    stack.broker.stop()
    stack.broker.start(**broker_clock.environment)
    stack.broker.wait_until_ready()
    market = ctx.market(stack)
    processor = market.processor(**our_clock.environment).start()
    # The venue's clock is the venue's.
    simulator = market.simulator(rate=400).start()
    simulator.wait_until("/health")
    producer = market.producer(simulator, **our_clock.environment).start()
    market.wait_claimed()
    with Watcher(market) as watcher:
        jumps = [(our_clock, "ours"), (broker_clock, "the broker's")]
        moves = [+HOUR_SECONDS, -HOUR_SECONDS, 0]
        if ctx.quick:
            moves = [ctx.rng.choice(moves[:2]), 0]
        taken = claims(market)
        for clock, _ in jumps:
            for seconds in moves:
                clock.set(seconds)
                pass_time(1 if ctx.quick else 8)
                committed = sum(market.progress().values())
                wait_for(
                    lambda: sum(market.progress().values()) > committed, 30,
                    lambda: f"no commits after a jump\n{processor.tail()}\n{producer.tail()}",
                )  # fmt: skip
        assert producer.stop() == 0 and simulator.stop() == 0
        assert processor.running and producer.lives == processor.lives == 1
        findings = oracle.check(market, seconds=60)
        watcher.check()
    missing = market.query("SELECT coalesce(sum(missing_trades), 0) FROM candles_10s")[0][0]
    assert missing == 0, f"{missing} trades are missing"
    assert claims(market) == taken, "the group lost its member"
    ctx.did(f"{len(moves)} jumps of the processor's and producer's clock, as many of the broker's")
    ctx.settled(findings)
