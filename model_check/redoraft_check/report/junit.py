"""Runs as JUnit XML, for CI systems that show it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from redoraft_check.report.story import story_text, tell
from redoraft_check.tlc.gate import Status
from redoraft_check.tlc.session import ModelRun

# Only what was not judged is an error; what was judged and is wrong is a failure.
_ELEMENTS = {
    Status.VIOLATED: "failure",
    Status.DISAGREES: "failure",
    Status.BROKEN: "error",
    Status.UNKNOWN: "error",
    Status.NOTHING: "error",
}


def junit_xml(runs: Sequence[ModelRun], name: str = "redoraft check") -> str:
    """The runs as one test suite; times in seconds."""
    kinds = [_ELEMENTS.get(run.verdict.status) for run in runs]
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(runs)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        time=f"{sum(run.seconds for run in runs):.3f}",
    )
    for run, kind in zip(runs, kinds, strict=True):
        case = ET.SubElement(
            suite,
            "testcase",
            classname=run.task.job.module.stem,
            name=run.task.name,
            time=f"{run.seconds:.3f}",
        )
        if kind is not None:
            message = "; ".join(run.verdict.reasons)
            ET.SubElement(case, kind, type=run.verdict.status.value, message=message).text = _body(run)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _body(run: ModelRun) -> str:
    story = tell(run.result, run.task.config.constants) if run.result is not None else None
    return "\n".join([*run.verdict.reasons, *([story_text(story)] if story else [])])
