"""What elections add to figure 2 of the Raft paper: open entries, log nodes, hand-over, clusters of one."""

from __future__ import annotations

from attrs import evolve

from redoraft.raft.core import step
from redoraft.raft.inputs import ElectionTimeout, Proceed
from redoraft.raft.messages import AppendEntries, TimeoutNow, Vote
from redoraft.raft.outputs import Outcome, PersistVote, Reply, ResetElectionTimer, Send, TruncateLog
from redoraft.raft.rules import ALL_RULES
from redoraft.raft.state import Members, Role, Waiter
from redoraft.types import NO_ONE, Term

from .kit import (
    N1,
    N2,
    N3,
    START,
    WITH_LOG_NODE,
    Peer,
    ack,
    action_of,
    candidate,
    ends_of,
    follower,
    leader,
    log_of,
    mtr,
    piece,
)


def test_a_deposed_leader_drops_its_open_entry_and_owns_up_to_its_clients() -> None:
    log = log_of([1])
    closed = log.closed_lsn
    log.append_mtr(mtr())
    state = evolve(leader(N1, 1, log), waiting=(Waiter("t", log.last_lsn),))
    answer = step(state, ack(2, N2, START), log, ALL_RULES)
    assert answer.outputs == (
        PersistVote(Term(2), NO_ONE),
        TruncateLog(closed),
        Reply("t", Outcome.UNKNOWN),
        ResetElectionTimer(),
    )
    assert answer.state.waiting == ()


def test_a_follower_has_nothing_to_drop_and_its_timer_runs_on() -> None:
    answer = step(follower(N1, 1), ack(2, N2, START), log_of([1]), ALL_RULES)
    assert answer.outputs == (PersistVote(Term(2), NO_ONE),)


def test_a_newer_term_forgets_all_that_belonged_to_the_old_one() -> None:
    log = log_of([1])
    end = log.last_lsn
    state = evolve(follower(N1, 1), agreed=end, acked=end, announced=end, known=end, leader=N2)
    for answer in (
        step(state, ack(2, N2, START), log, ALL_RULES),
        step(state, ElectionTimeout(), log, ALL_RULES),
    ):
        after = answer.state
        assert (after.agreed, after.acked, after.announced, after.leader) == (START, START, START, None)
        assert after.known == end, "what is known to be committed stays so"


def test_a_log_node_that_wins_writes_nothing_and_hands_over_to_who_has_all() -> None:
    peer = Peer(candidate(N3, 2, WITH_LOG_NODE), log_of([1, 1]))
    peer.take(Vote(Term(2), N1, True))
    assert (peer.state.role, peer.log.last_term) == (Role.LEADER, 1)
    assert peer.take(ack(2, N2, ends_of(peer.log)[0][0])) == [], "n2 lacks an entry"
    assert peer.state.role is Role.LEADER
    sends = peer.take(ack(2, N2, peer.log.last_lsn))
    assert sends == [Send(N2, TimeoutNow(Term(2), N3))]
    assert (peer.state.role, peer.state.term, peer.state.voted_for) == (Role.FOLLOWER, 2, N3)
    assert peer.actions == ["BecomeLeader", "HandOver"]


def test_a_log_node_with_an_empty_log_waits_for_a_data_node_that_lives() -> None:
    log = log_of([])
    state = leader(N3, 2, log, WITH_LOG_NODE)
    assert step(state, Proceed(), log, ALL_RULES).action is None
    answer = step(state, ack(2, N2, START), log, ALL_RULES)
    assert action_of(answer) == ("HandOver", {"to": N2})
    assert ResetElectionTimer() in answer.outputs


def test_the_heir_stands_at_once_and_only_in_that_term() -> None:
    log = log_of([1])
    heir = step(follower(N2, 2, WITH_LOG_NODE), TimeoutNow(Term(2), N3), log, ALL_RULES)
    assert action_of(heir) == ("StartElection", {})
    late = step(follower(N2, 3, WITH_LOG_NODE), TimeoutNow(Term(2), N3), log, ALL_RULES)
    assert (late.action, late.outputs) == (None, ())


def test_a_data_node_hands_nothing_over() -> None:
    log = log_of([2])
    peer = Peer(leader(N1, 2, log, WITH_LOG_NODE), log)
    peer.take(ack(2, N2, log.last_lsn))
    assert peer.state.role is Role.LEADER


def test_a_cluster_of_one_elects_and_commits_alone() -> None:
    peer = Peer(follower(N1, 0, Members((N1,))), log_of([]))
    peer.take(ElectionTimeout())
    assert peer.actions == ["StartElection", "BecomeLeader"]
    peer.fsync()
    assert peer.actions[2:] == ["Fsync", "AdvanceMajority"]
    assert peer.state.known == peer.log.last_lsn


def test_an_older_piece_takes_no_agreement_back() -> None:
    theirs = log_of([1, 1])
    first = ends_of(theirs)[0][0]
    peer = Peer(follower(N2, 1), log_of([]))
    peer.take(piece(theirs, 1, N1))
    peer.take(piece(theirs, 1, N1, START, first))
    assert peer.state.agreed == theirs.last_lsn


def test_what_is_acknowledged_is_an_event_once_and_an_answer_always() -> None:
    theirs = log_of([1])
    peer = Peer(follower(N2, 1), log_of([]))
    peer.take(piece(theirs, 1, N1))
    assert peer.fsync() == [Send(N1, ack(1, N2, theirs.last_lsn))]
    assert peer.take(piece(theirs, 1, N1)) == [Send(N1, ack(1, N2, theirs.last_lsn))]
    assert peer.actions.count("Acknowledge") == 1


def test_a_longer_log_is_not_cut_for_a_piece_that_agrees_with_it() -> None:
    """Only a conflict cuts: what stands behind an old or empty piece may be of the same leader."""
    theirs, ours = log_of([1]), log_of([1, 1])
    answer = step(follower(N2, 1), piece(theirs, 1, N1), ours, ALL_RULES)
    assert action_of(answer) is not None
    assert not any(isinstance(output, TruncateLog) for output in answer.outputs)


def test_a_leader_says_only_what_it_has_committed_itself() -> None:
    """What it knew as a follower is no majority LSN of its term (spec: leaderKnown)."""
    log = log_of([1])
    peer = Peer(evolve(candidate(N1, 2), known=log.last_lsn), log)
    said = [send.message for send in peer.take(Vote(Term(2), N2, True))]
    assert all(isinstance(message, AppendEntries) and message.majority_lsn == START for message in said)
    peer.fsync()
    (first, _) = (send.message for send in peer.take(ack(2, N2, log.last_lsn)))
    assert isinstance(first, AppendEntries)
    assert first.majority_lsn == log.last_lsn == peer.state.known


def test_one_commit_at_a_time_is_answered_and_the_others_keep_waiting() -> None:
    log = log_of([1, 1, 1])
    first, second, third = (end for end, _ in ends_of(log))
    waiting = (Waiter("a", first), Waiter("b", second), Waiter("c", third))
    state = evolve(leader(N1, 1, log), known=second, announced=second, waiting=waiting)
    answer = step(state, Proceed(), log, ALL_RULES)
    assert answer.outputs == (Reply("a", Outcome.OK, lsn=first),)
    assert answer.state.waiting == waiting[1:]
