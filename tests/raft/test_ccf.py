"""What CCF's raft scenarios are about, played on our nodes; more of them stand in test_interactions.py.

docs/differences.md says for every one of theirs which test it is, or why it does not apply.
"""

from __future__ import annotations

from attrs import evolve

from redoraft.raft.core import step
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue
from redoraft.raft.messages import AppendEntries, AppendReply, RequestVote, Vote
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.rules import ALL_RULES
from redoraft.raft.state import Members, Progress, Role
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
    ack,
    deliver,
    ends_of,
    follower,
    hears,
    leader,
    log_of,
    mtr,
    piece,
    refusals,
    sent,
)
from .register import ALL, Register, all_agree, outcomes, value_of, writes_unheard

EVERYBODY = (N1, N2, N3, N4, N5)


def wins_unheard(register: Register, node: NodeId, voter: NodeId, *others: NodeId) -> None:
    """`node` is elected by `voter`; `others` hear that it stands.  Its marker, and all it sends, is lost."""
    winner = register.peers[node]
    requests = winner.take(ElectionTimeout())
    for other in others:
        hears(register.peers[other], requests)
    hears(winner, hears(register.peers[voter], requests))
    assert winner.state.role is Role.LEADER


def leads(node: NodeId, term: int, terms: list[int]) -> Peer:
    """The leader of `term`, whom all have answered: it takes for granted that they have what it has."""
    log = log_of(terms)
    state = leader(node, term, log)
    answered = {other: Progress(START, log.closed_lsn, answered=True) for other in state.others}
    return Peer(evolve(state, progress=answered), log)


# --- elections ---


def test_a_delayed_request_of_the_same_term_finds_the_vote_given() -> None:
    """delayed_vote_requests: two stand in one term; the refusal then reaches the loser in a later one."""
    voter, loser = Peer(follower(N3, 1), log_of([1])), Peer(follower(N2, 1), log_of([1]))
    requests = loser.take(ElectionTimeout())
    end = voter.log.closed_lsn
    voter.take(RequestVote(Term(2), N1, Term(1), LogIndex(1), end))
    voter.take(piece(voter.log, 2, N1, end))
    refused = hears(voter, requests)
    assert [send.message for send in refused] == [Vote(Term(2), N3, False)]
    loser.take(ElectionTimeout())
    before = loser.state
    assert hears(loser, refused) == []
    assert (loser.state, loser.state.role, loser.state.term) == (before, Role.CANDIDATE, Term(3))


def test_a_voter_that_nearly_stood_itself_keeps_the_vote_it_gave() -> None:
    """pre_vote_double_leader: the winner's piece does not fit, and the other candidate's request is late."""
    ours, theirs = log_of([1]), log_of([1, 1])
    voter = Peer(follower(N1, 2), ours)
    voter.take(RequestVote(Term(3), N2, Term(1), LogIndex(2), theirs.closed_lsn))
    (refusal,) = sent([*voter.take(piece(theirs, 3, N2, theirs.closed_lsn))])
    assert isinstance(refusal, AppendReply)
    assert refusal.hint is not None
    late = RequestVote(Term(3), N3, Term(1), LogIndex(1), ours.closed_lsn)
    assert sent([*voter.take(late)]) == [Vote(Term(3), N1, False)]
    assert voter.persisted[-1] == (Term(3), N2)


def test_whoever_is_elected_again_counts_no_answer_of_its_earlier_term() -> None:
    """reelection: acknowledgements of the first term arrive in the second."""
    register = Register()
    assert register.elect(N1)
    n1, n2, n3 = (register.peers[node] for node in ALL)
    sends = writes_unheard(register, N1, "x")
    late = [*hears(n2, sends), *hears(n3, sends)]
    hears(n1, n2.take(ElectionTimeout()))
    assert n1.state.role is Role.FOLLOWER
    wins_unheard(register, N1, N3)
    before = n1.state
    assert hears(n1, late) == []
    assert n1.state == before
    register.beat(N1)
    register.beat(N1)
    assert all_agree(register)


