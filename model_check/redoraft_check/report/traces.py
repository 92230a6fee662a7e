"""The verdicts on traces, for people and for programs.

A trace may come from anywhere and hold anything: what is quoted from it is escaped, so that it can neither
forge a line of the report nor drive a terminal, and the XML and JSON stay well-formed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

from redoraft_check.report.explanation import explanation_json, explanation_lines
from redoraft_check.validate.verdict import Status, Verdict

LONGEST: Final = 2_000
"""Characters of a reason or an event that are shown."""


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """One line a trace; for a refused one also the event and the last good state, indented."""
    return "\n".join(_plain(line) for verdict in verdicts for line in _lines(verdict))


def verdicts_json(verdicts: Sequence[Verdict]) -> list[dict[str, object]]:
    """One object a trace; absent values are left out."""
    return [
        {
            key: value
            for key, value in {
                "path": str(verdict.path),
                "verdict": verdict.status.value,
                "exit_code": int(verdict.exit_code),
                "events": verdict.events,
                "line": verdict.line,
                "reason": verdict.reason or None,
                "event": verdict.event,
                "last_good": dict(verdict.last_good) or None,
                "torn_line": verdict.torn,
                "largest_frontier": verdict.largest_frontier,
                "explanation": explanation_json(verdict.explanation),
            }.items()
            if value is not None
        }
        for verdict in verdicts
    ]


def json_text(verdicts: Sequence[Verdict]) -> str:
    """`verdicts_json` as text."""
    return printable(verdicts_json(verdicts))


def printable(value: object) -> str:
    """JSON as text; names of files that are no UTF-8 become JSON escapes."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def verdicts_junit(verdicts: Sequence[Verdict]) -> str:
    """JUnit XML: a refused trace is a failure, anything else that is not accepted an error."""
    kinds = [_KINDS.get(verdict.status, "error") for verdict in verdicts]
    suite = ET.Element(
        "testsuite",
        name="redoraft validate",
        tests=str(len(verdicts)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
    )
    for verdict, kind in zip(verdicts, kinds, strict=True):
        case = ET.SubElement(suite, "testcase", classname="trace", name=_plain(str(verdict.path)))
        if kind:
            message = _plain(f"{verdict.place}: {verdict.reason}")
            found = ET.SubElement(case, kind, type=verdict.status.value, message=message)
            found.text = "\n".join(_plain(line) for line in _lines(verdict))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


_KINDS = {Status.ACCEPTED: "", Status.REFUSED: "failure"}


def _lines(verdict: Verdict) -> list[str]:
    detail, several = verdict.reason, _several(verdict)
    if verdict.status is Status.ACCEPTED:
        detail = ", ".join(part for part in (f"{verdict.events} events", verdict.reason, several) if part)
    lines = [f"{verdict.place}: {verdict.status.value}: {detail}"]
    if verdict.torn is not None:
        lines.append(f"{verdict.path}:{verdict.torn}: torn last line left out (a killed process leaves one)")
    if verdict.event is not None:
        lines.append(f"    event      {verdict.event}")
    if several and verdict.status is not Status.ACCEPTED:
        lines.append(f"    frontier   {several}")
    if verdict.explanation is not None:
        return [*lines, *explanation_lines(verdict.explanation)]
    lines.extend(
        f"    {'last good' if i == 0 else '':<10} {node}: " + ", ".join(f"{k} {v}" for k, v in state.items())
        for i, (node, state) in enumerate(verdict.last_good)
    )
    return lines


def _several(verdict: Verdict) -> str:
    """How many states were possible at once, where the trace left that open."""
    most = verdict.largest_frontier or 1
    return f"at most {most:,} states possible at once" if most > 1 else ""


def _plain(line: str) -> str:
    """One printable line, not too long."""
    cut = line if len(line) <= LONGEST else line[:LONGEST] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
