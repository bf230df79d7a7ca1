"""The landing pages of the libraries: there is one for each, and what they name is there."""

import re

import pytest

from manifests import ROOT

LIBRARIES = [
    "MarketCore", "MarketWire", "KafkaClient", "PostgresClient", "RedisClient", "WebSockets", "Exchanges", "ServiceKit",
]


def public_types(module):
    pattern = r"^public (?:final class|struct|enum|protocol|actor) (\w+)"
    files = sorted((ROOT / "Sources" / module).rglob("*.swift"))
    return {name for file in files for name in re.findall(pattern, file.read_text(), re.M)}


def unknown(page, known):
    return sorted(set(re.findall(r"``(\w+)``", page)) - known)


@pytest.mark.parametrize("module", LIBRARIES)
def test_the_landing_page_names_what_is_there(module):
    page = (ROOT / "Sources" / module / f"{module}.docc" / f"{module}.md").read_text()
    assert page.startswith(f"# ``{module}``\n\n")
    assert unknown(page, public_types(module) | {module}) == []
    topics = re.findall(r"^- ``(\w+)``$", page, re.M)
    assert len(topics) > 8 and len(topics) == len(set(topics))


def test_unknown_names_are_found():
    assert unknown("``Trade`` and ``Trades``", {"Trade"}) == ["Trades"]
