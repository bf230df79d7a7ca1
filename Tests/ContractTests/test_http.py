"""The server held to schemas/openapi.yaml: every path, and every refusal the contract promises."""

import pytest
import requests

from contracts import OPENAPI, pointer_to, problems

# Path, query, status.
ANSWERS = [
    ("/price", {}, 200),
    ("/price", {"symbol": "BTCUSDT"}, 200),
    ("/candles", {}, 200),
    ("/candles", {"symbol": "BTCUSDT", "interval": "10s", "limit": "1"}, 200),
    ("/candles", {"include_open": "true"}, 200),
    ("/candles", {"start": "0", "end": "10"}, 200),
    ("/current-candle", {"interval": "1m"}, 200),
    ("/trades/recent", {"limit": "5"}, 200),
    ("/symbols", {}, 200),
    ("/", {}, 200),
    ("/health", {}, 200),
    ("/ready", {}, 200),
    ("/version", {}, 200),
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
]


def check(api, path, query, status):
    answer = requests.get(api + path, params=query, timeout=10, headers={"accept": "application/json"})
    assert answer.status_code == status, answer.text
    content_type = answer.headers["content-type"].split(";")[0].strip()
    pointer = pointer_to(path, "get", status, content_type)
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


def test_every_documented_path_answers(api):
    for path, methods in OPENAPI["paths"].items():
        for method in methods:
            if "{" in path:
                continue
            status = requests.request(method, api + path, timeout=10).status_code
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
