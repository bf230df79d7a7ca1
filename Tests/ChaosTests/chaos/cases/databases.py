"""PostgreSQL that dies, is away, goes back in time, refuses, or answers nobody."""

import fractions
import os
import shutil
import subprocess
import time

from ..claims import claims
from ..load import fill
from ..postgres_proxy import PostgresProxy
from ..trial import Trial
from ..waiting import pass_time, wait_for
from . import case
from .zombies import members

# Of a processor whose PostgreSQL is away; what it holds in memory is bounded by its own limits.
MEMORY_LIMIT_MIB = 512
# A trade in each base window: as many rows as trades, and more than may wait.
SPARSE_RATE = fractions.Fraction(1, 10)
SPARSE_TRADES = 160_000


@case(
    14, "PostgreSQL killed with -9", quick=True, needs=(),
    promise="PostgreSQL may die at any instant, in the middle of a COMMIT too.",
)  # fmt: skip
def postgres_killed(ctx):
    market = ctx.market()
    server = market.stack.postgres
    with PostgresProxy(server.port) as proxy:
        market.through(postgres=proxy.port)
        processor = market.processor(COMMIT_INTERVAL="200ms").start()
        with Trial(ctx, market) as trial:
            trial.begin()
            kills = 2 if ctx.quick else 12
            for number in range(kills):
                pass_time(ctx.rng.uniform(0.3, 1.5))
                if number % 2:
                    server.kill()
                else:
                    kill_with_commit(proxy, server)
                server.start()
                committed = market.commits()
                wait_for(lambda: market.commits() > committed + 3, 60, lambda: f"no commits\n{processor.tail()}")
            assert processor.running and processor.lives == 1
            asked = processor.log_text().count("the answer to a commit was lost")
            ctx.did(f"{kills} kills, half of them as a COMMIT was sent; {asked} commits were ambiguous and resolved")
            trial.settle()


def kill_with_commit(proxy, server):
    """kill -9 in the instant in which a COMMIT is handed to the server."""
    seen = []

    def commit_passes():
        proxy.before_commit = None
        seen.append(True)
        return False

    proxy.before_commit = commit_passes
    wait_for(lambda: seen, 30, "no commit came by", pause=0.0005)
    server.kill()


@case(
    15, "PostgreSQL down for 60 s", quick=True, needs=("kafka",),
    promise="Without PostgreSQL the processor holds what it may, pauses, stays in its group, and goes on.",
)  # fmt: skip
def postgres_down(ctx):
    seconds = 10 if ctx.quick else 60
    market = ctx.market()
    processor = market.processor().start()
    with Trial(ctx, market) as trial:
        trial.begin()
        wait_for(lambda: market.commits() > market.partitions, 60, "no commits")
        before = claims(market)
        market.stack.postgres.stop()
        down = time.monotonic()
        if not ctx.quick:
            # A window a trade: what waits for PostgreSQL grows past its bound.
            symbol = f"{market.prefix}SPARSEUSDT"
            fill(market, SPARSE_TRADES, ctx.rng, rate=SPARSE_RATE, start_s=time.time() - 86_400 * 60, symbols=[symbol])
            wait_for(
                lambda: processor.said("partitions are paused until commits catch up"), 60,
                lambda: f"the bound was never reached\n{processor.tail()}",
            )  # fmt: skip
        assert "postgres" in processor.wait_until("/ready", 503)
        assert processor.is_healthy()
        pass_time(max(0.0, seconds - (time.monotonic() - down)))
        assert members(market), "the processor has left its group"
        market.stack.postgres.start()
        assert processor.running and processor.lives == 1
        processor.wait_until("/ready", 200, 60)
        trial.stop_load()
        market.wait_drained(120)
        assert claims(market) == before, "partitions were claimed anew: the processor had lost its group"
        ctx.note_memory(processor, limit_mib=MEMORY_LIMIT_MIB)
        held = "" if ctx.quick else f" with {SPARSE_TRADES:,} trades of as many windows to hold: paused,"
        ctx.did(f"down for {seconds} s{held} member of its group all the time, ready again")
        trial.settle(120)


RESTORED = {
    "stopped": "older copy put back while the processor was stopped",
    "running": "while it ran",
    "quiet": "while it ran and nothing was traded any more",
}


