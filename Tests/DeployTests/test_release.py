"""scripts/release: what it packs runs where it is unpacked, adds up, and is the same every time."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ["market-api", "market-producer", "marketctl", "trade-processor"]
TOOLS = [tool for tool in ("patchelf", "strip", "swift") if not shutil.which(tool)]
CHARTS = ROOT / ".deps" / "assets" / "lightweight-charts.js"

pytestmark = [
    pytest.mark.skipif(bool(TOOLS), reason=f"missing: {TOOLS}"),
    pytest.mark.skipif(not CHARTS.exists(), reason="no chart library in .deps/assets (scripts/setup fetches it)"),
]


def release(bin_folder, output, **environment):
    run = subprocess.run(
        [ROOT / "scripts" / "release", "--bin", bin_folder, "--output", output, "--quick"],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **environment},
        capture_output=True, text=True, timeout=900,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return next(output.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """(folder of the files, the archive's only folder) of a release of the built programs."""
    folder = os.environ.get("MARKET_STREAM_BIN")
    if not folder or not all((pathlib.Path(folder) / program).exists() for program in PROGRAMS):
        pytest.skip("MARKET_STREAM_BIN names no folder with all programs")
    output = tmp_path_factory.mktemp("release")
    archive = release(folder, output)
    place = tmp_path_factory.mktemp("elsewhere")
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="tar")
    root = place / archive.name.removesuffix(".tar.gz")
    assert list(place.iterdir()) == [root]
    yield output, root
    shutil.rmtree(output)
    shutil.rmtree(place)


def test_the_checksums_are_right(unpacked):
    output, _ = unpacked
    sums = dict(line.split()[::-1] for line in (output / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in output.iterdir() if file.name != "SHA256SUMS"
    }
    assert len(sums) == 2


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_run_where_they_are_unpacked(unpacked, program):
    _, root = unpacked
    clean = {"PATH": "/usr/bin:/bin"}
    # A copy of `true` would end well, too: it has to say who it is.
    help_text = subprocess.run(
        [root / "bin" / program, "--help"], env=clean, cwd="/", capture_output=True, text=True, timeout=60)
    assert help_text.returncode == 0, help_text.stderr
    assert program in help_text.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_library_is_packed_or_in_every_system(unpacked, program):
    _, root = unpacked
    base = re.compile(r"^(linux-vdso|ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util|gcc_s|stdc\+\+))\.so")
    listing = subprocess.run(["ldd", root / "bin" / program], capture_output=True, text=True, timeout=60).stdout
    assert "not found" not in listing
    elsewhere = [
        line.strip() for line in listing.splitlines()
        if str(root) not in line and not base.match(os.path.basename(line.split()[0]))
    ]
    assert elsewhere == []
    assert listing.count(str(root)) > 4


def test_nothing_tells_where_it_was_built(unpacked):
    _, root = unpacked
    for file in [*(root / "bin").iterdir(), *(root / "lib").iterdir()]:
        if file.is_file():
            headers = subprocess.run(["readelf", "-d", file], capture_output=True, text=True, timeout=60).stdout
            paths = re.findall(r"R(?:UN)?PATH.*\[(.*)\]", headers)
            assert set(paths) <= {"$ORIGIN", "$ORIGIN/../lib"}, file.name
    assert str(ROOT) not in (root / "sbom.cdx.json").read_text()


def test_the_parts_are_listed(unpacked):
    output, root = unpacked
    parts = json.loads((root / "sbom.cdx.json").read_text())
    assert json.loads(next(output.glob("*.cdx.json")).read_text()) == parts
    assert (parts["bomFormat"], parts["specVersion"]) == ("CycloneDX", "1.5")
    assert parts["metadata"]["component"]["version"] in root.name
    components = {component["bom-ref"]: component for component in parts["components"]}
    assert len(components) == len(parts["components"])
    direct = set(re.findall(r'package\(url: "[^"]*/([^"/]+?)(?:\.git)?"', (ROOT / "Package.swift").read_text()))
    assert direct and direct <= components.keys()
    for name in direct:
        assert components[name]["version"] and components[name]["licenses"]
    packed = {file.name: file for file in (root / "lib").iterdir()}
    assert {reference.removeprefix("lib/") for reference in components if reference.startswith("lib/")} == packed.keys()
    for name, file in packed.items():
        assert components[f"lib/{name}"]["hashes"][0]["content"] == hashlib.sha256(file.read_bytes()).hexdigest()
    for dependency in parts["dependencies"]:
        assert set(dependency["dependsOn"]) <= components.keys()


def test_what_else_is_in_it(unpacked):
    _, root = unpacked
    for path in ("LICENSE", "README.md", "CHANGELOG.md", "deploy/kubernetes/base/kustomization.yaml",
                 "docs/OPERATIONS.md", "share/market-stream/lightweight-charts.js", "schemas/openapi.yaml"):
        assert (root / path).is_file(), path
    assert not (root / ".env").exists() and not list(root.rglob("*.swift"))


def test_the_same_programs_give_the_same_bytes(tmp_path):
    """With small programs of the system: what is compared is the packing."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in PROGRAMS:
        shutil.copy(shutil.which("sort"), programs / program)
    first = release(programs, tmp_path / "first")
    for file in programs.iterdir():
        os.utime(file, (1, 1))
    second = release(programs, tmp_path / "second", TZ="Asia/Tokyo")
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as tar:
        members = tar.getmembers()
    assert {member.mtime for member in members} == {1700000000}
    assert {(member.uid, member.gid, member.uname) for member in members} == {(0, 0, "")}
    assert [member.name for member in members] == sorted(
        (member.name for member in members), key=lambda name: name.split("/"))


def test_it_says_what_is_missing(tmp_path):
    run = subprocess.run(
        [ROOT / "scripts" / "release", "--bin", tmp_path, "--output", tmp_path / "out"],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}, capture_output=True, text=True, timeout=60,
    )
    assert run.returncode == 1
    assert f"{tmp_path}/market-api is not there" in run.stderr
    assert not (tmp_path / "out").exists()
