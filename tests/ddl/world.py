"""Two data nodes over a committed log and an uncommitted tail: the environment of spec/DdlFileOps.tla.

The log is that of the newest leader; the next one has any part of what is behind the majority (R1 to R5).
Every step of `World` is an action of the specification, or one that it does not see (a page flush, a
checkpoint); a step that is not possible now returns False and does nothing.  Positions count mtrs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Literal

import attrs

from redoraft.ddl.leader import Leader
from redoraft.ddl.node import DdlNode, Phase
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptStorage, DdlRefused, DiskError
from redoraft.redo.record import PageWrite, Record
from redoraft.storage.page import BODY
from redoraft.storage.port import LoggedMtr
from redoraft.types import Lsn
from redoraft_check.fuzz.ddl_reading import Entry, entries_of, files_on, short, spec_space, table, tables_at
from redoraft_check.machines.storage_parts import SlotCheckpoints, lsn_at, position_of

NODES = ("n1", "n2")
NAMES = ("a", "b")
CHANGES = ("write", "fsync", "truncate", "create", "rename", "remove", "sync")
"""The operations that change a disk."""

Kinds = Literal["create", "rename", "drop"]


class PowerLost(DiskError):
    """The disk of a node has no power from here on."""


@attrs.define(eq=False)
class View:
    """The log as one node sees it; a deposed leader has one of its own, that nobody sees."""

    world: World
    name: str
    own: list[LoggedMtr] | None = None
    known: int = 0

    @property
    def items(self) -> list[LoggedMtr]:
        return self.world.log if self.own is None else self.own

    @property
    def start_lsn(self) -> Lsn:
        return lsn_at(0)

    @property
    def last_lsn(self) -> Lsn:
        return lsn_at(len(self.items))

    @property
    def durable_lsn(self) -> Lsn:
        return self.last_lsn

    @property
    def majority_lsn(self) -> Lsn:
        return lsn_at(self.world.majority if self.own is None else self.known)

    @property
    def apply_limit(self) -> Lsn:
        return self.last_lsn

    def mtrs(self, from_lsn: Lsn, upto_lsn: Lsn) -> Iterator[LoggedMtr]:
        yield from self.items[position_of(from_lsn) : position_of(upto_lsn)]

    def append(self, records: Sequence[Record]) -> LoggedMtr:
        start = self.last_lsn
        mtr = LoggedMtr(start, lsn_at(len(self.items) + 1), tuple(records))
        self.items.append(mtr)
        return mtr

    # Ground

    @property
    def leads(self) -> bool:
        return self.world.leader == self.name

    @property
    def firm(self) -> bool:
        return self.world.stage in {"established", "serving"}


@attrs.define(eq=False)
class Member:
    """One data node: what survives, and what runs on it."""

    name: str
    view: View
    disk: MemoryDisk = attrs.field(factory=MemoryDisk)
    node: DdlNode | None = None
    leader: Leader | None = None
    late: bool = False
    deposed: bool = False

    @property
    def phase(self) -> str:
        if self.node is None:
            return "aborted"
        return "deposed" if self.deposed else self.node.phase.value


Step = tuple[str, tuple[str, ...]]


class World:
    """The cluster.  `trail` has the names of the actions since somebody emptied it, each with its node."""

    def __init__(self, rules: DdlRules = ALL_DDL_RULES) -> None:
        self.rules = rules
        self.log: list[LoggedMtr] = []
        self.majority = 0
        self.term = 1
        self.leader: str | None = NODES[0]
        self.stage = "serving"
        self.established_at = 0
        self.members = {name: Member(name, View(self, name)) for name in NODES}
        self.trail: list[Step] = []
        self.failures: list[str] = []
        self._had: dict[str, set[int]] = {}
        for member in self.members.values():
            self._open(member)
            assert member.node is not None
            assert member.node.validate()
        self._lead(self.members[NODES[0]]).serving = True

    def _lead(self, member: Member) -> Leader:
        assert member.node is not None
        member.leader = Leader(member.node, member.view.append)
        return member.leader

    def _open(self, member: Member) -> None:
        member.view.own, member.leader, member.late, member.deposed = None, None, False, False
        member.node = None
        try:
            checkpoints = SlotCheckpoints(member.disk)
            member.node = DdlNode.open(
                member.disk, checkpoints, member.view, member.view, rules=self.rules, pool_pages=16
            )
        except CorruptStorage as wrong:
            self.failures.append(f"{member.name} does not start: {wrong}")

    def _did(self, action: str, *args: str) -> bool:
        self.trail.append((action, args))
        return True

    @property
    def end(self) -> int:
        return len(self.log)

    @property
    def entries(self) -> list[Entry]:
        return entries_of(self.log)

    # --- the log around the nodes ---

    def elect(self, name: str, upto: int) -> bool:
        member = self.members[name]
        allowed = name != self.leader and member.phase in {"starting", "up"}
        if not allowed or not self.majority <= upto <= self.end:
            return False
        if self.leader is not None:
            self._depose(self.members[self.leader])
        del self.log[upto:]
        self.term += 1
        self.leader, self.stage = name, "elected"
        self._lead(member)
        return self._did("Elects", name)

    def _depose(self, member: Member) -> None:
        """It goes on, on a log that nobody sees, up to the call for which it waits for nobody."""
        recovers = self.stage == "established" and member.phase == "up"
        member.view.own, member.view.known = list(self.log), self.majority
        member.deposed = True
        leader = member.leader
        while leader is not None and (leader.job is not None or (recovers and not leader.serving)):
            step = leader.next_step()
            if step is None or step[0] in {"EndDdl", "Clean", "Commit", "Serve"}:
                return
            if step[0] == "CallsOs":
                member.late = True
                return
            step[1]()

    def late_call(self, name: str) -> bool:
        member = self.members[name]
        if not member.late or member.leader is None:
            return False
        member.late = False
        step = member.leader.next_step()
        assert step is not None
        assert step[0] == "CallsOs"
        self._guarded(step[1])
        return self._did("LateCalls", name)

    def establish(self) -> bool:
        if self.leader is None or self.stage != "elected":
            return False
        self.stage, self.majority, self.established_at = "established", self.end, self.end
        return self._did("Establish", self.leader)

    def step_down(self) -> bool:
        """A leader that has written nothing hears of a newer term, and its process goes on (H13)."""
        name = self.leader
        if name is None or self.stage != "established" or self.end > self.established_at:
            return False
        self.members[name].leader, self.leader, self.stage = None, None, "none"
        return self._did("StepDown", name)

    def advance(self, upto: int) -> bool:
        if self.stage not in {"established", "serving"} or not self.majority < upto <= self.end:
            return False
        self.majority = upto
        return self._did("AdvancesMajority")

    # --- the processes ---

    def crash(self, name: str, crashing: Callable[[MemoryDisk], None]) -> bool:
        """Power fails; `crashing` says what is left of what was not durable.  The node starts again."""
        member = self.members[name]
        if member.phase == "aborted":
            return False
        member.disk.fault = None
        crashing(member.disk)
        if name == self.leader:
            self.leader, self.stage = None, "none"
        self._open(member)
        return self._did("Crashes", name)

    def power_fails_in(
        self, name: str, step: Callable[[], bool], after: int, crashing: Callable[[MemoryDisk], None]
    ) -> bool:
        """Take a step of a node; its disk loses power before the operation number `after`, or at the end."""
        left = after

        def fault(what: str, _file: str) -> DiskError | None:
            nonlocal left
            if what not in CHANGES:
                return None
            left -= 1
            return PowerLost("the power is gone") if left < 0 else None

        disk = self.members[name].disk
        disk.fault = fault
        try:
            did = step()
        except PowerLost:
            did = True
            self._did("PowerLost", name)
        disk.fault = None
        return did and self.crash(name, crashing)

    def apply(self, name: str) -> bool:
        member = self.members[name]
        idle = name != self.leader or (
            self.stage in {"elected", "established"}
            and member.leader is not None
            and member.leader.job is None
        )
        if member.node is None or member.phase not in {"starting", "up"} or not idle:
            return False
        node = member.node
        did = self._guarded(node.apply_next)
        return bool(did) and self._did("Applies", name)

    def validate(self, name: str) -> bool:
        member = self.members[name]
        if member.node is None or member.phase != "starting":
            return False
        return bool(self._guarded(member.node.validate)) and self._did("Validate", name)

    def _guarded(self, step: Callable[[], bool | None]) -> bool:
        """Whether it did something; a node that stops has."""
        try:
            return step() is not False
        except CorruptStorage as wrong:
            self.failures.append(str(wrong))
            return True

    # --- the leader ---

    @property
    def serving(self) -> Leader | None:
        """The leader that takes statements now."""
        leader = None if self.leader is None else self.members[self.leader].leader
        return leader if leader is not None and leader.serving and leader.job is None else None

    def step(self) -> bool:
        """The leader's next step, if one is due."""
        member = None if self.leader is None else self.members[self.leader]
        if member is None or member.leader is None or member.phase in {"aborted", "deposed"}:
            return False
        found = member.leader.next_step()
        if found is None:
            return False
        name, do = found
        self._guarded(do)
        if name == "Serve":
            self.stage = "serving"
        plural = {"Recover": "Recovers", "RollBackUnfinished": "RollsBackUnfinished"}
        return self._did(plural.get(name, name), member.name)

    def statement(self, kind: Kinds, name: str, to: str = "") -> bool:
        leader = self.serving
        if leader is None:
            return False
        try:
            if kind == "rename":
                leader.rename(table(name), table(to))
            else:
                {"create": leader.create, "drop": leader.drop}[kind](table(name))
        except DdlRefused:
            return False
        return self._did(
            {"create": "StartsCreate", "rename": "StartsRename", "drop": "StartsDrop"}[kind],
            leader_name(self),
        )

    def roll_back(self) -> bool:
        leader = None if self.leader is None else self.members[self.leader].leader
        if leader is None or leader.job is None or leader.job.at not in {"logged", "made", "filed", "done"}:
            return False
        leader.roll_back()
        return self._did("RollBack", leader_name(self))

    def write_row(self, name: str) -> bool:
        leader = self.serving
        if leader is None:
            return False
        found = leader.node.dictionary.tables().get(table(name))
        if found is None:
            return False
        data = f"{self.end}".encode()
        leader.node.storage.write([PageWrite(found.space_id, 1, BODY, data)], self.view.append)
        return self._did("WritesRow", leader_name(self))

    @property
    def view(self) -> View:
        return self.members[leader_name(self)].view

    # --- readers, and what the specification does not see ---

    def open_table(self, name: str, what: str) -> bool:
        member = self.members[name]
        if (
            member.node is None
            or member.phase != "up"
            or name == self.leader
            or not member.node.storage.readable
        ):
            return False
        before = set(member.node.cache)
        try:
            member.node.open_table(table(what))
        except DdlRefused:
            return False
        return member.node.cache != before and self._did("OpensTable", name)

    def flush(self, name: str) -> bool:
        """Write pages, then raise the checkpoint."""
        node = self.members[name].node
        if node is None or self.members[name].deposed or node.phase is Phase.STOPPED:
            return False
        node.storage.flush_list()
        node.storage.checkpoint()
        return True

    # --- to quiescence, and what has to hold ---

    def settle(self) -> None:
        """Every node comes back, a majority stays up: whatever can be done is done."""
        for _ in range(500):
            if self.leader is None:
                names = [one.name for one in self.members.values() if one.phase in {"starting", "up"}]
                if names:
                    self.elect(names[0], self.end)
            restarted = [one.name for one in self.members.values() if one.phase == "deposed"]
            for name in restarted:
                self.crash(name, lambda disk: disk.crash_keeping([True] * disk.pending))
            moves = [
                self.establish(),
                self.advance(self.end),
                *(self.apply(name) or self.validate(name) for name in NODES),
                self.step(),
            ]
            if not any(moves) and not restarted:
                return
        raise AssertionError("it does not come to rest")

    def check(self) -> None:
        """The invariants, in every state."""
        entries = self.entries
        for member in self.members.values():
            files = files_on(member.disk)
            assert len({space for _, space in files}) == len(files), f"OneFilePerSpace: {files}"
            self._check_gone(member.name, {space for _, space in files}, entries)
            if member.node is None:
                continue
            if member.name != self.leader and not member.deposed:
                have = tables_at(entries, position_of(member.node.executed_lsn))
                cached = {(short(one.name.path), spec_space(one.space_id)) for one in member.node.cache}
                assert cached <= have, f"CachesAreFresh: {cached} of {have}"
        assert not self.failures, f"NoNodeStops: {self.failures}"
        self._check_flushing()

    def _check_flushing(self) -> None:
        """A leader that has stopped the IO of a space waits for nobody (H1-io)."""
        leader = None if self.leader is None else self.members[self.leader].leader
        if leader is not None and leader.job is not None and leader.job.at == "stopped":
            assert leader.next_step() is not None, "FlushingGoesOn: a RENAME waits with IO stopped"

    def _check_gone(self, name: str, spaces: set[int], entries: Sequence[Entry]) -> None:
        gone = self._had.get(name, set()) - spaces
        of_tables = {space for _, space in tables_at(entries, self.majority)}
        self._had[name] = spaces
        assert not gone & of_tables, f"CommittedFilesStay: {name} has lost spaces {gone & of_tables}"

    def check_quiet(self) -> None:
        """What holds when nothing is left to do."""
        self.check()
        assert self.stage == "serving", f"DdlEnds: the leader is {self.leader}, {self.stage}"
        entries = self.entries
        for member in self.members.values():
            files, tables = files_on(member.disk), tables_at(entries, self.end)
            assert files == tables, f"FilesAgree: {member.name} has {files}, the dictionary {tables}"
            node = member.node
            assert node is not None
            assert not node.storage.missing_spaces, "NothingPending"
            named = {
                (short(one.name.path), spec_space(one.space_id)) for one in node.dictionary.tables().values()
            }
            assert named == tables, f"the dictionary of {member.name} has {named}, the log {tables}"


def leader_name(world: World) -> str:
    assert world.leader is not None
    return world.leader


def losing_any(rng: Random) -> Callable[[MemoryDisk], None]:
    return lambda disk: disk.crash(rng, "subset")


def keeping_all(disk: MemoryDisk) -> None:
    disk.crash_keeping([True] * disk.pending)


def losing_all(disk: MemoryDisk) -> None:
    disk.crash_keeping([False] * disk.pending)
