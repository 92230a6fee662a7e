"""What one step gives, in full: state, outputs in their order, the action with its arguments.

Each of these was wrong in a version of the code that every other fast test passed (docs/mutation-testing.md).
"""

from __future__ import annotations

from attrs import evolve

from redoraft.raft.core import step
from redoraft.raft.inputs import ElectionTimeout, FsyncDone, Input, Proceed
from redoraft.raft.messages import AppendReply, RequestVote, TimeoutNow, Vote
from redoraft.raft.outputs import AppendRecords, Outcome, Reply, ResetElectionTimer, Send, Transition
from redoraft.raft.rules import ALL_RULES
from redoraft.raft.state import Progress, RaftState, Role, Waiter
from redoraft.redo.log import RedoLog
from redoraft.types import Term

from .kit import (
    N1,
    N2,
    N3,
    START,
    WITH_LOG_NODE,
    ack,
    action_of,
    candidate,
    ends_of,
    follower,
    leader,
    log_of,
    piece,
)


def take(state: RaftState, event: Input, log: RedoLog) -> Transition:
    return step(state, event, log, ALL_RULES)


def test_a_leader_has_no_election_timer() -> None:
    log = log_of([1])
    state = leader(N1, 1, log)
    assert take(state, ElectionTimeout(), log) == Transition(state)


def test_a_vote_is_said_once_more_to_the_one_who_has_it() -> None:
    log = log_of([1])
    state = follower(N1, 2, voted_for=N2)
    asked = RequestVote(Term(2), N2, Term(1), log.last_index, log.closed_lsn)
    assert take(state, asked, log) == Transition(state, (Send(N2, Vote(Term(2), N1, True)),))


def test_who_wins_knows_its_leader_and_has_announced_nothing() -> None:
    log = log_of([1])
    state = evolve(candidate(N1, 2), announced=log.closed_lsn)
    won = take(state, Vote(Term(2), N2, True), log)
    assert action_of(won) == ("BecomeLeader", {})
    assert (won.state.role, won.state.leader, won.state.announced) == (Role.LEADER, N1, START)


def test_who_hands_over_follows_nobody_yet_and_keeps_no_progress() -> None:
    log = log_of([1])
    has_all = {N1: Progress(log.closed_lsn, log.closed_lsn, answered=True), N2: Progress(START, START)}
    state = evolve(leader(N3, 2, log, WITH_LOG_NODE), progress=has_all)
    done = take(state, ack(2, N1, log.closed_lsn), log)
    while done.action is None:
        assert done.again is not None
        done = take(done.state, done.again, log)
    assert action_of(done) == ("HandOver", {"to": N1})
    assert (done.state.role, done.state.leader, done.state.progress) == (Role.FOLLOWER, None, {})
    assert done.outputs == (ResetElectionTimer(), Send(N1, TimeoutNow(Term(2), N3)))


def test_a_candidate_that_cuts_its_log_follows_from_that_step_on() -> None:
    ours, theirs = log_of([1, 2]), log_of([1, 3])
    done = take(candidate(N1, 3), piece(theirs, 3, N2), ours)
    assert done.action is not None
    assert done.action.name == "Truncate"
    assert done.state.role is Role.FOLLOWER


def test_an_appended_piece_is_written_before_anything_else_and_named_in_full() -> None:
    theirs, ours = log_of([1, 1]), log_of([1])
    sent = piece(theirs, 1, N2, majority=ours.closed_lsn)
    done = take(follower(N1, 1), sent, ours)
    assert done.outputs == (
        AppendRecords(theirs.read(ours.last_lsn, theirs.closed_lsn)),
        ResetElectionTimer(),
    )
    args = {"term": 1, "from_lsn": START, "upto_lsn": theirs.closed_lsn, "majority_lsn": ours.closed_lsn}
    assert action_of(done) == ("AppendEntries", args)


def test_a_piece_that_is_there_already_writes_nothing() -> None:
    ours = log_of([1, 1])
    assert take(follower(N1, 1), piece(ours, 1, N2), ours).outputs == (ResetElectionTimer(),)


def test_the_majority_lsn_goes_at_once_as_far_as_it_may() -> None:
    """The leader alone has more of its log durable than the others together: the middle is the majority."""
    log = log_of([1, 1, 1])
    first, second, third = (end for end, _ in ends_of(log))
    progress = {N2: Progress(second, third, answered=True), N3: Progress(first, third, answered=True)}
    state = evolve(leader(N1, 1, log), progress=progress)
    assert action_of(take(state, Proceed(), log)) == ("AdvanceMajority", {"lsn": second})


def test_one_acknowledgement_answers_all_that_wait_for_it() -> None:
    log = log_of([1, 1])
    (first, _), (second, _) = ends_of(log)
    waiting = (Waiter("one", first), Waiter("two", second))
    state = evolve(leader(N1, 1, log), known=second, waiting=waiting)
    done, steps = take(state, FsyncDone(second), log), []
    while done.again is not None:
        done = take(done.state, done.again, log)
        steps.append((action_of(done), done.outputs))
    assert steps[:2] == [
        (("AckCommit", {"lsn": first}), (Reply("one", Outcome.OK, lsn=first),)),
        (("AckCommit", {"lsn": second}), (Reply("two", Outcome.OK, lsn=second),)),
    ]
    assert done.state.waiting == ()


def test_the_leader_of_an_old_term_is_told_the_term_and_a_leader_takes_no_log() -> None:
    log = log_of([1, 2])
    state = follower(N1, 3)
    told = (Send(N2, AppendReply(Term(3), N1, START)),)
    assert take(state, piece(log, 2, N2), log) == Transition(state, told)
    leads = leader(N1, 2, log)
    assert take(leads, piece(log, 2, N2), log) == Transition(leads)


def test_a_follower_acknowledges_to_its_leader_and_to_nobody_without_one() -> None:
    log = log_of([1])
    end = log.closed_lsn
    state = evolve(follower(N1, 1), agreed=end, leader=N2)
    done = take(state, Proceed(), log)
    assert action_of(done) == ("Acknowledge", {"lsn": end})
    assert done.outputs == (Send(N2, AppendReply(Term(1), N1, end)),)
    for silent in (evolve(state, leader=None), evolve(state, role=Role.CANDIDATE)):
        assert take(silent, Proceed(), log).outputs == ()