@case(
    16, "PostgreSQL restored to an older state", beside=True, needs=("kafka",),
    promise="An older database is brought up to the log again, under a new lineage.",
)  # fmt: skip
def postgres_restored(ctx):
    stack = ctx.own_stack()
    for form in ("stopped",) if ctx.quick else ("stopped", "running", "quiet"):
        market = ctx.market(stack)
        processor = market.processor().start()
        with Trial(ctx, market) as trial:
            trial.begin()
            wait_for(lambda: market.query("SELECT count(*) FROM candles_10s")[0][0] > 5, 60, "no candles")
            copy = stack.folder / f"copy-{market.name}"
            copy_data(stack.postgres, stack.postgres.data, copy)
            committed = market.commits()
            rows = market.query("SELECT count(*) FROM candles_10s")[0][0]
            wait_for(lambda: market.commits() > committed + 8, 60, "no commits after the copy")
            wait_for(lambda: market.query("SELECT count(*) FROM candles_10s")[0][0] > rows + 3, 60, "no candles")
            if form == "stopped":
                assert processor.stop() == 0
            elif form == "quiet":
                # Nothing is left that would be committed by itself.
                trial.stop_load()
                market.wait_drained()
                pass_time(5)
            stack.postgres.stop()
            trial.watcher.restored()
            shutil.rmtree(stack.postgres.data)
            shutil.copytree(copy, stack.postgres.data, symlinks=True, copy_function=copy_with_owner)
            own_like(copy, stack.postgres.data)
            stack.postgres.start()
            trial.watcher.restored()
            if form == "stopped":
                processor.start()
            wait_for(lambda: lineages(market) == {2}, 60, lambda: f"lineages {lineages(market)}\n{processor.tail()}")
            ctx.did(RESTORED[form])
            trial.settle()
        market.close()


def lineages(market):
    """The lineages of partitions that have committed anything."""
    return {row[0] for row in market.query("SELECT lineage FROM processor_progress WHERE next_offset > 0")}


def copy_data(server, source, target):
    """PostgreSQL's files as they are when it is stopped in order."""
    server.stop()
    shutil.copytree(source, target, symlinks=True, copy_function=copy_with_owner)
    own_like(source, target)
    server.start()


def copy_with_owner(source, target):
    shutil.copy2(source, target)
    if os.getuid() == 0:
        status = os.stat(source)
        os.chown(target, status.st_uid, status.st_gid)


def own_like(source, target):
    """Folders have the owner of the source's."""
    status = os.stat(source)
    for folder, _, _ in os.walk(target):
        if os.getuid() == 0:
            os.chown(folder, status.st_uid, status.st_gid)
    os.chmod(target, 0o700)


@case(
    17, "serialization failure, deadlock, disk full",
    promise="A refused commit is made again, whole.",
)  # fmt: skip
def commits_refused(ctx):
    serialization_failure(ctx)
    deadlock(ctx)
    disk_full(ctx)


def refused(processor, state, before):
    """Waits until the processor has told of a commit that failed for that reason."""
    wait_for(
        lambda: processor.said(state, before), 60, lambda: f"no commit failed with {state}\n{processor.tail()}"
    )  # fmt: skip


def serialization_failure(ctx):
    """With REPEATABLE READ as the database's default, a change of the progress row beside a commit makes it fail."""
    market = ctx.market()
    market.stack.postgres.psql(
        f"ALTER DATABASE \"{market.database}\" SET default_transaction_isolation = 'repeatable read'"
    )
    processor = market.processor(COMMIT_INTERVAL="100ms").start()
    with Trial(ctx, market) as trial:
        trial.begin()
        with market.connect() as other:
            wait_for(lambda: market.commits() > market.partitions, 60, "no commits")
            before = len(processor.log_text())
            with other.transaction():
                other.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                other.execute("UPDATE processor_progress SET updated_at = now()")
                wait_for(lambda: lock_waiters(market), 30, "no commit waits for the row")
            refused(processor, "could not serialize access", before)
        ctx.did("serialization failure")
        trial.settle()
    market.close()


def lock_waiters(market):
    """Sessions of the market's database that wait for a lock."""
    return market.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )


