"""The verdicts on traces, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from redoraft_check.validate.verdict import Status, Verdict


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """One line a trace; for a refused one also the event and the last good state, indented."""
    return "\n".join(line for verdict in verdicts for line in _lines(verdict))


def verdicts_json(verdicts: Sequence[Verdict]) -> list[dict[str, object]]:
    """One object a trace; absent values are left out."""
    return [
        {
            key: value
            for key, value in {
                "path": str(verdict.path),
                "verdict": verdict.status.value,
                "events": verdict.events,
                "line": verdict.line,
                "reason": verdict.reason or None,
                "event": verdict.event,
                "last_good": dict(verdict.last_good) or None,
                "torn_line": verdict.torn,
            }.items()
            if value is not None
        }
        for verdict in verdicts
    ]


def verdicts_junit(verdicts: Sequence[Verdict]) -> str:
    """JUnit XML: a refused trace is a failure, anything else that is not accepted an error."""
    refused = [verdict for verdict in verdicts if verdict.status is Status.REFUSED]
    other = [verdict for verdict in verdicts if verdict.status not in (Status.REFUSED, Status.ACCEPTED)]
    suite = ElementTree.Element(
        "testsuite",
        {"name": "redoraft validate", "tests": str(len(verdicts)), "failures": str(len(refused)), "errors": str(len(other))},
    )
    for verdict in verdicts:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "trace", "name": str(verdict.path)})
        if verdict.status is not Status.ACCEPTED:
            kind = "failure" if verdict.status is Status.REFUSED else "error"
            ElementTree.SubElement(case, kind, {"message": f"{verdict.place}: {verdict.reason}"})
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _lines(verdict: Verdict) -> list[str]:
    detail = f"{verdict.events} events" if verdict.status is Status.ACCEPTED else verdict.reason
    lines = [f"{verdict.place}: {verdict.status.value}: {detail}"]
    if verdict.torn is not None:
        lines.append(f"{verdict.path}:{verdict.torn}: torn last line left out (a killed process leaves one)")
    if verdict.event is not None:
        lines.append(f"    event      {verdict.event}")
    lines.extend(
        f"    {'last good' if i == 0 else '':<10} {node}: " + ", ".join(f"{k} {v}" for k, v in state.items())
        for i, (node, state) in enumerate(verdict.last_good)
    )
    return lines
