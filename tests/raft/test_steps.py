"""What one step gives, in full: state, outputs in their order, the action with its arguments.

Each of these was wrong in a version of the code that every other fast test passed (docs/mutation-testing.md).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from redoraft.observe import Action
from redoraft.raft import replicating
from redoraft.raft.inputs import (
    ClientMtr,
    CloseDue,
    CommitWritten,
    ElectionTimeout,
    FsyncDone,
    Proceed,
    Replicate,
)
from redoraft.raft.messages import AppendReply, RequestVote, TimeoutNow, Vote
from redoraft.raft.outputs import (
    AppendMtr,
    AppendRecords,
    CloseEntry,
    Outcome,
    Reply,
    ResetElectionTimer,
    Send,
    Transition,
)
from redoraft.raft.state import Lease, PendingRead, Progress, Reading, Role, Waiter, started
from redoraft.types import NO_ONE, Term

from .kit import (
    N1,
    N2,
    N3,
    START,
    THREE,
    WITH_LOG_NODE,
    ack,
    action_of,
    candidate,
    ends_of,
    follower,
    leader,
    log_of,
    mtr,
    piece,
    take,
)


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
    """etcd checkquorum: the heartbeats of a leader that is none any more come late."""
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


def test_a_newer_term_leaves_only_the_majority_lsn_the_lease_and_the_clock() -> None:
    log = log_of([1])
    end = log.closed_lsn
    fresh = evolve(
        started(N1, THREE, Term(2), NO_ONE, START), known=end, lease=Lease(100, 20), heard_ms=5, now_ms=7
    )
    old = evolve(
        fresh,
        term=Term(1),
        voted_for=N1,
        role=Role.LEADER,
        agreed=end,
        acked=end,
        announced=end,
        leader=N1,
        votes=frozenset({N1, N2}),
        progress={N2: Progress(end, end)},
        waiting=(Waiter("t", end),),
        reading=Reading(1, {N2: 1}, {1: 0}, 0, (PendingRead("r", end, 1),)),
    )
    assert take(old, ack(2, N2, START), log).state == fresh


def test_an_mtr_is_written_and_only_one_that_commits_is_waited_for() -> None:
    log = log_of([1])
    state = leader(N1, 1, log)
    for commits, again in ((False, None), (True, CommitWritten("t"))):
        done = take(state, ClientMtr("t", mtr(), commits), log)
        assert done == Transition(state, (AppendMtr(mtr()),), Action("WriteMtr"), again)


def test_who_waits_is_noted_and_may_be_answered_next() -> None:
    log = log_of([1])
    state = evolve(leader(N1, 1, log), waiting=(Waiter("s", START),))
    waiting = (Waiter("s", START), Waiter("t", log.last_lsn))
    noted = Transition(evolve(state, waiting=waiting), again=Proceed())
    assert take(state, CommitWritten("t"), log) == noted


def test_only_a_serving_leader_closes_an_entry_and_only_an_open_one() -> None:
    log = log_of([1])
    leads = leader(N1, 1, log)
    assert take(leads, CloseDue(), log) == Transition(leads), "nothing is open"
    log.append_mtr(mtr())
    closed = Transition(leads, (CloseEntry(Term(1)),), Action("CloseEntry"), Replicate())
    assert take(leads, CloseDue(), log) == closed
    for other in (follower(N1, 1), candidate(N1, 2), leader(N3, 1, log, WITH_LOG_NODE)):
        assert take(other, CloseDue(), log) == Transition(other)


def test_an_fsync_is_named_with_its_lsn_and_makes_more_possible() -> None:
    log = log_of([1])
    state, end = follower(N1, 1), log.closed_lsn
    assert take(state, FsyncDone(end), log) == Transition(state, (), Action("Fsync", {"lsn": end}), Proceed())


def test_what_was_sent_to_a_follower_is_not_sent_again() -> None:
    log = log_of([1])
    end = log.closed_lsn
    progress = {N2: Progress(START, START), N3: Progress(START, end)}
    state = evolve(leader(N1, 1, log), progress=progress)
    sent_both = take(state, Replicate(), log)
    assert sent_both.outputs[0] == Send(N2, piece(log, 1, N1))
    assert sent_both.state.progress == {N2: Progress(START, end), N3: Progress(START, end)}
    assert sent_both.again == Proceed(), "a single node has nobody to wait for"


def test_a_piece_ends_where_it_is_as_long_as_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of([1, 1, 1])
    first, second, _ = (end for end, _ in ends_of(log))
    state = evolve(
        leader(N1, 1, log), progress={N2: Progress(START, START)}, members=evolve(THREE, data_nodes=(N1, N2))
    )
    for batch_bytes, upto in ((first - START, first), (first - START + 1, second)):
        monkeypatch.setattr(replicating, "BATCH_BYTES", batch_bytes)
        assert take(state, Replicate(), log).outputs == (Send(N2, piece(log, 1, N1, START, upto)),)


def test_a_log_node_is_sent_the_log_and_counts_for_a_majority() -> None:
    log = log_of([1])
    end = log.closed_lsn
    behind = {node: Progress(START, START) for node in (N2, N3)}
    state = evolve(leader(N1, 1, log, WITH_LOG_NODE), progress=behind)
    assert (state.members.nodes, state.others) == ((N1, N2, N3), (N2, N3))
    sent = take(state, Replicate(), log)
    assert [output.to for output in sent.outputs if isinstance(output, Send)] == [N2, N3]
    assert action_of(take(state, Proceed(), log)) is None, "one of three has it"
    assert action_of(take(state, ack(1, N3, end), log)) == ("AdvanceMajority", {"lsn": end})
