"""A leader sends its log to the others: pieces of whole entries, and where to begin.

None of this is an action of the specification: there a piece of a leader's log may arrive whenever that log
has it.
"""

from __future__ import annotations

from attrs import evolve

from redoraft.raft.agreement import last_end_within
from redoraft.raft.inputs import Proceed
from redoraft.raft.messages import AppendEntries, AppendReply
from redoraft.raft.outputs import Send, Transition
from redoraft.raft.port import LogReader
from redoraft.raft.state import Progress, RaftState, Role
from redoraft.types import Lsn, NodeId

BATCH_BYTES = 4096
"""A piece of the log ends at the first entry end this far (bytes of LSN) behind its start, or at the end
(LOG-7)."""


def _batch_end(log: LogReader, from_lsn: Lsn) -> Lsn:
    upto = from_lsn
    while upto - from_lsn < BATCH_BYTES and (after := log.entry_end_after(upto)) is not None:
        upto = after
    return upto


def _piece_for(state: RaftState, to: NodeId, log: LogReader) -> AppendEntries:
    progress = state.progress[to]
    idle = not progress.answered and progress.next_lsn == log.closed_lsn
    from_lsn = progress.acked if idle else progress.next_lsn
    upto_lsn = from_lsn if idle else _batch_end(log, from_lsn)
    from_term = log.term_at(from_lsn)
    assert from_term is not None, "next_lsn is an entry end of the leader's own log"
    records = log.read(from_lsn, upto_lsn)
    return AppendEntries(state.term, state.me, from_lsn, from_term, upto_lsn, records, state.announced)


def _with_progress(state: RaftState, follower: NodeId, progress: Progress) -> RaftState:
    return evolve(state, progress={**state.progress, follower: progress})


def send_pieces(state: RaftState, followers: tuple[NodeId, ...], log: LogReader) -> Transition:
    """Send each of them what comes next for it, be it empty; what was sent is taken as received until
    refused."""
    sends = []
    for follower in followers:
        piece = _piece_for(state, follower, log)
        sends.append(Send(follower, piece))
        progress = state.progress[follower]
        sent = evolve(progress, next_lsn=max(progress.next_lsn, piece.upto_lsn))
        state = _with_progress(state, follower, sent)
    return Transition(state, tuple(sends))


def replicate(state: RaftState, log: LogReader) -> Transition:
    """Send every follower what comes next; a single node has nobody to send to, and may commit at once."""
    if state.role is not Role.LEADER:
        return Transition(state)
    return evolve(send_pieces(state, state.others, log), again=Proceed())


def note_reply(state: RaftState, reply: AppendReply, log: LogReader) -> RaftState:
    """The state with what a follower has acknowledged, or where it refused."""
    return _with_progress(state, reply.follower, _after_reply(state.progress[reply.follower], reply, log))


def send_if_behind(state: RaftState, follower: NodeId, log: LogReader) -> Transition:
    """Send a follower the next piece, if there is something that it was not sent."""
    if state.progress[follower].next_lsn < log.closed_lsn:
        return send_pieces(state, (follower,), log)
    return Transition(state)


def _after_reply(progress: Progress, reply: AppendReply, log: LogReader) -> Progress:
    acked = max(progress.acked, reply.acked_lsn)
    next_lsn = progress.next_lsn
    if reply.hint is not None:
        next_lsn = min(next_lsn, last_end_within(log, reply.hint.lsn, reply.hint.term))
    return Progress(acked, max(acked, next_lsn), answered=True)
