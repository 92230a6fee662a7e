"""Elections (CL-1, CL-2, H9; spec: UpdateTerm, StartElection, GrantVote, BecomeLeader, HandOver)."""

from __future__ import annotations

from attrs import evolve

from redoraft.observe import Action
from redoraft.raft.inputs import Input, Proceed, Replicate
from redoraft.raft.messages import RequestVote, TimeoutNow, Vote
from redoraft.raft.outputs import (
    CloseEntry,
    Outcome,
    Output,
    PersistVote,
    Reply,
    ResetElectionTimer,
    Send,
    Transition,
    TruncateLog,
)
from redoraft.raft.port import LogReader
from redoraft.raft.rules import Rules
from redoraft.raft.state import Progress, RaftState, Role, in_term
from redoraft.types import NO_ONE, NodeId, Term


def update_term(state: RaftState, term: Term, log: LogReader, rules: Rules, again: Input) -> Transition:
    """Follow a newer term; what made it known is then looked at again (spec: UpdateTerm).

    An open entry goes: it was never sent.  Its clients cannot be told more than that nobody knows (H17).
    """
    outputs: list[Output] = [PersistVote(term, NO_ONE)]
    if log.last_lsn > log.closed_lsn:
        outputs.append(TruncateLog(log.closed_lsn))
    outputs += [Reply(waiter.request, rules.clients.without_answer()) for waiter in state.waiting]
    outputs += [Reply(read.request, Outcome.FAILED) for read in state.reading.pending]
    if state.role is Role.LEADER:
        outputs.append(ResetElectionTimer())
    follower = in_term(state, term, NO_ONE, Role.FOLLOWER, log.start_lsn)
    return Transition(follower, tuple(outputs), Action("UpdateTerm", {"term": term}), again)


def start_election(state: RaftState, log: LogReader) -> Transition:
    """Stand for the next term (spec: StartElection)."""
    term = Term(state.term + 1)
    request = RequestVote(term, state.me, log.last_term, log.last_index, log.closed_lsn)
    candidate = in_term(state, term, state.me, Role.CANDIDATE, log.start_lsn)
    return Transition(
        evolve(candidate, votes=frozenset({state.me})),
        (
            PersistVote(term, state.me),
            ResetElectionTimer(),
            *(Send(other, request) for other in state.others),
        ),
        Action("StartElection"),
        Proceed(),
    )


def on_election_timeout(state: RaftState, log: LogReader) -> Transition:
    """A leader needs no election; everybody else starts one."""
    return Transition(state) if state.role is Role.LEADER else start_election(state, log)


def on_timeout_now(state: RaftState, message: TimeoutNow, log: LogReader) -> Transition:
    """A log node has handed over in this term: the follower's election timer ends now (CL-2)."""
    if message.term != state.term or state.role is not Role.FOLLOWER:
        return Transition(state)
    return start_election(state, log)


def on_request_vote(state: RaftState, message: RequestVote, log: LogReader, rules: Rules) -> Transition:
    """Grant the vote if this term's is free and the candidate's log is up to date (spec: GrantVote).

    A vote that was given already is said once more, which is no action; so is a refusal.
    """
    given_before = message.term == state.term and state.voted_for == message.candidate
    if given_before or not _grants(state, message, log, rules):
        answer = Vote(state.term, state.me, given_before)
        return Transition(state, (Send(message.candidate, answer),))
    return Transition(
        evolve(state, voted_for=message.candidate),
        (
            PersistVote(state.term, message.candidate),
            ResetElectionTimer(),
            Send(message.candidate, Vote(state.term, state.me, True)),
        ),
        Action("GrantVote", {"candidate": message.candidate, "term": message.term}),
    )


def _grants(state: RaftState, message: RequestVote, log: LogReader, rules: Rules) -> bool:
    return (
        message.term == state.term
        and state.voted_for == NO_ONE
        and rules.up_to_date(
            (message.last_term, message.last_index),
            message.last_lsn,
            (log.last_term, log.last_index),
            log.closed_lsn,
        )
    )


def on_vote(state: RaftState, message: Vote, log: LogReader, rules: Rules) -> Transition:
    """Count a vote of this term, and lead if it was the last one needed."""
    if message.term != state.term or state.role is not Role.CANDIDATE or not message.granted:
        return Transition(state)
    counted = evolve(state, votes=state.votes | {message.voter})
    return become_leader(counted, log, rules) or Transition(counted)


def become_leader(state: RaftState, log: LogReader, rules: Rules) -> Transition | None:
    """Lead, if enough votes are there; a data node opens its term with a marker (H8, H14; spec:
    BecomeLeader)."""
    if state.role is not Role.CANDIDATE or not rules.clients.wins(len(state.votes), len(state.members.nodes)):
        return None
    marker = (CloseEntry(state.term),) if rules.may_serve(state.is_data_node) else ()
    behind = {other: Progress(log.start_lsn, log.closed_lsn) for other in state.others}
    leader = evolve(state, role=Role.LEADER, leader=state.me, progress=behind, announced=log.start_lsn)
    return Transition(leader, marker, Action("BecomeLeader"), Replicate())


def hand_over(state: RaftState, log: LogReader, rules: Rules) -> Transition | None:
    """A log node that leads gives way to a data node that has all it has (CL-2; spec: HandOver)."""
    if state.role is not Role.LEADER or rules.may_serve(state.is_data_node):
        return None
    heir = _heir(state, log, rules)
    if heir is None:
        return None
    follower = evolve(state, role=Role.FOLLOWER, leader=None, progress={})
    outputs = (ResetElectionTimer(), Send(heir, TimeoutNow(state.term, state.me)))
    return Transition(follower, outputs, Action("HandOver", {"to": heir}))


def _heir(state: RaftState, log: LogReader, rules: Rules) -> NodeId | None:
    # With an empty log everybody has everything: one that has not answered may be down.
    for node in state.members.data_nodes:
        progress = state.progress[node]
        if progress.answered and rules.clients.may_inherit(progress.acked, log.closed_lsn):
            return node
    return None
