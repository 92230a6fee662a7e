"""One scene for every rule: what a node does with it, and that the mutant without it does something else."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from attrs import evolve, frozen
from tests.node.kit import put_vote

from redoraft.disk.memory import MemoryDisk
from redoraft.mutants import NodeRules
from redoraft.node import Node, RestartProcess, Stopped
from redoraft.node.startup import aligned, apply_limit
from redoraft.observe import NoObserver
from redoraft.raft.client_mutants import CLIENT_MUTANTS
from redoraft.raft.core import step
from redoraft.raft.inputs import ClientMtr, Proceed
from redoraft.raft.messages import RequestVote, Vote
from redoraft.raft.mutants import MUTANTS
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.raft.state import Role, Waiter
from redoraft.redo.log import RedoLog
from redoraft.types import LogIndex, Lsn, Term

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
    sent,
)

FIRST_END = log_of([1]).last_lsn
WRITE = ClientMtr("t", mtr(), commits=False)


@frozen
class Scene:
    """What `play` gives under all rules (`right`) and must not give without `rule`."""

    rule: str
    claim: str
    right: object
    play: Callable[[Rules], object]


def a_follower_is_written_to(rules: Rules) -> object:
    return step(follower(N1, 1), WRITE, log_of([]), rules).outputs


def a_log_node_wins(rules: Rules) -> object:
    peer = Peer(candidate(N3, 2, WITH_LOG_NODE), log_of([1]), rules)
    peer.take(Vote(Term(2), N1, True))
    peer.take(ack(2, N1, peer.log.last_lsn))
    return peer.log.last_term, peer.state.role


def an_open_entry_is_found(rules: Rules) -> object:
    disk = MemoryDisk()
    log = RedoLog.open(disk)
    log.close_entry(Term(1))
    log.append_mtr(mtr())
    log.fsync(log.last_lsn)
    disk.crash(Random(1))
    put_vote(disk)
    return start(disk, Stopped.CRASHED, rules).last_lsn == log.closed_lsn


def entries_come_that_are_not_durable(rules: Rules) -> object:
    peer = Peer(follower(N2, 1), log_of([]), rules)
    peer.take(piece(log_of([1]), 1, N1))
    return peer.state.acked


def an_old_leader_sends(rules: Rules) -> object:
    return action_of(step(follower(N2, 2), piece(log_of([1]), 1, N1), log_of([]), rules))


def one_of_three_has_it(rules: Rules) -> object:
    log = log_of([1])
    return step(leader(N1, 1, log), Proceed(), log, rules).state.known


def a_majority_has_an_old_entry(rules: Rules) -> object:
    log = log_of([1])
    return step(leader(N1, 2, log), ack(2, N2, log.last_lsn), log, rules).state.known


def a_longer_log_of_an_older_term_asks(rules: Rules) -> object:
    ours, theirs = log_of([1, 3]), log_of([1, 2, 2])
    asks = RequestVote(Term(4), N2, Term(2), LogIndex(3), theirs.last_lsn)
    return sent(step(follower(N1, 4), asks, ours, rules).outputs)


def a_leader_has_written_but_not_synced(rules: Rules) -> object:
    log = log_of([1], durable=False)
    return step(leader(N1, 1, log), ack(1, N2, log.last_lsn), log, rules).state.known


def a_commit_waits(rules: Rules) -> object:
    log = log_of([1])
    state = evolve(leader(N1, 1, log), waiting=(Waiter("t", log.last_lsn),))
    return step(state, Proceed(), log, rules).outputs


def a_heartbeat_knows_more_than_agrees(rules: Rules) -> object:
    """A follower with a tail of term 2 hears of a leader of term 3 that has committed further on."""
    ours, theirs = log_of([1, 2, 2]), log_of([1, 3, 3])
    shared = ends_of(ours)[0][0]
    event = piece(theirs, 3, N1, shared, shared, majority=theirs.last_lsn)
    return step(follower(N2, 3), event, ours, rules).state.known == shared


def start(disk: MemoryDisk, after: Stopped, rules: Rules) -> Node:
    parts = NodeRules(raft=rules)
    observer = NoObserver()
    return Node.start(N1, WITH_LOG_NODE, disk, MemoryDisk(), after=after, rules=parts, observer=observer)


def run_before(rules: Rules) -> MemoryDisk:
    """The disk of a node that has voted for n2 in term 1 and has one durable entry."""
    disk = MemoryDisk()
    node = start(disk, Stopped.NEVER_RAN, rules)
    for event in (RequestVote(Term(1), N2, Term(0), LogIndex(0), START), piece(log_of([1]), 1, N2)):
        list(node.handle(event))
    list(node.fsync(node.last_lsn))
    return disk


def restarted(rules: Rules) -> Node:
    disk = run_before(rules)
    disk.crash(Random(1))
    return start(disk, Stopped.CRASHED, rules)


def it_restarts_and_is_asked_what_it_knows(rules: Rules) -> object:
    return restarted(rules).majority_lsn


def it_restarts_and_another_asks_for_its_vote(rules: Rules) -> object:
    node = restarted(rules)
    asks = RequestVote(Term(1), N3, Term(9), LogIndex(9), Lsn(99_999))
    list(node.handle(asks))
    return node.voted_for


def it_restarts_after_a_clean_shutdown(rules: Rules) -> object:
    disk = run_before(rules)
    node = start(disk, Stopped.CLEAN, rules)
    return node.phase, node.applied_lsn


def it_restarts_and_may_it_recover(rules: Rules) -> object:
    return restarted(rules).may_recover


def a_follower_has_more_than_is_known(rules: Rules) -> object:
    log = log_of([1, 1])
    return apply_limit(evolve(follower(N1, 1), known=ends_of(log)[0][0]), log, rules)


def a_new_leader_has_an_old_tail(rules: Rules) -> object:
    log = log_of([1, 2])
    state = evolve(leader(N1, 2, log), known=ends_of(log)[0][0])
    return aligned(state, log, rules), apply_limit(state, log, rules)


def serving_node(rules: Rules) -> Node:
    node = start(MemoryDisk(), Stopped.NEVER_RAN, rules)
    list(node.handle(RequestVote(Term(1), N2, Term(0), LogIndex(0), START)))
    node.raft = candidate(N1, 1, WITH_LOG_NODE)
    list(node.handle(Vote(Term(1), N2, True)))
    list(node.fsync(node.last_lsn))
    list(node.handle(ack(1, N2, node.last_lsn)))
    list(node.recover())
    assert node.serving
    return node


def a_serving_leader_is_deposed(rules: Rules) -> object:
    return list(serving_node(rules).handle(ack(2, N2, START)))[:1]


SCENES = (
    Scene("CL-1", "the client is refused", (Reply("t", Outcome.FAILED),), a_follower_is_written_to),
    Scene("CL-2", "nothing is written and n1 leads", (Term(1), Role.FOLLOWER), a_log_node_wins),
    Scene("LOG-1", "the scan drops it", True, an_open_entry_is_found),
    Scene("LOG-5", "nothing is acknowledged", START, entries_come_that_are_not_durable),
    Scene("LOG-12", "nothing is acknowledged", START, entries_come_that_are_not_durable),
    Scene("LOG-5-term", "it is not heard", None, an_old_leader_sends),
    Scene("LOG-6", "nothing is committed", START, one_of_three_has_it),
    Scene(
        "LIM-3",
        "the majority LSN is the limit",
        ends_of(log_of([1]))[0][0],
        a_follower_has_more_than_is_known,
    ),
    Scene("LIM-4", "no answer", (), a_commit_waits),
    Scene("ST-1", "it begins anew", ("aligning", START), it_restarts_after_a_clean_shutdown),
    Scene("ST-2", "not before it is aligned", False, it_restarts_and_may_it_recover),
    Scene("H8", "nothing is committed", START, a_majority_has_an_old_entry),
    Scene("H9", "the vote is refused", [Vote(Term(4), N1, False)], a_longer_log_of_an_older_term_asks),
    Scene("H9-vote", "the vote stays", N2, it_restarts_and_another_asks_for_its_vote),
    Scene("H13", "its process restarts", [RestartProcess()], a_serving_leader_is_deposed),
    Scene("H14", "it waits for its marker", (False, None), a_new_leader_has_an_old_tail),
    Scene("H15", "two of three do not have it", START, a_leader_has_written_but_not_synced),
    Scene("H16", "nothing", START, it_restarts_and_is_asked_what_it_knows),
    Scene("H34", "only up to where they agree", True, a_heartbeat_knows_more_than_agrees),
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_with_the_rule(scene: Scene) -> None:
    assert scene.play(ALL_RULES) == scene.right, scene.claim


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_without_the_rule(scene: Scene) -> None:
    (mutant,) = [one for one in MUTANTS.values() if one.rule == scene.rule]
    assert scene.play(mutant.rules()) != scene.right


def test_every_mutant_has_a_scene() -> None:
    assert sorted(scene.rule for scene in SCENES) == sorted(mutant.rule for mutant in MUTANTS.values())


def test_the_winner_needs_more_than_half() -> None:
    assert [ALL_RULES.clients.wins(votes, 5) for votes in range(6)] == [False] * 3 + [True] * 3
    assert [ALL_RULES.clients.wins(votes, 4) for votes in range(5)] == [False] * 3 + [True] * 2


def test_what_is_committed_is_on_more_than_half() -> None:
    assert [ALL_RULES.commit_quorum(holders, 5) for holders in range(6)] == [False] * 3 + [True] * 3
    assert [ALL_RULES.commit_quorum(holders, 4) for holders in range(5)] == [False] * 3 + [True] * 2


def test_a_mutant_takes_out_its_rule_and_no_more() -> None:
    """One that did more could be caught for something else than its rule."""
    hears_old = MUTANTS["old-leader-heard"].rules()
    assert [hears_old.accepts_from(Term(term), Term(2)) for term in (1, 2, 3)] == [True, True, False]
    by_lsn, low, high = MUTANTS["compares-lsn"].rules(), (Term(1), LogIndex(1)), (Term(2), LogIndex(2))
    lsns = (Lsn(START - 1), START, Lsn(START + 1))
    assert [by_lsn.up_to_date(low, lsn, high, START) for lsn in lsns] == [False, True, True]
    assert CLIENT_MUTANTS["trusts-clocks"].rules().clients.lease_margin_ms(20) == 0
