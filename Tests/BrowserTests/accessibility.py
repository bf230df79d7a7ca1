"""axe-core in the page that the browser shows."""

import pathlib

import pytest

AXE = pathlib.Path(__file__).resolve().parents[2] / ".deps" / "axe" / "axe.min.js"


def require_axe():
    if not AXE.is_file():
        pytest.skip(f"no axe-core: {AXE} is not there (scripts/setup --tests)")


def violations(browser):
    """What axe-core finds in the page as it is now, one text each: rule, what it wants, where, and why.

    The script is evaluated by the debugger and not added to the page, whose policy forbids others' scripts: the page is
    looked at as its users have it.
    """
    require_axe()
    evaluate(browser, AXE.read_text(encoding="utf-8"))
    result = evaluate(browser, "axe.run(document, { resultTypes: ['violations'] })")
    assert result["passes"], "axe-core looked at nothing"
    return [describe(violation) for violation in result["violations"]]


def evaluate(browser, expression):
    answer = browser.execute_cdp_cmd(
        "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True},
    )
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")


def describe(violation):
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}"]
    for node in violation["nodes"]:
        lines.append(f"  {' '.join(str(target) for target in node['target'])}")
        lines += [f"    {line}" for line in node["failureSummary"].splitlines()]
    return "\n".join(lines)


def assert_accessible(browser, what):
    found = violations(browser)
    assert not found, f"{what}:\n" + "\n".join(found)
