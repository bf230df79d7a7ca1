"""The contracts themselves: valid schemas, references that lead somewhere, one meaning of a candle everywhere."""

import json
import re
import shutil
import subprocess

import jsonschema
import pytest

from contracts import ASYNCAPI, CAPTURE, KAFKA, OPENAPI, REDIS, REGISTRY, SCHEMAS, problems, references


def component_schemas():
    for name, document in (("openapi.yaml", OPENAPI), ("asyncapi.yaml", ASYNCAPI)):
        for schema, content in document["components"]["schemas"].items():
            yield pytest.param(content, id=f"{name}:{schema}")
    for name, content in {"capture.schema.json": CAPTURE, **KAFKA, **REDIS}.items():
        yield pytest.param(content, id=name)


@pytest.mark.parametrize("schema", list(component_schemas()))
def test_schemas_are_valid(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name, document", [("openapi.yaml", OPENAPI), ("asyncapi.yaml", ASYNCAPI), *KAFKA.items()])
def test_references_lead_somewhere(name, document):
    resolver = REGISTRY.resolver(name)
    for reference in references(document):
        resolver.lookup(reference)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
def test_the_pages_own_parser_reads_the_document():
    parser = SCHEMAS.parent / "services" / "market-api" / "MarketAPI" / "Documentation" / "yaml.js"
    program = (
        f"import {{ parse }} from '{parser.as_uri()}'; import {{ readFileSync }} from 'node:fs';"
        f"console.log(JSON.stringify(parse(readFileSync('{SCHEMAS / 'openapi.yaml'}', 'utf8'))))"
    )
    output = subprocess.run(
        ["node", "--input-type=module", "-e", program], check=True, stdout=subprocess.PIPE, timeout=60).stdout
    assert json.loads(output) == OPENAPI


def test_the_request_file_calls_every_path():
    text = (SCHEMAS.parent / "docs" / "requests.http").read_text()
    called = {line.split()[1].replace("{{api}}", "").replace("ws://127.0.0.1:8000", "").split("?")[0]
              for line in text.splitlines() if line.startswith(("GET ", "POST ", "WEBSOCKET "))}
    for path in OPENAPI["paths"]:
        pattern = re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(path))
        assert any(re.fullmatch(pattern, one) for one in called), f"docs/requests.http does not call {path}"


def samples():
    """What is published as an example of each record: `trade.aggregate.json` is one of trade.schema.json."""
    paths = [path for store in ("kafka", "redis") for path in sorted((SCHEMAS / store / "samples").glob("*.json"))]
    assert paths
    return [pytest.param(path, id=path.name) for path in paths]


@pytest.mark.parametrize("path", samples())
def test_samples_are_valid(path):
    assert problems(path.name.split(".")[0] + ".schema.json", json.loads(path.read_text())) == []


def capture_lines():
    """What `--record` writes, to the byte: ExchangesTests hold the recorder to it."""
    return [json.loads(line) for line in (SCHEMAS / "capture.sample.jsonl").read_text().splitlines()]


def test_the_sample_of_a_capture_is_valid():
    assert len(capture_lines()) == 3
    for line in capture_lines():
        assert problems("capture.schema.json", line) == []


@pytest.mark.parametrize("name", ["capture", "source", "instruments", "venue", "session", "received_time_us", "text"])
def test_a_capture_lacks_nothing(name):
    for line in capture_lines():
        if name in line:
            del line[name]
            assert problems("capture.schema.json", line) != []


TRADE = {
    "venue": "binance", "symbol": "BTCUSDT", "trade_id": 123456, "price": "67000.01000000", "quantity": "0.00100000",
    "taker_side": "buy", "event_time_us": 1700000000123000, "received_time_us": 1700000000130000,
}


def test_the_documented_trade_is_valid():
    assert problems("trade.schema.json", TRADE) == []
    unavailable = {"venue": "binance", "symbol": "BTCUSDT", "unavailable": [5, 9], "reason": "not given"}
    assert problems("trade.schema.json", unavailable) == []


@pytest.mark.parametrize("change", [{"price": None}, {"quantity": [1]}, {"taker_side": "maker"}, {"trade_id": "1"}])
def test_wrong_trades_are_refused(change):
    assert problems("trade.schema.json", {**TRADE, **change}) != []