def test_a_cut_off_candidate_of_many_terms_does_not_win_over_a_committed_entry() -> None:
    """bad_network: y is on n2 as well, which nobody knows; n3 has stood again and again, unheard."""
    register = Register()
    assert register.elect(N1)
    register.write(N1, "x")
    n1, n2 = register.peers[N1], register.peers[N2]
    lost = writes_unheard(register, N1, "y")
    assert lost
    refused = hears(n2, n1.take(HeartbeatDue()))
    hears(n2, hears(n1, refused))
    assert n2.log.last_lsn == n1.log.last_lsn > n1.state.known
    for _ in range(4):
        assert not register.elect(N3, (N3,))
    assert not register.elect(N2, (N2, N3)), "its term is an old one, which it hears of"
    assert not register.elect(N3, (N2, N3)), "its log is an old one"
    assert register.elect(N2, (N2, N3))
    register.beat(N2)
    register.beat(N2)
    assert all_agree(register)
    assert value_of(register.peers[N3]) == "y"
    assert outcomes(register, "x", "y") == [Outcome.OK, Outcome.UNKNOWN]


def test_a_deposed_leader_keeps_what_is_committed_and_wins_with_it() -> None:
    """soft_rollback: x is on two of three; n2 leads next, writes what it never sends, and is deposed."""
    register = Register()
    assert register.elect(N1)
    register.write(N1, "x", (N1, N2))
    n2 = register.peers[N2]
    wins_unheard(register, N2, N3)
    n2.take(ClientMtr("open", mtr("open"), commits=False))
    assert n2.log.last_lsn > n2.log.closed_lsn
    assert not register.elect(N3, (N2, N3))
    assert n2.state.role is Role.FOLLOWER
    assert (value_of(n2), n2.log.last_lsn) == ("x", n2.log.closed_lsn), "only the open entry is gone"
    assert register.elect(N2, (N1, N2))
    register.write(N2, "after")
    register.beat(N2)
    assert all_agree(register)
    assert value_of(register.peers[N3]) == "after"
    assert outcomes(register, "x", "after") == [Outcome.OK, Outcome.OK]


# --- who has what ---


def test_the_partition_shifts_and_the_one_with_the_committed_tail_wins() -> None:
    """fancy_election, fancy_election.1, partial_append_entries: n1 comes back with a tail nobody else has."""
    register = Register()
    assert register.elect(N1, (N1, N2))
    register.write(N1, "a", (N1, N2))
    register.write(N1, "b", (N1, N2))
    writes_unheard(register, N1, "z", "zz")
    assert not register.elect(N3, (N2, N3))
    assert register.elect(N2, (N2, N3))
    register.write(N2, "c", (N2, N3))
    register.beat(N2)
    register.beat(N2)
    assert all_agree(register)
    assert outcomes(register, "a", "b", "c", "z", "zz") == [Outcome.OK] * 3 + [Outcome.UNKNOWN] * 2
    assert register.answer(register.read(N2)) == (Outcome.OK, "c")
    assert register.findings() == []


def test_branches_that_take_turns_commit_nothing_before_the_leaders_own_term() -> None:
    """candidate_viability, candidate_viability.2: entries of term 4 on three of five may still go."""
    rival, log = log_of([1, 3, 3, 5, 5]), log_of([1, 4, 4, 6])
    before, end = ends_of(log)[2][0], log.closed_lsn
    state = leader(N2, 6, log, FIVE)
    for node in (N4, N5):
        state = step(state, ack(6, node, before), log, ALL_RULES).state
    assert state.known == START
    n4 = Peer(follower(N4, 6, FIVE), log_of([1, 4, 4]))
    asks = RequestVote(Term(7), N1, Term(5), LogIndex(5), rival.closed_lsn)
    assert sent([*n4.take(asks)]) == [Vote(Term(7), N4, True)], "so the rival can still win"
    for node in (N4, N5):
        state = step(state, ack(6, node, end), log, ALL_RULES).state
    assert state.known == end


def test_a_new_leader_needs_no_write_to_find_out_what_is_committed() -> None:
    """commit_parity: theirs waits for a write of a client; here each term begins with an entry (H14)."""
    register = Register()
    assert register.elect(N1)
    n1, n2, n3 = (register.peers[node] for node in ALL)
    sends = writes_unheard(register, N1, "x")
    hears(n1, [*hears(n2, sends), *hears(n3, sends)])
    hears(n2, n1.take(HeartbeatDue()))
    end = n1.log.closed_lsn
    assert (n1.state.known, n2.state.known) == (end, end)
    assert n3.state.known < end
    wins_unheard(register, N3, N2, N1)
    assert n3.state.known < end
    assert register.elect(N1, (N1, N2))
    register.beat(N1)
    register.beat(N1)
    assert all_agree(register)


