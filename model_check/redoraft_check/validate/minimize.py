"""A refused trace made short: events and recorded values are left out as long as the refusal stays the same.

Delta debugging (Zeller, "Simplifying and isolating failure-inducing input"): the variables of larger and then
smaller runs of events are left out, then events, then single variables, and whatever is still refused for the
same cause (`Explanation.cause`: the action, and the conjunct or the fields) is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import define, frozen
from msgspec import structs

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.explain import TraceExplainer
from redoraft_check.validate.mapping import Mapping, load_mapping
from redoraft_check.validate.oracle_engine import FrontierFull
from redoraft_check.validate.prepare import Prepared, prepare
from redoraft_check.validate.refusals import refusals
from redoraft_traces import Event, Header, TraceError, TraceWriter, read_trace

Events = tuple[Event, ...]
Cause = tuple[object, ...]

BATCH: Final = 8
"""Candidates that are judged with one compiled specification."""


@frozen
class Minimized:
    """A short refused trace: its events, the cause that they share with the long one, and what it took.

    `before` counts the events up to the refused one in the long trace, `runs` the runs of the oracle.
    """

    header: Header
    events: Events
    cause: Cause
    before: int
    runs: int

    def write(self, path: Path) -> None:
        """Put it into a file.  Raises `CliError` (65) when it cannot be written."""
        try:
            with TraceWriter(path, self.header) as trace:
                for event in self.events:
                    trace.write(event)
        except TraceError as error:
            raise CliError(Exit.BAD_INPUT, str(error)) from error


def minimize(
    path: Path,
    spec: Path,
    tools: Callable[[], Tools] = find_tools,
    on_progress: Callable[[int, int], None] | None = None,
) -> Minimized:
    """Shrink the trace at `path`; `on_progress` is told the runs so far and the events that are left.

    Raises `CliError` (2) for a trace that the oracle does not refuse, or whose `seq` is what is wrong, and
    (65) for one that cannot be read.
    """
    try:
        trace = read_trace(path, check_seq=False)
    except TraceError as error:
        raise CliError(Exit.BAD_INPUT, str(error)) from error
    search = _Search(trace.header, load_mapping(spec), TraceExplainer(spec, tools), on_progress)
    whole = tuple(event for _, event in trace.events)
    found = search.cause_of(whole)
    if found is None:
        raise CliError(Exit.USAGE, f"{path}: the oracle does not refuse it, so nothing is shrunk")
    search.cause, count = found
    if search.cause[-1] == ("seq",):
        raise CliError(Exit.USAGE, f"{path}: its seq is what is wrong, and counting anew would mend it")
    events = search.fewer_values(search.fewer_events(search.barer(whole[:count])))
    return Minimized(trace.header, events, search.cause, count, search.runs)


@define
class _Search:
    header: Header
    mapping: Mapping
    explainer: TraceExplainer
    on_progress: Callable[[int, int], None] | None
    cause: Cause = ()
    runs: int = 0

    def fewer_events(self, events: Events) -> Events:
        """Without every event that can be left out; the last one, which is refused, stays."""
        size = max(1, len(events) // 2)
        while True:
            before, end = len(events), len(events) - 1
            while end > 0:
                chunks = [(max(0, at - size), at) for at in range(end, max(0, end - BATCH * size), -size)]
                found = self._first((*events[:start], *events[stop:]) for start, stop in chunks)
                if found is None:
                    end = chunks[-1][0]
                    continue
                which, events = found
                end = min(chunks[which][0], len(events) - 1)
            if size == 1 and len(events) == before:
                return events
            size = max(1, size // 2)

    def barer(self, events: Events) -> Events:
        """Without the variables of as many events as can be: an event that shows nothing goes more easily."""
        size = len(events)
        while size:
            for start in range(0, len(events), size):
                chunk = events[start : start + size]
                if any(event.vars for event in chunk):
                    bare = (_bare(event) for event in chunk)
                    found = self._first([(*events[:start], *bare, *events[start + size :])])
                    events = found[1] if found is not None else events
            size //= 2
        return events

    def fewer_values(self, events: Events) -> Events:
        """Without every single variable that can be left out."""
        for at in reversed(range(len(events))):
            tried = [_less(events[at], name) for name in sorted(events[at].vars)]
            while tried:
                found = self._first((*events[:at], one, *events[at + 1 :]) for one in tried)
                if found is None:
                    break
                events = found[1]
                tried = [_less(events[at], name) for name in sorted(events[at].vars)]
        return events

    def _first(self, candidates: Iterable[Events]) -> tuple[int, Events] | None:
        """The first candidate that is refused for the same cause: its number, and itself up to that event."""
        seen = 0
        for batch in _batches(candidates):
            numbered = [renumbered(one) for one in batch]
            for at, (one, found) in enumerate(zip(numbered, self._causes(numbered), strict=True), start=seen):
                if found is not None and found[0] == self.cause:
                    if self.on_progress is not None:
                        self.on_progress(self.runs, found[1])
                    return at, one[: found[1]]
            seen += len(batch)
        return None

    def cause_of(self, events: Events) -> tuple[Cause, int] | None:
        """Why a run is refused and how many events that takes, None where it is not."""
        [found] = self._causes([events])
        return found

    def _causes(self, runs: Sequence[Events]) -> list[tuple[Cause, int] | None]:
        self.runs += len(runs)
        with TemporaryDirectory(prefix="redoraft-") as folder:
            prepared = [self._prepared(Path(folder) / f"{at}.ndjson", run) for at, run in enumerate(runs)]
        out: list[tuple[Cause, int] | None] = [None] * len(runs)
        judged = [(at, one) for at, one in enumerate(prepared) if one is not None]
        try:
            group = [one for _, one in judged]
            found = refusals(group, self.explainer.spec, self.explainer.tools) if group else []
        except (FrontierFull, EvaluationError):
            # One run that cannot be decided: each for itself, and that one counts as not refused.
            if len(runs) == 1:
                return out
            return [one for run in runs for one in self._causes([run])]
        for (at, _), refusal in zip(judged, found, strict=True):
            if refusal is not None:
                cause = self.explainer.explain(refusal, with_rules=False).cause
                out[at] = (cause, refusal.accepted + 1)
        return out

    def _prepared(self, path: Path, events: Events) -> Prepared | None:
        with TraceWriter(path, self.header, check_seq=False) as trace:
            for event in events:
                trace.write(event)
        found = prepare(path, self.mapping)
        return found if isinstance(found, Prepared) else None


def _bare(event: Event) -> Event:
    return structs.replace(event, vars={}, sent=[], received=None)


def _less(event: Event, name: str) -> Event:
    return structs.replace(event, vars={key: value for key, value in event.vars.items() if key != name})


def renumbered(events: Sequence[Event]) -> Events:
    """With `seq` counted anew, so that no number tells what is missing or was moved."""
    counts: Counter[str] = Counter()
    out = []
    for event in events:
        counts[event.node] += 1
        out.append(structs.replace(event, seq=counts[event.node]))
    return tuple(out)


def _batches(candidates: Iterable[Events]) -> Iterator[list[Events]]:
    batch: list[Events] = []
    for one in candidates:
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
