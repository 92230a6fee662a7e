"""What a follower does: take log from its leader, truncate what disagrees, acknowledge what is durable
(LOG-5, LOG-12, H34).

spec: Truncate, AppendEntries, Acknowledge.
"""

from __future__ import annotations

from attrs import evolve

from redoraft.observe import Action
from redoraft.raft.agreement import last_end_within, parting
from redoraft.raft.inputs import Answer
from redoraft.raft.messages import AppendEntries, AppendReply, Hint
from redoraft.raft.outputs import AppendRecords, Output, ResetElectionTimer, Send, Transition, TruncateLog
from redoraft.raft.port import LogReader
from redoraft.raft.rules import Rules
from redoraft.raft.state import RaftState, Role
from redoraft.types import Lsn, NodeId


def on_append_entries(state: RaftState, piece: AppendEntries, log: LogReader, rules: Rules) -> Transition:
    """Take a piece of the leader's log: refuse it, truncate for it (and look again), or append it.

    A piece is taken whole or not at all (H10).
    """
    if not rules.accepts_from(piece.term, state.term):
        return Transition(state, (Send(piece.leader, _reply(state)),))
    if state.role is Role.LEADER:
        # Two leaders of one term: impossible unless H9 is broken, and then not for the log to repair.
        return Transition(state)
    if piece.term == state.term:
        state = evolve(state, leader=piece.leader)
    if log.term_at(piece.from_lsn) != piece.from_term:
        return _refuse(state, piece, log)
    ends = log.entry_ends_of(piece.from_lsn, piece.records)
    shared = parting(log, piece.from_lsn, ends)
    if shared < min(piece.upto_lsn, log.last_lsn):
        return _truncate(state, piece, shared)
    had = next((end.size for end in ends if end.lsn == shared), 0)
    return _append(state, piece, piece.records[had:], log, rules)


def _reply(state: RaftState, hint: Hint | None = None) -> AppendReply:
    return AppendReply(state.term, state.me, state.acked, hint)


def _refuse(state: RaftState, piece: AppendEntries, log: LogReader) -> Transition:
    end = last_end_within(log, piece.from_lsn, piece.from_term)
    term = log.term_at(end)
    assert term is not None, "last_end_within gives entry ends"
    return Transition(state, (ResetElectionTimer(), Send(piece.leader, _reply(state, Hint(end, term)))))


def _truncate(state: RaftState, piece: AppendEntries, cut: Lsn) -> Transition:
    args = {"term": piece.term, "from_lsn": piece.from_lsn, "upto_lsn": piece.upto_lsn, "cut_lsn": cut}
    follower = evolve(state, role=Role.FOLLOWER)
    return Transition(follower, (TruncateLog(cut),), Action("Truncate", args), again=piece)


def _append(
    state: RaftState, piece: AppendEntries, missing: bytes, log: LogReader, rules: Rules
) -> Transition:
    outputs: list[Output] = [ResetElectionTimer()]
    if piece.upto_lsn > log.last_lsn:
        outputs.insert(0, AppendRecords(missing))
    agreed = max(state.agreed, piece.upto_lsn)
    last_lsn = max(log.last_lsn, piece.upto_lsn)
    follower = evolve(
        state,
        role=Role.FOLLOWER,
        agreed=agreed,
        known=rules.learned_majority(state.known, piece.majority_lsn, agreed, last_lsn),
    )
    args = {
        "term": piece.term,
        "from_lsn": piece.from_lsn,
        "upto_lsn": piece.upto_lsn,
        "majority_lsn": piece.majority_lsn,
    }
    return Transition(follower, tuple(outputs), Action("AppendEntries", args), again=Answer(piece.leader))


def acknowledge(state: RaftState, log: LogReader, rules: Rules) -> Transition | None:
    """Acknowledge whole entries that are the leader's and durable, if that is more than before (spec:
    Acknowledge)."""
    if state.role is not Role.FOLLOWER or state.leader is None:
        return None
    durable = rules.durable_part(state.agreed, log.durable_lsn)
    lsn = log.entry_end_at_or_below(rules.acknowledgeable(state.agreed, durable))
    if lsn <= state.acked:
        return None
    acknowledged = evolve(state, acked=lsn)
    sends = (Send(state.leader, _reply(acknowledged)),)
    return Transition(acknowledged, sends, Action("Acknowledge", {"lsn": lsn}))


def on_answer(state: RaftState, leader: NodeId, log: LogReader, rules: Rules) -> Transition:
    """Acknowledge what is new, or say again what was acknowledged (which is no action): an earlier answer may
    be lost."""
    return acknowledge(state, log, rules) or Transition(state, (Send(leader, _reply(state)),))
