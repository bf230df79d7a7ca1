"""Wall clocks that jump: ours and the broker's."""

from .. import oracle
from ..claims import claims
from ..runner import faketime_library
from ..waiting import pass_time, wait_for
from ..watcher import Watcher
from . import case

HOUR_SECONDS = 3_600


class WallClock:
    """A wall clock that processes see instead of the machine's, which these tests must not move: libfaketime, loaded
    into them, adds what this file says. Monotonic time is left alone, as it is when an administrator sets a clock."""

    def __init__(self, folder, name):
        self.file = folder / f"clock-{name}"
        self.set(0)

    def set(self, seconds):
        """The clock is now so much ahead of the machine's."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        # In one piece: a process may read it at any time.
        new.replace(self.file)

    @property
    def environment(self):
        return {
            "LD_PRELOAD": faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Without this, waits with a monotonic deadline (all of Java's) end at once.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }


@case(
    30, "the wall clock jumps by an hour either way", beside=True, needs=("kafka", "faketime"),
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
                # The clock is read once a second; then a window's time under it.
                pass_time(2 if ctx.quick else 8)
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
    ctx.did(f"libfaketime on processor, producer and broker: {len(moves)} jumps of each side's clock")
    ctx.settled(findings)
