"""One stack of real servers for the tests of this folder that want one."""

import os
import pathlib
import tempfile

import pytest

from chaos.kafkalog import ROOT
from chaos.servers import kafka_home
from chaos.stack import Stack

BIN = pathlib.Path(os.environ.get("MARKET_STREAM_BIN", ROOT / ".build" / "debug")).resolve()


@pytest.fixture(scope="session")
def servers():
    """Apache Kafka, PostgreSQL and Redis."""
    if not (BIN / "trade-processor").exists():
        pytest.skip(f"trade-processor is not built in {BIN}")
    if kafka_home() is None:
        pytest.skip("needs Apache Kafka (KAFKA_HOME)")
    with tempfile.TemporaryDirectory(prefix="market-stream-oracle.") as folder:
        os.chmod(folder, 0o755)
        stack = Stack(pathlib.Path(folder) / "stack", 1, BIN)
        try:
            yield stack.start()
        finally:
            stack.close()
