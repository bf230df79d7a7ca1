"""The broker's log is not what it was: cut, made anew, grown, lost."""

import concurrent.futures
import random
import shutil
import time

from .. import oracle
from ..kafkalog import partition_of
from ..load import Load, fill, send
from ..oracle import trade_json
from ..waiting import pass_time, wait_for
from ..watcher import Watcher
from . import case

HALT_SECONDS = 45


def need_halt(service, *texts, since=0):
    """Until the service is not ready for reasons that hold these texts, and healthy all the same."""

    def halted():
        assert service.running, f"{service.name} ended with {service.exit_code}:\n{service.tail()}"
        status, text = service.get("/ready")
        return status == 503 and all(part in text for part in texts)

    wait_for(
        halted, HALT_SECONDS, lambda: f"/ready is {service.get('/ready')}, expected 503 with {texts}\n{service.tail()}"
    )
    assert service.is_healthy(), "a halted processor must stay healthy"
    assert service.said("partition halted"), "the log does not say that a partition is halted"


def key_of(market, partition):
    """A symbol of the market's in that partition; one is made up where none of its own is."""
    for number in range(10_000):
        key = f"{market.prefix}P{number}USDT"
        if partition_of(key, market.partitions) == partition:
            return key
    raise AssertionError("no such key")


def numbered(market, key, ids, begin_us, step_us=200_000):
    send(market, [(key, trade_json(key, n, begin_us + n * step_us)) for n in ids])


@case(
    13, "offset below the log's start", quick=True, needs=("kafka",), beside=True,
    promise="Records that retention took away unseen halt their partition: nothing is skipped silently.",
)  # fmt: skip
def offset_below_start(ctx):
    market = ctx.market()
    processor = market.processor().start()
    market.wait_claimed()
    keys = [key_of(market, partition) for partition in range(2)]
    begin = time.time_ns() // 1_000 - 600 * 10**6
    for key in keys:
        numbered(market, key, range(1, 201), begin)
    market.wait_drained()
    processor.stop()
    for key in keys:
        numbered(market, key, range(201, 401), begin)
    # What was committed counts; of the rest, what is cut away was never there.
    oracle.of(market).read_log(below=market.progress())
    oracle.of(market).kafka.cut_log(market.topic, 0, 300)
    processor.start()
    need_halt(processor, "partition 0: expected offset 200", "--on-new-log continue", "Offset out of range")
    # Nothing else stops.
    wait_for(lambda: market.progress()[1] == 400, 60, lambda: f"partition 1 stands at {market.progress()}")
    assert market.progress()[0] == 200, "the halted partition moved"
    pass_time(3)
    assert market.progress()[0] == 200 and not processor.is_ready(), "it did not stay halted"
    # The way out that it names.
    processor.stop()
    processor.start(ON_NEW_LOG="continue")
    market.wait_drained()
    ctx.settled(oracle.check(market))
    missing = market.query("SELECT max(missing_trades) FROM candles_10s WHERE symbol = %s", [keys[0]])[0][0]
    assert missing == 100, f"of 100 lost trades {missing} are missing"
    ctx.did("halted with its partition, offset and way out; the others went on; ON_NEW_LOG=continue: a hole of 100")


@case(
    27, "topic recreated", quick=True, needs=("kafka",), beside=True,
    promise="A topic that was made anew halts its partitions, with the topic ids and the way out.",
)  # fmt: skip
def topic_recreated(ctx):
    market = ctx.market()
    processor = market.processor().start()
    market.wait_claimed()
    fill(market, 300, ctx.rng, rate=100)
    market.wait_drained()
    oracle.check(market, close=False)
    oracle.remember_log(market)
    known = market.query("SELECT min(topic_uuid) FROM processor_progress")[0][0]
    kafka = oracle.of(market).kafka
    kafka.delete_topic(market.topic)
    wait_for(lambda: not topic_there(market), 30, "the topic is still there")
    market.create_topic()
    need_halt(processor, known, "made anew", "--on-new-log continue", "Another log")
    fill(market, 300, ctx.rng, rate=100, first_id=1_000)
    # And at a start.
    processor.stop()
    processor.start()
    need_halt(processor, known, "made anew")
    found = market.query("SELECT count(*), min(topic_uuid) FROM processor_progress WHERE lineage = 1")[0]
    assert found == (market.partitions, known), "a halted partition's progress was changed"
    processor.stop()
    processor.start(ON_NEW_LOG="continue")
    market.wait_drained()
    ctx.settled(oracle.check(market))
    ctx.did("halted while running and at a start; ON_NEW_LOG=continue took the new log from its start")


