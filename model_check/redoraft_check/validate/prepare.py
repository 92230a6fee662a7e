"""Reading traces and putting them in the specification's terms, up to the first event that has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from attrs import define, evolve, frozen

from redoraft_check.validate.ddl_projection import DdlProjection, names_in, tables_in, tables_trouble
from redoraft_check.validate.limits_projection import LimitsProjection, node_trouble, pages_in
from redoraft_check.validate.mapping import (
    ALONE,
    BESIDE,
    BINLOG,
    DDL,
    LIMITS,
    RAFT,
    STORAGE,
    Mapping,
    judge_in,
)
from redoraft_check.validate.projection import NO_ONE, Projection, SpecEvent
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_check.validate.words import ABSENT_NAME, Unprojectable, Unsupported
from redoraft_traces import Event, Header, SeqGapError, TraceError, TraceReader, encode_event
from redoraft_traces.sequence import NodeSequences
from redoraft_traces.stream import GrowingSource, LineSource

CONSTANTS: Final = ("data_nodes", "log_nodes", "start_lsn", "retain", "carrier", "first_space_id")
"""What `constants` of a header may hold."""

OWN: Final = "own"
CARRIERS: Final = (OWN, "redo")
"""What `carrier` may be (spec: Binlog, Carrier); the first where a header does not say."""

DDL_CONSTANTS: Final = ("data_nodes", "start_lsn", "table_names", "tables", "first_space_id")
"""What they may hold where DdlFileOps judges alone."""

RAFT_CONSTANTS: Final = ("data_nodes", "log_nodes", "start_lsn")
"""The same for RaftRedo."""

LIMITS_CONSTANTS: Final = ("data_nodes", "start_lsn", "pages")
"""The same for StorageLimits."""

Projecting: TypeAlias = Projection | DdlProjection | LimitsProjection
"""What puts the events of a run in the terms of the module that judges it."""


_Trouble: TypeAlias = Callable[[Header, Mapping], tuple[Status, str] | None]


class Constants(NamedTuple):
    """What runs judged together must share; `judge` is the module with a trace specification of its own
    (`mapping.judge_in`).  `table_names` may be used, `tables` are there at first, with their space ids;
    `pages` may be changed."""

    data_nodes: tuple[str, ...]
    log_nodes: tuple[str, ...]
    hidden: tuple[str, ...]
    judge: str | None = None
    table_names: tuple[str, ...] = ()
    tables: tuple[tuple[str, int], ...] = ()
    pages: tuple[str, ...] = ()
    carrier: str = ""
    """How followers get the binlog, where Binlog judges."""

    @property
    def module(self) -> str:
        """The trace specification that judges such runs."""
        if self.judge is None:
            return "TraceStartup"
        return f"Trace{(BESIDE | ALONE)[self.judge].name}"


class Projected(NamedTuple):
    """One event, its line in the file (from 1), and what the specification is asked about it."""

    line: int
    event: Event
    spec: SpecEvent


@define
class Reading:
    """A trace that is read and projected event by event.

    `read` counts the events so far.  Iteration ends at the end of the file, or at an event that has no
    projection; `stopped` is then the verdict that holds if all before is allowed.
    """

    reader: TraceReader
    projection: Projecting
    read: int = 0
    stopped: Verdict | None = None

    def __iter__(self) -> Iterator[Projected]:
        """Raises `TraceError` for a line that cannot be read."""
        sequences = NodeSequences(self.reader.header.nodes)
        path, project, remember = self.reader.path, self.projection.event, self.projection.remember
        for line, event in self.reader:
            self.read += 1
            remember(event.node)
            try:
                sequences.accept(path, line, event)
                projected = project(event)
            except SeqGapError as error:
                self._stop(Status.REFUSED, line, event, f"{error.reason}; {error.remedy}")
                return
            except (Unprojectable, Unsupported) as error:
                status = Status.REFUSED if isinstance(error, Unprojectable) else Status.UNKNOWN
                self._stop(status, line, event, f"{place_of(self.read, event)}: {error}")
                return
            yield Projected(line, event, projected)

    def _stop(self, status: Status, line: int, event: Event, reason: str) -> None:
        text = encode_event(event).decode()
        self.stopped = Verdict(self.reader.path, status, line=line, reason=reason, event=text)


def judge_file(
    path: Path,
    mapping: Mapping,
    judge: Callable[[Reading], Verdict],
    growing: Callable[[Path], GrowingSource] | None = None,
) -> Verdict:
    """What `judge` says of a trace while it is read, or why there is nothing to judge.

    The file is read to its end whatever the verdict: a line that cannot be read makes it unreadable
    wherever it stands.  Of a `growing` file nothing is read after the verdict.
    """
    try:
        with TraceReader(path, check_seq=False, source=growing or LineSource) as reader:
            verdict, read = _judged(reader, mapping, judge)
            events = read + (sum(1 for _ in reader) if growing is None else 0)
            if not events and verdict.status is Status.ACCEPTED:
                verdict = Verdict(path, Status.EMPTY, reason="no events: nothing was checked")
            return evolve(verdict, events=events, torn=reader.torn.line if reader.torn else None)
    except TraceError as error:
        return Verdict(path, Status.UNREADABLE, line=error.line, reason=f"{error.reason}; {error.remedy}")


def _judged(
    reader: TraceReader, mapping: Mapping, judge: Callable[[Reading], Verdict]
) -> tuple[Verdict, int]:
    trouble = header_trouble(reader.header, mapping)
    if trouble is not None:
        return Verdict(reader.path, trouble[0], line=1, reason=trouble[1]), 0
    reading = Reading(reader, projection_of(reader.header, mapping))
    return judge(reading), reading.read


def constants_of(header: Header) -> Constants:
    """What a checked header says of the cluster."""
    data, log = (header.constants.get(name, []) for name in ("data_nodes", "log_nodes"))
    hidden = tuple(sorted(set(header.hidden)))
    judge = judge_in(header.modules)
    tables = (names_in(header), tables_in(header)) if judge == DDL else ((), ())
    pages = pages_in(header) if judge == LIMITS else ()
    carrier = header.constants.get("carrier", OWN) if judge == BINLOG else ""
    return Constants(tuple(sorted(data)), tuple(sorted(log)), hidden, judge, *tables, pages, carrier)


def projection_of(header: Header, mapping: Mapping) -> Projecting:
    """What begins to project a run under this header, which must have been checked."""
    judge = judge_in(header.modules)
    if judge == DDL:
        return DdlProjection(header, mapping.alone[DDL])
    return LimitsProjection(header, mapping.alone[LIMITS]) if judge == LIMITS else Projection(header, mapping)


@frozen
class Prepared:
    """A whole trace as far as it could be projected, for an engine that wants all of it at once.

    `verdict` holds if all that was projected is allowed.
    """

    header: Header
    mapping: Mapping
    events: tuple[Projected, ...]
    verdict: Verdict

    @property
    def spec_events(self) -> list[SpecEvent]:
        """The events in the specification's terms."""
        return [one.spec for one in self.events]

    def projected(self, count: int) -> Projecting:
        """The projection after the first `count` events, at most as many as could be projected."""
        projection = projection_of(self.header, self.mapping)
        for one in self.events[:count]:
            projection.event(one.event)
        return projection


