"""Figure 8 of the Raft paper: an entry of an older term on a majority is not committed yet (H8)."""

from __future__ import annotations

from redoraft.raft.core import step
from redoraft.raft.inputs import ElectionTimeout
from redoraft.raft.messages import RequestVote, Vote
from redoraft.raft.mutants import MUTANTS
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.raft.state import RaftState
from redoraft.redo.log import RedoLog
from redoraft.types import Lsn, Term

from .kit import (
    FIVE,
    N1,
    N2,
    N3,
    N5,
    START,
    Peer,
    ack,
    action_of,
    ends_of,
    follower,
    leader,
    log_of,
    piece,
    sent,
)

COUNTS_OLD_TERMS = MUTANTS["commits-old-terms"].rules()


def s1_in_term_4() -> tuple[RaftState, RedoLog, Lsn]:
    """(c): S1 leads term 4; S2 and S3 are about to have its entry of term 2.  The end of that entry, too."""
    log = log_of([1, 2, 4])
    return leader(N1, 4, log, FIVE), log, ends_of(log)[1][0]


def with_acks(rules: Rules) -> tuple[RaftState, Lsn]:
    state, log, old_end = s1_in_term_4()
    for node in (N2, N3):
        state = step(state, ack(4, node, old_end), log, rules).state
    return state, old_end


def test_c_a_majority_for_the_old_entry_commits_nothing() -> None:
    state, _ = with_acks(ALL_RULES)
    assert state.known == START


def test_c_without_the_rule_it_is_committed() -> None:
    state, old_end = with_acks(COUNTS_OLD_TERMS)
    assert state.known == old_end


def test_d_s5_may_still_be_elected_and_overwrite_it() -> None:
    """Three of five have the entry of term 2; S5 with its entry of term 3 asks S3 for its vote."""
    s5 = Peer(follower(N5, 4, FIVE), log_of([1, 3]))
    requests = [send.message for send in s5.take(ElectionTimeout())]
    s3 = Peer(follower(N3, 4, FIVE), log_of([1, 2]))
    assert [send.message for send in s3.take(requests[1])] == [Vote(Term(5), N3, True)]
    s3.take(piece(log_of([1, 3]), 5, N5))
    assert s3.actions[:4] == ["UpdateTerm", "GrantVote", "Truncate", "AppendEntries"]
    assert [term for _, term in ends_of(s3.log)] == [1, 3]


def test_e_an_entry_of_its_own_term_commits_the_old_one_with_it() -> None:
    state, log, old_end = s1_in_term_4()
    state = step(state, ack(4, N2, log.last_lsn), log, ALL_RULES).state
    answer = step(state, ack(4, N3, log.last_lsn), log, ALL_RULES)
    assert action_of(answer) == ("AdvanceMajority", {"lsn": log.last_lsn})
    assert answer.state.known > old_end


def test_e_then_s5_cannot_win() -> None:
    s5 = Peer(follower(N5, 4, FIVE), log_of([1, 3]))
    (request, *_) = (send.message for send in s5.take(ElectionTimeout()))
    assert isinstance(request, RequestVote)
    answer = step(follower(N3, 5, FIVE), request, log_of([1, 2, 4]), ALL_RULES)
    assert sent(answer.outputs) == [Vote(Term(5), N3, False)]
