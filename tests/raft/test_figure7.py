"""Figure 7 of the Raft paper: a new leader brings followers of every kind into agreement with itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.raft.inputs import HeartbeatDue
from redoraft.raft.messages import AppendEntries, Vote
from redoraft.raft.replicating import BATCH_BYTES
from redoraft.types import Term

from .kit import N1, N2, N3, Peer, candidate, deliver, ends_of, follower, log_of, refusals

LEADER = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
FOLLOWERS = {
    "a: an entry is missing": [1, 1, 1, 4, 4, 5, 5, 6, 6],
    "b: many are missing": [1, 1, 1, 4],
    "c: one too many": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    "d: a term too many": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    "e: missing and too many": [1, 1, 1, 4, 4, 4, 4],
    "f: two terms nobody else has": [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
}


def agree(leader_terms: list[int], follower_terms: list[int], term: int) -> tuple[Peer, Peer, int]:
    """Elect a leader and let it speak to one follower; both, and how often the follower refused."""
    leader = Peer(candidate(N1, term), log_of(leader_terms))
    follow = Peer(follower(N2, term), log_of(follower_terms))
    peers = {N1: leader, N2: follow}
    delivered = deliver(peers, leader.take(Vote(Term(term), N3, True)))
    delivered += deliver(peers, leader.take(HeartbeatDue()))
    return leader, follow, refusals(delivered)


@pytest.mark.parametrize("terms", FOLLOWERS.values(), ids=FOLLOWERS.keys())
def test_the_follower_ends_with_the_leaders_bytes(terms: list[int]) -> None:
    leader, follow, refused = agree(LEADER, terms, 8)
    assert ends_of(follow.log) == ends_of(leader.log)
    end = leader.log.closed_lsn
    start = leader.log.start_lsn
    assert follow.log.read(start, end) == leader.log.read(start, end)
    assert follow.state.agreed == end
    assert refused <= len({*LEADER, *terms}), "a refusal skips a whole term"


def test_what_agrees_is_not_sent_again() -> None:
    leader, follow, _ = agree(LEADER, FOLLOWERS["a: an entry is missing"], 8)
    assert follow.actions.count("Truncate") == 0
    assert leader.state.progress[N2].acked == leader.log.closed_lsn


TERMS = st.lists(st.integers(0, 3), max_size=8)


@settings(max_examples=60, deadline=None)
@given(shared=TERMS, ours=TERMS, theirs=TERMS)
def test_any_two_logs_that_raft_can_make_come_to_agree(
    shared: list[int], ours: list[int], theirs: list[int]
) -> None:
    """Behind a shared start, two branches of rising terms that share no term (each term has one leader)."""
    start = sorted(shared)
    base = max(start, default=0) + 1
    mine = [base + 2 * step for step in sorted(ours)]
    other = [base + 2 * step + 1 for step in sorted(theirs)]
    start = [term + 1 for term in start]
    leader, follow, refused = agree(start + [t + 1 for t in mine], start + [t + 1 for t in other], 99)
    assert ends_of(follow.log) == ends_of(leader.log)
    assert refused <= len({*start, *mine, *other}) + 1


def test_a_follower_far_behind_catches_up_in_batches() -> None:
    """LOG-7: no piece is much longer than a batch, and the acknowledgement of one sends for the next."""
    leader = Peer(candidate(N1, 2), log_of([1] * 400))
    follow = Peer(follower(N2, 2), log_of([]))
    peers = {N1: leader, N2: follow}
    delivered = deliver(peers, leader.take(Vote(Term(2), N3, True)))
    pieces = [message for message in delivered if isinstance(message, AppendEntries)]
    assert len(pieces) > 3
    assert max(piece.upto_lsn - piece.from_lsn for piece in pieces) < BATCH_BYTES + 100
    assert follow.log.last_lsn == leader.log.last_lsn
