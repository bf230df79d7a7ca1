"""What a code host reads: workflows, templates, the development container."""

import json
import re

import yaml

from manifests import ROOT

GITHUB = ROOT / ".github"


def workflow():
    return yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text())


def steps():
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def test_the_workflow_calls_what_is_there():
    commands = "\n".join(step.get("run", "") for step in steps())
    called = set(re.findall(r"(?:\.ci|scripts|deploy)/[\w/.-]+|docker-compose[\w.]*\.yml", commands))
    assert {".ci/run", "scripts/setup", "scripts/sanitize", "deploy/docker/Dockerfile"} <= called
    assert [path for path in sorted(called) if not (ROOT / path).exists()] == []
    targets = re.findall(r"swift build --target (\w+)", commands)
    assert targets and [target for target in targets if not (ROOT / "Sources" / target).is_dir()] == []


def test_the_workflow_may_only_read_and_ends():
    assert workflow()["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow()["jobs"].values())
    for step in steps():
        assert "uses" not in step or re.fullmatch(r"[\w/-]+@v\d+", step["uses"])
        # A value from outside in a shell's line would be run.
        assert "github.event" not in step.get("run", "")


def test_dependabot_looks_where_something_is():
    for update in yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]:
        for folder in update.get("directories", [update.get("directory")]):
            assert (ROOT / folder.strip("/")).is_dir(), folder


def test_forms_ask_something():
    for name in ("bug", "feature"):
        form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert form["name"] and form["description"] and fields
        assert len({field["id"] for field in fields}) == len(fields)
        assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_development_container_is_set_up_as_the_tests_want_it():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text()
    content = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))
    image = re.search(r"SWIFT_IMAGE=docker\.io/library/(\S+)", (ROOT / "deploy" / "docker" / "Dockerfile").read_text())
    assert content["image"] == image[1]
    assert (ROOT / content["postCreateCommand"].split()[0]).exists()
