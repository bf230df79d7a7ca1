"""The server held to schemas/openapi.yaml: every path, and every refusal the contract promises."""

import csv
import io
import time

import pytest
import requests
import yaml

from contracts import OPENAPI, pointer_to, problems

# Path, query, status.
ANSWERS = [
    ("/price", {}, 200),
    ("/price", {"symbol": "BTCUSDT"}, 200),
    ("/candles", {}, 200),
    ("/candles", {"symbol": "BTCUSDT", "interval": "10s", "limit": "1"}, 200),
    ("/candles", {"include_open": "true"}, 200),
    ("/candles", {"start": "0", "end": "10"}, 200),
    ("/candles", {"fill": "previous", "order": "desc", "limit": "3"}, 200),
    ("/candles", {"fill": "previous", "include_open": "true", "limit": "500"}, 200),
    ("/candles/last", {}, 200),
    ("/price", {"symbols": "BTCUSDT"}, 200),
    ("/prices", {}, 200),
    ("/summary", {}, 200),
    ("/api/pairs/", {}, 200),
    ("/api/history/summary/", {}, 200),
    ("/config", {}, 200),
    ("/current-candle", {"interval": "1m"}, 200),
    ("/trades/recent", {"limit": "5"}, 200),
    ("/symbols", {}, 200),
    ("/", {}, 200),
    ("/health", {}, 200),
    ("/ready", {}, 200),
    ("/version", {}, 200),
    ("/system", {}, 200),
]
REFUSALS = [
    ("/candles", {"limit": "0"}, 400),
    ("/candles", {"limit": "1001"}, 400),
    ("/candles", {"limit": "abc"}, 400),
    ("/candles", {"start": "20", "end": "10"}, 400),
    ("/candles", {"interval": "7s"}, 400),
    ("/candles", {"symbol": "BTC USDT!"}, 400),
    ("/candles", {"symbol": ""}, 400),
    ("/candles", {"unknown": "1"}, 400),
    ("/candles", {"symbol": "NOBODYFOLLOWS"}, 404),
    ("/price", {"symbol": "NOBODYFOLLOWS"}, 404),
    ("/price", {"symbol": "a" * 33}, 400),
    ("/price", {"limit": "1"}, 400),
    ("/current-candle", {"interval": "1y"}, 400),
    ("/candles", {"fill": "zero"}, 400),
    ("/candles", {"order": "random"}, 400),
    ("/candles", {"format": "xlsx"}, 400),
    ("/candles/last", {"symbol": "NOBODYFOLLOWS"}, 404),
    ("/trades/recent", {"limit": "1001"}, 400),
    ("/price", {"symbols": "BTCUSDT", "symbol": "BTCUSDT"}, 400),
    ("/summary", {"symbols": "NOBODYFOLLOWS"}, 404),
    ("/system", {"token": "1"}, 400),
]


# Pattern, path, query, status.
PATTERNS = [
    ("/api/pairs/{id}/", "/api/pairs/1/", {}, 200),
    ("/api/pairs/{id}/", "/api/pairs/999999/", {}, 404),
    ("/api/pairs/{id}/latest_price/", "/api/pairs/1/latest_price/", {}, 200),
    ("/api/history/{symbol}/", "/api/history/btcusdt/", {}, 200),
    ("/api/history/{symbol}/", "/api/history/btcusdt/", {"limit": "0"}, 400),
    ("/api/history/{symbol}/", "/api/history/btcusdt/", {"start_time": "yesterday"}, 400),
    ("/api/history/{symbol}/", "/api/history/nobodyfollows/", {}, 404),
    ("/ws/crypto/{symbol}/", "/ws/crypto/btcusdt/", {}, 426),
    ("/ws/crypto/{symbol}/", "/ws/crypto/nobodyfollows/", {}, 404),
]


def check(api, path, query, status, pattern=None):
    answer = requests.get(api + path, params=query, timeout=10, headers={"accept": "application/json"})
    assert answer.status_code == status, answer.text
    content_type = answer.headers["content-type"].split(";")[0].strip()
    pointer = pointer_to(pattern or path, "get", status, content_type)
    assert pointer, f"{path} {status} {content_type} is not documented"
    assert problems(pointer, answer.json()) == []
    return answer.json()


@pytest.mark.parametrize("path, query, status", ANSWERS)
def test_answers(api, path, query, status):
    check(api, path, query, status)


@pytest.mark.parametrize("path, query, status", REFUSALS)
def test_refusals_say_what_is_wrong(api, path, query, status):
    body = check(api, path, query, status)
    assert len(body["detail"].split()) >= 4, body


@pytest.mark.parametrize("pattern, path, query, status", PATTERNS)
def test_paths_with_parts(api, pattern, path, query, status):
    check(api, path, query, status, pattern)


def test_the_document_is_served(api):
    answer = requests.get(f"{api}/openapi.yaml", timeout=10)
    assert yaml.safe_load(answer.content) == OPENAPI


def test_csv_has_the_same_figures(api):
    query = {"limit": "20", "end": str(int(time.time()) // 10 * 10 - 60)}
    rows = requests.get(f"{api}/candles", params=query, timeout=10).json()["candles"]
    answer = requests.get(f"{api}/candles", params={**query, "format": "csv"}, timeout=10)
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["close"] for row in table] == [row["close"] for row in rows]
    assert {key for row in table for key in row} == {key for row in rows for key in row}


def test_a_known_body_is_not_sent_again(api):
    for path in ["/candles?end=1", "/openapi.yaml", "/docs"]:
        first = requests.get(api + path, timeout=10)
        again = requests.get(api + path, timeout=10, headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304 and not again.content, path


def test_every_documented_path_answers(api):
    for path, methods in OPENAPI["paths"].items():
        for method in methods:
            if "{" in path:
                continue
            # One of them never ends.
            with requests.request(method, api + path, timeout=10, stream=True) as answer:
                status = answer.status_code
            assert str(status) in methods[method]["responses"], f"{method} {path}: {status}"


def test_pages_join_without_a_gap_or_a_double(api):
    pages, query = [], {"limit": "1", "start": "0"}
    for _ in range(3):
        body = requests.get(f"{api}/candles", params=query, timeout=10).json()
        pages += [candle["window_start"] for candle in body["candles"]]
        if not body["next_cursor"]:
            break
        query = {**query, "cursor": body["next_cursor"]}
    together = requests.get(f"{api}/candles", params={"limit": "3", "start": "0"}, timeout=10).json()["candles"]
    assert pages == [candle["window_start"] for candle in together]