def prepare(path: Path, mapping: Mapping) -> Prepared | Verdict:
    """Read and project one trace; a verdict at once where nothing is left to judge."""
    header: list[Header] = []
    events: list[Projected] = []

    def collect(reading: Reading) -> Verdict:
        header.append(reading.reader.header)
        events.extend(reading)
        return reading.stopped or Verdict(path, Status.ACCEPTED)

    verdict = judge_file(path, mapping, collect)
    if not header or verdict.status in (Status.UNREADABLE, Status.EMPTY):
        return verdict
    return Prepared(header[0], mapping, tuple(events), verdict)


def refused(path: Path, one: Projected, number: int) -> Verdict:
    """The verdict on event `number`, from 1, when the specification does not allow it."""
    named = one.event.action or "any action"
    reason = (
        f"{place_of(number, one.event)}: the specification does not allow {named} here"
        " with what the node showed after it"
    )
    text = encode_event(one.event).decode()
    return Verdict(path, Status.REFUSED, line=one.line, reason=reason, event=text)


def place_of(number: int, event: Event) -> str:
    """Event `number`, from 1, as messages name it."""
    return f"event {number} ({event.node} seq {event.seq})"


def header_trouble(header: Header, mapping: Mapping) -> tuple[Status, str] | None:
    """Why a run cannot be judged under this header, None if it can."""
    alone = _ALONE.get(judge_in(header.modules))
    if alone is not None:
        known, trouble = alone
        return _constants_trouble(header, known) or trouble(header, mapping)
    beside = [BESIDE[one].module for one in mapping.beside] if mapping.module in header.modules else []
    unknown = [module for module in header.modules if module not in (mapping.module, *beside)]
    together = [module for module in header.modules if module in beside]
    if len(together) > 1:
        reason = f"the header names {', '.join(together)}: one of them can judge beside {mapping.module}"
        return Status.UNKNOWN, reason
    if unknown or not header.modules:
        named = ", ".join(unknown) or "no module"
        return Status.UNKNOWN, f"the header names {named}; this engine judges {mapping.module}"
    return _constants_trouble(header, CONSTANTS) or _hidden_trouble(header, mapping)


