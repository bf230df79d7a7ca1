"""Back up and restore by the book: the commands of docs/OPERATIONS.md as they stand there, on a market under load."""

import random
import time

from chaos import oracle
from chaos.cases.databases import lineages
from chaos.load import Load
from chaos.waiting import wait_for
from chaos.watcher import Watcher
from chaos.handbook import commands, run

BACK_UP, RESTORE, SWAP, TIDY_UP = commands("Back up and restore")


def candles(market):
    return market.query("SELECT count(*) FROM candles_10s")[0][0]


def test_an_older_dump_converges_to_the_log(servers, tmp_path):
    """Once with the processor stopped, then with it left running: the second dump holds what the first restore made."""
    # The book's database; scripts/lib/servers.sh makes one of that name.
    servers.postgres.psql("DROP DATABASE market")
    market = servers.market("market")
    access = {
        "PGHOST": "127.0.0.1", "PGPORT": str(servers.postgres.port), "PGUSER": "market", "PGPASSWORD": "market",
    }  # fmt: skip
    processor = market.processor().start()
    load = Load(market, rate=300, rng=random.Random(7), event_rate=30, start_s=time.time() - 5_400, late=0.02)
    watcher = Watcher(market)
    try:
        market.wait_claimed()
        with watcher, load:
            for number, form in enumerate(("stopped", "running")):
                rows = candles(market)
                wait_for(lambda: candles(market) > rows + 5, 60, "no candles")
                run(BACK_UP, tmp_path, **access)
                rows, committed = candles(market), sum(market.progress().values())
                # Trades of after the dump close more windows, and amend some that are in it.
                wait_for(lambda: candles(market) > rows + 10, 60, "no candles after the dump")
                if form == "stopped":
                    assert processor.stop() == 0
                run(RESTORE, tmp_path, **access)
                watcher.restored()
                run(SWAP, tmp_path, **access)
                watcher.restored()
                if form == "stopped":
                    assert sum(market.progress().values()) <= committed, "that is not the dump's database"
                    processor.start()
                wait_for(
                    lambda: lineages(market) == {number + 2}, 60,
                    lambda: f"lineages {lineages(market)}\n{processor.tail()}",
                )  # fmt: skip
                run(TIDY_UP, tmp_path, **access)
            assert processor.lives == 2 and processor.running
            load.stop()
            # Candles, counts, offsets, Redis and the topic `candles` are what the log says.
            findings = oracle.check(market)
            watcher.check()
        assert findings.trades > 1_000 and findings.rows > rows
        names = {row[0] for row in servers.postgres.psql("SELECT datname FROM pg_database")}
        assert not any("before" in name or "restored" in name for name in names), names
    finally:
        market.close()
