"""Brokers that die, stay away, change their roles or lose a part of the log."""

import json
import re
import subprocess
import time

from .. import oracle
from ..kafkalog import Kafka, partition_of
from ..load import Load, send
from ..oracle import trade_json
from ..proxy import Proxy
from ..servers import free_port
from ..waiting import pass_time, wait_for
from ..watcher import Watcher
from . import case
from .logs import need_halt
from .producers import wait_connected

MEMORY_LIMIT_MIB = 512


def whole_pipeline(market, rate):
    """Simulator, producer, processor and API, all at work."""
    simulator = market.simulator(rate=rate).start()
    simulator.wait_until("/health")
    processor = market.processor().start()
    market.wait_claimed()
    producer = market.producer(simulator).start()
    wait_connected(producer)
    api = market.api().start()
    api.wait_until("/health")
    return simulator, producer, processor, api


def need_alive(*services):
    for service in services:
        assert service.running and service.lives == 1, f"{service.name} has ended:\n{service.tail()}"


def need_nothing_missing(market):
    fold = oracle.of(market).fold
    missing = sum(count for one in fold.markets.values() for runs in one.runs for count, _, _ in runs.holes())
    assert missing == 0, f"{missing} trades that the producer had accepted are not in the log"


def unacknowledged(producer):
    """Trades that it took from the venue and that are not known to be in the log."""
    accepted = producer.metric("producer_trades_accepted_total")
    return int(accepted - producer.metric("producer_trades_acknowledged_total"))


def need_all_acknowledged(producer, seconds=60):
    """What the producer took from the venue is in the log."""
    counts = {}

    def equal():
        for name in ("accepted", "acknowledged", "failed"):
            counts[name] = int(producer.metric(f"producer_trades_{name}_total"))
        return counts["accepted"] == counts["acknowledged"] > 0 and counts["failed"] == 0

    wait_for(equal, seconds, lambda: f"the producer's counts are {counts}\n{producer.tail()}", pause=0.2)


def end_pipeline(market, simulator, producer):
    """Stops the source, and waits until everything that came is in the log."""
    simulator.stop()
    need_all_acknowledged(producer)
    assert producer.stop() == 0, producer.tail()


@case(
    9, "broker killed with -9 and restarted", quick=True, needs=("kafka",),
    promise="A broker may die: no service of ours needs a restart, nothing is lost.",
)  # fmt: skip
def broker_killed(ctx):
    stack = ctx.stack
    market = ctx.market()
    simulator, producer, processor, api = whole_pipeline(market, 200)
    kills = 1 if ctx.quick else 5
    with Watcher(market) as watcher, Load(market, rate=200, rng=ctx.rng, symbols=[f"{market.prefix}LUSDT"]):
        for _ in range(kills):
            pass_time(ctx.rng.uniform(1, 3))
            stack.broker.kill()
            pass_time(ctx.rng.uniform(0, 3))
            stack.broker.restart()
            before = sum(market.progress().values())
            wait_for(lambda: sum(market.progress().values()) > before, 60, lambda: f"no progress\n{market.tails()}")
        need_alive(simulator, producer, processor, api)
        end_pipeline(market, simulator, producer)
    ctx.settled(oracle.check(market))
    need_nothing_missing(market)
    watcher.check()
    need_alive(processor, api)
    ctx.did(f"{kills} kills; no service restarted, no id missing")


@case(
    10, "broker down", needs=("kafka",), seconds=600,
    promise="A broker may stay away: memory is bounded, what the producer took from the venue is not lost.",
)  # fmt: skip
def broker_down(ctx):
    stack = ctx.stack
    market = ctx.market()
    seconds, rate = (8, 500) if ctx.quick else (60, 1_200)
    simulator, producer, processor, api = whole_pipeline(market, rate)
    with Watcher(market) as watcher:
        pass_time(2)
        stack.broker.kill()
        pass_time(seconds)
        for service in (producer, processor, api):
            assert service.is_healthy(), f"{service.name} is not healthy while the broker is away"
        waiting = unacknowledged(producer)
        stack.broker.restart()
        pass_time(1)
        need_alive(simulator, producer, processor, api)
        end_pipeline(market, simulator, producer)
        ctx.note_memory(producer, processor, api, limit_mib=MEMORY_LIMIT_MIB)
        ctx.settled(oracle.check(market, seconds=120))
        watcher.check()
    need_nothing_missing(market)
    assert waiting > rate * seconds // 4, f"only {waiting} trades waited: the outage tried nothing"
    ctx.did(f"{seconds} s away at {rate} trades a second: {waiting:,} trades waited in the producer, none was lost")


