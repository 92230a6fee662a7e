"""The binlog of a data node in a cluster: two-phase commit over the node's own log and term (BIN-3, H20).

    spec            here
    WriteBinlog     TwoPhase.write_binlog, once the prepared state is durable in redo (BIN-3)
    WriteRedo       TwoPhase.commit; answered as every commit is, when a majority has it
    Elect           TwoPhase.promoted, before the marker is written: the cut is durable first
    TakeBinlog      TwoPhase.take, from a leader of this node's term
    TakeRedo        TwoPhase.covered: of what comes, no more than the binlog at hand goes (H20-order);
                    where redo carries the binlog, Carried.redo_changes and Carried.redo_is_durable
    Dump            TwoPhase.dump

One step at a time, as the node is asked for them: a crash or a change of leader may fall between any two.
The commits of redo are found again by reading it at a start, so such a node deletes no redo.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from redoraft.binlog.file import Binlog, Event
from redoraft.binlog.node import Carrier
from redoraft.binlog.rules import BinlogRules, is_prefix
from redoraft.binlog.states import (
    State,
    commit_records,
    committed_by,
    entries_of,
    logged,
    state_record,
    unresolved,
)
from redoraft.errors import CorruptBinlog, LogMisuse
from redoraft.files import Disk
from redoraft.node.carried import Carried
from redoraft.node.commits import Commits
from redoraft.node.effects import Effect, Stepped
from redoraft.observe import Action, Observer
from redoraft.raft.agreement import parting
from redoraft.raft.inputs import ClientMtr
from redoraft.raft.messages import AppendEntries
from redoraft.raft.outputs import AppendMtr, Outcome, Output, Reply
from redoraft.raft.state import Role
from redoraft.redo.mtr import decode_mtr, encode_mtr
from redoraft.redo.record import Meta, Record
from redoraft.types import NO_TERM, Lsn, NodeId, Term

if TYPE_CHECKING:
    from redoraft.node.driver import Node


@frozen
class Prepared:
    """A transaction that is prepared in redo up to `lsn`, and whose client waits for `request`."""

    request: str
    event: Event
    lsn: Lsn


@frozen
class Shipment:
    """A leader's binlog as it was, on its way to a follower."""

    term: Term
    leader: NodeId
    events: tuple[Event, ...]


