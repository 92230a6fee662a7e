"""What one step of a read gives, in full (H18, H19; docs/mutation-testing.md)."""

from __future__ import annotations

import pytest
from attrs import evolve

from redoraft.raft.inputs import Proceed, ReadAsked
from redoraft.raft.messages import ReadEcho, ReadProbe, RequestVote
from redoraft.raft.outputs import Outcome, Reply, ResetElectionTimer, Send, Transition
from redoraft.raft.state import Lease, Members, PendingRead, Reading
from redoraft.types import NodeId, Term

from .kit import FIVE, N1, N2, N3, N4, N5, START, candidate, follower, leader, log_of, take

LEASE = Lease(length_ms=100, skew_ms=20)
LOG = log_of([1])
LEADER = leader(N1, 1, LOG)
FOUR = Members((N1, N2, N3, N4))


def echo(sender: NodeId, number: int, term: int = 1) -> ReadEcho:
    return ReadEcho(Term(term), sender, number)


def test_who_does_not_lead_refuses_a_read() -> None:
    for state in (follower(N1, 1), candidate(N1, 1)):
        refused = Transition(state, (Reply("r", Outcome.FAILED),))
        assert take(state, ReadAsked("r", START), LOG) == refused


def test_a_read_waits_for_the_next_round_of_probes() -> None:
    earlier = PendingRead("q", START, 3)
    state = evolve(LEADER, now_ms=9, reading=Reading(round=3, sent_ms={3: 5}, pending=(earlier,)))
    done = take(state, ReadAsked("r", LOG.last_lsn), LOG)
    pending = (earlier, PendingRead("r", LOG.last_lsn, 4))
    assert done.state.reading == Reading(round=4, sent_ms={3: 5, 4: 9}, pending=pending)
    probe = ReadProbe(Term(1), N1, 4)
    assert (done.outputs, done.again) == ((Send(N2, probe), Send(N3, probe)), Proceed())


def test_a_probe_is_echoed_by_who_follows_its_term() -> None:
    state = evolve(follower(N2, 2), now_ms=7)
    echoed = (ResetElectionTimer(), Send(N1, ReadEcho(Term(2), N2, 4)))
    heard = Transition(evolve(state, heard_ms=7), echoed)
    assert take(state, ReadProbe(Term(2), N1, 4), LOG) == heard


def test_a_probe_of_a_past_term_or_to_a_leader_is_not_echoed() -> None:
    state = follower(N2, 2)
    assert take(state, ReadProbe(Term(1), N1, 4), LOG) == Transition(state)
    assert take(LEADER, ReadProbe(Term(1), N2, 4), LOG) == Transition(LEADER)


def test_an_echo_of_a_past_term_or_to_who_does_not_lead_counts_for_nothing() -> None:
    state = leader(N1, 2, LOG)
    assert take(state, echo(N2, 1, term=1), LOG) == Transition(state)
    state = follower(N1, 1)
    assert take(state, echo(N2, 1), LOG) == Transition(state)


def test_an_echo_confirms_its_round_and_all_before_it() -> None:
    state = evolve(LEADER, reading=Reading(round=3, sent_ms={1: 10, 2: 20, 3: 30}))
    done = take(state, echo(N2, 2), LOG)
    reading = Reading(round=3, echoed={N2: 2}, sent_ms={3: 30}, heard_from_ms=20)
    assert done == Transition(evolve(state, reading=reading), again=Proceed())


def test_a_late_echo_takes_nothing_back() -> None:
    state = evolve(LEADER, reading=Reading(round=3, echoed={N2: 2}, sent_ms={3: 30}, heard_from_ms=20))
    assert take(state, echo(N2, 1), LOG).state == state


@pytest.mark.parametrize(("members", "echoes"), [(FOUR, (N2, N3)), (FIVE, (N4, N5))], ids=["four", "five"])
def test_a_round_is_confirmed_by_more_than_half(members: Members, echoes: tuple[NodeId, ...]) -> None:
    state = evolve(leader(N1, 1, LOG, members), reading=Reading(round=1, sent_ms={1: 10}))
    heard = []
    for sender in echoes:
        state = take(state, echo(sender, 1), LOG).state
        heard.append(state.reading.heard_from_ms)
    assert heard == [None, 10]


def test_an_answer_names_what_it_has_seen_and_the_next_read_follows() -> None:
    end = LOG.last_lsn
    one, two = PendingRead("one", end, 1), PendingRead("two", START, 1)
    state = evolve(LEADER, known=end, reading=Reading(round=1, echoed={N2: 1}, pending=(one, two)))
    answered = evolve(state, reading=evolve(state.reading, pending=(two,)))
    reply = (Reply("one", Outcome.OK, lsn=end),)
    assert take(state, Proceed(), LOG) == Transition(answered, reply, again=Proceed())


def test_a_lease_runs_from_when_the_probe_was_sent_and_ends_early_by_the_skew() -> None:
    reading = Reading(round=1, heard_from_ms=1000, pending=(PendingRead("r", START, 1),))
    state = evolve(LEADER, lease=LEASE, reading=reading)
    answers = [take(evolve(state, now_ms=now_ms), Proceed(), LOG).outputs for now_ms in (1000, 1079, 1080)]
    assert [bool(outputs) for outputs in answers] == [True, True, False]


def test_a_voter_is_bound_for_the_length_of_the_lease() -> None:
    asked = RequestVote(Term(2), N3, Term(1), LOG.last_index, LOG.closed_lsn)
    state = evolve(follower(N2, 1), lease=LEASE, heard_ms=1000)
    steps = [take(evolve(state, now_ms=now_ms), asked, LOG) for now_ms in (1000, 1099, 1100)]
    assert [step.action is not None for step in steps] == [False, False, True]