@case(
    10, "broker down until the producer's queue is full", needs=("kafka",), seconds=600,
    promise="A full queue stops reading from the venue: memory is bounded and nothing that was accepted is dropped.",
)  # fmt: skip
def broker_down_queue_full(ctx):
    stack = ctx.stack
    market = ctx.market()
    rate = 6_000
    # A client that does not read is not sent away: the venue's own patience is another case.
    simulator = market.simulator(rate=rate, SIMULATOR_MAX_LAG="120s").start()
    simulator.wait_until("/health")
    processor = market.processor().start()
    market.wait_claimed()
    producer = market.producer(simulator).start()
    wait_connected(producer)
    stack.broker.kill()
    wait_for(lambda: producer.metric("producer_queue_full_waits_total") > 0, 90, "the queue does not fill", pause=0.5)
    full = unacknowledged(producer)
    pass_time(20)
    later = unacknowledged(producer)
    assert later <= full + 20_000, f"{later} trades wait where {full} filled the queue"
    stack.broker.restart()
    need_alive(producer, processor)
    end_pipeline(market, simulator, producer)
    ctx.note_memory(producer, processor, limit_mib=MEMORY_LIMIT_MIB)
    ctx.settled(oracle.check(market, seconds=120))
    ctx.did(f"at {rate} trades a second the queue was full with {full:,}; 20 s later {later:,} waited")


# MARK: three brokers


