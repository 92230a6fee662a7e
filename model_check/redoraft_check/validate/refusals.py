"""Where the oracle refuses a trace, with the states that were possible before: what `explain` starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve

from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.spec import Spec
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.explain import Refusal, TraceExplainer
from redoraft_check.validate.explanation import Explanation
from redoraft_check.validate.mapping import VARS, load_mapping
from redoraft_check.validate.oracle_engine import (
    BEFORE,
    MAX_FRONTIER,
    FrontierFull,
    Judged,
    closure,
    judge,
    load_trace_spec,
    steps_before,
)
from redoraft_check.validate.prepare import Prepared, prepare
from redoraft_check.validate.projection import ABSENT, ABSENT_NAME, SpecEvent
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, SeqGapError
from redoraft_traces.sequence import NodeSequences

LED_HERE: Final = 5
"""Events before the refused one that are shown."""


def explained(
    verdicts: Sequence[Verdict], spec: Path, tools: Callable[[], Tools] = find_tools
) -> list[Verdict]:
    """The same verdicts, each refusal with its explanation, whoever refused it.

    The oracle judges a refused trace once more; where it refuses another event, the explanation says no more.
    Raises `OutsideSubset` (20) and `CliError` (65).
    """
    mapping = load_mapping(spec)
    explainer = TraceExplainer(spec, tools)
    return [
        evolve(one, explanation=_explanation(one, explainer, prepare(one.path, mapping)))
        if one.status is Status.REFUSED
        else one
        for one in verdicts
    ]


def _explanation(verdict: Verdict, explainer: TraceExplainer, one: Prepared | Verdict) -> Explanation:
    if isinstance(one, Verdict):
        return Explanation(0, note=f"the file is another one now: {one.reason}")
    try:
        [refusal] = refusals([one], explainer.spec, explainer.tools)
        if refusal is None:
            return Explanation(len(one.events), note="the oracle accepts this trace")
        if refusal.line != verdict.line:
            return Explanation(refusal.accepted, note=f"the oracle refuses line {refusal.line} instead")
        return explainer.explain(refusal)
    except FrontierFull:
        return Explanation(0, note=f"more than {MAX_FRONTIER:,} states are possible at once: bound hit")
    except EvaluationError as error:
        return Explanation(0, note=error.message)


def refusals(
    group: Sequence[Prepared], spec: Path, tools: Callable[[], Tools] = find_tools
) -> list[Refusal | None]:
    """The first refused event of each run, None where there is none; the runs share their constants.

    Raises `FrontierFull`, `EvaluationError` (20), `OutsideSubset` (20) and `CliError` (65).
    """
    constants = group[0].constants
    # One event more than was projected: ImpliedCrash and HiddenStep look at the event that follows.
    runs = [[*one.spec_events, *_follower(one)] for one in group]
    compiled = load_trace_spec(spec, constants, runs, tools)
    return [_refusal(compiled, run, one) for run, one in enumerate(group, start=1)]


def _follower(one: Prepared) -> list[SpecEvent]:
    if len(one.events) == len(one.spec_events):
        return []
    event = one.events[-1]
    return [SpecEvent(event.action or ABSENT_NAME, event.node, (), (ABSENT,) * len(VARS))]


def _refusal(spec: Spec, run: int, one: Prepared) -> Refusal | None:
    hidden = bool(one.constants[2])
    judged = Judged()
    judge(spec, run, one.spec_events, judged, hidden=hidden)
    passed, frontier = judged.passed, judged.frontier
    is_projected = passed < len(one.spec_events)
    if not is_projected:
        if one.stopped is None or one.stopped.status is not Status.REFUSED:
            return None
        if hidden or one.events[passed].action in (*BEFORE, None):
            with spec.evaluating():
                frontier = closure(frontier, steps_before(spec, hidden=hidden), MAX_FRONTIER)
    first = max(0, passed - LED_HERE)
    return Refusal(
        mapping=one.mapping,
        constants=one.constants,
        line=one.lines[passed],
        event=one.events[passed],
        spec_event=one.spec_events[passed] if is_projected else None,
        frontier=frontier,
        projection=one.projected(passed),
        accepted=passed,
        nodes=tuple(one.header.nodes),
        led_here=tuple((one.lines[at], one.text(at)) for at in range(first, passed)),
        gap=not is_projected and _is_gap(one.header.nodes, one.path, one.events[: passed + 1]),
    )


def _is_gap(nodes: Sequence[str], path: Path, events: Sequence[Event]) -> bool:
    sequences = NodeSequences(nodes)
    for at, event in enumerate(events):
        try:
            sequences.accept(path, at, event)
        except SeqGapError:
            return True
    return False
