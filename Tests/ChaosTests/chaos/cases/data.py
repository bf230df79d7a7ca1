"""What a log may hold: duplicates, disorder, late and future trades, poison, other numberings, strangers."""

import json
import time

from .. import oracle
from ..kafkalog import USUAL_HEADERS, partition_of
from ..load import Shape, Shuffler, Tape, fill, send
from ..oracle import control_json, trade_json
from ..waiting import pass_time, wait_for
from . import case

HOUR = 3_600
LEARN_SECONDS = 8


def now_us():
    return time.time_ns() // 1_000


def start(ctx, **settings):
    """A market with one processor that has claimed its partitions."""
    market = ctx.market(**settings)
    market.processor().start()
    market.wait_claimed()
    return market


def settle(ctx, market, **options):
    ctx.settled(oracle.check(market, **options))


def reasons(market):
    """{offset's partition, offset: reason} of the quarantine."""
    return sorted(row[0] for row in market.query("SELECT reason FROM quarantine"))


@case(
    21, "duplicate trades, in the window and 23 h late", quick=True, beside=True,
    promise="A trade counts once, however often and however late it comes.",
)  # fmt: skip
def duplicates(ctx):
    market = start(ctx)
    count = 5_000 if ctx.quick else 200_000
    first = time.time() - 23 * HOUR - count / 1_000
    tape = Tape(ctx.rng, market.symbols, int(first * 1e6), 1_000)
    old = [tape.next()[1:] for _ in range(count)]
    send(market, old)
    sent = fill(market, count, ctx.rng, rate=1_000, first_id=10_000_000, duplicates=0.5, repeat=200)
    market.wait_drained()
    late = old + ctx.rng.sample(old, count // 2)
    send(market, late)
    settle(ctx, market)
    ctx.did(f"{sent - count:,} duplicates within 200 trades, {len(late):,} 23 h late")
    assert oracle.of(market).fold.duplicates >= len(late)


def held_back(rng, trades, shares):
    """Trades in another order: shares are (share, seconds of event time that such a trade is late)."""
    order = []
    for number, (time_us, key, value) in enumerate(trades):
        dice, due = rng.random(), time_us
        for share, seconds in shares:
            if dice < share:
                due += int(seconds * 1e6)
                break
            dice -= share
        order.append((due, number, key, value))
    return [entry[2:] for entry in sorted(order)]


@case(
    22, "out of order within the bound; late by an hour, by 30 hours, older than everything", quick=True, beside=True,
    promise="Late trades amend their candles, of every interval and any age.",
)  # fmt: skip
def late_trades(ctx):
    market = start(ctx)
    count = 6_000 if ctx.quick else 60_000
    # Four days in a row, and then the day before them.
    per_second = count / (4 * 86_400)
    tape = Tape(ctx.rng, market.symbols, int((time.time() - 6 * 86_400) * 1e6), per_second, first_id=1_000_000)
    before = Tape(ctx.rng, market.symbols, int((time.time() - 8 * 86_400) * 1e6), per_second, first_id=500_000)
    trades = held_back(ctx.rng, [tape.next() for _ in range(count)], [(0.05, HOUR), (0.05, 30 * HOUR), (0.2, 1.9)])
    send(market, trades)
    shuffled = fill(market, count, ctx.rng, rate=2_000, first_id=20_000_000, shuffle=1.9)
    market.wait_drained()
    send(market, [before.next()[1:] for _ in range(count // 10)])
    settle(ctx, market)
    ctx.did(
        f"of {count:,} trades 5 % an hour and 5 % 30 h late, {shuffled:,} shuffled within 2 s, {count // 10:,} older"
        " than the first ever seen"
    )
    amended = market.query("SELECT count(*) FROM candles WHERE revision > 1")[0][0]
    assert amended > 0, "no candle was amended"


@case(
    22, "late trades of windows that retention has dropped", quick=True, beside=True,
    promise="A trade whose candle retention has dropped is kept in late_trades and still amends the longer candles.",
)  # fmt: skip
def late_beyond_retention(ctx):
    market = start(ctx)
    count = 500
    tape = Tape(ctx.rng, market.symbols, int((time.time() - 100 * 86_400) * 1e6), 5)
    old = [tape.next()[1:] for _ in range(2 * count)]
    send(market, old[0::2])
    fill(market, count, ctx.rng, rate=100, first_id=1_000_000)
    market.wait_drained()
    oracle.check(market)
    dropped = market.query("SELECT drop_candle_partitions('10s', %s)", [int(time.time()) - 40 * 86_400])[0][0]
    assert dropped > 0, "retention dropped nothing"
    oracle.of(market).retention_passed()
    # A processor that runs learns of it within 5 s; what it takes in before counts as had it come before the drop, and
    # is gone with its candle. One that starts knows at once.
    pass_time(LEARN_SECONDS)
    send(market, old[1::4])
    market.wait_drained()
    for service in market.services:
        service.stop()
        service.start()
    send(market, old[3::4] + old[0:50])
    settle(ctx, market)
    late = market.query("SELECT count(*) FROM late_trades")[0][0]
    ctx.did(f"{dropped} base tables dropped, {late} trades in late_trades")
    assert late == count, f"{late} rows in late_trades of {count} trades"


@case(
    23, "a trade from the future", quick=True, beside=True,
    promise="One wrong time neither closes windows nor enters a candle.",
)  # fmt: skip
def future_trade(ctx):
    market = start(ctx)
    key = market.symbols[0]
    fill(market, 500, ctx.rng, rate=100, symbols=[key])
    now = now_us()
    # Three hours ahead is refused; ninety minutes ahead is possible and not believed by itself.
    ahead = [(501, 3 * HOUR), (502, 90 * 60)]
    send(market, [(key, trade_json(key, trade_id, now + seconds * 10**6)) for trade_id, seconds in ahead])
    fill(market, 100, ctx.rng, rate=100, symbols=[key], first_id=503)
    market.wait_drained()
    partition = partition_of(key, market.partitions)
    watermark = market.query("SELECT watermark FROM processor_progress WHERE partition = %s", [partition])[0][0]
    assert watermark < now_us() + 60 * 10**6, f"the watermark is {(watermark - now) / 1e6:.0f} s ahead"
    assert reasons(market) == ["future_time"], reasons(market)
    # The id was not taken: the same trade with its right time counts. It comes last, because what an instrument shows
    # is worked out anew when a trade of its own comes, not when others bring the time to where it had been ahead.
    oracle.of(market).close_windows()
    market.wait_drained()
    send(market, [(key, trade_json(key, 501, now))])
    settle(ctx, market, close=False)
    ctx.did("3 h ahead: quarantined, its id still free; 90 min ahead: taken, the watermark unmoved")


def poison(key, rng):
    """Values that are no trade, with the reason for each."""
    good = trade_json(key, 1, 1)
    deep = b'{"x":' + b"[" * 100 + b"]" * 100 + b"," + good[1:]
    return [
        (None, "malformed"),
        (b"", "malformed"),
        (b"\xff\xfe\x00garbage", "malformed"),
        (bytes(rng.randrange(256) for _ in range(200)), "malformed"),
        (good.replace(b"binance", b"bin\xff\xfe"), "malformed"),
        (good.replace(b"binance", b"bin\\u0000"), "malformed"),
        (good.replace(key.encode(), b"\\u0000"), "malformed"),
        (b"not json", "malformed"),
        (b"{}", "malformed"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b'"text"', "malformed"),
        (good[:-1], "malformed"),
        (good + b"{}", "malformed"),
        (deep, "malformed"),
        (good.replace(b'"price"', b'"pric"'), "malformed"),
        (good.replace(b'"trade_id":1', b'"trade_id":1,"trade_id":1'), "malformed"),
        (trade_json(key, "NaN", 1), "malformed"),
        (trade_json(key, "1e999", 1), "malformed"),
        (trade_json(key, "1.5", 1), "malformed"),
        (trade_json(key, 1 << 64, 1), "malformed"),
        (trade_json(key, 1, 1, price="NaN"), "malformed"),
        (trade_json(key, 1, 1, price="Infinity"), "malformed"),
        (trade_json(key, 1, 1, price="1e999"), "malformed"),
        (trade_json(key, 1, 1, price="0.000000001"), "malformed"),
        (trade_json(key, 1, 1, price="1,5"), "malformed"),
        (trade_json(key, 1, 1, price=""), "malformed"),
        (trade_json(key, 1, 1, quantity="1e999999999999"), "malformed"),
        (trade_json(key, 1, 1, side="BUY"), "malformed"),
        (trade_json(key.lower(), 1, 1), "malformed"),
        (good.replace(b"}", b',"x":"' + b"x" * 20_000 + b'"}'), "malformed"),
        (good.replace(b"}", b',"x":"' + b"x" * 900_000 + b'"}'), "malformed"),
        (control_json(key, unavailable=[5, 1], reason="x"), "malformed"),
        (control_json(key, unavailable=[1], reason="x"), "malformed"),
        (trade_json(key, -1, 1), "implausible"),
        (trade_json(key, 1, -1), "implausible"),
        (trade_json(key, 1, 8_000_000_000_000_000), "implausible"),
        (trade_json(key, 1, 1, price="-1.00000000"), "implausible"),
        (trade_json(key, 1, 1, price="0.00000000"), "implausible"),
        (trade_json(key, 1, 1, quantity="-0.00000001"), "implausible"),
        (trade_json(key, 5, 1, count=0), "implausible"),
        (trade_json(key, 5, 1, count=7), "implausible"),
    ]


@case(
    24, "poison payloads", quick=True, beside=True,
    promise="A record that cannot be used stops nobody: it is quarantined with its bytes, place and reason.",
)  # fmt: skip
def poison_payloads(ctx):
    market = start(ctx)
    key = market.symbols[0]
    fill(market, 300, ctx.rng, rate=100)
    records = poison(key, ctx.rng)
    ctx.rng.shuffle(records)
    send(market, [(key, value) for value, _ in records])
    # An unknown version decides where the shape does not: a record of exactly version 1's shape is taken as such.
    spaced = trade_json(key, 1, 1).replace(b",", b", ")
    unknown = [("schema_version", b"2")]
    send(market, [(key, spaced, -1, unknown), (key, spaced, -1, []), (key, trade_json(key, 1, 1), -1, unknown)])
    wanted = sorted([reason for _, reason in records] + ["unsupported_version"])
    fill(market, 300, ctx.rng, rate=100, first_id=101)
    settle(ctx, market)
    assert reasons(market) == wanted, f"{reasons(market)}, where {wanted} are expected"
    ctx.did(f"{len(wanted)} records that cannot be used, each with its reason")


@case(
    25, "quiet symbol, idle partition, idle topic", quick=True, beside=True,
    promise="The last candle of a quiet market closes within end + bound + idle timeout + 1 s.",
)  # fmt: skip
def quiet_symbol(ctx):
    market = start(ctx)
    first, second = market.symbols[:2]
    took = []
    # All quiet after the last trade: time goes on by itself.
    for key in (first, second):
        now = now_us()
        send(market, [(key, trade_json(key, 1, now)), (key, trade_json(key, 2, now + 1))])
        window = now // 10_000_000 * 10
        wait_for(
            lambda: market.query("SELECT 1 FROM candles_10s WHERE symbol = %s AND window_start = %s", [key, window]),
            60, f"the last candle of {key} stays open",
        )  # fmt: skip
        took.append(time.time() - (window + 10 + 2 + 2))
    closed = ", ".join(f"{seconds:+.1f} s" for seconds in took)
    ctx.did(f"closed {closed} against end + bound + idle timeout (2 s each)")
    settle(ctx, market, close=False)


@case(
    35, "numbering restarted, an id 10^12 ahead", quick=True, beside=True,
    promise="A venue that numbers anew is noticed; nothing is dropped silently, a command starts a new generation.",
)  # fmt: skip
def numbering_restarted(ctx):
    market = start(ctx)
    key = market.symbols[0]
    begin = now_us() - 600 * 10**6
    minutes = [trade_json(key, 1_000 + n, begin + n * 10**5) for n in range(1_000)]
    send(market, [(key, value) for value in minutes])
    wild = trade_json(key, 10**12, begin + 100 * 10**6)
    anew = [trade_json(key, 1 + n, begin + (200 + n) * 10**6) for n in range(100)]
    send(market, [(key, wild)] + [(key, value) for value in anew])
    market.wait_drained()
    assert reasons(market) == sorted(["id_jump"] + ["id_restart"] * 100), reasons(market)
    oracle.check(market, close=False)
    send(market, [(key, control_json(key, new_generation=True))] + [(key, value) for value in anew + anew[:10]])
    settle(ctx, market)
    generation = market.query("SELECT max(last_generation) FROM candles WHERE symbol = %s", [key])[0][0]
    assert generation == 1, f"the candles know generation {generation}"
    ctx.did("100 restarted ids and one 10^12 ahead quarantined; after the command all 100 count, in a new generation")


@case(
    36, "aggregates and single trades overlap", quick=True, beside=True,
    promise="Each trade id counts once, whether it comes alone or inside an aggregate.",
)  # fmt: skip
def aggregates_overlap(ctx):
    market = start(ctx)
    count = 1_500 if ctx.quick else 20_000
    begin = now_us() - count * 5_000
    records = []
    for key in market.symbols:
        ids = 1
        while ids < count:
            size = ctx.rng.randrange(1, 9)
            last, time_us = ids + size - 1, begin + ids * 4_000
            singles = [trade_json(key, n, time_us, "2.00000000", "0.50000000") for n in range(ids, last + 1)]
            aggregate = trade_json(key, last, time_us, "2.00000000", f"{size * 0.5:.8f}", count=size)
            kind = ctx.rng.randrange(4)
            if kind == 0:
                mine = [aggregate, *singles]
            elif kind == 1:
                mine = [*singles, aggregate]
            elif kind == 2:
                # The aggregate meets some of its ids: it cannot be used, the rest comes alone.
                mine = [singles[0], aggregate, *singles[1:]]
            else:
                mine = [aggregate, aggregate, ctx.rng.choice(singles)]
            records += [(time_us + ctx.rng.randrange(50), n, key, value) for n, value in enumerate(mine)]
            ids = last + 1
    # Within a group the order stays.
    records.sort(key=lambda record: (record[0] // 4_000, record[2], record[1]))
    send(market, [(key, value) for _, _, key, value in records])
    settle(ctx, market)
    fold = oracle.of(market).fold
    partial = reasons(market).count("partial_overlap")
    assert partial > 50, f"only {partial} aggregates overlapped in part"
    ctx.did(f"{len(records):,} records, {fold.duplicates:,} duplicates, {partial} aggregates partly known")


@case(
    37, "a foreign producer with another partitioner or key", quick=True, beside=True,
    promise="One instrument is never in two partitions: strangers' records are quarantined.",
)  # fmt: skip
def foreign_producer(ctx):
    market = start(ctx)
    tape = Tape(ctx.rng, market.symbols, now_us() - 60 * 10**6, 20)
    wrong = 0
    records = []
    for number in range(600):
        _, key, value = tape.next()
        home = partition_of(key, market.partitions)
        kind = ctx.rng.randrange(6)
        if kind == 0:
            records.append((key, value, (home + 1 + number % (market.partitions - 1)) % market.partitions))
        elif kind == 1:
            other = ctx.rng.choice([name.encode() for name in market.symbols if name.encode() != key])
            records.append((other, value))
        elif kind == 2:
            records.append((None, value, home))
        elif kind == 3:
            records.append((key.lower(), value, home, USUAL_HEADERS))
        else:
            records.append((key, value))
            continue
        wrong += 1
    send(market, records)
    settle(ctx, market)
    found = reasons(market)
    assert len(found) == wrong and set(found) == {"wrong_partition", "key_mismatch"}, found[:5]
    ctx.did(f"{wrong} of {len(records)} records with another key or on another partition")


def open_holes(market, key):
    """Open holes of the newest record of market.progress, as producers read it."""
    newest = None
    for record in oracle.of(market).kafka.read("market.progress"):
        if record.key == key.encode():
            newest = json.loads(record.value)
    return newest and sorted(newest["holes"])


@case(
    39, "an id the venue never gives", quick=True, beside=True,
    promise="Ids that cannot be had stay in missing_trades and are asked for no more, until a person reopens them.",
)  # fmt: skip
def settled_ids(ctx):
    market = start(ctx)
    key = market.symbols[0]
    begin = now_us() - 30 * 10**6
    ids = [n for n in range(1, 201) if n not in (50, 51, 52, 120)]
    send(market, [(key, trade_json(key, n, begin + n * 10**5)) for n in ids])
    wait_for(lambda: open_holes(market, key) == [[50, 52], [120, 120]], 30, lambda: f"open: {open_holes(market, key)}")
    send(market, [(key, control_json(key, unavailable=[50, 51], reason="HTTP 400"))])
    wait_for(lambda: open_holes(market, key) == [[52, 52], [120, 120]], 30, lambda: f"open: {open_holes(market, key)}")
    settle(ctx, market)
    # Settled is not had: it is still missing.
    missing = market.query("SELECT max(missing_trades) FROM candles_1d WHERE symbol = %s", [key])[0][0]
    total = oracle.of(market).fold.candles("1d", key.encode())
    assert missing is None or missing == 4, f"missing_trades is {missing} of {total}"
    send(market, [(key, control_json(key, reopen=[1, 200]))])
    wait_for(lambda: open_holes(market, key) == [[50, 52], [120, 120]], 30, lambda: f"open: {open_holes(market, key)}")
    # And after a restart it is remembered as it was.
    send(market, [(key, control_json(key, unavailable=[120, 120], reason="HTTP 400"))])
    wait_for(lambda: open_holes(market, key) == [[50, 52]], 30, lambda: f"open: {open_holes(market, key)}")
    for service in market.services:
        service.kill()
        service.start()
    send(market, [(key, trade_json(key, 51, begin + 51 * 10**5))])
    wait_for(lambda: open_holes(market, key) == [[50, 50], [52, 52]], 60, lambda: f"open: {open_holes(market, key)}")
    settle(ctx, market)
    ctx.did("settled, reopened, remembered over a kill, and taken when one comes after all")
