"""A walk judged move by move, and as a file: the moves that show a finding, for `redoraft fuzz --replay`."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from redoraft.cluster.trace import trace_header
from redoraft.mutants import ALL_MUTANTS, rules_of
from redoraft.raft.state import Members
from redoraft.scenario.walk import MOVES, ON_MESSAGES, Move, Walk
from redoraft.types import NodeId
from redoraft_check.fuzz.ddl_lockstep import DdlLockstep, local_file_ops
from redoraft_check.fuzz.example import UNDECIDED, Subject, Trouble
from redoraft_check.fuzz.finding import decode_saved
from redoraft_check.fuzz.lockstep import Lockstep, Refused, Undecided
from redoraft_check.json_file import read_raw
from redoraft_traces import Header

VERSION: Final = 1
TRIO: Final = Members((NodeId("n1"), NodeId("n2")), (NodeId("n3"),))


@define
class JudgedWalk:
    """A walk and the oracle, in turn; `trouble` is the first thing that is wrong, and ends it."""

    subject: Subject
    members: Members = TRIO
    ddl: bool = False
    moves: list[Move] = field(factory=list)
    trouble: Trouble | None = None
    walk: Walk = field(init=False)
    lockstep: Lockstep = field(init=False)
    tables: DdlLockstep | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        mutant = self.subject.mutant
        rules = rules_of(None if mutant is None else ALL_MUTANTS[mutant])
        self.tables = DdlLockstep(local_file_ops(self.subject.spec)) if self.ddl else None
        self.walk = Walk(self.members, rules, None if self.tables is None else self.tables.watching)
        self.lockstep = Lockstep(self.header, self.subject.spec)

    @property
    def header(self) -> Header:
        """The header of its trace."""
        return trace_header(self.members, "redoraft fuzz --replay", ddl=self.ddl)

    def take(self, move: Move) -> None:
        """Do a move, judge the events that it made, look at the invariants and at what no trace shows."""
        assert self.trouble is None, "a walk ends with its trouble"
        self.moves.append(move)
        before = len(self.walk.events)
        raised: Exception | None = None
        try:
            self.walk.take(move)
        except Exception as error:
            raised = error
        refused = None if self.tables is None else self.tables.refused
        if refused is not None:
            self._found(("refused", f"DdlFileOps {refused.what}"), f"DdlFileOps: {refused.text}")
        else:
            self._judge(before)
        if self.trouble is None and len(self.walk.events) > before:
            name = self.lockstep.violated()
            if name is not None:
                self._found(("invariant", name), f"{name} is false")
        if self.trouble is None and raised is not None:
            place = traceback.extract_tb(raised.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.name}"
            self._found(("exception", type(raised).__name__, where), f"{type(raised).__name__}: {raised}")
        for (promise, whose), what in self.walk.ledger.findings.items():
            if self.trouble is None:
                self._found(("diverged", promise), f"{promise}: {whose}: {what}")

    def _judge(self, before: int) -> None:
        for number, event in enumerate(self.walk.events[before:], before + 1):
            which = f"event {number} ({event.node} seq {event.seq}): {event.action}"
            try:
                self.lockstep.take(event, len(self.moves))
            except Refused as error:
                self._found(("refused", event.action or "?"), f"{which}: {error}")
                return
            except Undecided as error:
                self._found((UNDECIDED, "oracle"), f"{which}: {error}")
                return

    def _found(self, cause: tuple[str, ...], text: str) -> None:
        self.trouble = Trouble(cause, text, len(self.moves))


def judge_walk(
    moves: Iterable[Move], subject: Subject, members: Members = TRIO, *, ddl: bool = False
) -> JudgedWalk:
    """Take moves until something is wrong.  Raises `CliError` when the specification cannot be read."""
    judged = JudgedWalk(subject, members, ddl)
    for move in moves:
        judged.take(move)
        if judged.trouble is not None:
            break
    return judged


@frozen
class WalkFinding:
    """What a walk has shown, and how to walk there again."""

    redoraft_walk: int
    data_nodes: tuple[str, ...]
    log_nodes: tuple[str, ...]
    mutant: str | None
    trouble: Trouble
    moves: tuple[Move, ...]
    ddl: bool = False

    @property
    def members(self) -> Members:
        """Who is in the cluster."""
        return Members(tuple(map(NodeId, self.data_nodes)), tuple(map(NodeId, self.log_nodes)))


def finding_of(judged: JudgedWalk) -> WalkFinding:
    """The file of a walk that has found something."""
    assert judged.trouble is not None, "nothing was found"
    members = judged.members
    return WalkFinding(
        VERSION,
        tuple(members.data_nodes),
        tuple(members.log_nodes),
        judged.subject.mutant,
        judged.trouble,
        tuple(judged.moves),
        judged.ddl,
    )


def read_walk(path: Path) -> WalkFinding | None:
    """Read one; None if the file says to be something else.

    Raises `CliError` (65) for a file that cannot be read, and for a walk that nobody can take.
    """
    raw = read_raw(path)
    if b'"redoraft_walk"' not in raw:
        return None
    return decode_saved(path, raw, WalkFinding, "walk", _wrong)


def _wrong(found: WalkFinding) -> str | None:
    if found.redoraft_walk != VERSION:
        return f"version {found.redoraft_walk} of walks; this redoraft reads {VERSION}"
    if found.mutant is not None and found.mutant not in ALL_MUTANTS:
        return f"no mutant is called {found.mutant!r}: see redoraft simulate --list-mutants"
    nodes = {*found.data_nodes, *found.log_nodes}
    if not found.data_nodes or len(nodes) < len(found.data_nodes) + len(found.log_nodes):
        return "its nodes are not one data node or more, each named once"
    wrong = ((number, _wrong_move(move, nodes)) for number, move in enumerate(found.moves, 1))
    return next((f"move {number}: {what}" for number, what in wrong if what is not None), None)


def _wrong_move(move: Move, nodes: set[str]) -> str | None:
    if move.do not in MOVES:
        return f"no move is called {move.do!r}; there are {', '.join(MOVES)}"
    if move.node not in nodes and (move.node or move.do not in ON_MESSAGES):
        return f"no node of this cluster is called {move.node!r}"
    return "a number below 0" if move.at < 0 or move.hold < 0 else None
