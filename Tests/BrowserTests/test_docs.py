"""The page /docs: every operation of openapi.yaml is on it, and it keeps to its policy."""

import pathlib

import yaml
from selenium.webdriver.common.by import By

from conftest import wait_for

OPENAPI = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "schemas" / "openapi.yaml").read_text())


def test_every_operation_is_shown(browser, stack):
    browser.get(stack.address + "/docs")
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "section.operation"), 60, lambda: browser.page_source)
    shown = {section.get_attribute("id") for section in browser.find_elements(By.CSS_SELECTOR, "section.operation")}
    assert shown == {operation["operationId"] for path in OPENAPI["paths"].values() for operation in path.values()}
    candles = browser.find_element(By.ID, "getCandles")
    assert "GET /candles" in candles.text.replace("get", "GET")
    for parameter in ("include_open", "fill", "cursor"):
        assert parameter in candles.text
    problems = [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert not problems, problems
