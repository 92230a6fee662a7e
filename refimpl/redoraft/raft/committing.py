"""How a leader commits and answers (LOG-6, LIM-4, H8, H15; spec: AdvanceMajority, AckCommit)."""

from __future__ import annotations

from attrs import evolve

from redoraft.observe import Action
from redoraft.raft.inputs import Proceed
from redoraft.raft.outputs import Outcome, Reply, Transition
from redoraft.raft.port import LogReader
from redoraft.raft.replicating import send_pieces
from redoraft.raft.rules import Rules
from redoraft.raft.state import RaftState, Role
from redoraft.types import Lsn


def _majority(state: RaftState, log: LogReader, rules: Rules) -> Lsn | None:
    """The largest LSN that may be found on a majority now and was not before (spec: Holders)."""
    own_durable = log.entry_end_at_or_below(log.durable_lsn)
    own = rules.counts_for_itself(own_durable, log.closed_lsn)
    acked = (own, *(progress.acked for progress in state.progress.values()))
    for lsn in sorted({lsn for lsn in acked if lsn > state.known}, reverse=True):
        holders = sum(one >= lsn for one in acked)
        entry_term = log.term_at(lsn)
        if (
            entry_term is not None
            and rules.commit_quorum(holders, len(state.members.nodes))
            and rules.may_commit(entry_term, state.term)
        ):
            return lsn
    return None


def advance_majority(state: RaftState, log: LogReader, rules: Rules) -> Transition | None:
    """Find that more is on a majority, and let the followers know (spec: AdvanceMajority)."""
    if state.role is not Role.LEADER:
        return None
    lsn = _majority(state, log, rules)
    if lsn is None:
        return None
    advanced = evolve(state, known=lsn, announced=lsn)
    sent = send_pieces(advanced, advanced.others, log)
    return evolve(sent, action=Action("AdvanceMajority", {"lsn": lsn}), again=Proceed())


def ack_commit(state: RaftState, rules: Rules) -> Transition | None:
    """Tell one client that its transaction is committed (spec: AckCommit)."""
    if state.role is not Role.LEADER:
        return None
    ready = next((w for w in state.waiting if rules.may_answer(w.lsn, state.known)), None)
    if ready is None:
        return None
    answered = evolve(state, waiting=tuple(w for w in state.waiting if w is not ready))
    reply = (Reply(ready.request, Outcome.OK, lsn=ready.lsn),)
    return Transition(answered, reply, Action("AckCommit", {"lsn": ready.lsn}), again=Proceed())
