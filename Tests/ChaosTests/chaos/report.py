"""Results as people and programs want them: lines, a closing table, Markdown, xunit."""

import dataclasses
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, LEFT_OUT = "passed", "FAILED", "left out"


@dataclasses.dataclass
class Result:
    """What came of one case."""

    case: object
    outcome: str
    seed: int
    done: str = ""
    oracle: str = ""
    memory: str = ""
    reason: str = ""
    seconds: float = 0

    @property
    def line(self):
        says = [f"{self.case.number:>3} {self.outcome:8} {self.case.title}", f"seed {self.seed}"]
        says += [text for text in (self.done, self.oracle, self.memory and f"peak memory {self.memory}") if text]
        return " · ".join(says) + f" · {self.seconds:.1f} s" + (f"\n    {self.reason}" if self.reason else "")


def markdown(results):
    """The results as a table for docs/RELIABILITY.md."""

    def cell(text):
        return text.replace("|", "\\|").replace("\n", " ")

    lines = ["| # | fault | done | oracle | peak memory | time | result |", "|---|---|---|---|---|---|---|"]
    for result in results:
        cells = [str(result.case.number), result.case.title, result.done, result.oracle, result.memory]
        lines.append("| " + " | ".join(map(cell, [*cells, f"{result.seconds:.0f} s", result.outcome])) + " |")
    return "\n".join(lines) + "\n"


def summary(results, seconds):
    """The closing table for people."""
    lines = ["", f"{'#':>3} {'result':8} {'time':>8}  case"]
    for result in results:
        lines.append(f"{result.case.number:>3} {result.outcome:8} {result.seconds:6.1f} s  {result.case.title}")
    counts = {outcome: sum(result.outcome == outcome for result in results) for outcome in (PASSED, FAILED, LEFT_OUT)}
    lines.append("\n" + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + f", {seconds:.0f} s")
    return "\n".join(lines)


def xunit(results):
    """The results as scripts/test counts them."""
    suite = ElementTree.Element("testsuite", name="chaos", tests=str(len(results)))
    for result in results:
        element = ElementTree.SubElement(
            suite, "testcase", classname="chaos", name=f"{result.case.number} {result.case.title}",
            time=f"{result.seconds:.3f}",
        )  # fmt: skip
        if result.outcome == FAILED:
            ElementTree.SubElement(element, "failure", message=f"seed {result.seed}: {result.reason}")
        elif result.outcome == LEFT_OUT:
            ElementTree.SubElement(element, "skipped", message=result.reason)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)
