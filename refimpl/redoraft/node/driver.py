"""A node at work: every input goes through the core, step by step, and the outputs are done in order.

What a step changes on disk and in memory, and the event that tells of it, belong together; between that and
the step's messages, between two messages, and between two steps of one input, the caller may let the node
crash: `handle` is a generator, and what is not consumed does not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from attrs import evolve, frozen

from redoraft.disk.state import VoteStore
from redoraft.files import Disk
from redoraft.node.pages import Pages, Place, whole_mtrs
from redoraft.node.startup import Phase, Startup, aligned, apply_limit, serving
from redoraft.observe import Action, Observer
from redoraft.raft.core import step
from redoraft.raft.inputs import ClientMtr, CloseDue, FsyncDone, Input, ReadAsked
from redoraft.raft.messages import Message
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
from redoraft.raft.state import Lease, Members, RaftState, Role, started
from redoraft.redo.log import RedoLog
from redoraft.types import LogIndex, Lsn, NodeId, Term

VOTE_FILE: Final = "vote"


class Stopped(Enum):
    """How a node's process ended before it is started."""

    NEVER_RAN = "never ran"
    CRASHED = "crashed"
    CLEAN = "clean"


@frozen
class Stepped:
    """A step was taken; `action` is None if it was none of the specification's."""

    action: Action | None


@frozen
class Posted:
    """A message for `to`; `recorded` says that its id stands on an event."""

    message_id: str
    to: NodeId
    message: Message
    recorded: bool


@frozen
class RestartProcess:
    """A leader that served was deposed: its process must end now, and start again (H13)."""


Effect = Stepped | Posted | Reply | ResetElectionTimer | RestartProcess


@frozen
class Timing:
    """A node's clock (ms since any moment), and the lease that reads go by; none is a read index."""

    clock: Callable[[], int] = int
    lease: Lease | None = None


NO_LEASE: Final = Timing()


