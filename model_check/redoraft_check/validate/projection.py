"""From a trace to what the specification talks about: LSNs in bytes become positions in the sequence of mtrs.

Nothing is judged here beyond what the specification cannot say: an LSN at which no mtr ends.  What is absent from an
event stays absent.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define, field, frozen

from redoraft_check.validate.logview import LogView
from redoraft_check.validate.mapping import VARS, Mapping
from redoraft_traces import Event, Header

ABSENT: Final = -1
ABSENT_NAME: Final = "?"
DEFAULT_START_LSN: Final = 8204
"""The end of nothing: 16 blocks of 512 bytes and a block header (InnoDB's LOG_START_LSN + LOG_BLOCK_HDR_SIZE)."""

Value = int | str


@frozen
class SpecEvent:
    """One event in the terms of TraceStartup: positions instead of LSNs, absent values explicit."""

    action: str
    node: str
    args: tuple[Value, ...]
    shown: tuple[Value, ...]


class Unprojectable(Exception):
    """An event that says something the specification has no words for; the text is the reason."""


class Unsupported(Exception):
    """An event that leaves out what this projection needs; the text says which value and why."""


@define
class Projection:
    """The state of a projection: feed it events in order."""

    header: Header
    mapping: Mapping
    start_lsn: int = field(init=False)
    _nodes: dict[str, LogView] = field(init=False)
    _leaders: dict[int, LogView] = field(init=False, factory=dict)
    _terms: dict[str, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        start = self.header.constants.get("start_lsn", DEFAULT_START_LSN)
        if not isinstance(start, int):
            raise Unsupported(f"start_lsn in the header is {start!r}, not a number of bytes")
        self.start_lsn = start
        self._nodes = {node: LogView(start) for node in self.header.nodes}
        self._terms = dict.fromkeys(self.header.nodes, 0)

    def event(self, event: Event) -> SpecEvent:
        """Project the next event.

        Raises `Unprojectable` for an LSN at which no mtr ends, an unknown action or a value of the wrong type, and
        `Unsupported` where an absent value leaves the log's extent open.
        """
        self._check_names(event)
        term = self._term(event)
        args = self._arguments(event, term)
        self._grow(event, term)
        self._fit_to_last_lsn(event)
        args = tuple(
            self._own(event.node, value, name) if kind == "own" else value for name, kind, value in args
        )
        return SpecEvent(event.action or ABSENT_NAME, event.node, args, self._shown(event))

    def _check_names(self, event: Event) -> None:
        if event.action is not None and event.action not in self.mapping.rows:
            known = ", ".join(sorted(self.mapping.rows))
            raise Unprojectable(f"{self.mapping.module} has no action {event.action}; it has {known}")
        allowed = {name for name, _ in self._row_args(event)}
        for what, given, names in (("argument", event.args, allowed), ("variable", event.vars, set(VARS))):
            for name in given:
                if name not in names:
                    raise Unprojectable(f"unknown {what} {name}; known here: {', '.join(sorted(names)) or 'none'}")

    def _row_args(self, event: Event) -> tuple[tuple[str, str], ...]:
        return () if event.action is None else self.mapping.rows[event.action].args

    def _term(self, event: Event) -> int:
        """The term that the event is about: the argument's, else the one the node shows, else the last one."""
        for source in (event.args.get("term"), event.vars.get("term")):
            if source is not None:
                term = _number(source, "term")
                self._terms[event.node] = _number(event.vars.get("term", term), "term")
                return term
        if event.action == "StartElection":
            self._terms[event.node] += 1
        return self._terms[event.node]

    def _arguments(self, event: Event, term: int) -> tuple[tuple[str, str, Value], ...]:
        """Name, where it is resolved, and value; LSNs of the node's own log wait until that log has grown."""
        out: list[tuple[str, str, Value]] = []
        for name, kind in self._row_args(event):
            given = event.args.get(name)
            if kind == "node":
                out.append((name, "done", ABSENT_NAME if given is None else _text(given, name)))
            elif given is None:
                out.append((name, "done", ABSENT))
            elif kind == "term":
                out.append((name, "done", _number(given, name)))
            elif kind == "lsn":
                out.append((name, "own", _number(given, name)))
            else:
                out.append((name, "done", self._leader(term, _number(given, name), name)))
        return tuple(out)

    def _leader(self, term: int, lsn: int, name: str) -> int:
        view = self._leaders.get(term)
        if view is None:
            raise Unprojectable(f"{name} {lsn}: the trace has shown no leader of term {term}")
        return _position(view, lsn, name, f"the log of the leader of term {term}")

    def _own(self, node: str, value: Value, name: str) -> int:
        return _position(self._nodes[node], _number(value, name), name, f"the log of {node}")

    def _grow(self, event: Event, term: int) -> None:
        """Follow what the event says of the node's log."""
        view = self._nodes[event.node]
        if event.action in ("WriteMtr", "CloseEntry", "BecomeLeader"):
            self._leader_writes(event, term, view)
        elif event.action == "AppendEntries":
            self._follower_appends(event, term, view)
        elif event.action == "Truncate" and "cut_lsn" in event.args:
            view.cut(self._own(event.node, event.args["cut_lsn"], "cut_lsn"))

    def _leader_writes(self, event: Event, term: int, view: LogView) -> None:
        end = event.args.get("end_lsn", event.vars.get("last_lsn"))
        if end is None:
            raise Unsupported(f"{event.action} shows neither end_lsn nor last_lsn: where its mtr ends is not known")
        end = _number(end, "end_lsn")
        if end > view.last_lsn:
            view.extend(end)
        if event.action == "BecomeLeader" or term in self._leaders:
            self._leaders[term] = view.copy()

    def _follower_appends(self, event: Event, term: int, view: LogView) -> None:
        if "upto_lsn" not in event.args:
            if "last_lsn" not in event.vars:
                raise Unsupported("AppendEntries shows neither upto_lsn nor last_lsn: how much it appended is not known")
            return
        leader = self._leaders[term]
        upto = self._leader(term, _number(event.args["upto_lsn"], "upto_lsn"), "upto_lsn")
        if "from_lsn" in event.args:
            lsn = _number(event.args["from_lsn"], "from_lsn")
            if self._own(event.node, lsn, "from_lsn") != self._leader(term, lsn, "from_lsn"):
                raise Unprojectable(f"from_lsn {lsn}: {event.node} and its leader have a different number of mtrs below it")
        if upto > view.count:
            view.follow(leader, upto)

    def _fit_to_last_lsn(self, event: Event) -> None:
        """A log that became shorter (a scan, a dropped open entry) shows where it ends now."""
        last = event.vars.get("last_lsn")
        if last is not None:
            self._nodes[event.node].cut(self._own(event.node, last, "last_lsn"))
        elif event.action in ("Restart", "UpdateTerm"):
            raise Unsupported(f"{event.action} without last_lsn: what is left of the log is not known")

    def _shown(self, event: Event) -> tuple[Value, ...]:
        out: list[Value] = []
        for name, kind in VARS.items():
            given = event.vars.get(name)
            if given is None:
                out.append(ABSENT_NAME if kind == "name" else ABSENT)
            elif kind == "name":
                out.append(_text(given, name))
            elif kind == "number":
                out.append(_number(given, name))
            else:
                out.append(self._own(event.node, given, name))
        return tuple(out)


def _position(view: LogView, lsn: int, name: str, whose: str) -> int:
    found = view.position(lsn)
    if found is None:
        raise Unprojectable(f"{name} {lsn} is no mtr end in {whose}, which ends at {view.last_lsn}")
    return found


def _number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unprojectable(f"{name} is {value!r}, not a number")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.isprintable() or '"' in value or "\\" in value:
        raise Unprojectable(f"{name} is {value!r}, not a plain name")
    return value