def deadlock(ctx):
    """Another session holds a candle that a commit wants, then wants the progress row that the commit holds."""
    market = ctx.market(symbols=1)
    processor = market.processor(COMMIT_INTERVAL="100ms").start()
    with Trial(ctx, market, late=0.2, late_by=60) as trial:
        trial.begin()
        wait_for(lambda: market.query("SELECT count(*) FROM candles_10s")[0][0] > 12, 60, "no candles")
        with market.connect() as other:
            before = len(processor.log_text())
            # Never the victim: its own look for deadlocks comes too late.
            other.execute("SET deadlock_timeout = '10min'")
            with other.transaction():
                other.execute("SELECT 1 FROM candles_10s FOR UPDATE")
                wait_for(lambda: lock_waiters(market), 30, "no commit wants one of the candles")
                other.execute("UPDATE processor_progress SET updated_at = now()")
            refused(processor, "deadlock detected", before)
        ctx.did("deadlock")
        trial.settle()
    market.close()


def disk_full(ctx):
    """The market's database lives on a file system of its own that somebody else fills."""
    market = ctx.market()
    mount = market.stack.folder / f"disk-{market.name}"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", mount], capture_output=True, text=True)
    if made.returncode != 0:
        ctx.did("disk full left out: mounting a small file system needs root")
        return
    try:
        status = os.stat(market.stack.postgres.data)
        os.chown(mount, status.st_uid, status.st_gid)
        market.stack.postgres.psql(f"CREATE TABLESPACE \"{market.name}\" LOCATION '{mount}'")
        market.stack.postgres.psql(f'ALTER DATABASE "{market.database}" SET TABLESPACE "{market.name}"')
        processor = market.processor(COMMIT_INTERVAL="100ms").start()
        with Trial(ctx, market) as trial:
            trial.begin()
            wait_for(lambda: market.query("SELECT count(*) FROM candles_10s")[0][0] > 5, 60, "no candles")
            before = len(processor.log_text())
            filler = mount / "filler"
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(65_536))
                except OSError:
                    pass
            # More symbols need more room.
            fill(market, 4_000, ctx.rng, rate=20, symbols=[f"{market.prefix}DISK{n}USDT" for n in range(40)])
            refused(processor, "No space left on device", before)
            pass_time(1)
            filler.unlink()
            ctx.did("disk full")
            trial.settle(90)
        market.close()
        market.stack.postgres.psql(f'DROP DATABASE "{market.database}" WITH (FORCE)')
        market.stack.postgres.psql(f'DROP TABLESPACE "{market.name}"')
    finally:
        market.close()
        subprocess.run(["umount", "-l", mount], check=False)


@case(
    18, "the reply to COMMIT lost, for a tick alone too", quick=True, beside=True,
    promise="A commit whose answer is lost is made once.",
)  # fmt: skip
def commit_reply_lost(ctx):
    market = ctx.market()
    losses = 3 if ctx.quick else 20
    with PostgresProxy(market.stack.postgres.port) as proxy:
        market.through(postgres=proxy.port)
        processor = market.processor(COMMIT_INTERVAL="200ms").start()
        with Trial(ctx, market) as trial:
            trial.begin()
            for number in range(1, losses + 1):
                pass_time(ctx.rng.uniform(0.1, 0.6))
                if ctx.rng.random() < 0.7:
                    proxy.drop_next_commit_reply()
                else:
                    proxy.cut_before_next_commit()
                assert proxy.wait_fired(number, 30), "no commit came by"
            wait_for(lambda: market.commits() > 0, 30, "no commits")
            # Quiet now: windows are open, and time alone closes them.
            trial.stop_load()
            proxy.drop_next_commit_reply(tick_only=True)
            assert proxy.wait_fired(losses + 1, 30), f"no commit by a tick alone\n{processor.tail()}"
            committed = market.commits()
            owned = "processor_partitions_assigned"
            wait_for(lambda: processor.metric(owned) == market.partitions, 30, "it has fenced itself")
            asked = processor.log_text().count("the answer to a commit was lost")
            ctx.did(f"{losses} replies or COMMITs lost and one of a tick's; {asked} were asked about")
            assert asked >= 2 and committed > 0
            trial.settle()
