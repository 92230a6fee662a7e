"""DdlFileOps' states as worlds of its proof: the one place that says what a relation stands for.

A record is (op, kind, space, name, to, row), a log the tuple of its records.  The dictionary after a log is
computed as spec/DdlDictionary.tla says it, from the whole log and not record by record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from redoraft_check.oracle.values import pairs_of
from redoraft_check.smt import ddl_log as d
from redoraft_check.smt.concrete import Row, World
from redoraft_check.smt.ddl_state import NODE, PHASE, STAGE, STEP, S
from redoraft_check.smt.formula import Function, Relation, Sort
from redoraft_check.smt.logs import EMPTY, LOG, PREFIX, constants
from redoraft_check.smt.mapping import always
from redoraft_check.smt.sequences import RIGID, Mapped, Variables, logs_in, prefixes

Record = tuple[str, int, str, str, int]
Log = tuple[Record, ...]
Table = tuple[int, str]

ACTIONS = {
    "AdvancesMajority": "AdvanceMajority",
    "Elects": "Elect",
    "Crashes": "Crash",
    "CrashesInApply": "CrashInApply",
    "LateCalls": "LateCall",
    "Applies": "Apply",
    "RollsBackUnfinished": "RollBackUnfinished",
    "Recovers": "Recover",
    "StartsCreate": "StartCreate",
    "StartsRename": "StartRename",
    "StartsDrop": "StartDrop",
    "WritesRow": "WriteRow",
    "OpensTable": "OpenTable",
}
"""The operators that draw an action's arguments from the state, under whose names TLC labels edges."""

_OPS = {"create": "fileCreate", "delete": "fileDelete", "rename": "fileRename"}
_ROWS = {"create": "rowCreate", "rename": "rowRename", "drop": "rowDrop"}
_APPLIED = {*_OPS.values(), "commit"}


def record_of(record: Any) -> Record:
    """A record of the specification: op, space, name, to, row; with the kind of a row in its op."""
    op = _ROWS[record["kind"]] if record["op"] == "row" else _OPS.get(record["op"], record["op"])
    fields = dict(pairs_of(record))
    return op, fields.get("space", 0), fields.get("name", ""), fields.get("to", ""), fields.get("row", 0)


class Dictionary:
    """spec/DdlDictionary.tla over tuples, for some tables that are there at first."""

    def __init__(self, initial: Iterable[Table]) -> None:
        self.initial = frozenset(initial)
        self.tables = cache(self._tables)
        self.files = cache(self._files)

    @staticmethod
    def said(op: str, log: Log, row: Log) -> bool:
        """Said(op, p, l)"""
        at = len(row)
        return 0 < at <= len(log) and any(one[0] == op and one[4] == at for one in log[at:])

    def rows(self, log: Log) -> list[Log]:
        """RowsUpTo(l)"""
        return [log[: at + 1] for at, one in enumerate(log) if one[0] in _ROWS.values()]

    def _done(self, op: str, log: Log) -> list[Log]:
        return [p for p in self.rows(log) if p[-1][0] == op and self.said("commit", log, p)]

    def _tables(self, log: Log) -> frozenset[Table]:
        renames = {p[-1][1]: p[-1][3] for p in self._done("rowRename", log)}
        made = {(p[-1][1], p[-1][2]) for p in self._done("rowCreate", log)}
        gone = {p[-1][1] for p in self._done("rowDrop", log)}
        return frozenset((s, renames.get(s, t)) for s, t in self.initial | made if s not in gone)

    def _files(self, log: Log) -> frozenset[Table]:
        found = set(self.initial)
        for op, space, name, to, _ in log:
            if op == "fileCreate":
                found.add((space, name))
            elif op == "fileDelete":
                found = {one for one in found if one[0] != space}
            elif op == "fileRename" and any(s == space for s, _ in found):
                found = {one for one in found if one[0] != space} | {(space, to)}
        return frozenset(found)

    def is_gone(self, log: Log, space: int) -> bool:
        """A DROP of it has committed, or its file was deleted."""
        dropped = any(p[-1][1] == space for p in self._done("rowDrop", log))
        return dropped or any(op == "fileDelete" and s == space for op, s, *_ in log)

    def is_open(self, log: Log, row: Log) -> bool:
        """The row is unfinished or visible."""
        committed = self.said("commit", log, row)
        unfinished = not committed and not self.said("rollback", log, row)
        return unfinished or (not self.said("clean", log, row) and committed == (row[-1][0] == "rowDrop"))

    def is_busy(self, log: Log, space: int) -> bool:
        """A row of the space is open."""
        return any(p[-1][1] == space and self.is_open(log, p) for p in self.rows(log))

    def used(self, log: Log) -> set[int]:
        """The space ids that are taken."""
        return {s for s, _ in self.initial} | {p[-1][1] for p in self.rows(log)}

    def rigid(self) -> dict[Function | Relation, Callable[..., Any]]:
        """What the symbols of smt/ddl_log.py mean."""
        return {
            PREFIX: RIGID[PREFIX],
            EMPTY.function: RIGID[EMPTY.function],
            d.OP_OF: lambda h: h[-1][0] if h else "nothing",
            d.SPACE_OF: lambda h: h[-1][1] if h else 0,
            d.NAME_OF: lambda h: h[-1][2] if h else "",
            d.TO_OF: lambda h: h[-1][3] if h else "",
            d.INITIAL: lambda s, t: (s, t) in self.initial,
            d.FOLLOWS: lambda h, g: h[:-1] == g and h != (),
            d.ABOUT: lambda h, p: bool(h) and bool(p) and h[: h[-1][4]] == p,
            d.COMMITTED: self._of_row("commit"),
            d.ROLLED: self._of_row("rollback"),
            d.CLEANED: self._of_row("clean"),
            d.TABLE: lambda h, s, t: (s, t) in self.tables(h),
            d.FILE: lambda h, s, t: (s, t) in self.files(h),
            d.USED: lambda h, s: s in self.used(h),
            d.NEXT_SPACE: lambda h, s: s == max(self.used(h), default=0) + 1,
            d.GONE: self.is_gone,
            d.BUSY: self.is_busy,
            d.DELETED: lambda h, q: bool(q) and any(_deletes(one, q[-1][1]) for one in h[len(q) - 1 :]),
            d.NEXT: lambda a, p: len(p) > len(a) and _first(p[len(a) :], _APPLIED) == len(p) - len(a) - 1,
            d.QUIET: lambda a, h: _first(h[len(a) :], _APPLIED) is None,
            d.NO_OPS: lambda a, h: _first(h[len(a) :], set(_OPS.values())) is None,
            d.TOUCHED: _touched,
        }

    def _of_row(self, op: str) -> Callable[[Log, Log], bool]:
        return lambda h, p: h[: len(p)] == p and self.said(op, h, p)


