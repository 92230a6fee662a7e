"""Interactions that the tests of etcd-io/raft and of CCF's raft are about, played on our nodes; more of CCF's
stand in test_ccf.py, more of etcd's in test_etcd.py.

docs/differences.md says which those are, and where we decide otherwise and why.
"""

from __future__ import annotations

from attrs import evolve

from redoraft.raft.core import step
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, FsyncDone, HeartbeatDue
from redoraft.raft.messages import AppendReply, RequestVote, TimeoutNow, Vote
from redoraft.raft.outputs import Outcome
from redoraft.raft.rules import ALL_RULES
from redoraft.raft.state import Lease, Progress, Role
from redoraft.types import LogIndex, Lsn, NodeId, Term

from .kit import (
    FIVE,
    N1,
    N2,
    N3,
    N4,
    N5,
    START,
    Peer,
    candidate,
    deliver,
    ends_of,
    follower,
    leader,
    log_of,
    mtr,
    piece,
    sent,
)
from .register import Register

EVERYBODY = (N1, N2, N3, N4, N5)


def ends(register: Register, *nodes: NodeId) -> list[Lsn]:
    """How far the logs of these nodes go."""
    return [register.peers[node].log.last_lsn for node in nodes]


# --- elections ---


def test_a_candidate_that_steps_down_does_not_vote_twice_in_its_term() -> None:
    """CCF former_candidate_double_vote: the winner's piece does not fit, and another candidate is late."""
    winner = log_of([1, 1])
    voter = Peer(candidate(N1, 3, FIVE), log_of([1]))
    unfit = piece(winner, 3, N2, winner.last_lsn)
    assert unfit.from_lsn > voter.log.last_lsn
    voter.take(unfit)
    late = RequestVote(Term(3), N3, Term(1), LogIndex(9), Lsn(99999))
    assert sent([*voter.take(late)]) == [Vote(Term(3), N1, False)]
    assert voter.state.voted_for == N1


def test_vote_requests_of_a_past_term_are_refused() -> None:
    """However good its log is."""
    voter = Peer(follower(N1, 5), log_of([1]))
    late = RequestVote(Term(3), N2, Term(2), LogIndex(9), Lsn(99999))
    assert sent([*voter.take(late)]) == [Vote(Term(5), N1, False)]
    assert voter.persisted == []


def test_a_candidate_without_the_committed_tail_is_not_elected() -> None:
    """etcd prevote: the one that was cut off asks first, and the other one wins."""
    register = Register()
    assert register.elect(N1)
    register.write(N1, "x", (N1, N2))
    assert not register.elect(N3, (N2, N3))
    assert register.elect(N2, (N2, N3))
    assert ends(register, N2) == ends(register, N3)


def test_a_nomination_that_comes_too_late_changes_nothing() -> None:
    """CCF late_nomination: the heir stands in a later term already."""
    heir = Peer(candidate(N1, 3), log_of([1]))
    assert heir.take(TimeoutNow(Term(2), N3)) == []
    assert (heir.state.term, heir.state.role) == (Term(3), Role.CANDIDATE)


def test_a_single_node_elects_itself_and_commits() -> None:
    """etcd single_node; CCF startup."""
    register = Register(members=evolve(FIVE, data_nodes=(N1,)))
    assert register.elect(N1, (N1,))
    register.write(N1, "x", (N1,))
    assert register.answer("x")[0] is Outcome.OK


# --- logs that disagree ---


def test_a_majority_lsn_is_believed_only_as_far_as_the_piece_goes() -> None:
    """CCF follower_overcommit_partial_verified: behind the piece stands a branch of an older leader (H34)."""
    mine, other = log_of([3, 3]), log_of([3, 4])
    shared = ends_of(other)[0][0]
    late = Peer(follower(N2, 4, FIVE), mine)
    late.take(piece(other, 4, N1, START, shared, majority=other.last_lsn))
    assert late.state.known == shared
    assert late.log.last_lsn == mine.last_lsn, "the branch was not looked at, so it stays"


def test_an_old_entry_is_committed_with_a_new_one_and_the_stale_branch_goes() -> None:
    """CCF indirect_commit_stale_leader: n1's entry of an old term, n2's branch at the same place."""
    register = Register()
    assert register.elect(N1)
    register.write(N1, "e1", (N1,))
    n1, n2, n3 = (register.peers[node] for node in (N1, N2, N3))
    requests = {send.to: send.message for send in n2.take(ElectionTimeout())}
    n1.take(requests[N1])
    for vote in n3.take(requests[N3]):
        n2.take(vote.message)
    assert n2.state.role is Role.LEADER
    register.write(N2, "e2", (N2,))
    assert register.elect(N1, (N1, N3))
    assert n1.state.known == n1.log.closed_lsn, "with the marker of term 3 all before it is committed"
    for _ in range(3):
        register.beat(N1)
    assert len(set(ends(register, N1, N2, N3))) == 1
    assert register.answer("e2")[0] is Outcome.UNKNOWN
    request = register.read(N1)
    assert register.answer(request) == (Outcome.OK, "e1")
    assert register.findings() == []


def test_a_refusal_counts_for_nothing() -> None:
    """CCF suffix_collision.3: a refusal names a place, and the leader commits nothing for it."""
    log = log_of([1, 1, 4])
    state = leader(N3, 4, log, FIVE)
    state = step(state, AppendReply(Term(4), N4, log.last_lsn), log, ALL_RULES).state
    refused = Peer(follower(N1, 4, FIVE), log_of([1, 1, 3, 3, 3]))
    (answer,) = sent([*refused.take(piece(log_of([1, 1, 4, 4, 4]), 4, N3, log_of([1, 1, 4, 4]).last_lsn))])
    assert isinstance(answer, AppendReply)
    assert answer.hint is not None
    assert step(state, answer, log, ALL_RULES).state.known == START


