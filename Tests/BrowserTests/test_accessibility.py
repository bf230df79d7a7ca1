"""Every page without a violation of axe-core's rules: dark, light, on a desk and on a phone."""

import pytest
from selenium.webdriver.common.by import By

from accessibility import assert_accessible, require_axe, violations
from conftest import wait_for

SIZES = {"desktop": (1440, 960), "phone": (390, 844)}


@pytest.fixture(autouse=True)
def axe():
    require_axe()


@pytest.fixture()
def show(browser):
    """Sets theme and size of the window; both are as before afterwards."""

    def show(theme, size):
        width, height = SIZES[size]
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]},
        )
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"},
        )

    yield show
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_dashboard(page, browser, show, theme, size):
    show(theme, size)
    page.open(f"?symbol=BTCUSDT&interval=10s&theme={theme}")
    page.wait_for_state("live", 60)
    wait_for(lambda: page.rows, 60, "the table of candles is empty")
    assert_accessible(browser, f"/dashboard, {theme}, {size}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_system_panel(browser, stack, show, theme, size):
    show(theme, size)
    browser.get(f"{stack.address}/dashboard/system?theme={theme}")
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "#symbols button"), 60, "no symbol is shown")
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "#partitions td"), 60, "no partition is shown")
    assert_accessible(browser, f"/dashboard/system, {theme}, {size}")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_documentation(browser, stack, show, theme):
    show(theme, "desktop")
    browser.get(stack.address + "/docs")
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "section.operation"), 60, "no operation is shown")
    for details in browser.find_elements(By.CSS_SELECTOR, "#getCandles details"):
        details.click()
    assert_accessible(browser, f"/docs, {theme}")


def test_a_fault_would_be_found(browser, stack):
    """Without this, a scanner that looks at nothing would pass."""
    browser.get(stack.address + "/docs")
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "section.operation"), 60, "no operation is shown")
    browser.execute_script("document.querySelector('h1').after(document.createElement('button'))")
    assert any(found.startswith("button-name") for found in violations(browser))
