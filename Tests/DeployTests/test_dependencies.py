"""docs/DEPENDENCIES.md names everything the project takes from others, with version and licence."""

import json
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text(path):
    return (ROOT / path).read_text()


def rows(page=None):
    """{name: the row's other cells}; a row may name several."""
    found = {}
    for line in (page or text("docs/DEPENDENCIES.md")).splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            for name in re.findall(r"`([^`]+)`", cells[0]):
                assert name not in found, f"{name} stands there twice"
                found[name] = cells[1:]
    return found


def swift_packages(manifest=None):
    """{package: the oldest version}."""
    pattern = r'\.package\(\s*url: "[^"]*/([^"/]+?)(?:\.git)?",\s*from: "([^"]+)"'
    manifest = manifest or text("Package.swift")
    found = dict(re.findall(pattern, manifest))
    assert len(found) == manifest.count(".package(url:") and found, "a package is named in another way"
    return found


def pins():
    """{name of the pin: its version}."""
    return dict(re.findall(r"^([A-Z_]+)_VERSION=([^\s$]+)$", text("scripts/lib/pins.sh"), re.M))


def system_packages():
    packages = text("scripts/lib/packages.sh")
    lists = re.findall(r"^[A-Z]+_PACKAGES=\(([^)]*)\)", packages, re.M)
    assert len(lists) == 3
    return {name for names in lists for name in names.split()} | {
        name for names in re.findall(r'set -- "\$@" ([a-z0-9 -]+)', packages) for name in names.split()}


def python_packages():
    return dict(re.findall(r"^([A-Za-z0-9]+)(?:\[\w+\])?==(\S+)$", text("scripts/lib/test-requirements.txt"), re.M))


def npm_packages():
    return {name: version for file in sorted(ROOT.glob("Tests/*/node/package.json"))
            for name, version in json.loads(file.read_text())["dependencies"].items()}


def missing(wanted, page_rows):
    """What has no row, or one with another version or without a licence."""
    for name, version in wanted.items():
        cells = page_rows.get(name)
        if not cells:
            yield f"{name} has no row"
        elif version and cells[0] != version:
            yield f"{name} is {version}, its row says {cells[0]}"
        elif not re.search(r"[A-Za-z]", cells[1 if re.match(r"[`\d]", cells[0]) else 0]):
            yield f"{name} has no licence"


WANTED = {
    "Swift packages": swift_packages,
    "pins": pins,
    "system packages": lambda: dict.fromkeys(system_packages()),
    "Python packages": python_packages,
    "npm packages": npm_packages,
}


@pytest.mark.parametrize("kind", WANTED)
def test_each_has_its_row(kind):
    wanted = WANTED[kind]()
    assert wanted
    assert list(missing(wanted, rows())) == []


def test_what_the_packages_bring_along_has_its_row():
    file = ROOT / "Package.resolved"
    if not file.exists():
        pytest.skip("no Package.resolved: nothing was built here yet")
    wanted = {pin["identity"]: None for pin in json.loads(file.read_text())["pins"]}
    assert list(missing(wanted, rows())) == []


def test_no_swift_package_has_a_row_for_nothing():
    page = text("docs/DEPENDENCIES.md")
    table = page[page.index("## Swift packages"):page.index("What these bring along")]
    assert rows(table).keys() == swift_packages().keys()


def test_images_have_their_row():
    named = set(re.findall(r"`(docker\.io/[^`]+)`", text("docs/DEPENDENCIES.md")))
    used = {re.search(r"SWIFT_IMAGE=(\S+)", text("deploy/docker/Dockerfile"))[1]}
    for file in ROOT.glob("docker-compose*.yml"):
        services = yaml.safe_load(file.read_text())["services"].values()
        used |= {service["image"] for service in services if "docker.io/" in service.get("image", "")}
    assert named == used


def test_what_is_missing_is_found():
    page = rows("| `a`, `b` | MIT | x |\n| `c` | 1.0 | | x |\n| `d` | 1.0 | MIT | |")
    assert list(missing({"a": None, "b": None, "d": "1.0"}, page)) == []
    assert list(missing({"c": "1.0", "d": "1.1", "e": None}, page)) == [
        "c has no licence", "d is 1.1, its row says 1.0", "e has no row"]
    added = swift_packages('.package(url: "https://example.org/swift-new.git", from: "1.0.0"),')
    assert list(missing(added, rows())) == ["swift-new has no row"]