def test_an_answer_of_a_term_that_is_over_counts_for_nothing() -> None:
    """CCF retired_node_delayed_responses, as far as it is not about membership."""
    log = log_of([1, 2])
    state = leader(N1, 2, log)
    assert step(state, AppendReply(Term(1), N2, log.last_lsn), log, ALL_RULES).state == state


def test_long_branches_are_cut_and_replaced() -> None:
    """etcd probe_and_replicate (see test_figure7)."""
    register = Register(members=FIVE)
    assert register.elect(N1, EVERYBODY)
    for number in range(8):
        register.write(N1, f"a{number}", (N1, N2))
    assert register.elect(N3, (N3, N4, N5))
    for number in range(12):
        register.write(N3, f"b{number}", (N3, N4, N5))
    for _ in range(4):
        register.beat(N3, EVERYBODY)
    assert len(set(ends(register, *EVERYBODY))) == 1
    register.read(N3, EVERYBODY)
    assert register.findings() == []


# --- durability ---


def test_an_fsync_of_what_was_replaced_meanwhile_acknowledges_nothing() -> None:
    """etcd async_storage_writes_append_aba_race: three leaders write one place, and nothing is synced."""
    late = Peer(follower(N1, 1, FIVE), log_of([1]))
    base = late.log.last_lsn
    for term in (2, 3, 4):
        late.take(piece(log_of([1, term]), term, N2, base))
    answers = sent([*late.take(FsyncDone(late.log.last_lsn))])
    assert [one.acked_lsn for one in answers if isinstance(one, AppendReply)] in ([], [base])
    (answer,) = [one for one in sent([*late.fsync()]) if isinstance(one, AppendReply)]
    assert (answer.term, answer.acked_lsn) == (Term(4), late.log.last_lsn)


def test_a_log_that_lost_what_it_acknowledged_is_not_repaired_in_silence() -> None:
    """etcd commit_index_regression: we trust fsync, and a node without its log is seeded anew (H24)."""
    log = log_of([1, 1, 1])
    known = Progress(acked=log.last_lsn, next_lsn=log.last_lsn, answered=True)
    state = evolve(leader(N1, 1, log), progress={N2: known, N3: known})
    lost = Peer(follower(N2, 1), log_of([1]))
    (refusal,) = sent([*lost.take(piece(log, 1, N1, log.last_lsn))])
    assert isinstance(refusal, AppendReply)
    after = step(state, refusal, log, ALL_RULES).state
    assert after.progress[N2].next_lsn == log.last_lsn, "the leader never goes below what was acknowledged"


# --- replication goes on ---


def test_a_heartbeat_finds_what_was_lost() -> None:
    """etcd replicate_pause; CCF reconnect, reconnect_node."""
    register = Register()
    assert register.elect(N1)
    for number in range(5):
        register.write(N1, f"x{number}", (N1, N2))
    assert ends(register, N3) < ends(register, N1)
    register.beat(N1)
    register.beat(N1)
    assert len(set(ends(register, N1, N2, N3))) == 1


def test_a_heartbeat_brings_the_majority_lsn_to_who_has_missed_it() -> None:
    """etcd lagging_commit: a follower has the log, and not the news that it is committed."""
    register = Register()
    assert register.elect(N1)
    n1, n2, n3 = (register.peers[node] for node in (N1, N2, N3))
    n1.take(ClientMtr("x", mtr("x"), commits=True))
    sends = n1.take(CloseDue())
    n1.fsync()
    for send in sends:
        if send.to == N3:
            n3.take(send.message)
    deliver({N1: n1, N2: n2}, sends)
    assert n1.state.known == n2.state.known == n1.log.closed_lsn
    assert n3.log.last_lsn == n1.log.closed_lsn > n3.state.known
    deliver({N3: n3}, n1.take(HeartbeatDue()))
    assert n3.state.known == n1.state.known


# --- a leader without a quorum, leases ---


def test_a_leader_without_a_quorum_stays_and_answers_nothing() -> None:
    """etcd checkquorum; CCF check_quorum: they step down; ours says nothing until it is deposed."""
    register = Register(members=FIVE)
    assert register.elect(N1, EVERYBODY)
    register.write(N1, "x", (N1, N2))
    request = register.read(N1, (N1, N2))
    for _ in range(20):
        register.beat(N1, (N1, N2))
    assert register.peers[N1].state.role is Role.LEADER
    assert register.answer("x")[0] is None
    assert register.answer(request)[0] is None
    assert register.elect(N3, (N3, N4, N5))
    register.beat(N3, EVERYBODY)
    register.beat(N1, EVERYBODY)
    assert register.answer("x")[0] is Outcome.UNKNOWN
    assert register.answer(request)[0] is Outcome.FAILED


def test_under_a_lease_nobody_is_elected_early_not_even_an_heir() -> None:
    """etcd campaign_now_lease: under leases nobody stands on request.

    Only log nodes hand over here, and a lease of an earlier leader may still run.
    """
    register = Register(lease=Lease(length_ms=100, skew_ms=20))
    assert register.elect(N1)
    register.beat(N1)
    n2 = register.peers[N2]
    register.deliver(n2.take(TimeoutNow(n2.state.term, N3)), (N2, N3))
    assert [n2.state.term, n2.state.leader] == [Term(2), None], "it stands, and n3 does not hear it"
    register.passes(101)
    assert register.elect(N2, (N2, N3))