def _constants_trouble(header: Header, known: Sequence[str]) -> tuple[Status, str] | None:
    constants = header.constants
    # A constant that nobody looks at would be an assumption that nobody made.
    strange = [name for name in constants if name not in known]
    if strange:
        reason = f"constants has {', '.join(strange)}; known here: {', '.join(known)}"
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
    said = _values_trouble(header)
    return None if said is None else (Status.UNREADABLE, said)


def _values_trouble(header: Header) -> str | None:
    """What is wrong with the constants that are no names of nodes."""
    constants = header.constants
    for name in ("start_lsn", "retain", "first_space_id"):
        given = constants.get(name, 0)
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            return f"{name} in constants is {given!r}, not a whole number from 0"
    for name, module in (("retain", STORAGE), ("carrier", BINLOG), ("first_space_id", DDL)):
        if name in constants and module not in header.modules:
            return f"{name} in constants is about {module}, which modules does not name"
    if constants.get("carrier", OWN) not in CARRIERS:
        return f"carrier in constants is {constants['carrier']!r}, not {' or '.join(CARRIERS)}"
    return None


def _names(value: Any) -> list[str]:
    """A list of names as it is; anything else names nobody."""
    whole = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return list(value) if whole else []


def _hidden_trouble(header: Header, mapping: Mapping) -> tuple[Status, str] | None:
    judge = judge_in(header.modules)
    alone = judge == RAFT
    rows, module = (mapping.alone[RAFT], RAFT) if alone else (mapping.rows, mapping.module)
    hideable = mapping.hideable(RAFT if alone else None)
    for action in header.hidden:
        if action not in rows:
            return Status.UNREADABLE, f"hidden names {action!r}; {module} has no such action"
        if action not in hideable:
            known = ", ".join(sorted(hideable))
            return Status.UNKNOWN, f"this engine cannot hide {action}; it can hide {known}"
    return None


_ALONE: Final[dict[str | None, tuple[Sequence[str], _Trouble]]] = {
    DDL: (DDL_CONSTANTS, lambda header, _: tables_trouble(header)),
    LIMITS: (LIMITS_CONSTANTS, lambda header, _: node_trouble(header)),
    RAFT: (RAFT_CONSTANTS, _hidden_trouble),
}
"""Where a module judges alone: the constants that a header may have, and what else may be wrong with it."""
