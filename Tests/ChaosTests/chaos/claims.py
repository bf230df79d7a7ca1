"""Who owns what in PostgreSQL, as cases look at it."""

import concurrent.futures

import psycopg

from .waiting import wait_for

CLAIM_SECONDS = 60


def owners(market):
    """{partition: owner}"""
    return dict(market.query("SELECT partition, owner FROM processor_progress WHERE topic = %s", [market.topic]))


def claims(market):
    """Sum of all claims so far: rises with each partition that is taken over. 0 before there is a schema."""
    try:
        rows = market.query("SELECT coalesce(sum(epoch), 0) FROM processor_progress WHERE topic = %s", [market.topic])
    except psycopg.errors.UndefinedTable:
        return 0
    return int(rows[0][0])


def wait_taken_over(market, before, seconds=CLAIM_SECONDS):
    """Until every partition has another owner than in `before`."""
    wait_for(
        lambda: not set(owners(market).values()) & set(before.values()), seconds,
        lambda: f"partitions keep their owner\n{market.tails()}",
    )  # fmt: skip


def wait_claim(market, before, seconds=CLAIM_SECONDS):
    """Until there was another claim than those `before`."""
    wait_for(lambda: claims(market) > before, seconds, lambda: f"nothing is claimed\n{market.tails()}")


def in_parallel(function, items):
    """Calls the function for each item in a thread of its own; their results, or the first failure."""
    with concurrent.futures.ThreadPoolExecutor(len(items)) as threads:
        return list(threads.map(function, items))
