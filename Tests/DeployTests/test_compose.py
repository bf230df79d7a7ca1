"""The compose files, put together as compose does, and scripts/secrets."""

import os
import pathlib
import re
import stat
import subprocess

import pytest
import yaml

import manifests
from manifests import ROOT

FILES = sorted(ROOT.glob("docker-compose*.yml"))


def services():
    """{(file, service): content}."""
    return {(file.name, name): content for file in FILES
            for name, content in yaml.safe_load(file.read_text())["services"].items()}


def merged():
    """{service: content} of all files together."""
    found = {}
    for (_, name), content in services().items():
        own = found.setdefault(name, {})
        for key, value in content.items():
            own[key] = {**own.get(key, {}), **value} if isinstance(value, dict) else value
    return found


def secrets(*options):
    return subprocess.run([ROOT / "scripts" / "secrets", *options], capture_output=True, text=True, timeout=60)


def test_only_loopback_is_published():
    published = [port for content in services().values() for port in content.get("ports", [])]
    assert len(published) >= 3
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_every_image_has_a_version():
    for name, content in merged().items():
        tag = content["image"].rpartition("/")[2].partition(":")[2]
        assert tag and (tag != "latest" or "build" in content), name


def test_our_services_may_do_nothing_but_serve():
    ours = {name: content for name, content in merged().items() if content["image"].startswith("market-stream:")}
    assert len(ours) == 4
    for name, content in ours.items():
        assert content["read_only"] and content["cap_drop"] == ["ALL"], name
        assert content["security_opt"] == ["no-new-privileges:true"], name
        # The image has no shell.
        assert content["command"] == [name] and content["healthcheck"]["test"] == ["CMD", name, "healthcheck"]


def test_every_setting_is_known():
    known = manifests.known_settings()
    for name, content in merged().items():
        if content["image"].startswith("market-stream:"):
            assert set(content["environment"]) - known == set(), name


def test_every_password_is_one_that_is_made(tmp_path):
    made = secrets("--file", str(tmp_path / ".env"))
    assert made.returncode == 0, made.stderr
    keys = set(re.findall(r"^(\w+)=", (tmp_path / ".env").read_text(), re.M))
    wanted = {key for file in FILES for key in re.findall(r"\$\{(\w*(?:PASSWORD|API_TOKEN)):", file.read_text())}
    assert wanted == keys


def test_a_password_that_everybody_knows_opens_nothing_to_others():
    known = [name for name, content in merged().items() if re.search(r"PASSWORD:-\w+\}", str(content))]
    assert {"postgres", "redis"} <= set(known)
    for name, content in merged().items():
        if name in ("postgres", "redis"):
            assert "ports" not in content and "network_mode" not in content, name
        elif "ports" in content:
            # A page that asks for a password has one of its own, or does not start.
            settings = content.get("environment", {})
            assert not any(key.endswith("PASSWORD") and ":-" in value for key, value in settings.items()), name


def test_secrets_are_ones(tmp_path):
    file = tmp_path / "some.env"
    file.write_text("SYMBOLS=BTCUSDT\nREDIS_PASSWORD = mine\n#API_TOKEN=x\nLOG_LEVEL=debug")
    file.chmod(0o644)
    said = secrets("--file", str(file))
    assert said.returncode == 0, said.stderr
    text = file.read_text()
    assert text.startswith("SYMBOLS=BTCUSDT\nREDIS_PASSWORD = mine\n#API_TOKEN=x\nLOG_LEVEL=debug\n")
    values = dict(re.findall(r"^(\w+)=(\w{32})$", text, re.M))
    assert values.keys() == {"POSTGRES_PASSWORD", "API_TOKEN", "GRAFANA_PASSWORD"}
    assert len(set(values.values())) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(value in said.stdout + said.stderr for value in values.values())
    again = secrets("--file", str(file))
    assert (again.returncode, again.stdout, file.read_text()) == (0, "", text)


def test_secrets_stay_out_of_git():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    for path in (".env", "deploy/kubernetes/overlays/dev/secrets.env"):
        run = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "check-ignore", "-q", path], cwd=ROOT, timeout=60)
        assert run.returncode == 0, path


def test_wrong_command_lines_are_refused():
    for options in (["--kubernetes", "No Name"], ["--kubernetes"], ["--unknown"]):
        run = secrets(*options)
        assert (run.returncode, run.stdout) == (64, ""), options


def test_the_image_is_made_of_what_is_there():
    """Every COPY from the builder's context names what exists, and the last stage has nothing but the root that was
    collected."""
    text = (ROOT / "deploy" / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M):
        for path in line.split()[:-1]:
            assert (ROOT / path).exists(), path
    last = text[text.rindex("\nFROM "):]
    assert last.startswith("\nFROM scratch\n") and "RUN" not in last
    assert "USER 10001:10001" in last


def test_the_collected_root_runs_alone(tmp_path):
    """rootfs.sh with a program of the system: it runs with that root, which has no shell."""
    if os.geteuid() != 0:
        pytest.skip("chroot wants root")
    folder, root = tmp_path / "out", tmp_path / "root"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    pathlib.Path(folder / "bin" / "sorter").write_bytes(pathlib.Path("/usr/bin/sort").read_bytes())
    (folder / "bin" / "sorter").chmod(0o755)
    subprocess.run([ROOT / "scripts" / "lib" / "rootfs.sh", folder, root], check=True, timeout=60)
    run = subprocess.run(
        ["chroot", "--userspec=10001:10001", root, "/app/bin/sorter"], input="b\na\n", capture_output=True, text=True,
        timeout=60)
    assert (run.returncode, run.stdout) == (0, "a\nb\n"), run.stderr
    assert (root / "etc" / "ssl" / "certs" / "ca-certificates.crt").stat().st_size > 100_000
    assert not [file for file in root.rglob("*") if file.name in ("sh", "bash", "dash", "busybox")]
    assert not (root / "etc" / "ssl" / "private").exists()
