"""Pictures of the pages in headless Chromium: see scripts/screenshots."""

import base64
import pathlib
import sys
import time

import requests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

# Name: path and query, width, height, pixels a point, and what must be true of the page before it is taken.
SHOWN = "return document.body.dataset.state === 'live' && !!document.body.dataset.loaded"
PICTURES = {
    "dashboard": ("/dashboard?symbol=BTCUSDT&interval=10s", 1440, 900, 1, SHOWN),
    "light": ("/dashboard?symbol=ETHUSDT&interval=10s&theme=light", 1440, 900, 1, SHOWN),
    "phone": ("/dashboard?symbol=BTCUSDT&interval=10s", 390, 844, 2, SHOWN),
    "charts": ("/dashboard?charts=4&symbol=BTCUSDT,ETHUSDT,SOLUSDT,BNBUSDT&interval=10s,10s,10s,1m", 1600, 1000, 1, SHOWN),
    "system": ("/dashboard/system", 1440, 1180, 1, SHOWN),
}
FILES = {"dashboard": "dashboard", "light": "dashboard-light", "phone": "dashboard-phone", "charts": "dashboard-charts",
         "system": "system"}
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--hide-scrollbars", "--force-color-profile=srgb")


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"error: after {seconds} s: {what}")
        time.sleep(0.5)


def candle_count(address):
    answer = requests.get(f"{address}/candles", params={"interval": "10s", "limit": 1000}, timeout=10)
    return len(answer.json()["candles"]) if answer.ok else 0


def take(driver, address, out, name):
    path, width, height, scale, condition = PICTURES[name]
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": scale, "mobile": name == "phone"})
    driver.get(address + path)
    wait_for(lambda: driver.execute_script(condition), 60, f"{path} is not ready")
    # Plots and tapes fill while one looks.
    time.sleep(75 if name == "system" else 8)
    picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    file = out / f"{FILES[name]}.png"
    file.write_bytes(base64.b64decode(picture))
    print(f"  {file}")


def main(address, out, minutes, only=None):
    names = [only] if only else list(PICTURES)
    if any(name not in PICTURES for name in names):
        sys.exit(f"error: no such picture: {only} (there are {', '.join(PICTURES)})")
    needed = int(minutes) * 6
    wait_for(lambda: candle_count(address) >= needed, int(minutes) * 60 + 120, "there are too few candles")
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        for name in names:
            take(driver, address, pathlib.Path(out), name)
    finally:
        driver.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
