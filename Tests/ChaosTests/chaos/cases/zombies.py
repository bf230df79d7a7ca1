"""Processors that stand still, and come back when others own what was theirs."""

import threading
import time

from ..claims import claims, in_parallel, owners, wait_claim, wait_taken_over
from ..load import fill
from ..postgres_proxy import PostgresProxy
from ..threads import only_running
from ..trial import Trial
from ..waiting import Overdue, pass_time, wait_for
from . import case


def zombie_returns(ctx, market):
    """One processor stops with a batch on its way; another takes over; then the batch arrives, then the first wakes.
    Gives whether PostgreSQL refused the batch; it may have been a question for a table that was on its way."""
    with PostgresProxy(market.stack.postgres.port) as proxy:
        direct = market.environment["POSTGRES_URL"]
        market.through(postgres=proxy.port)
        first = market.processor(COMMIT_INTERVAL="200ms").start()
        with Trial(ctx, market) as trial:
            trial.begin()
            # The tables are known by then, so that the first thing a commit sends is its transaction.
            wait_for(lambda: market.query("SELECT 1 FROM candles_1m LIMIT 1"), 60, "no candles")
            pass_time(ctx.rng.uniform(0.5, 2))
            proxy.black_hole()
            sent = first.metric("processor_trades_accepted_total")
            # Either a commit is sent now, or one was on its way already.
            comes_true(lambda: first.metric("processor_trades_accepted_total") > sent, 5)
            first.pause()
            before = owners(market)
            second = market.processor(POSTGRES_URL=direct, COMMIT_INTERVAL="200ms").start()
            wait_taken_over(market, before)
            refused = refused_commits(market)
            proxy.allow()
            is_refused = comes_true(lambda: refused_commits(market) > refused, 15)
            taken = claims(market)
            first.resume()
            wait_for(lambda: stands_down(first), 60, lambda: f"the zombie does not stand down\n{first.tail()}")
            pass_time(3 if ctx.quick else 10)
            # The group may give it its share again: one claim a partition, and no duel.
            more = claims(market) - taken
            assert more <= market.partitions, f"{more} claims since the zombie woke: owners fence each other"
            assert first.running and second.running and first.lives == second.lives == 1
            trial.settle()
    return is_refused


def comes_true(condition, seconds):
    """Whether it does in time."""
    try:
        wait_for(condition, seconds, "it does not")
    except Overdue:
        return False
    return True


@case(
    4, "SIGSTOP longer than the session timeout, then CONT", quick=True, beside=True,
    promise="A processor that was stopped and replaced writes nothing, stands down, and does not fence its successor.",
)  # fmt: skip
def stopped_for_longer_than_the_session(ctx):
    refused = []
    while not any(refused) and len(refused) < 12:
        markets = [ctx.market() for _ in range(1 if ctx.quick else 4)]
        refused += in_parallel(lambda market: zombie_returns(ctx, market), markets)
    assert any(refused), "no batch was on its way"
    ctx.did(f"{len(refused)} owners stopped, {sum(refused)} batches delivered after the successor's claim: refused")


def refused_commits(market):
    """Commits that PostgreSQL refused because another owner has the partitions, as its log says."""
    sentence = f'taken over partitions of topic "{market.topic}"'
    return market.stack.postgres.log.read_text(errors="replace").count(sentence)


def stands_down(processor):
    """Whether it noticed: by the fence, or by the group."""
    return any(processor.said(text) for text in ("have another owner", "took partitions away", "partitions given up"))


@case(
    5, "SIGSTOP inside a transaction", quick=True, beside=True,
    promise="A processor that stops inside a transaction holds its successor up no longer than the idle-in-transaction"
    " timeout.",
)  # fmt: skip
def stopped_inside_a_transaction(ctx):
    market = ctx.market()
    with PostgresProxy(market.stack.postgres.port) as proxy:
        direct = market.environment["POSTGRES_URL"]
        market.through(postgres=proxy.port)
        first = market.processor().start()
        with Trial(ctx, market) as trial:
            trial.begin()
            stopped, over = threading.Event(), threading.Event()

            def stop():
                proxy.before_commit = None
                first.pause()
                stopped.set()
                over.wait(120)
                return True

            proxy.before_commit = stop
            try:
                wait_for(stopped.is_set, 30, "no commit came by")
                before, started = owners(market), time.monotonic()
                market.processor(POSTGRES_URL=direct).start()
                wait_taken_over(market, before, 50)
                ctx.did(f"stopped with the COMMIT not sent; taken over after {time.monotonic() - started:.1f} s")
            finally:
                over.set()
            first.resume()
            wait_for(lambda: stands_down(first), 60, lambda: f"the zombie does not stand down\n{first.tail()}")
            trial.settle()


@case(
    8, "max.poll.interval exceeded", needs=("kafka",), beside=True,
    promise="A processor that the group gave up rejoins by itself.",
)  # fmt: skip
def consumer_thread_stands_still(ctx):
    market = ctx.market()
    # Heartbeats are librdkafka's own threads' and go on; only the poll is missing.
    limits = {"KAFKA_CLIENT_MAX_POLL_INTERVAL_MS": "7000", "KAFKA_CLIENT_SESSION_TIMEOUT_MS": "6000"}
    processor = market.processor(**limits).start()
    with Trial(ctx, market) as trial:
        trial.begin()
        taken = claims(market)
        for attempt in range(10):
            # One that waits inside a poll counts as polling for ever: it must be stopped at work. So much waits for it
            # when it goes on after a pause, shorter than the session timeout, that it is busy for a while.
            processor.pause()
            first_id = 1_000_000 * (attempt + 1)
            fill(market, 150_000, ctx.rng, rate=40, start_s=time.time() - 6_000, first_id=first_id)
            processor.resume()
            pass_time(ctx.rng.uniform(0.005, 0.06))
            with only_running(processor.pid, "rdk:"):
                if comes_true(lambda: not members(market), 15):
                    break
        else:
            raise AssertionError("the group keeps a consumer that does not poll")
        wait_claim(market, taken)
        assert processor.running and processor.lives == 1
        ctx.did("all threads but librdkafka's stopped until the group gave it up; rejoined without a restart")
        trial.settle(120)


def members(market):
    """Client ids of the group's members, as the broker knows them."""
    text = market.stack.kafka_script(
        "kafka-consumer-groups.sh", "--describe", "--members", "--group", market.group, check=False
    )
    lines = [line.split() for line in text.splitlines()]
    return [line[1] for line in lines if len(line) > 3 and line[0] == market.group]
