"""Reading traces and putting them in the specification's terms, up to the first event that has none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from redoraft_check.validate.mapping import Mapping
from redoraft_check.validate.projection import (
    ABSENT_NAME,
    NO_ONE,
    Projection,
    SpecEvent,
    Unprojectable,
    Unsupported,
)
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, Header, SeqGapError, Trace, TraceError, encode_event, read_trace
from redoraft_traces.sequence import NodeSequences

CONSTANTS: Final = ("data_nodes", "log_nodes", "start_lsn")
"""What `constants` of a header may hold for the module Startup."""


@frozen
class Prepared:
    """A trace as far as it could be projected, and what stopped it.

    `stopped` is a verdict that holds if all before is allowed.

    `lines` and `events` include the event that stopped it, `spec_events` does not.
    """

    path: Path
    mapping: Mapping
    header: Header
    lines: tuple[int, ...]
    events: tuple[Event, ...]
    spec_events: tuple[SpecEvent, ...]
    stopped: Verdict | None
    torn: int | None

    @property
    def constants(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Data nodes, log nodes and hidden actions: what runs judged together must share."""
        constants = self.header.constants
        data, log = constants["data_nodes"], constants.get("log_nodes", [])
        return tuple(sorted(data)), tuple(sorted(log)), tuple(sorted(set(self.header.hidden)))

    def projected(self, count: int) -> Projection:
        """The projection after the first `count` events, at most as many as could be projected."""
        projection = Projection(self.header, self.mapping)
        for event in self.events[:count]:
            projection.event(event)
        return projection

    def text(self, at: int) -> str:
        """Event number `at`, from 0, as a line of JSON."""
        return encode_event(self.events[at]).decode()


def judge_together(
    paths: Sequence[Path], mapping: Mapping, judge: Callable[[dict[int, Prepared]], dict[int, Verdict]]
) -> list[Verdict]:
    """One verdict a path, in order; `judge` gets the runs that share their constants, by their place."""
    found = [prepare(path, mapping) for path in paths]
    verdicts: dict[int, Verdict] = {i: one for i, one in enumerate(found) if isinstance(one, Verdict)}
    groups: dict[object, dict[int, Prepared]] = defaultdict(dict)
    for i, one in enumerate(found):
        if isinstance(one, Prepared):
            groups[one.constants][i] = one
    for group in groups.values():
        verdicts.update(judge(group))
    return [verdicts[i] for i in range(len(found))]


def prepare(path: Path, mapping: Mapping) -> Prepared | Verdict:
    """Read and project one trace; a verdict at once where nothing is left to judge.

    The file is read whole, and once: a line that cannot be read makes it unreadable wherever it stands.
    """
    try:
        trace = read_trace(path, check_seq=False)
    except TraceError as error:
        return Verdict(path, Status.UNREADABLE, line=error.line, reason=f"{error.reason}; {error.remedy}")
    torn = trace.torn.line if trace.torn is not None else None
    trouble = _header_trouble(trace.header, mapping)
    if trouble is not None:
        return Verdict(path, trouble[0], line=1, reason=trouble[1], torn=torn)
    if not trace.events:
        return Verdict(path, Status.EMPTY, reason="no events: nothing was checked", torn=torn)
    return _project(trace, Projection(trace.header, mapping), torn)


def _project(trace: Trace, projection: Projection, torn: int | None) -> Prepared:
    sequences = NodeSequences(trace.header.nodes)
    lines: list[int] = []
    events: list[Event] = []
    projected: list[SpecEvent] = []
    stopped: Verdict | None = None
    for line, event in trace.events:
        lines.append(line)
        events.append(event)
        try:
            sequences.accept(trace.path, line, event)
            projected.append(projection.event(event))
        except SeqGapError as error:
            stopped = Verdict(trace.path, Status.REFUSED, line=line, reason=f"{error.reason}; {error.remedy}")
        except (Unprojectable, Unsupported) as error:
            status = Status.REFUSED if isinstance(error, Unprojectable) else Status.UNKNOWN
            where = f"event {len(events)} ({event.node} seq {event.seq})"
            stopped = Verdict(trace.path, status, line=line, reason=f"{where}: {error}")
        if stopped is not None:
            text = encode_event(event).decode()
            stopped = evolve(stopped, event=text, events=len(trace.events), torn=torn)
            break
    return Prepared(
        trace.path,
        projection.mapping,
        trace.header,
        tuple(lines),
        tuple(events),
        tuple(projected),
        stopped,
        torn,
    )


def _header_trouble(header: Header, mapping: Mapping) -> tuple[Status, str] | None:
    """Why a run cannot be judged under this header, None if it can."""
    unknown = [module for module in header.modules if module != mapping.module]
    if unknown or not header.modules:
        named = ", ".join(unknown) or "no module"
        return Status.UNKNOWN, f"the header names {named}; this engine judges {mapping.module}"
    return _constants_trouble(header) or _hidden_trouble(header, mapping)


def _constants_trouble(header: Header) -> tuple[Status, str] | None:
    constants = header.constants
    # A constant that nobody looks at would be an assumption that nobody made.
    strange = [name for name in constants if name not in CONSTANTS]
    if strange:
        reason = f"constants has {', '.join(strange)}; known here: {', '.join(CONSTANTS)}"
        return Status.UNREADABLE, reason
    data, log = constants.get("data_nodes"), constants.get("log_nodes", [])
    named = _names(data) + _names(log)
    if not data or sorted(named) != sorted(header.nodes):
        reason = "constants must name at least one of data_nodes, and log_nodes, together the header's nodes"
        return Status.UNREADABLE, reason
    reserved = {NO_ONE, ABSENT_NAME} & set(header.nodes)
    if reserved:
        return (
            Status.UNREADABLE,
            f"no node can be called {min(reserved)!r}: it is a word of the specification",
        )
    start = constants.get("start_lsn", 0)
    if isinstance(start, bool) or not isinstance(start, int) or start < 0:
        return Status.UNREADABLE, f"start_lsn in constants is {start!r}, not a number of bytes"
    return None


def _names(value: Any) -> list[str]:
    """A list of names as it is; anything else names nobody."""
    whole = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return list(value) if whole else []


def _hidden_trouble(header: Header, mapping: Mapping) -> tuple[Status, str] | None:
    for action in header.hidden:
        if action not in mapping.rows:
            return Status.UNREADABLE, f"hidden names {action!r}; {mapping.module} has no such action"
        if action not in mapping.hideable:
            known = ", ".join(sorted(mapping.hideable))
            return Status.UNKNOWN, f"this engine cannot hide {action}; it can hide {known}"
    return None
