"""Nodes of the core on real logs, by hand: what the tests of raft/ share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define, evolve, field

from redoraft.disk.memory import MemoryDisk
from redoraft.observe import ArgValue
from redoraft.raft.core import step
from redoraft.raft.inputs import FsyncDone, Input
from redoraft.raft.messages import AppendEntries, AppendReply, Message
from redoraft.raft.outputs import (
    AppendMtr,
    AppendRecords,
    CloseEntry,
    Output,
    PersistVote,
    Reply,
    Send,
    Transition,
    TruncateLog,
)
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.raft.state import Members, Progress, RaftState, Role, started
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY
from redoraft.types import NO_ONE, Lsn, NodeId, Term

N1, N2, N3, N4, N5 = (NodeId(f"n{number}") for number in range(1, 6))
THREE = Members((N1, N2, N3))
WITH_LOG_NODE = Members((N1, N2), (N3,))
FIVE = Members((N1, N2, N3, N4, N5))
START = Lsn(8204)


def mtr(text: str = "x") -> bytes:
    """One mtr that writes `text` into a page."""
    return encode_mtr([PageWrite(1, 1, BODY, text.encode())])


def log_of(terms: Iterable[int], durable: bool = True) -> RedoLog:
    """A log on a disk in memory with one entry of one mtr for each term; equal terms give equal bytes."""
    log = RedoLog.open(MemoryDisk())
    for index, term in enumerate(terms, start=1):
        log.append_mtr(mtr(f"{term}.{index}"))
        log.close_entry(Term(term))
    if durable:
        log.fsync(log.last_lsn)
    return log


def ends_of(log: RedoLog) -> list[tuple[Lsn, Term]]:
    """The entry ends of a log with their terms."""
    found = []
    end = log.entry_end_after(log.start_lsn)
    while end is not None:
        term = log.term_at(end)
        assert term is not None
        found.append((end, term))
        end = log.entry_end_after(end)
    return found


def follower(me: NodeId, term: int, members: Members = THREE, voted_for: NodeId = NO_ONE) -> RaftState:
    """A node that has just started in `term`."""
    return started(me, members, Term(term), voted_for, START)


def candidate(me: NodeId, term: int, members: Members = THREE) -> RaftState:
    """A node that stands for election in `term` and has its own vote only."""
    return evolve(follower(me, term, members, me), role=Role.CANDIDATE, votes=frozenset({me}))


def leader(me: NodeId, term: int, log: RedoLog, members: Members = THREE) -> RaftState:
    """A node that leads `term` and has heard nothing yet of its followers."""
    state = candidate(me, term, members)
    behind = {other: Progress(START, log.closed_lsn) for other in state.others}
    return evolve(state, role=Role.LEADER, leader=me, progress=behind)


def piece(
    log: RedoLog,
    term: int,
    sender: NodeId,
    from_lsn: int = START,
    upto_lsn: int | None = None,
    *,
    majority: int = START,
) -> AppendEntries:
    """What the leader of `term` with that log sends."""
    start, end = Lsn(from_lsn), log.closed_lsn if upto_lsn is None else Lsn(upto_lsn)
    from_term = log.term_at(start)
    assert from_term is not None
    return AppendEntries(Term(term), sender, start, from_term, end, log.read(start, end), Lsn(majority))


def ack(term: int, sender: NodeId, lsn: int) -> AppendReply:
    """What a follower acknowledges."""
    return AppendReply(Term(term), sender, Lsn(lsn))


def sent(outputs: Sequence[Output]) -> list[Message]:
    """The messages among outputs."""
    return [output.message for output in outputs if isinstance(output, Send)]


def action_of(transition: Transition) -> tuple[str, dict[str, ArgValue]] | None:
    """Name and arguments of a step's action."""
    action = transition.action
    return None if action is None else (action.name, dict(action.args))


def take(state: RaftState, event: Input, log: RedoLog) -> Transition:
    """The one step that `event` causes, under all rules."""
    return step(state, event, log, ALL_RULES)


@define
class Peer:
    """A node that does what its steps say, at once and completely."""

    state: RaftState
    log: RedoLog
    rules: Rules = ALL_RULES
    actions: list[str] = field(factory=list)
    persisted: list[tuple[Term, NodeId]] = field(factory=list)
    replies: list[Reply] = field(factory=list)

    def take(self, event: Input) -> list[Send]:
        """Take all steps that `event` causes; the messages they send."""
        sends: list[Send] = []
        pending: Input | None = event
        while pending is not None:
            transition = step(self.state, pending, self.log, self.rules)
            for output in transition.outputs:
                self._do(output, sends)
            self.state = transition.state
            if transition.action is not None:
                self.actions.append(transition.action.name)
            pending = transition.again
        return sends

    def fsync(self) -> list[Send]:
        """Make the whole log durable."""
        before = self.log.durable_lsn
        durable = self.log.fsync(self.log.last_lsn)
        return self.take(FsyncDone(durable)) if durable > before else []

    def _do(self, output: Output, sends: list[Send]) -> None:
        match output:
            case Send():
                sends.append(output)
            case PersistVote(term, voted_for):
                self.persisted.append((term, voted_for))
            case TruncateLog(to_lsn):
                self.log.truncate(to_lsn)
            case AppendRecords(records):
                self.log.append_records(records)
            case AppendMtr(records):
                self.log.append_mtr(records)
            case CloseEntry(term):
                self.log.close_entry(term)
            case Reply():
                self.replies.append(output)
            case _:
                pass


def deliver(peers: dict[NodeId, Peer], sends: Iterable[Send]) -> list[Message]:
    """Deliver messages in order, and what they cause, until all is quiet; what was delivered.

    Whoever receives something makes its log durable at once.  A node that is not among `peers` hears nothing.
    """
    queue = [send for send in sends if send.to in peers]
    delivered: list[Message] = []
    while queue:
        send = queue.pop(0)
        delivered.append(send.message)
        assert len(delivered) < 1000, "the nodes never come to rest"
        caused = peers[send.to].take(send.message) + peers[send.to].fsync()
        queue += [one for one in caused if one.to in peers]
    return delivered


def hears(peer: Peer, sends: Iterable[Send]) -> list[Send]:
    """What of this was sent to `peer` arrives, and is made durable; what it sends for it."""
    mine = [send for send in sends if send.to == peer.state.me]
    return [caused for send in mine for caused in peer.take(send.message) + peer.fsync()]


def refusals(messages: Iterable[Message]) -> int:
    """How many of them refuse a piece of the log."""
    return sum(isinstance(message, AppendReply) and message.hint is not None for message in messages)
