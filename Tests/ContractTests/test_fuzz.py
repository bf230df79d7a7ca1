"""Requests by chance to every documented path: no answer that is not documented, none that breaks its schema."""

import random
import urllib.parse

import pytest
import requests

from contracts import OPENAPI, pointer_to, problems

ROUNDS = 60
SYMBOLS = ["BTCUSDT", "ethusdt", "NOBODY", "kraken:BTC/USD", "binance:BTCUSDT", "A" * 33, "", "BTC USDT", "😀", "%00", "../x"]
INTEGERS = ["0", "1", "-1", "10", "1000", "1001", "1700000000", "7258118399", "7258118400", "9" * 30, "1.5", "", "x", "+1"]
TIMES = ["2024-01-01", "2024-01-01T12:00:00Z", "2024-01-01T12:00:00+05:30", "2199-12-31T23:59:59Z", "2024-02-30", "soon", ""]
ODD = ["", "null", "'; DROP TABLE candles; --", "\u0000", "a" * 2_000, "é", "%", "f.1.10s.BTCUSDT", "b.1700000000.10s.BTCUSDT"]
LISTS = ["BTCUSDT", "BTCUSDT,ETHUSDT", "BTCUSDT,", ",", "NOBODY", ",".join(["BTCUSDT"] * 50)]
OPERATIONS = [
    (path, method) for path, methods in OPENAPI["paths"].items() for method in methods if method == "get"
]


def resolved(parameter):
    if "$ref" in parameter:
        return OPENAPI["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
    return parameter


def value_for(parameter, chance):
    """Often what the schema asks for, now and then anything."""
    schema = parameter.get("schema", {})
    if "$ref" in schema:
        schema = OPENAPI["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if chance.random() < 0.1:
        return chance.choice(ODD)
    if "enum" in schema:
        return chance.choice([*schema["enum"], "other"])
    if schema.get("type") == "integer":
        return chance.choice(INTEGERS)
    name = parameter["name"]
    if name.endswith("_time"):
        return chance.choice(TIMES)
    if name == "symbols":
        return chance.choice(LISTS)
    return chance.choice(SYMBOLS if name == "symbol" else ODD)


def send(api, path, method, chance):
    """A request by chance and its answer."""
    operation = OPENAPI["paths"][path][method]
    address, query = path, []
    for parameter in map(resolved, operation.get("parameters", [])):
        if parameter["in"] == "path":
            # An empty part is another path.
            part = value_for(parameter, chance) or "x"
            address = address.replace("{%s}" % parameter["name"], urllib.parse.quote(part, safe=""))
        elif parameter["in"] == "query" and chance.random() < 0.4:
            query.append((parameter["name"], value_for(parameter, chance)))
    if chance.random() < 0.05:
        query.append((chance.choice(["unknown", "symbol", "limit"]), "1"))
    headers = {"accept": chance.choice(["application/json", "*/*", "text/html"])}
    if chance.random() < 0.3:
        headers["if-none-match"] = chance.choice(["*", '"x"', "W/", ",,"])
    return requests.get(api + address, params=query, headers=headers, timeout=20, stream=True)


@pytest.mark.parametrize("path, method", OPERATIONS)
def test_answers_by_chance_are_documented(api, path, method):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        answer = send(api, path, method, chance)
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            # It never ends: its first line will do.
            with answer:
                assert next(answer.iter_lines(chunk_size=1)).startswith(b"retry:")
            continue
        said = f"seed {seed}: {answer.request.url[:300]}: {answer.status_code} {answer.text[:300]}"
        documented = OPENAPI["paths"][path][method]["responses"]
        assert answer.status_code != 500, said
        assert str(answer.status_code) in documented, said
        if not answer.content:
            continue
        content_type = answer.headers["content-type"].split(";")[0].strip()
        pointer = pointer_to(path, method, answer.status_code, content_type)
        assert pointer, said
        if content_type.endswith("json"):
            assert problems(pointer, answer.json()) == [], said