def proxied(proxies):
    """Brokers' properties: who comes through the proxies ({number: Proxy}) is told to go on through them."""
    inside = {number: free_port() for number in proxies}
    for number, proxy in proxies.items():
        proxy.upstream_port = inside[number]

    def properties(number, settings):
        protocols, advertised = settings["listener.security.protocol.map"], settings["advertised.listeners"]
        return {
            "listeners": f"{settings['listeners']},VIA://127.0.0.1:{inside[number]}",
            "advertised.listeners": f"{advertised},VIA://127.0.0.1:{proxies[number].port}",
            "listener.security.protocol.map": f"{protocols},VIA:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }

    return properties


def coordinator_of(market):
    """The number of the broker that coordinates the market's group, as Kafka's own script says."""
    found = []

    def known():
        text = market.stack.kafka_script(
            "kafka-consumer-groups.sh", "--describe", "--state", "--group", market.group, check=False
        )
        found.extend(re.findall(r"127\.0\.0\.1:\d+\s+\((\d+)\)", text))
        return found

    wait_for(known, 60, "the group has no coordinator", pause=0.5)
    return int(found[-1])


def move_away(market, broker):
    """No partition of the trades topic is on that broker any more."""
    others = [number for number in (1, 2, 3) if number != broker]
    plan = market.stack.folder / "move.json"
    places = [
        {"topic": market.topic, "partition": n, "replicas": [others[n % 2], others[1 - n % 2]]}
        for n in range(market.partitions)
    ]
    plan.write_text(json.dumps({"version": 1, "partitions": places}))
    market.stack.kafka_script("kafka-reassign-partitions.sh", "--reassignment-json-file", str(plan), "--execute")

    def moved():
        leaders = leaders_of(market, market.topic).values()
        return len(leaders) == market.partitions and broker not in leaders and -1 not in leaders

    wait_for(moved, 60, "the partitions do not move", pause=0.5)


def leaders_of(market, topic):
    """{partition: broker number}, -1 where there is none."""
    done = subprocess.run(
        ["kcat", "-b", market.stack.kafka_brokers, "-L", "-J", "-m", "10"], capture_output=True, text=True, timeout=30
    )
    if done.returncode != 0:
        return {}
    topics = [one for one in json.loads(done.stdout)["topics"] if one["topic"] == topic]
    return {one["partition"]: one["leader"] for one in topics[0]["partitions"]} if topics else {}


def create_on(market, places, **configuration):
    """The trades topic, each partition's replicas on these brokers: ["1:2", "2:1", ...]; the first one leads."""
    options = []
    for key, value in configuration.items():
        options += ["--config", f"{key.replace('_', '.')}={value}"]
    market.stack.kafka_script(
        "kafka-topics.sh", "--create", "--topic", market.topic, "--replica-assignment", ",".join(places),
        "--config", "message.timestamp.type=LogAppendTime", *options,
    )  # fmt: skip


def assigned(processor):
    """Partitions that it has claimed and not given up."""
    return int(processor.metric("processor_partitions_assigned"))


@case(
    11, "only the coordinator unreachable", needs=("kafka",), seconds=400,
    promise="A processor that the group has given up can corrupt nothing, though it still reads: it is fenced.",
)  # fmt: skip
def coordinator_unreachable(ctx):
    proxies = {number: Proxy().start() for number in (1, 2, 3)}
    try:
        stack = ctx.own_stack(3, proxied(proxies))
        market = ctx.market(stack)
        create_on(market, ["1:2:3", "2:3:1", "3:1:2", "1:3:2"])
        through = ",".join(f"127.0.0.1:{proxy.port}" for proxy in proxies.values())
        victim = market.processor(KAFKA_BROKERS=through).start()
        market.wait_claimed()
        heir = market.processor().start()
        rounds = 1 if ctx.quick else 3
        fenced = 0
        half = market.partitions // 2
        with Watcher(market) as watcher, Load(market, rate=500, rng=ctx.rng):
            wait_for(lambda: assigned(heir) == half, 90, lambda: f"the second gets no partition\n{market.tails()}")
            for _ in range(rounds):
                coordinator = coordinator_of(market)
                move_away(market, coordinator)
                proxies[coordinator].black_hole()
                proxies[coordinator].cut()
                wait_for(
                    lambda: assigned(heir) == market.partitions, 90,
                    lambda: f"the group does not give the other everything\n{market.tails()}",
                )  # fmt: skip
                moved = market.progress()
                wait_for(
                    lambda: any(market.progress()[partition] > moved[partition] for partition in moved), 60,
                    lambda: f"no progress\n{market.tails()}",
                )  # fmt: skip
                proxies[coordinator].allow()
                proxies[coordinator].cut()
                wait_for(
                    lambda: assigned(heir) == half == assigned(victim), 120,
                    lambda: f"the cut-off processor does not come back\n{market.tails()}",
                )  # fmt: skip
            fenced = int(victim.metric("processor_fenced_partitions_total"))
        ctx.settled(oracle.check(market))
        watcher.check()
        need_alive(victim, heir)
        ctx.did(f"{rounds} times cut off from the coordinator alone; {fenced} partitions fenced at it")
    finally:
        for proxy in proxies.values():
            proxy.stop()


@case(
    12, "leader change", needs=("kafka",), seconds=400,
    promise="The partitions' leader may change or die at any time.",
)  # fmt: skip
def leader_change(ctx):
    stack = ctx.own_stack(3)
    market = ctx.market(stack)
    processor = market.processor().start()
    market.wait_claimed(90)
    rounds = 1 if ctx.quick else 4
    with Watcher(market) as watcher, Load(market, rate=500, rng=ctx.rng):
        for number in range(rounds):
            pass_time(2)
            victim = leaders_of(market, market.topic)[number % market.partitions]
            broker = stack.brokers[victim - 1]
            broker.kill()
            moved = sum(market.progress().values())
            wait_for(
                lambda: sum(market.progress().values()) > moved + 500, 90, lambda: f"no progress\n{market.tails()}"
            )
            broker.restart(90)
    need_alive(processor)
    ctx.settled(oracle.check(market))
    watcher.check()
    ctx.did(f"{rounds} leaders killed with -9 and brought back; the processor never restarted")


@case(
    12, "log truncation", needs=("kafka",), seconds=400,
    promise="A log that lost records the processor has committed is noticed: it halts and skips nothing.",
)  # fmt: skip
def log_truncated(ctx):
    stack = ctx.own_stack(3)
    market = ctx.market(stack)
    # Two copies, and a leader that knows less may be elected: the only way to lose acknowledged records.
    create_on(
        market, ["1:2"] * market.partitions, min_insync_replicas=1, unclean_leader_election_enable="true"
    )
    processor = market.processor().start()
    market.wait_claimed(90)
    key = market.symbols[0]
    partition = partition_of(key, market.partitions)
    begin = time.time_ns() // 1_000 - 600 * 10**6
    both = [(key, trade_json(key, n, begin + n * 10**5)) for n in range(1, 101)]
    lost = [(key, trade_json(key, n, begin + n * 10**5)) for n in range(101, 201)]
    send(market, both)
    market.wait_drained()
    stack.brokers[1].kill()
    wait_for(lambda: in_sync(market, partition) == [1], 60, "broker 2 stays in sync")
    send(market, lost)
    market.wait_drained()
    ctx.log("broker 1 alone has offsets 100 to 199, and the processor has committed them")
    oracle.of(market).read_log()
    stack.brokers[0].kill()
    stack.brokers[1].restart(90)
    wait_for(lambda: leaders_of(market, market.topic).get(partition) == 2, 90, "broker 2 is not elected")
    need_halt(processor, f"partition {partition}: expected", "--on-new-log continue")
    assert market.progress()[partition] == 200
    # What comes now has offsets that were used before.
    survivor = Kafka(f"127.0.0.1:{stack.brokers[1].port}")
    with survivor.producer(market.topic) as producer:
        for n in range(301, 351):
            producer.send(key.encode(), trade_json(key, n, begin + n * 10**5))
    pass_time(3)
    assert market.progress()[partition] == 200, "a halted partition moved"
    processor.stop()
    processor.start()
    need_halt(processor, f"partition {partition}: expected offset 200")
    oracle.of(market).log += 1
    oracle.of(market).topic_ids[0] = market.query("SELECT min(topic_uuid) FROM processor_progress")[0][0]
    processor.stop()
    processor.start(ON_NEW_LOG="continue")
    stack.brokers[0].restart(90)
    market.wait_drained()
    ctx.settled(oracle.check(market))
    ctx.did("100 committed records truncated: halted while running and at a start; ON_NEW_LOG=continue took the rest")


def in_sync(market, partition):
    """The brokers that are in sync."""
    live = ",".join(f"127.0.0.1:{broker.port}" for broker in market.stack.brokers if broker.running)
    done = subprocess.run(["kcat", "-b", live, "-L", "-J", "-m", "10"], capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        return []
    topics = [one for one in json.loads(done.stdout)["topics"] if one["topic"] == market.topic]
    return [one["id"] for one in topics[0]["partitions"][partition]["isrs"]] if topics else []
