"""Figure 2 of the Raft paper ("In search of an understandable consensus algorithm"), claim by claim."""

from __future__ import annotations

import pytest
from attrs import evolve

from redoraft.raft.core import step
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue, Input
from redoraft.raft.messages import AppendEntries, AppendReply, Hint, Message, RequestVote, TimeoutNow, Vote
from redoraft.raft.outputs import (
    AppendMtr,
    AppendRecords,
    Outcome,
    PersistVote,
    ResetElectionTimer,
    Send,
    TruncateLog,
)
from redoraft.raft.rules import ALL_RULES
from redoraft.raft.state import Role
from redoraft.types import NO_ONE, LogIndex, Lsn, NodeId, Term

from .kit import (
    N1,
    N2,
    N3,
    START,
    Peer,
    ack,
    action_of,
    candidate,
    deliver,
    ends_of,
    follower,
    leader,
    log_of,
    mtr,
    piece,
    refusals,
    sent,
)


def request(term: int, sender: NodeId, last_term: int = 0, last_index: int = 0) -> RequestVote:
    return RequestVote(Term(term), sender, Term(last_term), LogIndex(last_index), START)


# --- RequestVote RPC, receiver ---


def test_a_request_of_an_old_term_is_refused() -> None:
    answer = step(follower(N1, 5), request(4, N2), log_of([]), ALL_RULES)
    assert sent(answer.outputs) == [Vote(Term(5), N1, False)]
    assert answer.action is None


def test_a_free_vote_goes_to_a_candidate_whose_log_is_as_up_to_date() -> None:
    answer = step(follower(N1, 2), request(2, N2, 1, 2), log_of([1, 1]), ALL_RULES)
    assert action_of(answer) == ("GrantVote", {"candidate": N2, "term": 2})
    assert answer.state.voted_for == N2
    assert sent(answer.outputs) == [Vote(Term(2), N1, True)]


@pytest.mark.parametrize(
    ("last_term", "last_index", "granted"),
    [(2, 1, False), (1, 9, False), (2, 2, True), (2, 3, True), (3, 1, True)],
)
def test_up_to_date_is_later_term_or_longer_log(last_term: int, last_index: int, granted: bool) -> None:
    answer = step(follower(N1, 4), request(4, N2, last_term, last_index), log_of([1, 2]), ALL_RULES)
    assert sent(answer.outputs) == [Vote(Term(4), N1, granted)]


def test_one_vote_a_term_and_the_same_one_again() -> None:
    voted = follower(N1, 2, voted_for=N2)
    assert sent(step(voted, request(2, N3), log_of([]), ALL_RULES).outputs) == [Vote(Term(2), N1, False)]
    again = step(voted, request(2, N2), log_of([]), ALL_RULES)
    assert sent(again.outputs) == [Vote(Term(2), N1, True)]
    assert again.action is None, "the vote was given before: nothing happens in the specification"


# --- AppendEntries RPC, receiver ---


def test_a_piece_of_an_old_term_is_refused_and_changes_nothing() -> None:
    state = follower(N2, 3)
    answer = step(state, piece(log_of([1]), 2, N1), log_of([]), ALL_RULES)
    assert sent(answer.outputs) == [AppendReply(Term(3), N2, START)]
    assert (answer.state, answer.action) == (state, None)


def test_a_piece_is_refused_without_the_entry_it_continues() -> None:
    theirs, ours = log_of([1, 1, 2]), log_of([1])
    before_last = ends_of(theirs)[1][0]
    answer = step(follower(N2, 2), piece(theirs, 2, N1, before_last), ours, ALL_RULES)
    reply = sent(answer.outputs)[0]
    assert answer.action is None
    assert isinstance(reply, AppendReply) and reply.hint is not None
    assert (reply.hint.lsn, reply.hint.term) == ends_of(ours)[0]


def test_a_conflicting_entry_goes_with_all_that_follow_it() -> None:
    theirs, ours = log_of([1, 3]), log_of([1, 2, 2])
    shared = ends_of(ours)[0][0]
    answer = step(follower(N2, 3), piece(theirs, 3, N1), ours, ALL_RULES)
    assert answer.outputs == (TruncateLog(shared),)
    args = {"term": 3, "from_lsn": START, "upto_lsn": theirs.last_lsn, "cut_lsn": shared}
    assert action_of(answer) == ("Truncate", args)
    assert answer.again == piece(theirs, 3, N1)


def test_only_entries_that_are_missing_are_appended() -> None:
    theirs, ours = log_of([1, 1, 2]), log_of([1])
    had = ends_of(ours)[0][0]
    answer = step(follower(N2, 2), piece(theirs, 2, N1), ours, ALL_RULES)
    assert AppendRecords(theirs.read(had, theirs.last_lsn)) in answer.outputs


def test_what_is_there_already_stays_also_beyond_the_piece() -> None:
    theirs, ours = log_of([1, 1, 1]), log_of([1, 1, 1])
    first = ends_of(theirs)[0][0]
    answer = step(follower(N2, 1), piece(theirs, 1, N1, START, first), ours, ALL_RULES)
    assert answer.outputs == (ResetElectionTimer(),)
    assert answer.state.agreed == first


