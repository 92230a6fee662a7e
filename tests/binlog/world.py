"""Two data nodes with a binlog, readers, and downstream: the environment of spec/BinlogReads.tla.

Every step is an action of the specification, or one that it does not see (a prepare, a rollback); a step that
is not possible now returns False and does nothing.  A node that crashes starts again at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from redoraft.binlog import BinlogNode, Carrier, Event
from redoraft.binlog.rules import ALL_BINLOG_RULES, BinlogRules
from redoraft.binlog.states import Logged, entries_of
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptBinlog, DiskError
from redoraft.redo.files import Layout
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY
from redoraft.types import NO_TERM, Lsn, NodeId, Term

NODES = (NodeId("n1"), NodeId("n2"))
SMALL = Layout(file_size=2048 + 16 * 512)
CHANGES = ("write", "fsync", "truncate", "create", "rename", "remove", "sync")
"""The operations that change a disk."""
Step = tuple[str, tuple[str, ...]]
Record = tuple[int, int]
"""Term and op of a record of redo, as the specification has it."""


class PowerLost(DiskError):
    """The disk of a node has no power from here on."""


@attrs.define(eq=False)
class World:
    """The cluster.  `trail` has the steps since somebody emptied it; `failures` why a node did not start."""

    rules: BinlogRules = ALL_BINLOG_RULES
    carrier: Carrier = Carrier.OWN
    disks: dict[NodeId, MemoryDisk] = attrs.field(factory=dict)
    nodes: dict[NodeId, BinlogNode] = attrs.field(factory=dict)
    committed: tuple[Record, ...] = ()
    committed_end: tuple[Lsn, Term] = (Lsn(8204), NO_TERM)
    newest: int = 0
    terms: dict[Term, int] = attrs.field(factory=dict)
    """The specification's number of each term that has had a leader."""
    tried: int = 0
    downstream: list[Event] = attrs.field(factory=list)
    view: tuple[int, ...] = ()
    """The XIDs that the last answer to a reader has shown."""
    begun: int = 0
    numbers: dict[int, int] = attrs.field(factory=dict)
    """The specification's number of each XID that was written to a binlog."""
    trail: list[Step] = attrs.field(factory=list)
    failures: list[str] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        for name in NODES:
            self.disks[name] = MemoryDisk()
            self._open(name)

    def _open(self, name: NodeId) -> None:
        self.nodes.pop(name, None)
        try:
            self.nodes[name] = BinlogNode.open(name, self.disks[name], self.rules, SMALL, self.carrier)
        except CorruptBinlog as wrong:
            self.failures.append(str(wrong))

    def _did(self, action: str, *args: str) -> bool:
        self.trail.append((action, args))
        return True

    # --- what the specification sees ---

    def records(self, name: NodeId, upto: Lsn | None = None) -> tuple[Record, ...]:
        """Redo of a node: markers and commits."""
        node = self.nodes[name]
        return tuple(
            one
            for entry in entries_of(node.log)
            if upto is None or entry.end <= upto
            for one in self._seen(entry)
        )

    def _seen(self, entry: Logged) -> list[Record]:
        term = self.terms[entry.term]
        return [(term, 0)] if entry.is_marker else [(term, self.op(xid)) for xid in entry.commits]

    def op(self, xid: int) -> int:
        """The specification's number of a transaction; one that no binlog ever had is beyond all others."""
        return self.numbers.get(xid, 1000 + xid)

    def _number(self, xid: int) -> None:
        self.numbers.setdefault(xid, len(self.numbers) + 1)

    def leading(self, name: NodeId) -> int:
        """The specification's number of the term that a node leads, 0 if none."""
        return self.terms.get(self.nodes[name].leads, 0)

    @property
    def leader(self) -> NodeId | None:
        """Who leads the newest term."""
        return next((name for name in self.nodes if self.newest and self.leading(name) == self.newest), None)

    # --- the cluster around the nodes ---

    def elect(self, name: NodeId) -> bool:
        node = self.nodes.get(name)
        end, term = self.committed_end
        if node is None or node.leads != NO_TERM or node.log.term_at(end) != term:
            return False
        self.tried += 1
        self.terms[Term(self.tried)] = self.newest + 1
        node.promote(Term(self.tried))
        self.newest += 1
        return self._did("Elect", name)

    def commit(self) -> bool:
        """All that the newest leader has is on a majority."""
        leader = self.leader
        if leader is None:
            return False
        log = self.nodes[leader].log
        before, self.committed = self.committed, self.records(leader)
        self.committed_end = (log.closed_lsn, log.last_term)
        return self.committed != before and self._did("Commit", leader)

    def learn(self, name: NodeId) -> bool:
        node = self.nodes.get(name)
        end, term = self.committed_end
        if node is None or node.leads == NO_TERM or node.log.term_at(end) != term or end <= node.known:
            return False
        before = self.records(name, node.known)
        node.learn(end)
        return self.records(name, end) != before and self._did("Learn", name)

    def restart(self, name: NodeId, survives: Callable[[MemoryDisk], None]) -> bool:
        """Power fails; `survives` says what is left of what was not durable."""
        node = self.nodes.get(name)
        led = node is not None and node.leads != NO_TERM
        self.disks[name].fault = None
        survives(self.disks[name])
        self._open(name)
        return led and self._did("Restarts", name)

    def losing_power(self, name: NodeId, step: Callable[[], object], after: int) -> bool:
        """Take a step; the disk of `name` loses power before operation number `after`, or not at all if there
        are fewer.  Whether it did; `restart` and `survived` come next."""
        left = after

        def fault(what: str, _file: str) -> DiskError | None:
            nonlocal left
            left -= what in CHANGES
            return PowerLost("the power is gone") if left < 0 else None

        self.disks[name].fault = fault
        try:
            step()
        except PowerLost:
            return self._did("PowerLost", name)
        finally:
            self.disks[name].fault = None
        return False

    def losing_power_in_start(self, name: NodeId, survives: Callable[[MemoryDisk], None], after: int) -> bool:
        """Power fails, and once more before operation number `after` of the start; whether it did."""
        node = self.nodes.get(name)
        if node is not None and node.leads != NO_TERM:
            self._did("Restarts", name)
        survives(self.disks[name])
        self.nodes.pop(name, None)
        count = len(self.trail)
        cut_short = self.losing_power(name, lambda: self._open(name), after)
        del self.trail[count:]
        return cut_short

    def survived(self, name: NodeId) -> None:
        """A marker, or a transaction in the binlog, that is there after the power went counts."""
        node = self.nodes.get(name)
        if node is None:
            return
        self.newest = max([self.newest, *(self.terms[entry.term] for entry in node.entries)])
        for xid in node.binlog.xids:
            self._number(xid)

    # --- the nodes ---

    def prepare(self, name: NodeId) -> bool:
        node = self.nodes.get(name)
        if node is None or not node.serving or node.under_way is not None:
            return False
        self.resolve(name)
        self.begun += 1
        xid = self.begun
        node.prepare(Event(xid, f"INSERT {xid}"), [PageWrite(1, 1, BODY, f"{xid:8}".encode())])
        return True

    def write_binlog(self, name: NodeId) -> bool:
        node = self.nodes.get(name)
        if node is None or node.under_way is None or node.under_way.xid in node.binlog.xids:
            return False
        node.write_binlog()
        self._number(node.under_way.xid)
        return self._did("WriteBinlog", name)

    def write_redo(self, name: NodeId) -> bool:
        node = self.nodes.get(name)
        if node is None or node.under_way is None or node.under_way.xid not in node.binlog.xids:
            return False
        node.commit()
        return self._did("WriteRedo", name)

    def resolve(self, name: NodeId) -> bool:
        node = self.nodes.get(name)
        if node is None or not node.serving or node.under_way is not None:
            return False
        return bool([self._did("WriteRedo", name) for _ in node.resolve()])

    def take_binlog(self, name: NodeId) -> bool:
        leader, node = self.leader, self.nodes.get(name)
        if leader is None or node is None or node.leads != NO_TERM:
            return False
        return node.take_binlog(self.nodes[leader]) and self._did("TakeBinlog", name, leader)

    def take_redo(self, name: NodeId) -> bool:
        leader, node = self.leader, self.nodes.get(name)
        if leader is None or node is None or node.leads != NO_TERM:
            return False
        before = self.records(name)
        node.take_redo(self.nodes[leader])
        return self.records(name) != before and self._did("TakeRedo", name, leader)

    def dump(self, name: NodeId) -> bool:
        node = self.nodes.get(name)
        if node is None or not node.serving or len(node.sendable) <= len(self.downstream):
            return False
        self.downstream.append(node.sendable[len(self.downstream)])
        return self._did("Dump", name)

    def read(self, name: NodeId) -> bool:
        """Somebody reads at the newest leader."""
        node = self.nodes.get(name)
        if node is None or not node.serving or name != self.leader:
            return False
        self.view = node.shown
        return self._did("Read", name)

    # --- to rest ---

    def settle(self) -> None:
        """Whatever can be done is done: deposed leaders restart, all take what the newest leader has."""
        for _ in range(100):
            if self.leader is None:
                assert any(self.elect(name) for name in NODES), f"NobodyLeads: {self.failures}"
            leader = self.leader
            assert leader is not None
            others = [name for name in NODES if name != leader and name in self.nodes]
            did = [
                *(self.restart(one, keep_all) for one in others if self.nodes[one].leads != NO_TERM),
                self.commit(),
                self.learn(leader),
                self.resolve(leader),
                self.write_binlog(leader),
                self.write_redo(leader),
                self.dump(leader),
                *(self.take_redo(one) or self.take_binlog(one) for one in others),
            ]
            if not any(did):
                return
        raise AssertionError("it does not come to rest")

    def check_at_rest(self) -> None:
        """Logs, binlogs and downstream are the same everywhere, and nothing is prepared any more."""
        assert not self.failures, f"NoNodeStops: {self.failures}"
        ops = tuple(op for _, op in self.committed if op)
        for name, node in self.nodes.items():
            commits, binlog = self._ops(node.commits), self._ops(node.binlog.xids)
            assert commits == ops, f"{name} has committed {commits}, the cluster {ops}"
            assert binlog == ops, f"the binlog of {name} has {binlog}, the cluster has committed {ops}"
        sent = self._ops(event.xid for event in self.downstream)
        assert sent == ops, f"downstream has {sent}, the cluster has committed {ops}"

    def _ops(self, xids: Iterable[int]) -> tuple[int, ...]:
        return tuple(self.op(xid) for xid in xids)


def keep_all(disk: MemoryDisk) -> None:
    disk.crash_keeping([True] * disk.pending)


def lose_all(disk: MemoryDisk) -> None:
    disk.crash_keeping([False] * disk.pending)