def test_a_leader_that_is_cut_off_writes_for_nobody() -> None:
    """multi_election: it goes on as if it led, and what it writes is of no term that counts."""
    register = Register()
    assert register.elect(N1)
    register.write(N1, "a")
    assert register.elect(N2)
    register.write(N2, "b")
    register.write(N2, "c", (N2,))
    register.write(N2, "d", (N2,))
    assert register.elect(N1, (N1, N3))
    register.beat(N1)
    register.write(N1, "e")
    register.beat(N1)
    assert all_agree(register)
    assert outcomes(register, "a", "b", "e", "c", "d") == [Outcome.OK] * 3 + [Outcome.UNKNOWN] * 2
    assert register.findings() == []


def test_of_two_leaders_only_the_latest_commits() -> None:
    """replicate_on_latest_leader: the older one does not know yet."""
    register = Register()
    assert register.elect(N1)
    wins_unheard(register, N2, N3)
    assert [register.peers[node].state.role for node in (N1, N2)] == [Role.LEADER] * 2
    register.write(N1, "old", (N1,))
    register.write(N2, "new", (N2, N3))
    assert outcomes(register, "old", "new") == [None, Outcome.OK]
    register.beat(N2)
    register.beat(N2)
    assert all_agree(register)
    assert outcomes(register, "old") == [Outcome.UNKNOWN]
    assert register.answer(register.read(N2)) == (Outcome.OK, "new")
    assert register.findings() == []


def test_while_nobody_leads_a_write_fails_and_the_others_elect() -> None:
    """leadership_race: the old leader is cut off, a follower is asked to write."""
    register = Register()
    assert register.elect(N1)
    n2 = register.peers[N2]
    n2.take(ClientMtr("early", mtr("early"), commits=True))
    assert n2.replies == [Reply("early", Outcome.FAILED)]
    n2.replies.clear()
    assert value_of(n2) is None
    assert register.elect(N3, (N2, N3))
    register.beat(N3)
    register.beat(N3)
    assert all_agree(register)


# --- entries ---


def test_nothing_of_an_open_entry_is_committed_be_it_durable() -> None:
    """append: what their signature is, the end of an entry is here (H10)."""
    register = Register(members=Members((N1,)))
    assert register.elect(N1, (N1,))
    n1 = register.peers[N1]
    known = n1.state.known
    for text in ("a", "b", "c"):
        n1.take(ClientMtr(text, mtr(text), commits=True))
    n1.fsync()
    assert (n1.state.known, n1.replies) == (known, [])
    n1.take(CloseDue())
    n1.fsync()
    assert n1.state.known == n1.log.last_lsn
    assert [(one.request, one.outcome) for one in n1.replies] == [(text, Outcome.OK) for text in "abc"]


def test_two_nodes_commit_only_together() -> None:
    """startup_2nodes."""
    register = Register(members=Members((N1, N2)))
    assert not register.elect(N1, (N1,))
    assert register.elect(N1, (N1, N2))
    register.write(N1, "alone", (N1,))
    assert outcomes(register, "alone") == [None]
    register.beat(N1, (N1, N2))
    register.beat(N1, (N1, N2))
    assert all_agree(register)
    assert outcomes(register, "alone") == [Outcome.OK]


def test_a_minority_that_is_cut_off_stops_nothing() -> None:
    """check_quorum: of four nodes one is away, and nothing stops; with two away nothing commits."""
    register = Register(members=Members((N1, N2, N3, N4)))
    assert register.elect(N1, (N1, N2, N3, N4))
    register.write(N1, "x", (N1, N3, N4))
    register.write(N1, "y", (N1, N4))
    assert outcomes(register, "x", "y") == [Outcome.OK, None]


# --- branches ---


def test_entries_at_the_same_place_are_told_apart_by_their_terms() -> None:
    """suffix_collision, suffix_collision.1: both branches have an entry that ends at the same LSN."""
    register = Register()
    assert register.elect(N1)
    register.write(N1, "shared")
    n1, n2 = register.peers[N1], register.peers[N2]
    fork = n1.log.last_lsn
    wins_unheard(register, N2, N3)
    drop = "d" * 80
    keep = "k" * (len(drop) - (n2.log.last_lsn - fork))
    register.write(N1, drop, (N1,))
    register.write(N2, keep, (N2, N3))
    assert n1.log.last_lsn == n2.log.last_lsn
    assert (n1.log.last_term, n2.log.last_term) == (1, 2)
    register.write(N2, "last", (N2, N3))
    register.beat(N2)
    register.beat(N2)
    assert all_agree(register)
    assert value_of(n1) == "last"
    assert outcomes(register, keep, "last", drop) == [Outcome.OK, Outcome.OK, Outcome.UNKNOWN]