def _deletes(record: Record, space: int) -> bool:
    return record[:2] == ("fileDelete", space)


def _first(records: Log, ops: set[str]) -> int | None:
    return next((at for at, one in enumerate(records) if one[0] in ops), None)


def _touched(a: Log, h: Log, space: int, name: str) -> bool:
    at = _first(h[len(a) :], set(_OPS.values()))
    if at is None:
        return False
    record = h[len(a) + at]
    return record[1] == space and name in record[2:4]


class DdlReader:
    """Reads states of some data nodes with some names and initial tables."""

    actions: Mapping[str, str] = ACTIONS

    def __init__(self, nodes: Iterable[str], names: Iterable[str], initial: Iterable[Table] = ()) -> None:
        self.nodes = tuple(sorted(nodes))
        self.names = tuple(sorted(names))
        self._rigid: dict[Function | Relation, Callable[..., Any]] = {
            **Dictionary(initial).rigid(),
            **{
                one.function: always(one.function.name)
                for sort in (STAGE, PHASE, STEP, d.OP)
                for one in constants(sort)
            },
        }
        self._spaces = {s for s, _ in initial}

    def state(self, variables: Variables, before: Mapped | None = None) -> dict[Relation, frozenset[Row]]:
        """A state of DdlFileOps, by the names of its variables, in relations.

        What is applied is a part of the log, or in a behaviour what it was `before`: without H14-ddl a leader
        applies what is cut from the log later.
        """
        log = tuple(record_of(one) for _, one in pairs_of(variables["log"]))
        job = variables["job"]
        known: dict[str, Log] = dict(before[S.applied]) if before else {}

        def upto(node: str, at: int) -> Log:
            own = known.get(node, ())
            return own if before is not None and len(own) == at else log[:at]

        def tables(name: str) -> list[Row]:
            found = pairs_of(variables[name])
            return [(n, one["space"], one["name"]) for n, held in found for one in held]

        leader = variables["leader"]
        late = [(n, *record_of(one)[:4]) for n, calls in pairs_of(variables["late"]) for one in calls]
        found: dict[Relation, Iterable[Row]] = {
            S.log: [(log,)],
            S.majority: [(log[: variables["majority"]],)],
            S.leader: [] if leader == "none" else [(leader,)],
            S.stage: [(variables["stage"],)],
            S.pc: [(job["pc"],)],
            S.row: [(log[: job["row"]],)],
            S.files: tables("files"),
            S.applied: [(n, upto(n, at)) for n, at in pairs_of(variables["applied"])],
            S.phase: pairs_of(variables["phase"]),
            S.late: late,
            S.cache: tables("cache"),
        }
        return {relation: frozenset(rows) for relation, rows in found.items()}

    def world(self, *states: Mapped) -> World:
        """The world of the first state, with the logs of all of them."""
        logs: tuple[Any, ...] = logs_in(states)
        spaces: set[int] = {one[1] for log in logs for one in log} | self._spaces | {0}
        things: dict[Sort, tuple[Any, ...]] = {
            NODE: self.nodes,
            d.NAME: self.names,
            d.SPACE: tuple(range(max(spaces) + 2)),
            LOG: tuple({h: None for log in logs for h in prefixes(log)}),
            **{sort: sort.elements for sort in (STAGE, PHASE, STEP, d.OP)},
        }
        return World(things, self._rigid, states[0])

    def within(self, state: Mapped, _world: World, /) -> Mapped:
        """The state: it speaks of nothing outside itself."""
        return state

    def alike(self, one: Mapped, other: Mapped, /) -> bool:
        """Equal in all that the specification has."""
        return all(rows == other[relation] for relation, rows in one.items())


_NAMES = ("a", "b", "c")
"""The names of tables in the gate models."""


def ddl_reader(first: Variables) -> DdlReader:
    """What reads the states of a model of DdlFileOps, of which one is the first."""
    files = dict(first["files"])
    initial = {(table["space"], table["name"]) for held in files.values() for table in held}
    return DdlReader(files, _NAMES, initial)