def topic_there(market):
    found = market.stack.kafka_script("kafka-topics.sh", "--list")
    return market.topic in found.split()


@case(
    27, "partitions added", quick=True, needs=("kafka",), beside=True,
    promise="A topic that got more partitions halts: an instrument would be counted in two.",
)  # fmt: skip
def partitions_added(ctx):
    market = ctx.market()
    processor = market.processor(ON_NEW_LOG="continue").start()
    market.wait_claimed()
    fill(market, 300, ctx.rng, rate=100)
    market.wait_drained()
    before = market.progress()
    oracle.of(market).kafka.grow_topic(market.topic, market.partitions + 2)
    wanted = f"expected {market.partitions} partitions, found {market.partitions + 2}"
    need_halt(processor, wanted, "Partitions changed")
    processor.stop()
    processor.start()
    need_halt(processor, wanted)
    assert {p: o for p, o in market.progress().items() if p in before} == before, "a halted partition moved"
    ctx.did("halted while running and at a start, ON_NEW_LOG=continue or not")


def lose_log(stack):
    """The broker's folder is gone, and another begins."""
    broker = stack.broker
    broker.kill()
    shutil.rmtree(broker.data)
    broker.start()
    broker.wait_until_ready()


@case(
    34, "the log is lost, ON_NEW_LOG=continue", needs=("kafka",), seconds=600,
    promise="A broker that lost its log costs what was in it alone, as a hole; nothing of the new log is skipped.",
)  # fmt: skip
def log_lost(ctx):
    stack = ctx.own_stack()
    market = ctx.market(stack)
    processor = market.processor(ON_NEW_LOG="continue")
    rounds = 1 if ctx.quick else 3
    ids = 1
    count = 600
    holes = 0
    with Watcher(market) as watcher:
        for number in range(rounds + 1):
            # Before the new log outgrows the old offset, and (from the second on) after.
            processor.start()
            market.wait_claimed()
            size = count * (3 if number % 2 else 1)
            fill(market, size, ctx.rng, rate=20, symbols=market.symbols[:1], first_id=ids)
            ids += size
            market.wait_drained()
            rows = market.query("SELECT count(*) FROM candles_10s")[0][0]
            assert rows > 0
            processor.stop()
            # A backlog that nobody has read, lost with the log.
            fill(market, 50, ctx.rng, rate=100, symbols=market.symbols[:1], first_id=ids)
            ids += 50
            holes += 1
            oracle.remember_log(market)
            lose_log(stack)
        processor.start()
        market.wait_claimed()
        fill(market, 20, ctx.rng, rate=100, symbols=market.symbols[:1], first_id=ids)
        ctx.settled(oracle.check(market))
        watcher.check()
    missing = market.query("SELECT missing_trades FROM candles_1d WHERE symbol = %s", [market.symbols[0]])
    lineage = market.query("SELECT min(lineage), max(lineage) FROM processor_progress")[0]
    assert lineage == (rounds + 2, rounds + 2), f"lineage is {lineage} after {rounds + 1} lost logs"
    ctx.did(f"{rounds + 1} logs lost with 50 unread trades each ({missing or 'day open'}); lineage {lineage[1]}")


