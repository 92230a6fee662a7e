"""Where the oracle refuses a trace, with the states that were possible before: what `explain` starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve

from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.spec import State
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.explain import Refusal, TraceExplainer
from redoraft_check.validate.explanation import Explanation
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.oracle_engine import (
    BEFORE,
    MAX_FRONTIER,
    FrontierFull,
    Judged,
    TraceSpec,
    closure,
    judge,
    load_trace_spec,
    steps_before,
)
from redoraft_check.validate.prepare import Prepared, constants_of, prepare
from redoraft_check.validate.projection import SpecEvent
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_check.validate.words import ABSENT_NAME
from redoraft_traces import Event, SeqGapError, encode_event
from redoraft_traces.events import decode_event
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
    runs: Sequence[Prepared], spec: Path, tools: Callable[[], Tools] = find_tools
) -> list[Refusal | None]:
    """The first refused event of each run, None where there is none; the runs share their constants.

    Raises `FrontierFull`, `EvaluationError` (20), `OutsideSubset` (20) and `CliError` (65).
    """
    trace = load_trace_spec(spec, constants_of(runs[0].header), tools)
    return [_refusal(trace, one) for one in runs]


def _refusal(trace: TraceSpec, one: Prepared) -> Refusal | None:
    constants = constants_of(one.header)
    hidden = bool(constants.hidden)
    judged = Judged()
    judge(trace, one.events, judged, hidden=hidden)
    passed, refused = judged.passed, judged.refused
    if refused is not None:
        line, event, spec_event = refused
    elif (
        one.verdict.status is Status.REFUSED
        and one.verdict.line is not None
        and one.verdict.event is not None
    ):
        # It has no words in the specification; ImpliedCrash and HiddenStep look at its action and node only.
        line, event = one.verdict.line, decode_event(one.verdict.event.encode())
        spec_event = None
    else:
        return None
    before = spec_event or SpecEvent(event.action or ABSENT_NAME, event.node, (), ())
    return Refusal(
        mapping=one.mapping,
        constants=constants,
        line=line,
        event=event,
        spec_event=spec_event,
        frontier=_possible(trace, judged.frontier, before, passed + 1, hidden=hidden),
        projection=one.projected(passed),
        accepted=passed,
        nodes=tuple(one.header.nodes),
        led_here=tuple(
            (seen.line, encode_event(seen.event).decode()) for seen in one.events[:passed][-LED_HERE:]
        ),
        gap=spec_event is None and _is_gap(one, event),
    )


def _possible(
    trace: TraceSpec, frontier: list[State], event: SpecEvent, number: int, *, hidden: bool
) -> list[State]:
    """The states in which the event may be taken: also those behind a crash or hidden steps."""
    if not (hidden or event.action in BEFORE):
        return frontier
    trace.feed(event, number)
    with trace.spec.evaluating():
        return closure(frontier, steps_before(trace, hidden=hidden), MAX_FRONTIER)


def _is_gap(one: Prepared, refused: Event) -> bool:
    sequences = NodeSequences(one.header.nodes)
    for seen in one.events:
        sequences.accept(one.verdict.path, seen.line, seen.event)
    try:
        sequences.accept(one.verdict.path, 0, refused)
    except SeqGapError:
        return True
    return False