def test_commit_follows_the_leader_up_to_the_last_new_entry() -> None:
    theirs = log_of([1, 1, 1])
    first, last = ends_of(theirs)[0][0], theirs.last_lsn
    part = step(follower(N2, 1), piece(theirs, 1, N1, START, first, majority=last), log_of([]), ALL_RULES)
    assert part.state.known == first
    whole = step(part.state, piece(theirs, 1, N1, START, last, majority=first), log_of([]), ALL_RULES)
    assert whole.state.known == first, "it is the leader's word, no more"


# --- all servers ---

OF_TERM_7: list[Message] = [
    request(7, N2),
    Vote(Term(7), N2, True),
    piece(log_of([7]), 7, N2),
    ack(7, N2, START),
    TimeoutNow(Term(7), N2),
]


@pytest.mark.parametrize("message", OF_TERM_7, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("role", [Role.FOLLOWER, Role.CANDIDATE, Role.LEADER])
def test_any_message_of_a_newer_term_makes_a_follower_of_that_term(message: Message, role: Role) -> None:
    log = log_of([1])
    before = {
        Role.FOLLOWER: follower(N1, 3, voted_for=N3),
        Role.CANDIDATE: candidate(N1, 3),
        Role.LEADER: leader(N1, 3, log),
    }[role]
    answer = step(before, message, log, ALL_RULES)
    assert (answer.state.term, answer.state.role, answer.state.voted_for) == (7, Role.FOLLOWER, NO_ONE)
    assert answer.outputs[0] == PersistVote(Term(7), NO_ONE)
    assert action_of(answer) == ("UpdateTerm", {"term": 7})
    assert answer.again == message


# --- followers ---


def test_a_follower_that_hears_nothing_stands_for_election() -> None:
    answer = step(follower(N1, 1), ElectionTimeout(), log_of([]), ALL_RULES)
    assert action_of(answer) == ("StartElection", {})
    assert answer.state.role is Role.CANDIDATE


@pytest.mark.parametrize(
    "message", [piece(log_of([]), 1, N2), request(1, N2)], ids=["from the leader", "a vote granted"]
)
def test_a_leader_heard_and_a_vote_granted_put_the_election_off(message: Input) -> None:
    answer = step(follower(N1, 1), message, log_of([]), ALL_RULES)
    assert ResetElectionTimer() in answer.outputs


def test_a_vote_refused_does_not_put_the_election_off() -> None:
    answer = step(follower(N1, 1, voted_for=N3), request(1, N2), log_of([]), ALL_RULES)
    assert ResetElectionTimer() not in answer.outputs


# --- candidates ---


def test_an_election_begins_with_a_new_term_an_own_vote_a_new_timer_and_requests_to_all() -> None:
    log = log_of([1, 2])
    answer = step(follower(N1, 2), ElectionTimeout(), log, ALL_RULES)
    asked = RequestVote(Term(3), N1, Term(2), LogIndex(2), log.last_lsn)
    assert answer.outputs == (
        PersistVote(Term(3), N1),
        ResetElectionTimer(),
        Send(N2, asked),
        Send(N3, asked),
    )
    assert (answer.state.term, answer.state.voted_for) == (3, N1)
    assert answer.state.votes == frozenset({N1})


def test_a_majority_of_votes_makes_a_leader() -> None:
    answer = step(candidate(N1, 3), Vote(Term(3), N2, True), log_of([]), ALL_RULES)
    assert answer.action is not None and answer.action.name == "BecomeLeader"
    assert answer.state.role is Role.LEADER


@pytest.mark.parametrize("vote", [Vote(Term(3), N2, False), Vote(Term(2), N2, True), Vote(Term(3), N1, True)])
def test_refusals_old_votes_and_ones_own_again_do_not(vote: Vote) -> None:
    answer = step(candidate(N1, 3), vote, log_of([]), ALL_RULES)
    assert (answer.state.role, answer.action) == (Role.CANDIDATE, None)


def test_a_candidate_follows_the_leader_of_its_term() -> None:
    answer = step(candidate(N1, 3), piece(log_of([3]), 3, N2), log_of([]), ALL_RULES)
    assert (answer.state.role, answer.state.leader) == (Role.FOLLOWER, N2)


def test_an_election_without_result_is_followed_by_another() -> None:
    answer = step(candidate(N1, 3), ElectionTimeout(), log_of([]), ALL_RULES)
    assert answer.state.term == 4
    assert answer.state.votes == frozenset({N1})


# --- leaders ---


def test_a_new_leader_is_heard_at_once_and_at_every_heartbeat() -> None:
    peer = Peer(candidate(N1, 3), log_of([1, 2]))
    first = peer.take(Vote(Term(3), N2, True))
    assert {send.to for send in first} == {N2, N3}
    later = peer.take(HeartbeatDue())
    assert {send.to for send in later} == {N2, N3}
    assert all(isinstance(send.message, AppendEntries) for send in first + later)


def test_a_command_is_appended_and_answered_when_it_is_committed() -> None:
    log = log_of([])
    peer = Peer(candidate(N1, 1), log)
    peer.take(Vote(Term(1), N2, True))
    assert step(peer.state, ClientMtr("t", mtr(), True), log, ALL_RULES).outputs == (AppendMtr(mtr()),)
    peer.take(ClientMtr("t", mtr(), True))
    peer.take(CloseDue())
    peer.fsync()
    assert peer.replies == []
    peer.take(ack(1, N2, log.last_lsn))
    assert [(reply.request, reply.outcome) for reply in peer.replies] == [("t", Outcome.OK)]
    assert peer.actions[-2:] == ["AdvanceMajority", "AckCommit"]


def test_a_follower_that_is_behind_is_sent_entries_from_where_it_is() -> None:
    log = log_of([1, 1, 2])
    state = leader(N1, 2, log)
    state = evolve(state, progress={**state.progress, N2: evolve(state.progress[N2], next_lsn=START)})
    answer = step(state, ack(2, N2, START), log, ALL_RULES)
    assert sent(answer.outputs) == [piece(log, 2, N1)]


def test_success_moves_what_is_known_of_the_follower() -> None:
    log = log_of([1, 2])
    answer = step(leader(N1, 2, log), ack(2, N2, log.last_lsn), log, ALL_RULES)
    progress = answer.state.progress[N2]
    assert (progress.acked, progress.next_lsn, progress.answered) == (log.last_lsn, log.last_lsn, True)


def test_a_late_answer_takes_nothing_back() -> None:
    log = log_of([1, 2])
    state = step(leader(N1, 2, log), ack(2, N2, log.last_lsn), log, ALL_RULES).state
    late = step(state, ack(2, N2, START), log, ALL_RULES)
    assert late.state.progress[N2].acked == log.last_lsn


def test_a_late_refusal_goes_back_no_further_than_what_is_acknowledged() -> None:
    log = log_of([1, 1, 2])
    second = ends_of(log)[1][0]
    state = step(leader(N1, 2, log), ack(2, N2, second), log, ALL_RULES).state
    refused = AppendReply(Term(2), N2, START, Hint(START, Term(0)))
    answer = step(state, refused, log, ALL_RULES)
    assert sent(answer.outputs) == [piece(log, 2, N1, second)]


def test_a_refusal_is_followed_by_an_earlier_piece() -> None:
    ours, theirs = log_of([1, 1, 2]), log_of([1])
    peers = {N1: Peer(leader(N1, 3, ours), ours), N2: Peer(follower(N2, 3), theirs)}
    deliver(peers, peers[N1].take(HeartbeatDue()))
    assert refusals(deliver(peers, peers[N1].take(HeartbeatDue()))) == 1
    assert ends_of(theirs) == ends_of(ours)


def test_a_majority_commits_an_entry_of_the_leaders_term() -> None:
    log = log_of([1, 2])
    answer = step(leader(N1, 2, log), ack(2, N2, log.last_lsn), log, ALL_RULES)
    assert action_of(answer) == ("AdvanceMajority", {"lsn": log.last_lsn})
    assert (answer.state.known, answer.state.announced) == (log.last_lsn, log.last_lsn)


def test_a_majority_alone_does_not_commit_an_entry_of_an_older_term() -> None:
    log = log_of([1, 1])
    answer = step(leader(N1, 2, log), ack(2, N2, log.last_lsn), log, ALL_RULES)
    assert (answer.state.known, answer.action) == (START, None)


def test_a_minority_commits_nothing() -> None:
    log = log_of([1, 2], durable=False)
    answer = step(leader(N1, 2, log), ack(2, N2, log.last_lsn), log, ALL_RULES)
    assert answer.state.known == START, "the leader has not made it durable: one of three has it (H15)"


# --- state ---


def test_term_and_vote_are_durable_before_anything_is_said() -> None:
    log = log_of([])
    events: list[Input] = [ElectionTimeout(), request(1, N2)]
    for event in events:
        outputs = step(follower(N1, 1), event, log, ALL_RULES).outputs
        kinds = [type(output) for output in outputs]
        assert kinds.index(PersistVote) < kinds.index(Send)


def test_a_log_is_never_overwritten_by_its_leader() -> None:
    log = log_of([1, 3])
    before = ends_of(log)
    peer = Peer(leader(N1, 3, log), log)
    for event in (
        piece(log_of([1, 2, 2]), 2, N2),
        ack(3, N2, START),
        AppendReply(Term(3), N3, START),
        HeartbeatDue(),
        request(3, N2, 9, 9),
    ):
        peer.take(event)
        assert ends_of(log)[: len(before)] == before
    assert peer.state.role is Role.LEADER


def test_lsn_is_not_an_index() -> None:
    """What figure 2 counts in entries is counted here in bytes: two entries of unlike length."""
    log = log_of([1])
    log.append_mtr(mtr("a longer mtr than the others"))
    log.close_entry(Term(1))
    first, second = (end for end, _ in ends_of(log))
    assert Lsn(second - first) != Lsn(first - START)
    assert log.last_index == 2
