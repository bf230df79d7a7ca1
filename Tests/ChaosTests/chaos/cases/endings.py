"""Services that are told to stop."""

import signal
import time

from ..claims import claims, wait_claim
from ..load import fill
from ..trial import Trial
from ..waiting import pass_time, wait_for
from . import case

STOP_SECONDS = 10
# From exec to the handler: the linker, the settings, the log.
START_SECONDS = 10


def stop_well(service):
    """SIGTERM: ends within the bound and with exit code 0; gives the seconds it took. In its first milliseconds no
    program has a handler, and any would end with the signal itself."""
    wait_for(lambda: service.handles(signal.SIGTERM), START_SECONDS, service.tail, pause=0.001)
    code, seconds = service.stop_seconds(STOP_SECONDS)
    assert code == 0, f"{service.name} ended with {code}:\n{service.tail()}"
    return seconds


@case(
    29, "SIGTERM mid-batch", quick=True, beside=True, needs=("kafka",),
    promise="Every service ends within 10 s of SIGTERM, exit code 0, and what it held is committed or read again.",
)  # fmt: skip
def told_to_stop(ctx):
    market = ctx.market(symbols=8)
    market.create_topic()
    fill(market, 20_000 if ctx.quick else 400_000, ctx.rng, rate=400, start_s=time.time() - 6_000, shuffle=1.5)
    processor = market.processor()
    longest = 0.0
    rounds = 3 if ctx.quick else 15
    with Trial(ctx, market, first_id=1_000_000, start_s=time.time() - 1_800) as trial:
        for _ in range(rounds):
            before = claims(market)
            processor.start()
            if ctx.rng.random() < 0.8:
                wait_claim(market, before)
            pass_time(ctx.rng.uniform(0, 0.8))
            longest = max(longest, stop_well(processor))
        processor.start()
        trial.begin()
        simulator = market.simulator(rate=200).start()
        api = market.api().start()
        for service in (simulator, api):
            service.wait_until("/health")
        longest = max(longest, stop_well(simulator), stop_well(api))
        ctx.did(f"{rounds} times in the middle of a backlog, then the others: {longest:.1f} s at most, exit code 0")
        trial.settle(120)


@case(
    29, "SIGTERM while a server is down", needs=("kafka",),
    promise="Every service ends within 10 s of SIGTERM, exit code 0, whatever is down.",
)  # fmt: skip
def told_to_stop_without_servers(ctx):
    market = ctx.market()
    simulator = market.simulator(rate=200).start()
    simulator.wait_until("/health")
    stack = market.stack
    longest = 0.0
    processor, producer, api = market.processor(), market.producer(simulator), market.api()
    for server in (stack.postgres, stack.redis, stack.broker):
        before = claims(market)
        for service in (processor, producer, api):
            service.start()
        wait_claim(market, before)
        for service in (processor, producer, api):
            service.wait_until("/health")
        acknowledged = producer.metric("producer_trades_acknowledged_total")
        wait_for(lambda: producer.metric("producer_trades_acknowledged_total") > acknowledged, 30, producer.tail)
        server.kill()
        pass_time(ctx.rng.uniform(0.5, 2))
        for service in (processor, producer, api):
            longest = max(longest, stop_well(service))
        server.start()
        if server is stack.broker:
            server.wait_until_ready()
        ctx.log(f"{server.name} down: {longest:.1f} s")
    before = claims(market)
    processor.start()
    wait_claim(market, before)
    with Trial(ctx, market) as trial:
        trial.watch()
        ctx.did(f"processor, producer, API told to stop with PostgreSQL, Redis, broker killed: {longest:.1f} s at most")
        trial.settle()