class Node:
    """One running node on one disk.  Not for use by several threads."""

    def __init__(
        self,
        log: RedoLog,
        votes: VoteStore,
        raft: RaftState,
        rules: Rules,
        observer: Observer,
        timing: Timing = NO_LEASE,
    ) -> None:
        """For `start`."""
        self.log: Final = log
        self.votes: Final = votes
        self.raft = raft
        self.rules: Final = rules
        self.pages: Final = Pages()
        self.startup = Startup(Phase.ALIGNING, log.start_lsn)
        self._observer: Final = observer
        self._timing: Final = timing

    @classmethod
    def start(
        cls,
        me: NodeId,
        members: Members,
        disk: Disk,
        *,
        after: Stopped,
        rules: Rules,
        observer: Observer,
        timing: Timing = NO_LEASE,
    ) -> Node:
        """Scan, and be a follower that has applied nothing, however it was stopped (ST-1; spec: NodeRestart).

        Raises CorruptRedo, CorruptVote or DiskError if the disk does not give what a crash may leave.
        """
        log = RedoLog.open(disk, rules.scan_end)
        votes = VoteStore.open(disk.open(VOTE_FILE))
        raft = started(me, members, votes.vote.term, votes.vote.voted_for, log.start_lsn)
        if after is not Stopped.NEVER_RAN:
            voted_for = rules.vote_after_restart(raft.voted_for)
            known = rules.known_after_restart(log.start_lsn, log.last_lsn)
            raft = evolve(raft, voted_for=voted_for, known=known)
        if timing.lease is not None:
            raft = evolve(raft, lease=timing.lease, heard_ms=rules.clients.heard_at_start_ms(timing.clock()))
        node = cls(log, votes, raft, rules, observer, timing)
        if raft.is_data_node and rules.trusts_shutdown(after is Stopped.CLEAN):
            node._apply_redo(log.last_lsn)
            node.startup = evolve(node.startup, phase=Phase.READY)
        if after is not Stopped.NEVER_RAN:
            observer.record(Action("Restart"), node, (), None)
        return node

    # --- what is seen of it (observe.Observed) ---

    @property
    def term(self) -> Term:
        """Current term (spec: term)."""
        return self.raft.term

    @property
    def voted_for(self) -> NodeId:
        """The vote of that term (spec: votedFor)."""
        return self.raft.voted_for

    @property
    def role(self) -> str:
        """spec: role."""
        return self.raft.role.value

    @property
    def phase(self) -> str:
        """spec: phase."""
        return self.startup.phase.value

    @property
    def last_lsn(self) -> Lsn:
        """End of everything written, in bytes (spec: Len(log))."""
        return self.log.last_lsn

    @property
    def flushed_lsn(self) -> Lsn:
        """End of what is durable, in bytes (spec: durable)."""
        return self.log.durable_lsn

    @property
    def majority_lsn(self) -> Lsn:
        """Majority LSN as far as known, in bytes (spec: known)."""
        return self.raft.known

    @property
    def agreed_lsn(self) -> Lsn:
        """End of what is known to be the leader's log, in bytes (spec: agreed)."""
        return self.raft.agreed

    @property
    def applied_lsn(self) -> Lsn | None:
        """End of what is applied, in bytes (spec: applied); None on a log node."""
        return self.startup.applied if self.raft.is_data_node else None

    @property
    def last_term(self) -> Term:
        """Term of the last whole entry (spec: LastTerm)."""
        return self.log.last_term

    @property
    def last_index(self) -> LogIndex:
        """Index of the last whole entry (spec: LastIndex)."""
        return self.log.last_index

    @property
    def serving(self) -> bool:
        """Whether clients may write here (spec: Serving)."""
        return serving(self.raft, self.startup, self.log)

    # --- steps of the core ---

    def handle(self, event: Input, received: str | None = None) -> Iterator[Effect]:
        """Take the steps that `event` causes; `received` is the id of the message it came in, if that is
        recorded.

        Raises what the log and the vote store raise; the node is not to be used any more then.
        """
        pending: Input | None = event
        if self._timing.lease is not None:
            self.raft = evolve(self.raft, now_ms=self._timing.clock())
        while pending is not None:
            if self._is_deposed_by(pending):
                yield RestartProcess()
                return
            if self._is_too_early(pending):
                if isinstance(pending, ClientMtr):
                    yield Reply(pending.request, Outcome.FAILED)
                return
            transition = step(self.raft, pending, self.log, self.rules)
            yield from self._perform(transition, received if pending is event else None)
            pending = transition.again

    def _is_deposed_by(self, event: Input) -> bool:
        newer = getattr(event, "term", self.raft.term) > self.raft.term
        return newer and self.rules.restarts_when_deposed(self.serving)

    def _is_too_early(self, event: Input) -> bool:
        writes = isinstance(event, ClientMtr | CloseDue)
        return writes and self.raft.role is Role.LEADER and not self.serving

    def _perform(self, transition: Transition, received: str | None) -> Iterator[Effect]:
        effects: list[Effect] = []
        recorded = transition.action is not None
        was_serving = self.serving
        for output in transition.outputs:
            if isinstance(output, Send):
                message_id = self._observer.new_message_id()
                effects.append(Posted(message_id, output.to, output.message, recorded))
            elif isinstance(output, Reply | ResetElectionTimer):
                effects.append(output)
            else:
                self._change(output, was_serving)
        self.raft = transition.state
        if transition.action is not None:
            sent = [effect.message_id for effect in effects if isinstance(effect, Posted)]
            self._observer.record(self._completed(transition.action), self, sent, received)
        yield Stepped(transition.action)
        yield from effects

    def _change(self, output: LogOrVote, was_serving: bool) -> None:
        match output:
            case PersistVote(term, voted_for):
                self.votes.store(term, voted_for)
            case TruncateLog(to_lsn):
                self.log.truncate(to_lsn)
            case AppendRecords(records):
                self.log.append_records(records)
            case AppendMtr(records):
                self.log.append_mtr(records)
                if was_serving:
                    self.pages.apply(records)
            case CloseEntry(term):
                self.log.close_entry(term)
        if was_serving and isinstance(output, AppendMtr | CloseEntry):
            self.startup = evolve(self.startup, applied=self.log.last_lsn)

    def _completed(self, action: Action) -> Action:
        """The action with the end that its write has found."""
        if action.name in {"BecomeLeader", "WriteMtr", "CloseEntry"}:
            return evolve(action, args={**action.args, "end_lsn": self.log.last_lsn})
        return action

    # --- reads ---

    def read(self, request: str, place: Place) -> Iterator[Effect]:
        """Read what the pages hold at `place`; answered by a Reply, now or later (H18, H19; spec: Clients,
        Read).

        A node that does not serve refuses (H14, H28).
        """
        value = self.pages.written.get(place)
        if self.serving:
            yield from self.handle(ReadAsked(request, value, self.log.last_lsn))
        elif self.rules.clients.reads_unaligned():
            yield Reply(request, Outcome.OK, value)
        else:
            yield Reply(request, Outcome.FAILED)

    # --- the log writer ---

    def fsync(self, upto_lsn: Lsn) -> Iterator[Effect]:
        """Make the log durable up to `upto_lsn`, an mtr end, and take the steps that follow (spec: Fsync)."""
        before = self.log.durable_lsn
        durable = self.log.fsync(upto_lsn)
        if durable > before:
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
        return self.rules.recovers_upto(aligned(self.raft, self.log, self.rules), limit, self.log.last_lsn)

    def recover(self) -> Iterator[Effect]:
        """Apply redo for the first time, as far as it is allowed (spec: NodeRecover)."""
        limit = self._recovery_limit
        assert limit is not None, "the caller has asked"
        self._apply_redo(limit)
        self.startup = evolve(self.startup, phase=Phase.READY)
        yield from self._record(Action("Recover"))

    @property
    def applicable(self) -> tuple[Lsn, ...]:
        """The mtr ends up to which redo may be applied now, in bytes (FOL-1; spec: NodeApply); none while it
        serves."""
        if not self.raft.is_data_node or self.startup.phase is not Phase.READY or self.serving:
            return ()
        limit = apply_limit(self.raft, self.log, self.rules)
        return () if limit is None else self.log.mtr_ends(self.startup.applied, limit)

    def apply(self, upto_lsn: Lsn) -> Iterator[Effect]:
        """Apply redo up to `upto_lsn`, one of `applicable` (spec: NodeApply)."""
        assert upto_lsn in self.applicable, "the caller has asked"
        self._apply_redo(upto_lsn)
        yield from self._record(Action("Apply", {"lsn": upto_lsn}))

    def _apply_redo(self, upto_lsn: Lsn) -> None:
        """Apply the mtrs in (applied, upto]; what ends at or below `applied` counts as applied, whatever it
        is (H11)."""
        start = self.log.entry_end_at_or_below(self.startup.applied)
        end = self.log.entry_end_at_or_below(upto_lsn)
        if end < upto_lsn:
            end = self.log.entry_end_after(upto_lsn) or end
        mtrs = zip(self.log.mtr_ends(start, end), whole_mtrs(self.log.read(start, end)), strict=True)
        for mtr_end, mtr in mtrs:
            if self.startup.applied < mtr_end <= upto_lsn:
                self.pages.apply(mtr)
        self.startup = evolve(self.startup, applied=max(self.startup.applied, upto_lsn))

    def _record(self, action: Action) -> Iterator[Effect]:
        self._observer.record(action, self, (), None)
        yield Stepped(action)

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