class TwoPhase:
    """Binlog and two-phase commit of one running node.  After a DiskError the node has to be started anew."""

    def __init__(
        self, node: Node, binlog: Binlog, rules: BinlogRules, observer: Observer, carrier: Carrier
    ) -> None:
        """For `open`."""
        self.binlog: Final = binlog
        self._node: Final = node
        self._rules: Final = rules
        self._observer: Final = observer
        self._whole: Final = Commits()
        self._carried: Final = (
            Carried(node.log, binlog, self._whole, rules) if carrier is Carrier.REDO else None
        )
        self._open: list[tuple[int, Lsn]] = []
        self._waiting: Final[deque[Prepared]] = deque()
        self._written: Prepared | None = None
        self._resolved = NO_TERM

    @classmethod
    def open(
        cls,
        node: Node,
        disk: Disk,
        rules: BinlogRules,
        observer: Observer,
        carrier: Carrier = Carrier.OWN,
    ) -> TwoPhase:
        """Start on what the disk holds.

        Raises CorruptBinlog if redo has committed what the binlog lacks, and does not carry it; CorruptRedo,
        DiskError.
        """
        if node.log.first_lsn > node.log.start_lsn:
            raise LogMisuse(f"redo of {node.raft.me} is deleted: its commits cannot be counted")
        opened = cls(node, Binlog.open(disk), rules, observer, carrier)
        redo, binlog = opened.commits, opened.xids
        if carrier is Carrier.OWN and not is_prefix(redo, binlog):
            raise CorruptBinlog(
                f"redo of {node.raft.me} has committed {_said(redo)}, its binlog has {_said(binlog)}:"
                " seed the node anew"
            )
        return opened

    # --- what is there ---

    @property
    def events(self) -> tuple[Event, ...]:
        """The transactions of the binlog in their order (spec: binlog[n])."""
        return self.binlog.events if self._carried is None else self._carried.events

    @property
    def xids(self) -> tuple[int, ...]:
        """Their XIDs."""
        return tuple(event.xid for event in self.events)

    @property
    def commits(self) -> tuple[int, ...]:
        """The XIDs that redo has committed, the open entry's too (spec: Ops(redo[n]))."""
        log = self._node.log
        self._whole.follow(log)
        self._open = [one for one in self._open if one[1] > log.closed_lsn]
        return (*self._whole.xids, *(xid for xid, _ in self._open))

    @property
    def sendable(self) -> tuple[Event, ...]:
        """The transactions that downstream may have (H20-dump; spec: Sendable)."""
        self._whole.follow(self._node.log)
        committed = self._whole.upto(self._node.raft.known)
        return self.events[: self._rules.sendable(committed, len(self.events))]

    @property
    def shipment(self) -> Shipment | None:
        """What a leader sends to followers; None of any other node, and where redo carries it."""
        raft = self._node.raft
        if self._carried is not None:
            return None
        return Shipment(raft.term, raft.me, self.binlog.events) if raft.role is Role.LEADER else None

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do here but what clients ask for."""
        return not self.due and not self._waiting and self._written is None

    # --- leading ---

    def promoted(self) -> None:
        """The node is about to lead: cut the binlog to redo, durably (H20).  DiskError."""
        keep = self._rules.keeps(self.xids, self.commits)
        self.binlog.cut(min(keep, len(self.binlog.events)))
        if self._rules.flushes_cut():
            self.binlog.fsync()

    def submit(self, last: ClientMtr, event: Event) -> Iterator[Effect]:
        """Prepare a transaction with its last mtr; the answer comes once it is committed, or at once if it is
        refused.  Raises as `Node.handle`."""
        node = self._node
        if not node.serving:
            yield Reply(last.request, Outcome.FAILED)
            return
        yield from self._resolve()
        records = decode_mtr(last.records)
        assert not isinstance(records, Meta), "clients write no meta records"
        before = node.log.last_lsn
        prepared = [*records, state_record(event.xid, State.PREPARED)]
        yield from self._write(last.request, prepared, commits=False)
        if node.log.last_lsn > before:
            self._waiting.append(Prepared(last.request, event, node.log.last_lsn))

    @property
    def due(self) -> bool:
        """Whether there is a step to take now."""
        if not self._node.serving:
            return False
        return self._resolved != self._node.raft.term or self._written is not None or self._may_write_binlog

    @property
    def _may_write_binlog(self) -> bool:
        """One transaction at a time, and none before it is prepared durably (BIN-3)."""
        if not self._waiting or self._waiting[0].lsn > self._node.log.durable_lsn:
            return False
        return self._written is None and len(self.xids) == len(self.commits)

    def step(self) -> Iterator[Effect]:
        """Take the step that is `due`.  Raises as `Node.handle`."""
        if not self._node.serving:
            return
        if self._resolved != self._node.raft.term:
            yield from self._resolve()
        elif self._written is not None:
            yield from self.commit(self._written)
        elif self._may_write_binlog:
            yield from self.write_binlog(self._waiting.popleft())

    def write_binlog(self, one: Prepared) -> Iterator[Effect]:
        """Write a prepared transaction to the binlog, durably (spec: WriteBinlog).  DiskError."""
        self.binlog.append(one.event)
        if self._rules.flushes_binlog():
            self.binlog.fsync()
        self._written = one
        yield from self._took(Action("WriteBinlog", {"xid": one.event.xid}))

    def commit(self, one: Prepared) -> Iterator[Effect]:
        """Commit in redo what the binlog has (spec: WriteRedo).  Raises as `Node.handle`."""
        self._written = None
        yield from self._commit(one.request, one.event.xid)

    def _commit(self, request: str, xid: int) -> Iterator[Effect]:
        carries = self._carried is not None and self._rules.carries_event()
        return self._write(
            request, commit_records(xid, self.events if carries else ()), commits=bool(request)
        )

    def _resolve(self) -> Iterator[Effect]:
        """Roll back, or commit, what leaders before have prepared and not ended (BIN-3, H30)."""
        node = self._node
        if self._resolved == node.raft.term:
            return
        self._resolved = node.raft.term
        xids = self.xids
        for xid in unresolved(tuple(entries_of(node.log))):
            if self._rules.commits_prepared(xid in xids):
                yield from self._commit("", xid)
            else:
                yield from self._write("", [state_record(xid, State.ROLLED_BACK)], commits=False)

    def _write(self, request: str, records: Sequence[Record], *, commits: bool) -> Iterator[Effect]:
        return self._node.handle(ClientMtr(request, encode_mtr(records), commits=commits))

    def written(self, outputs: Sequence[Output]) -> int:
        """The node has just written the mtr among these; the XID of the transaction that it commits, or 0."""
        mtrs = (decode_mtr(one.records) for one in outputs if isinstance(one, AppendMtr))
        xid = next((committed_by(mtr) for mtr in mtrs if not isinstance(mtr, Meta)), 0)
        if xid:
            self._open.append((xid, self._node.log.last_lsn))
        return xid

    def dump(self, position: int) -> Event | None:
        """What downstream gets that has `position` transactions; None if there is nothing for it here."""
        sendable = self.sendable if self._node.serving else ()
        if len(sendable) <= position:
            return None
        event = sendable[position]
        self._observer.record(Action("Dump", {"xid": event.xid}), self._node, (), None)
        return event

    # --- following ---

    def take(self, shipped: Shipment) -> Iterator[Effect]:
        """Take the leader's binlog (spec: TakeBinlog).

        Not while redo has commits that it has not (H20-order): redo loses them first.  DiskError.
        """
        node, xids = self._node, tuple(event.xid for event in shipped.events)
        follows = node.raft.term == shipped.term and node.raft.role is not Role.LEADER
        if not follows or xids == self.binlog.xids or not self._rules.may_stand(self.commits, xids):
            return
        self.binlog.become(shipped.events, at_once=self._rules.replaces())
        yield from self._took(Action("TakeBinlog", {"size": len(xids)}))

    def covered(self, piece: AppendEntries) -> AppendEntries:
        """The piece as far as the binlog at hand goes (H20-order; spec: Covered); all of it where redo has to
        lose something first, and where it carries the binlog."""
        log = self._node.log
        if self._carried is not None or log.term_at(piece.from_lsn) != piece.from_term:
            return piece
        ends = log.entry_ends_of(piece.from_lsn, piece.records)
        if parting(log, piece.from_lsn, ends) < min(piece.upto_lsn, log.last_lsn):
            return piece
        self._whole.follow(log)
        commits = self._whole.xids[: self._whole.upto(piece.from_lsn)]
        start, upto = 0, piece.from_lsn
        for end in ends:
            commits += logged(end.lsn, end.term, piece.records[start : end.size]).commits
            if not self._rules.may_stand(commits, self.binlog.xids):
                return evolve(piece, upto_lsn=upto, records=piece.records[:start])
            start, upto = end.size, end.lsn
        return piece

    def redo_changes(self, outputs: Sequence[Output]) -> None:
        """The log is about to change so.  Raises CorruptRedo, DiskError."""
        if self._carried is not None:
            self._carried.redo_changes(outputs)

    def redo_is_durable(self) -> None:
        """More of the log is durable.  Raises CorruptRedo, DiskError."""
        if self._carried is not None:
            self._carried.redo_is_durable()

    def log_cut(self, to_lsn: Lsn) -> None:
        """The log was cut."""
        self._whole.cut(to_lsn)

    def _took(self, action: Action) -> Iterator[Effect]:
        self._observer.record(action, self._node, (), None)
        yield Stepped(action)


def _said(xids: Sequence[int]) -> str:
    return f"{len(xids)} transactions that end with {', '.join(map(str, xids[-3:])) or 'none'}"
