"""The oracle in the place of TLC: a job goes in, a `TlcResult` comes out, so that the gate judges both alike.

What the oracle does not check it never passes: with a property in the configuration that speaks of more
than initial states and steps (fairness, liveness) a search that finds no violation is UNKNOWN, and so is a
specification that it does not compile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from attrs import evolve

from redoraft_check.oracle import library
from redoraft_check.oracle.errors import EvaluationError, OutsideSubset, Place
from redoraft_check.oracle.explore import DEADLOCK, Graph, Search, Stopped
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import Value, show, to_tlc
from redoraft_check.tlc import values as tlc
from redoraft_check.tlc.config import load_config
from redoraft_check.tlc.result import (
    ActionCount,
    Counterexample,
    Counts,
    Location,
    Outcome,
    Progress,
    TlcResult,
    TraceState,
)
from redoraft_check.tlc.runner import ProgressHook, TlcJob, whose
from redoraft_check.tlc.tools import Tools, find_tools

_PROGRESS_S = 10.0
"""Seconds between two lines of progress."""


class _TimeOver(Exception):
    pass


def run_oracle(
    job: TlcJob, on_progress: ProgressHook | None = None, *, tools: Callable[[], Tools] = find_tools
) -> TlcResult:
    """Check a job's model by breadth-first search in this process.

    `tools` is asked for a Java only when SANY's answer is not cached.  Raises `CliError` (65) when module
    or configuration cannot be read, and `ToolMissing` (20) when there is no Java and no cached answer.
    """
    started = time.monotonic()
    printed: list[str] = []
    listener = partial(_note, printed)
    library.printed.append(listener)
    try:
        result = _checked(job, started, on_progress, tools)
    except OutsideSubset as error:
        result = TlcResult(Outcome.UNKNOWN, note=error.message)
    except _TimeOver:
        result = TlcResult(Outcome.UNKNOWN, note=f"the time-out of {job.timeout_s:g} s")
    finally:
        library.printed.remove(listener)
        library.registers.clear()
    if result.outcome in {Outcome.SAFETY, Outcome.LIVENESS}:
        result = evolve(result, property_name=whose(result.property_name, load_config(job.config)))
    return evolve(result, printed=tuple(printed), seconds=time.monotonic() - started, version="oracle")


def _note(printed: list[str], value: Value) -> None:
    printed.append(show(value))


def _checked(
    job: TlcJob, started: float, on_progress: ProgressHook | None, tools: Callable[[], Tools]
) -> TlcResult:
    try:
        spec = load(job.module, job.config, job.library, tools=tools)
        for place in spec.false_assumptions():
            return _error(f"the assumption at {place} is false")
    except EvaluationError as error:
        return _error(error.message)
    if not spec.has_behaviour:
        return TlcResult(Outcome.HOLDS, counts=Counts(0, 0, 0, 0, 0))
    properties = spec.properties()
    search = Search(
        spec,
        spec.invariants,
        deadlock=job.check_deadlock and spec.config.section("CHECK_DEADLOCK") != ("FALSE",),
        properties=properties,
        watch=_Watch(started, job.timeout_s, on_progress),
    )
    try:
        graph = search.run()
    except Stopped as error:
        return _stopped(spec, error)
    return _outcome(spec, graph, search.last, tuple(one.name for one in properties if one.whole))


class _Watch:
    """Reports progress and ends a search whose time is over."""

    def __init__(self, started: float, timeout_s: float | None, on_progress: ProgressHook | None) -> None:
        self._started = started
        self._timeout_s = timeout_s
        self._on_progress = on_progress
        self._next = _PROGRESS_S

    def __call__(self, graph: Graph) -> None:
        seconds = time.monotonic() - self._started
        if self._timeout_s is not None and seconds > self._timeout_s:
            raise _TimeOver
        if self._on_progress is not None and seconds > self._next:
            self._next = seconds + _PROGRESS_S
            counts = (graph.generated, len(graph.states), graph.left, graph.depth)
            self._on_progress(Progress(seconds, *counts))


def _outcome(
    spec: Spec, graph: Graph, last: tuple[int, str, State] | None, temporal: tuple[str, ...]
) -> TlcResult:
    counts, coverage = _counts(graph), _coverage(spec, graph)
    violation = graph.violation
    if violation is not None and last is not None:
        story = _counterexample(spec, graph, last)
        if violation.invariant == DEADLOCK:
            return TlcResult(Outcome.DEADLOCK, counterexample=story, counts=counts, coverage=coverage)
        return TlcResult(
            Outcome.SAFETY,
            property_name=violation.invariant,
            property_kind=violation.kind,
            counterexample=story,
            counts=counts,
            coverage=coverage,
        )
    if temporal:
        said = f"{_plural(temporal)}, beyond initial states and steps"
        note = f"not checked by the oracle: the temporal {said}; use --backend tlc"
        return TlcResult(Outcome.UNKNOWN, counts=counts, coverage=coverage, note=note)
    return TlcResult(Outcome.HOLDS, counts=counts, coverage=coverage)


def _plural(names: tuple[str, ...]) -> str:
    return f"{'property' if len(names) == 1 else 'properties'} {', '.join(names)}"


def _error(note: str) -> TlcResult:
    return TlcResult(Outcome.ERROR, errors=(note,), note=note)


def _stopped(spec: Spec, error: Stopped) -> TlcResult:
    story = _counterexample(spec, error.graph, error.last) if error.last is not None else None
    return evolve(_error(error.message), counterexample=story, counts=_counts(error.graph))


def _counts(graph: Graph) -> Counts:
    return Counts(graph.initial, graph.generated, len(graph.states), graph.left, graph.depth)


def _coverage(spec: Spec, graph: Graph) -> tuple[ActionCount, ...]:
    places = spec.places
    return tuple(
        ActionCount(name, name, _location(places.get(name)), graph.found[name], generated)
        for name, generated in graph.fired.items()
    )


def _location(place: Place | None) -> Location:
    module, line = (place.module, place.line) if place is not None else ("?", 0)
    return Location(module, line, 1, line, 1)


def _counterexample(spec: Spec, graph: Graph, last: tuple[int, str, State]) -> Counterexample:
    places = spec.places
    states = []
    for number, (action, state) in enumerate(graph.path(last), 1):
        values = tuple((name, _printed(value)) for name, value in spec.as_dict(state).items())
        place = _location(places.get(action)) if action is not None else None
        states.append(TraceState(number, action, place, values))
    return Counterexample(tuple(states))


def _printed(value: Value) -> str:
    try:
        return tlc.show(to_tlc(value))
    except EvaluationError:
        return show(value)