def test_heartbeats_that_overtake_the_answers_do_no_harm() -> None:
    """suffix_collision.2, liveness_through_conflict: two pieces are under way before a refusal comes."""
    lead = leads(N1, 5, [1, 2, 2, 3, 4, 5])
    stray = Peer(follower(N2, 5), log_of([1, 1, 1, 1]))
    for _ in range(4):
        twice = [*lead.take(HeartbeatDue()), *lead.take(HeartbeatDue())]
        hears(stray, hears(lead, hears(stray, twice)))
    assert ends_of(stray.log) == ends_of(lead.log)
    assert lead.state.progress[N2].acked == lead.log.closed_lsn == lead.state.known


def test_a_ladder_of_branches_costs_a_refusal_for_each_pair_of_terms() -> None:
    """long_divergence_sync: two nodes have led in turns, and neither has any of the other's entries."""
    lead = leads(N2, 13, [1, 3, 5, 7, 9, 11, 13])
    stray = Peer(follower(N1, 13), log_of([1, 2, 4, 6, 8, 10, 12]))
    messages = deliver({N1: stray, N2: lead}, lead.take(HeartbeatDue()))
    assert ends_of(stray.log) == ends_of(lead.log)
    assert 1 < refusals(messages) <= 6


def test_a_refusal_of_an_earlier_term_makes_nobody_go_back() -> None:
    """rollback_safety: the refusal is of term 2; in term 4 its sender has all, and must not be cut."""
    log = log_of([1, 1, 2, 4])
    late = Peer(follower(N3, 2), log_of([1]))
    (refusal,) = sent([*late.take(piece(log_of([1, 1, 2]), 2, N2, log_of([1, 1, 2]).closed_lsn))])
    assert isinstance(refusal, AppendReply)
    assert refusal.hint is not None
    again = leader(N2, 4, log)
    assert step(again, refusal, log, ALL_RULES).state == again
    holder = Peer(follower(N3, 4), log_of([1, 1, 2, 4]))
    holder.take(piece(log, 4, N2, START))
    assert "Truncate" not in holder.actions
    assert holder.log.last_lsn == log.last_lsn


def test_what_is_sent_twice_is_taken_once_and_its_tail_appended() -> None:
    """matching_partial: a second refusal sends the leader back again, behind what was repaired meanwhile."""
    lead, stray = leads(N1, 4, [1, 4, 4]), Peer(follower(N2, 4), log_of([1, 3, 3]))
    to_n2 = [send for send in lead.take(HeartbeatDue()) + lead.take(HeartbeatDue()) if send.to == N2]
    first, second = (hears(stray, [send]) for send in to_n2)
    hears(stray, hears(lead, first))
    assert (stray.log.last_lsn, stray.actions.count("Truncate")) == (lead.log.closed_lsn, 1)
    lead.take(ClientMtr("x", mtr("x"), commits=True))
    lead.take(CloseDue())
    again = hears(lead, second)
    (resent,) = sent([*again])
    assert isinstance(resent, AppendEntries)
    assert resent.from_lsn == ends_of(lead.log)[0][0], "it begins where they part, once more"
    hears(stray, again)
    assert stray.actions.count("Truncate") == 1
    assert ends_of(stray.log) == ends_of(lead.log)


def test_a_piece_that_is_there_already_is_acknowledged_as_far_as_it_goes() -> None:
    """ackuracy: behind it the follower has another branch, which counts for nobody."""
    log = log_of([1, 3, 4, 5, 5])
    shared = ends_of(log)[2][0]
    stray = Peer(follower(N1, 5, FIVE), log_of([1, 3, 4, 4, 4]))
    assert stray.log.last_lsn == log.last_lsn
    (answer,) = sent([*stray.take(piece(log, 5, N2, START, shared))])
    assert answer == ack(5, N1, shared)
    state = leader(N2, 5, log, FIVE)
    for reply in (ack(5, N4, log.last_lsn), answer):
        state = step(state, reply, log, ALL_RULES).state
    assert state.known == START


def test_whoever_stands_for_election_keeps_what_it_has_acknowledged() -> None:
    """follower_rollback_match_index: there a candidate drops what is unsigned; here only whole entries are
    sent, so nothing that a leader counts is ever dropped for an election."""
    register = Register()
    assert register.elect(N1)
    n1, n3 = register.peers[N1], register.peers[N3]
    n1.take(ClientMtr("open", mtr("open"), commits=False))
    n1.fsync()
    register.beat(N1)
    assert n3.log.last_lsn == n1.log.closed_lsn < n1.log.last_lsn
    counted = n1.state.progress[N3].acked
    n3.take(ElectionTimeout())
    assert counted == n3.log.last_lsn == n3.log.durable_lsn > Lsn(START)
