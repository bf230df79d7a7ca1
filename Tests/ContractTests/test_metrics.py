"""What the services answer at /metrics, docs/METRICS.md, the alerts and the dashboard: held to one another."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import requests
import yaml

from conftest import variable

ROOT = pathlib.Path(__file__).resolve().parents[2]

SERVICES = {
    "market-producer": "PRODUCER_METRICS_PORT",
    "trade-processor": "PROCESSOR_METRICS_PORT",
    "market-api": "API_PORT",
    "exchange-simulator": "SIMULATOR_PORT",
}
PROMETHEUS = ROOT / "deploy" / "prometheus"
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")


def documented(service):
    """{name: (type, labels)} of the tables for every service and for this one."""
    found, title = {}, None
    for line in (ROOT / "docs" / "METRICS.md").read_text().splitlines():
        if line.startswith("## "):
            title = line[3:]
        row = re.match(r"\| `([a-z_]+)` \| (\w+) \| [a-z ]+ \| (.*?) ?\| ", line)
        if row and title in ("Every service", service):
            found[row[1]] = (row[2], frozenset(re.findall(r"`(\w+)`", row[3])))
    return found


def exposition(service):
    answer = requests.get(f"http://127.0.0.1:{variable(SERVICES[service])}/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def answered(text):
    """{name: type} of the heads, [(name of the metric, names of labels)] of the samples."""
    types, samples = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.M)), []
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", text, re.M):
        names = set(re.findall(r'(\w+)="', labels))
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if types.get(base) == "histogram":
            name, names = base, names - {"le"}
        samples.append((name, frozenset(names)))
    return types, samples


@pytest.mark.parametrize("service", SERVICES)
def test_the_page_and_the_service_say_the_same(service, api):
    expected = documented(service)
    types, samples = answered(exposition(service))
    assert types == {name: kind for name, (kind, _) in expected.items()}
    assert samples
    for name, labels in samples:
        assert labels == expected[name][1], f"{name}{set(labels)}"


@pytest.mark.parametrize("service", SERVICES)
def test_counters_move_and_the_process_is_measured(service, api):
    values = dict(re.findall(r"^(process_[a-z_]+) (\S+)$", exposition(service), re.M))
    pids = f"{variable('STACK_DIR')}/pid/{service}.pid"
    pid = int(open(pids).read().split()[0])
    status = open(f"/proc/{pid}/status").read()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024
    assert float(values["process_resident_memory_bytes"]) == pytest.approx(resident, rel=0.3)
    assert float(values["process_threads"]) == pytest.approx(int(re.search(r"Threads:\s+(\d+)", status)[1]), abs=10)
    assert float(values["process_open_fds"]) == pytest.approx(len(os.listdir(f"/proc/{pid}/fd")), abs=20)
    assert float(values["process_cpu_seconds_total"]) > 0


@needs_promtool
@pytest.mark.parametrize("service", SERVICES)
def test_promtool_finds_nothing_to_say(service, api):
    check = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition(service), capture_output=True, text=True, timeout=60
    )
    assert (check.returncode, check.stdout + check.stderr) == (0, "")


@needs_promtool
def test_the_alerts_pass_their_tests():
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]):
        check = subprocess.run(["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60)
        assert check.returncode == 0, check.stdout + check.stderr


def expressions():
    """Of alerts and of the dashboard, by where they stand."""
    rules = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    board = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "market-stream.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def test_alerts_and_dashboard_ask_for_metrics_that_there_are():
    known = {name: kind for service in SERVICES for name, (kind, _) in documented(service).items()}
    known |= {"up": "gauge", "ALERTS": "gauge"}
    found = list(expressions())
    assert len(found) > 40
    for place, expression in found:
        # Without what stands in quotes, braces of labels, ranges, and groupings.
        bare = re.sub(r'\{[^}]*\}|\[[^]]*\]|\b(by|on|ignoring) \([^)]*\)', "", expression)
        for name in re.findall(r"\b[A-Za-z][A-Za-z_]+\b(?!\s*\()", bare):
            if name in ("and", "or", "unless"):
                continue
            base = re.sub(r"_bucket$", "", name)
            assert name in known or known.get(base) == "histogram", f"{place}: {name}"


def test_every_alert_has_a_chapter_for_the_one_who_is_woken():
    chapters = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "OPERATIONS.md").read_text(), re.M)
    anchors = {re.sub(r"[^a-z0-9 -]", "", chapter.lower()).replace(" ", "-") for chapter in chapters}
    rules = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page == "docs/OPERATIONS.md" and anchor in anchors, rule["alert"]
