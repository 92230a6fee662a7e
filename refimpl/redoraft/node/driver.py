"""A node at work: every input goes through the core, step by step, and the outputs are done in order.

What a step changes on disk and in memory, and the event that tells of it, belong together; between that and
the step's messages, between two messages, and between two steps of one input, the caller may let the node
crash: `handle` is a generator, and what is not consumed does not happen.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final

from attrs import evolve

from redoraft.binlog.node import Carrier
from redoraft.ddl.node import DdlNode
from redoraft.disk.state import VoteStore
from redoraft.errors import LogFull, PoolFull, StorageMisuse, StorageStopped, UnwritableBytes
from redoraft.files import Disk
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft.node.deleted import within_log, without_vain
from redoraft.node.effects import (
    DEFAULT_SIZES,
    NO_LEASE,
    Effect,
    Posted,
    RestartProcess,
    Sizes,
    Stepped,
    Stopped,
    Timing,
    refused,
)
from redoraft.node.logview import RedoCheckpoints, RedoView
from redoraft.node.opening import open_log_and_vote
from redoraft.node.pages import PageTeller, ddl_told, names_changed, seeded
from redoraft.node.reads import Look, Reads
from redoraft.node.room import Room
from redoraft.node.sending import SendingLog
from redoraft.node.startup import Phase, Startup, aligned, apply_limit
from redoraft.node.tables import LogGround, Tables
from redoraft.node.transactions import Transactions
from redoraft.node.twophase import TwoPhase
from redoraft.observe import Action, Observer
from redoraft.raft.core import step
from redoraft.raft.inputs import ClientMtr, CloseDue, FsyncDone, Input
from redoraft.raft.messages import AppendEntries, AppendReply
from redoraft.raft.outputs import (
    AppendMtr,
    AppendRecords,
    CloseEntry,
    LogOrVote,
    Outcome,
    PersistVote,
    Reply,
    ResetElectionTimer,
    Send,
    Transition,
    TruncateLog,
)
from redoraft.raft.rules import Rules
from redoraft.raft.state import Members, RaftState, Role, started
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import decode_mtr, encode_mtr
from redoraft.redo.record import Meta, Record
from redoraft.storage.engine import Storage
from redoraft.storage.page import PageId
from redoraft.storage.port import LoggedMtr
from redoraft.types import Lsn, NodeId


class Node(Room):
    """One running node on its disks: one for the log and the vote, one for pages.  Not for use by several
    threads."""

    def __init__(
        self,
        log: RedoLog,
        votes: VoteStore,
        raft: RaftState,
        *,
        rules: NodeRules,
        sizes: Sizes,
        timing: Timing,
        observer: Observer,
    ) -> None:
        """For `start`."""
        self.log = log
        self.votes: Final = votes
        self.raft = raft
        self.rules: Final[Rules] = rules.raft
        self.sizes = sizes
        self.storage: Storage | None = None
        """The pages; None on a log node."""
        self.copies = 0
        self.tables: Tables | None = None
        """The tables; None where no DDL is done."""
        self.transactions: Transactions | None = None
        """The transactions; None where clients write bytes of pages."""
        self.two_phase: TwoPhase | None = None
        """The binlog; None where there is none."""
        self.startup = Startup(Phase.ALIGNING, log.start_lsn)
        self._timing: Final = timing
        self._reads: Final = Reads(self)
        self._view = RedoView(log, lambda: self.raft.known)
        self._sending: Final = SendingLog(log, rules.log)
        self._observer: Final = observer
        self._pages = PageTeller(self, observer)

    @classmethod
    def start(
        cls,
        me: NodeId,
        members: Members,
        disk: Disk,
        data_disk: Disk,
        *,
        after: Stopped,
        observer: Observer,
        rules: NodeRules = ALL_PARTS,
        sizes: Sizes = DEFAULT_SIZES,
        timing: Timing = NO_LEASE,
        ddl: bool = False,
        undo: bool = False,
        binlog_disk: Disk | None = None,
        carrier: Carrier = Carrier.OWN,
    ) -> Node:
        """Scan, and be a follower that has applied nothing, however it was stopped (ST-1; spec: NodeRestart,
        Seed).

        A log node leaves all but `disk` alone; `ddl` says whether data nodes have tables, `undo` whether they
        write through transactions (node.transactions), `binlog_disk` where they have a binlog, and
        `carrier` how followers get that.  Raises CorruptRedo, CorruptVote, CorruptStorage, CorruptPage,
        CorruptBinlog or DiskError if the disks do not give what a crash may leave.
        """
        log, votes = open_log_and_vote(disk, rules.raft.scan_end, sizes.layout, rules.log)
        raft = started(me, members, votes.vote.term, votes.vote.voted_for, log.start_lsn)
        if after is not Stopped.NEVER_RAN:
            voted_for = rules.raft.vote_after_restart(raft.voted_for)
            known = rules.raft.known_after_restart(log.start_lsn, log.last_lsn)
            raft = evolve(raft, voted_for=voted_for, known=known)
        if timing.lease is not None:
            heard_ms = rules.raft.clients.heard_at_start_ms(timing.clock())
            raft = evolve(raft, lease=timing.lease, heard_ms=heard_ms)
        node = cls(log, votes, raft, rules=rules, sizes=sizes, timing=timing, observer=observer)
        if raft.is_data_node:
            node._open_data(data_disk, rules, ddl=ddl, undo=undo)
        if raft.is_data_node and binlog_disk is not None:
            node.two_phase = TwoPhase.open(node, binlog_disk, rules.binlog, observer, carrier)
        if raft.is_data_node and rules.raft.trusts_shutdown(after is Stopped.CLEAN):
            node._apply_redo(log.last_lsn)
            node.startup = Startup(Phase.READY, log.last_lsn)
        if after is not Stopped.NEVER_RAN:
            action = seeded(node) if after is Stopped.COPIED else Action("Restart")
            observer.record(action, node, (), None)
        return node

    def _open_data(self, disk: Disk, rules: NodeRules, *, ddl: bool, undo: bool) -> None:
        view, checkpoints, frames = self._view, RedoCheckpoints(self.log), self.sizes.pool_pages
        if not ddl:
            self.storage = Storage.open(disk, checkpoints, view, rules.storage, frames, steps=self._pages)
            if undo:
                self.transactions = transactions = Transactions(self, self.storage, rules.log)
                view.reserved = lambda: transactions.reserved_lsn
            return
        ground = LogGround(self.log, lambda: self.raft, self.log.last_lsn)
        opened = DdlNode.open(
            disk, checkpoints, view, ground, rules=rules.ddl, storage_rules=rules.storage, pool_pages=frames
        )
        self.storage = opened.storage
        self.tables = Tables(
            opened, ground, view, self._append_own, lambda: self.serving, tell=self._tell_of_tables
        )

    # --- steps of the core ---

    def handle(self, event: Input, received: str | None = None) -> Iterator[Effect]:
        """Take the steps that `event` causes; `received` is the id of the message it came in, if that is
        recorded.

        A step that finds no room in the log or in the buffer pool is not taken (H25), nor is the redo of a
        client who writes what is the engine's own: its client is told FAILED, of others comes `Dropped`.
        Raises what the log, the pages and the vote store raise besides; the node is not to be used any more
        then.
        """
        if self._timing.lease is not None:
            self.raft = evolve(self.raft, now_ms=self._timing.clock())
        pending: Input | None = within_log(event, self.log)
        first = pending
        while pending is not None:
            if self._is_deposed_by(pending):
                yield RestartProcess()
                return
            if self._is_too_early(pending):
                if isinstance(pending, ClientMtr):
                    yield Reply(pending.request, Outcome.FAILED)
                return
            given = pending
            if isinstance(given, AppendEntries) and self.two_phase is not None:
                given = self.two_phase.covered(given)
            transition = step(self.raft, given, self._sending, self.rules)
            if isinstance(pending, AppendReply) and self.to_seed:
                transition = without_vain(transition, self.log.first_lsn)
            try:
                effects = self._perform(transition, received if pending is first else None)
            except (LogFull, PoolFull, UnwritableBytes) as error:
                yield refused(pending, error)
                return
            except StorageStopped:
                yield RestartProcess()
                return
            yield from effects
            pending = transition.again

    def _is_deposed_by(self, event: Input) -> bool:
        newer = getattr(event, "term", self.raft.term) > self.raft.term
        return newer and self.rules.restarts_when_deposed(self.serving)

    def _is_too_early(self, event: Input) -> bool:
        if self.raft.role is not Role.LEADER or not isinstance(event, ClientMtr | CloseDue):
            return False
        if isinstance(event, ClientMtr) and self.tables is not None:
            return not self.tables.accepts_writers
        if self.transactions is not None and not self.transactions.gives:
            return True
        return not self.serving

    def _perform(self, transition: Transition, received: str | None) -> list[Effect]:
        """Change what the step changes and tell the observer; the effects that follow, in order."""
        effects: list[Effect] = [Stepped(transition.action)]
        recorded = transition.action is not None
        was_serving = self.serving
        if self.two_phase is not None and _becomes_leader(transition):
            self.two_phase.promoted()
        if self.two_phase is not None:
            self.two_phase.redo_changes(transition.outputs)
        for output in transition.outputs:
            if isinstance(output, Send):
                message_id = self._observer.new_message_id()
                effects.append(Posted(message_id, output.to, output.message, recorded))
            elif isinstance(output, Reply):
                effects.append(self._reads.with_value(output))
            elif isinstance(output, ResetElectionTimer):
                effects.append(output)
            else:
                self._change(output, was_serving)
        self.raft = transition.state
        if self.tables is not None:
            self.tables.follow_role(self.raft)
        if transition.action is not None:
            sent = [effect.message_id for effect in effects if isinstance(effect, Posted)]
            self._observer.record(self._completed(transition), self, sent, received)
            self._pages.log_grew()
        return effects

    def _change(self, output: LogOrVote, was_serving: bool) -> None:
        match output:
            case PersistVote(term, voted_for):
                self.votes.store(term, voted_for)
            case TruncateLog(to_lsn):
                self._truncate(to_lsn)
            case AppendRecords(records):
                self.log.append_records(records)
            case AppendMtr(records) if was_serving and self.transactions is None:
                self._write(records)
            case AppendMtr(records):
                self.log.append_mtr(records)
            case CloseEntry(term):
                end = self.log.close_entry(term)
                if was_serving and self.storage is not None:
                    self.storage.pass_over(end)
        if was_serving and isinstance(output, AppendMtr | CloseEntry):
            self.startup = evolve(self.startup, applied=self.log.last_lsn)

    def _write(self, mtr: bytes) -> None:
        """A serving leader's mtr, into log and pages."""
        assert self.storage is not None, "a log node never serves"
        records = decode_mtr(mtr)

        def append(records: Sequence[Record]) -> LoggedMtr:
            start = self.log.last_lsn
            return LoggedMtr(start, self.log.append_mtr(mtr), tuple(records))

        self.storage.write(() if isinstance(records, Meta) else records, append)

    def _append_own(self, records: Sequence[Record]) -> LoggedMtr:
        """A serving leader's mtr of its own; what becomes of the pages is up to the caller.  LogFull."""
        start, mtr = self.log.last_lsn, encode_mtr(records)
        transition = step(self.raft, ClientMtr("", mtr, commits=False), self._sending, self.rules)
        assert transition.action is not None, "whoever serves may write"
        end = self.log.append_mtr(mtr)
        self.raft, self.startup = transition.state, evolve(self.startup, applied=end)
        self._observer.record(self._completed(transition), self, (), None)
        return LoggedMtr(start, end, tuple(records))

    def _tell_of_tables(self, action: Action) -> None:
        if self._observer.sees_tables:
            self._observer.record(action, self, (), None)

    def _truncate(self, to_lsn: Lsn) -> None:
        """Cut the log, never below a page on disk, the checkpoint or the local commit (H11)."""
        floor = self.raft.known
        if self.storage is not None:
            self.storage.before_truncation(to_lsn)
            floor = max(floor, self.storage.page_bound)
        self.log.truncate(to_lsn, floor)
        if self.tables is not None:
            self.tables.log_cut(to_lsn)
        if self.two_phase is not None:
            self.two_phase.log_cut(to_lsn)
        self._sending.source.cut(to_lsn)

    def _completed(self, transition: Transition) -> Action:
        """The action with the end that its write has found, and with the pages that it changes."""
        action = transition.action
        assert action is not None, "the caller has asked"
        if action.name not in {"BecomeLeader", "WriteMtr", "CloseEntry"}:
            return action
        args = {**action.args, "end_lsn": self.log.last_lsn}
        if action.name == "WriteMtr" and self.two_phase is not None:
            args["commits"] = self.two_phase.written(transition.outputs)
        if action.name == "WriteMtr" and self._observer.sees_pages:
            args["pages"] = names_changed(transition.outputs)
        if action.name == "WriteMtr" and self._observer.sees_tables:
            args["ddl"] = ddl_told(transition.outputs)
        return evolve(action, args=args)

    # --- reads ---

    @property
    def reserved_lsn(self) -> Lsn:
        """The end of what is written, or has its place in the log buffer, in bytes: pages have it."""
        return self._view.last_lsn

    def read_for(self, request: str, look: Look) -> Iterator[Effect]:
        """Look at pages as the newest leader has them; answered by a Reply, now or later
        (`Reads.at_leader`)."""
        return self._reads.at_leader(request, look)

    def read_index(self, request: str) -> Iterator[Effect]:
        """The LSN (bytes) that a linearizable read at a follower has to see (`Reads.index`)."""
        return self._reads.index(request)

    def read_here(self, request: str, look: Look, seen: Lsn) -> Iterator[Effect]:
        """Look at pages as they are at this follower, once it has what its client has `seen` (an LSN in
        bytes); answered by a Reply, now or later (`Reads.here`)."""
        return self._reads.here(request, look, seen)

    # --- the log writer ---

    def fsync(self, upto_lsn: Lsn) -> Iterator[Effect]:
        """Make the log durable up to `upto_lsn`, an mtr end, and take the steps that follow (spec: Fsync)."""
        before = self.log.durable_lsn
        durable = self.log.fsync(upto_lsn)
        if durable > before:
            if self.two_phase is not None:
                self.two_phase.redo_is_durable()
            yield from self.handle(FsyncDone(durable))

    # --- startup and apply ---

    @property
    def may_recover(self) -> bool:
        """Whether recovery is due (ST-2; spec: NodeRecover)."""
        return self._recovery_limit is not None

    @property
    def _recovery_limit(self) -> Lsn | None:
        if not self.raft.is_data_node or self.startup.phase is not Phase.ALIGNING:
            return None
        limit = apply_limit(self.raft, self.log, self.rules)
        upto = self.rules.recovers_upto(aligned(self.raft, self.log, self.rules), limit, self.log.last_lsn)
        return None if upto is None or upto > self._executable(upto) else upto

    def _executable(self, limit: Lsn) -> Lsn:
        """`limit`, or how far file redo may be executed if that is less."""
        if self.tables is None or self.storage is None:
            return limit
        return min(limit, self.tables.executable(self.storage.rules))

    def recover(self) -> Iterator[Effect]:
        """Apply redo for the first time, as far as it is allowed (spec: NodeRecover)."""
        limit = self._recovery_limit
        assert limit is not None, "the caller has asked"
        if (yield from self._apply(limit)) == limit:
            self.has_applied(limit)
            self.startup = evolve(self.startup, phase=Phase.READY)
            yield from self._record(Action("Recover"))
            yield from self._reads.answered()

    @property
    def applicable(self) -> tuple[Lsn, ...]:
        """The mtr ends up to which redo may be applied now, in bytes (FOL-1; spec: NodeApply); none while it
        serves."""
        if self.storage is None or self.startup.phase is not Phase.READY or self.serving:
            return ()
        limit = apply_limit(self.raft, self.log, self.rules)
        if limit is None or not self.storage.rules.applies_behind(self.raft.role is Role.LEADER):
            return ()
        return self.log.mtr_ends(self.startup.applied, self._executable(limit))

    def apply(self, upto_lsn: Lsn) -> Iterator[Effect]:
        """Apply redo up to `upto_lsn`, one of `applicable` (spec: NodeApply)."""
        assert upto_lsn in self.applicable, "the caller has asked"
        reached = yield from self._apply(upto_lsn)
        if reached > self.startup.applied:
            self.has_applied(reached)
            yield from self._record(Action("Apply", {"lsn": reached}))
            yield from self._reads.answered()

    def _apply_redo(self, upto_lsn: Lsn) -> Lsn:
        """Apply the mtrs up to `upto_lsn`; how far that went, `upto_lsn` unless the buffer pool is full.

        What the checkpoint or the pages have already counts as applied, whatever it is (H11).
        """
        assert self.storage is not None, "a log node applies nothing"
        self._view.apply_limit = upto_lsn
        try:
            if upto_lsn > self.storage.applied_lsn:
                (self.storage if self.tables is None else self.tables).apply(upto_lsn)
        except PoolFull:
            return self.storage.applied_lsn
        return upto_lsn

    def _apply(self, upto_lsn: Lsn) -> Generator[Effect, None, Lsn]:
        try:
            reached = self._apply_redo(upto_lsn)
        except StorageStopped:
            yield RestartProcess()
            return self.startup.applied
        return reached

    def has_applied(self, upto_lsn: Lsn) -> None:
        """Redo is applied up to there, or further (PageTeller)."""
        self.startup = evolve(self.startup, applied=max(self.startup.applied, upto_lsn))

    def _record(self, action: Action) -> Iterator[Effect]:
        self._observer.record(action, self, (), None)
        yield Stepped(action)

    # --- pages ---

    @property
    def pages(self) -> tuple[PageId, ...]:
        """The pages that were ever written here, in order; none on a log node."""
        return () if self.storage is None else self.storage.pages

    @property
    def readable(self) -> bool:
        """Whether readers may look at pages: redo is applied, up to where all pages are of one moment."""
        is_ready = self.startup.phase is Phase.READY
        return is_ready and self.storage is not None and self.storage.readable

    def read(self, page_id: PageId) -> bytes:
        """A page as redo has made it; its address, LSN and checksum are those of its last write to disk.

        Raises StorageMisuse unless `readable`; PoolFull, CorruptPage, DiskError, StorageStopped.
        """
        if self.storage is None or not self.readable:
            raise StorageMisuse(f"{self.raft.me} has no pages to read now: ask a node that is readable")
        return self.storage.read(page_id)

    # --- the end ---

    def shutdown(self) -> None:
        """Stop cleanly; the whole log is durable (spec: NodeShutdown).  The node is not to be used any more
        then."""
        assert self.log.durable_lsn == self.log.last_lsn, "a clean shutdown flushes the log first"
        raft = self.raft
        stopped = started(raft.me, raft.members, raft.term, raft.voted_for, self.log.start_lsn)
        self.raft = evolve(stopped, role=Role.DOWN)
        self.startup = Startup(Phase.STOPPED, self.log.start_lsn)
        self._observer.record(Action("Shutdown"), self, (), None)


def _becomes_leader(transition: Transition) -> bool:
    return transition.action is not None and transition.action.name == "BecomeLeader"
