"""Several files of one run, put in one order: each file's own, messages sent before they are received, and
otherwise whatever the specification allows.

Clocks are not looked at.  The search goes on with the file it is in as long as it can, then with another;
where no file goes on, it takes back the last step that had an alternative.  A refusal means that every order
was tried; a bound on the steps taken back makes the answer *unknown*.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import define, evolve, field, frozen

from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.spec import State
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.oracle_engine import FrontierFull, OracleEngine, Stepping
from redoraft_check.validate.prepare import (
    Projecting,
    constants_of,
    header_trouble,
    place_of,
    projection_of,
)
from redoraft_check.validate.projection import Undo
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_check.validate.words import Unprojectable, Unsupported
from redoraft_traces import (
    Event,
    Header,
    LocatedEvent,
    SeqGapError,
    Trace,
    TraceError,
    merged_header,
    read_trace,
)

MAX_TAKEN_BACK = 20_000
"""Steps that may be taken back before the answer is `unknown`."""


@frozen
class Merged:
    """The verdict on a run in several files, and the order in which its events were taken."""

    verdict: Verdict
    header: Header | None = None
    events: tuple[Event, ...] = ()


@define
class _Step:
    """One event taken: from which file, which files were not tried instead, and what was before."""

    part: int
    untried: list[int]
    frontier: list[State]
    undo: Undo


@define
class _Search:
    """The files of a run and how far each has been read."""

    parts: Sequence[Sequence[LocatedEvent]]
    projection: Projecting
    stepping: Stepping
    at: list[int] = field(init=False)
    deepest: list[int] = field(init=False)
    reasons: dict[int, str] = field(factory=dict)
    _steps: list[_Step] = field(factory=list)
    _sent: set[str] = field(factory=set)
    _all_sent: frozenset[str] = field(init=False)
    _seen: set[tuple[tuple[int, ...], frozenset[State]]] = field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.at = [0] * len(self.parts)
        self.deepest = list(self.at)
        self._all_sent = frozenset(name for part in self.parts for _, event in part for name in event.sent)

    def run(self, bound: int) -> bool:
        """Whether there is an order that is allowed.

        Raises `FrontierFull`, `_BoundHit` and `EvaluationError`.
        """
        frontier = self.stepping.start()
        untried = self._ready(0)
        taken_back = 0
        total = sum(map(len, self.parts))
        while len(self._steps) < total:
            following = self._take_one(frontier, untried, remember=taken_back > 0)
            if following is not None:
                frontier, untried = following, self._ready(self._steps[-1].part)
                continue
            while self._steps:
                frontier, untried = self._take_back()
                taken_back += 1
                if taken_back > bound:
                    raise _BoundHit
                if untried:
                    break
            else:
                return False
        return True

    def order(self) -> tuple[Event, ...]:
        """The events in the order in which they were taken."""
        next_of = [0] * len(self.parts)
        out = []
        for step in self._steps:
            out.append(self.parts[step.part][next_of[step.part]].event)
            next_of[step.part] += 1
        return tuple(out)

    def _ready(self, first: int) -> list[int]:
        """The files whose next event may come now, as far as messages say; `first` before the others."""
        count = len(self.parts)
        return [i for i in (*range(first, count), *range(first)) if self._may_come(i)]

    def _may_come(self, part: int) -> bool:
        events, at = self.parts[part], self.at[part]
        if at >= len(events):
            return False
        message = events[at].event.received
        # A message whose sender says nothing of it, or is not among the files, holds nobody up.
        return message is None or message in self._sent or message not in self._all_sent

    def _take_one(self, frontier: list[State], untried: list[int], *, remember: bool) -> list[State] | None:
        while untried:
            part = untried.pop(0)
            event = self.parts[part][self.at[part]].event
            undo = self.projection.remember(event.node)
            following = self._advance(part, event, frontier)
            if following:
                self._sent.update(event.sent)
                self.at[part] += 1
                # Only a search that has been in a dead end can come to the same place twice.
                key = (tuple(self.at), frozenset(following)) if remember else None
                if key is None or key not in self._seen:
                    if key is not None:
                        self._seen.add(key)
                    self._steps.append(_Step(part, list(untried), frontier, undo))
                    if sum(self.at) > sum(self.deepest):
                        self.deepest, self.reasons = list(self.at), {}
                    return following
                self.at[part] -= 1
                self._sent.difference_update(event.sent)
            self.projection.take_back(undo)
        return None

    def _advance(self, part: int, event: Event, frontier: list[State]) -> list[State]:
        try:
            projected = self.projection.event(event)
        except (Unprojectable, Unsupported) as error:
            self._note(part, str(error))
            return []
        following = self.stepping.advance(frontier, projected, len(self._steps) + 1)
        if not following:
            self._note(part, "not allowed here")
        return following

    def _note(self, part: int, reason: str) -> None:
        if self.at == self.deepest:
            self.reasons.setdefault(part, reason)

    def _take_back(self) -> tuple[list[State], list[int]]:
        step = self._steps.pop()
        self.at[step.part] -= 1
        self._sent.difference_update(self.parts[step.part][self.at[step.part]].event.sent)
        self.projection.take_back(step.undo)
        return step.frontier, step.untried


class _BoundHit(Exception):
    """More steps were taken back than the bound allows."""


def validate_merged(paths: Sequence[Path], engine: OracleEngine, bound: int = MAX_TAKEN_BACK) -> Merged:
    """Judge the files of one run together.  Raises `CliError` (65) for a broken specification."""
    mapping = load_mapping(engine.spec)
    whole = Path(" + ".join(map(str, paths)))
    try:
        traces = [read_trace(path) for path in paths]
        header = merged_header(traces)
    except SeqGapError as error:
        return Merged(Verdict(Path(error.path), Status.REFUSED, line=error.line, reason=_told(error)))
    except TraceError as error:
        return Merged(Verdict(Path(error.path), Status.UNREADABLE, line=error.line, reason=_told(error)))
    events = sum(len(trace.events) for trace in traces)
    trouble = header_trouble(header, mapping)
    if trouble is not None:
        return Merged(Verdict(whole, trouble[0], events=events, line=1, reason=trouble[1]), header)
    if not events:
        return Merged(Verdict(whole, Status.EMPTY, reason="no events: nothing was checked"), header)
    verdict, order = _searched(traces, header, projection_of(header, mapping), engine, bound)
    return Merged(evolve(verdict, path=whole, events=events), header, order)


def _searched(
    traces: Sequence[Trace], header: Header, projection: Projecting, engine: OracleEngine, bound: int
) -> tuple[Verdict, tuple[Event, ...]]:
    def unknown(reason: str) -> Verdict:
        return Verdict(Path(), Status.UNKNOWN, reason=reason)

    constants = constants_of(header)
    try:
        trace = engine.compiled(constants)
    except OutsideSubset as error:
        return unknown(error.message), ()
    stepping = Stepping(trace, hidden=bool(constants.hidden), max_frontier=engine.max_frontier)
    search = _Search([one.events for one in traces], projection, stepping)
    try:
        with trace.spec.evaluating():
            accepted = search.run(bound)
    except FrontierFull:
        verdict = unknown(f"more than {engine.max_frontier:,} states are possible at once: bound hit")
    except EvaluationError as error:
        verdict = unknown(error.message)
    except _BoundHit:
        reason = f"no order found with {bound:,} steps taken back: bound hit; {_dead_end(search, traces)}"
        verdict = unknown(reason)
    else:
        status = Status.ACCEPTED if accepted else Status.REFUSED
        reason = "" if accepted else f"no order of the files is allowed; {_dead_end(search, traces)}"
        verdict = Verdict(Path(), status, reason=reason)
    return evolve(verdict, largest_frontier=stepping.largest_frontier), search.order()


def _dead_end(search: _Search, traces: Sequence[Trace]) -> str:
    """Where the longest order ended: the next event of each file, and what is wrong with it there."""
    passed = sum(search.deepest)
    waiting = []
    for part, (trace, at) in enumerate(zip(traces, search.deepest, strict=True)):
        if at < len(trace.events):
            line, event = trace.events[at]
            why = search.reasons.get(part, f"waits for message {event.received}")
            place = place_of(at + 1, event)
            waiting.append(f"{trace.path}:{line}: {place} {event.action or 'any action'}: {why}")
    return f"the longest has {passed} events, then comes none of: {'; '.join(waiting)}"


def _told(error: TraceError) -> str:
    return f"{error.reason}; {error.remedy}"