@case(
    34, "the log is lost while the processor runs", needs=("kafka",), seconds=600,
    promise="A running processor goes over to the new log by itself.",
)  # fmt: skip
def log_lost_beneath(ctx):
    stack = ctx.own_stack()
    market = ctx.market(stack)
    processor = market.processor(ON_NEW_LOG="continue").start()
    market.wait_claimed()
    key = market.symbols[:1]
    fill(market, 500, ctx.rng, rate=100, symbols=key)
    market.wait_drained()
    for number, size in enumerate((100, 900)):
        oracle.remember_log(market)
        lose_log(stack)
        market.create_topic()
        fill(market, size, ctx.rng, rate=100, symbols=key, first_id=1_000 * (number + 1))
        market.wait_drained(90)
        lineage = market.query("SELECT max(lineage) FROM processor_progress")[0][0]
        assert lineage == number + 2, f"lineage is {lineage}"
        # The topics that services make at their start are gone as well: whoever ran before makes them again.
        processor.stop(20)
        processor.start()
        market.wait_claimed()
        oracle.check(market)
    ctx.settled(oracle.check(market))
    ctx.did("twice, the new log shorter and longer than the old offset")


@case(
    38, "old trades arrive by backfill while live ones flow", quick=True, beside=True, seconds=900,
    promise="A backfill of old trades is exact, and live prices go on beside it.",
)  # fmt: skip
def backfill_beside_live(ctx):
    market = ctx.market()
    old = 30_000 if ctx.quick else 1_000_000
    processor = market.processor().start()
    market.wait_claimed()
    chance = random.Random(ctx.rng.random())
    with Watcher(market) as watcher, Load(market, rate=300, rng=chance, first_id=10_000_000) as load:
        wait_for(lambda: market.redis().get(f"{market.symbols[0]}:price"), 60, "no live price")
        usual = latencies(market, 5 if ctx.quick else 20)
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(1) as other:
            backfill = other.submit(fill, market, old, ctx.rng, rate=20, start_s=time.time() - 30 * 86_400 - old / 20)
            busy = []
            while not backfill.done() or lag(market) > 1_000:
                busy += latencies(market, 0.5)
            backfill.result()
        took = time.monotonic() - begun
        load.stop()
        ctx.settled(oracle.check(market, seconds=120))
        watcher.check()
    ctx.note_memory(processor, limit_mib=700)
    ctx.did(
        f"{old:,} old trades in {took:.0f} s; live latency p99 {percentile(usual, 99) * 1e3:.0f} ms before,"
        f" {percentile(busy, 99) * 1e3:.0f} ms beside it (printed, not judged)"
    )


def lag(market):
    """Records that are in the log and not committed."""
    return sum(market.end_offsets().values()) - sum(market.progress().values())


def latencies(market, seconds):
    """How old the trade is that Redis shows, sampled for so long: seconds from the trade's own time to now."""
    store = market.redis()
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key in market.symbols:
            if event := store.hget(f"{key}:price:meta", "event_time_us"):
                found.append(time.time() - int(event) / 1e6)
        pass_time(0.02)
    return found


def percentile(numbers, share):
    return sorted(numbers)[min(len(numbers) - 1, len(numbers) * share // 100)]


@case(
    42, "live data met with a simulator's database, or another seed's", quick=True, beside=True,
    promise="Data of two sources is never mixed: a service that finds another's refuses with a sentence.",
)  # fmt: skip
def other_source(ctx):
    market = ctx.market()
    processor = market.processor().start()
    market.wait_claimed()
    fill(market, 100, ctx.rng, rate=100)
    market.wait_drained()
    refused = []
    for source in ("binance", "simulator:seed=2,rate=50"):
        for stranger in (market.processor(MARKET_SOURCE=source), market.api(MARKET_SOURCE=source)):
            stranger.start()
            code = stranger.wait_for_end(45)
            text = stranger.log_text()
            assert code not in (0, None), f"{stranger.name} ended with {code}"
            assert "simulator:chaos" in text and source in text, f"no sentence names both sources:\n{stranger.tail()}"
            refused.append(stranger.name)
    assert processor.running and processor.is_ready()
    ctx.settled(oracle.check(market))
    ctx.did(f"{len(refused)} services with another MARKET_SOURCE refused and named both")
