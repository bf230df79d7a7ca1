"""Pages of docs/ as something that runs: the commands of a section, exactly as they stand there."""

import os
import re
import subprocess

from .kafkalog import ROOT

PAGE = ROOT / "docs" / "OPERATIONS.md"


def commands(section, page=PAGE, language="sh"):
    """The blocks of a language in a section (its heading without the marks), in order."""
    blocks, block, heading, is_there, is_wanted = [], None, "", False, False
    for line in page.read_text().splitlines(keepends=True):
        if line.startswith("```"):
            if block is None:
                block, is_wanted = [], heading == section and line.strip() == f"```{language}"
                continue
            if is_wanted:
                blocks.append("".join(block))
            block = None
        elif block is not None:
            block.append(line)
        elif found := re.fullmatch(r"#+ (.*)\n", line):
            heading = found[1]
            is_there = is_there or heading == section
    assert is_there, f"{page.name} has no section '{section}'"
    assert blocks, f"'{section}' has no block of {language}"
    return blocks


def run(block, folder, **environment):
    """Runs a block as one script that stops at the first failure; what it printed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], cwd=folder, env={**os.environ, **environment}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{block}\nended with {done.returncode}:\n{done.stdout}"
    return done.stdout
