"""What clients are told: one scene for every rule, and a stale read that the judge of histories finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve, frozen

from redoraft.disk.memory import MemoryDisk
from redoraft.mutants import rules_of
from redoraft.node import Node, Stopped, Timing
from redoraft.node.reads import part_of
from redoraft.observe import NoObserver
from redoraft.raft.client_mutants import CLIENT_MUTANTS
from redoraft.raft.core import step
from redoraft.raft.inputs import ClientMtr, CloseDue, Proceed
from redoraft.raft.messages import AppendEntries, RequestVote, Vote
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.raft.state import Lease, PendingRead, Reading, Role, Waiter
from redoraft.storage.engine import Storage
from redoraft.storage.page import PageId
from redoraft.types import LogIndex, Lsn, Term

from .kit import N1, N2, N3, START, THREE, WITH_LOG_NODE, ack, candidate, follower, leader, log_of, mtr, sent
from .register import Register

PLACE = part_of(PageId(1, 0), slice(64, 72))
LEASE = Lease(length_ms=100, skew_ms=20)
READ = PendingRead("r", START, 1)


@frozen
class Scene:
    """What `play` gives under all rules (`right`) and must not give without `rule`."""

    rule: str
    claim: str
    right: object
    play: Callable[[Rules], object]


def two_of_three_vote(rules: Rules) -> object:
    state = step(candidate(N1, 2), Vote(Term(2), N2, True), log_of([1]), rules).state
    return state.role


def a_log_node_leads_and_nobody_has_its_tail(rules: Rules) -> object:
    log = log_of([1, 1])
    state = leader(N3, 2, log, WITH_LOG_NODE)
    return [type(one).__name__ for one in sent(step(state, ack(2, N1, START), log, rules).outputs)]


def a_leader_is_deposed_while_a_commit_waits(rules: Rules) -> object:
    log = log_of([1])
    state = evolve(leader(N1, 1, log), waiting=(Waiter("t", log.last_lsn),))
    newer = RequestVote(Term(2), N2, Term(1), LogIndex(1), log.last_lsn)
    return [one for one in step(state, newer, log, rules).outputs if isinstance(one, Reply)]


def a_read_has_seen_more_than_the_majority_has(rules: Rules) -> object:
    log = log_of([1])
    read = PendingRead("r", log.last_lsn, 1)
    state = evolve(leader(N1, 1, log), reading=Reading(round=1, echoed={N2: 1}, pending=(read,)))
    return step(state, Proceed(), log, rules).outputs


def nobody_has_echoed(rules: Rules) -> object:
    log = log_of([1])
    state = evolve(leader(N1, 1, log), reading=Reading(round=1, pending=(READ,)))
    return step(state, Proceed(), log, rules).outputs


def a_lease_is_nearly_over(rules: Rules) -> object:
    log = log_of([1])
    reading = Reading(round=1, heard_from_ms=0, pending=(READ,))
    state = evolve(leader(N1, 1, log), lease=LEASE, now_ms=90, reading=reading)
    return step(state, Proceed(), log, rules).outputs


def a_node(rules: Rules, timing: Timing, after: Stopped) -> Node:
    return Node.start(
        N1,
        THREE,
        MemoryDisk(),
        MemoryDisk(),
        after=after,
        observer=NoObserver(),
        rules=rules_of(None) if rules is ALL_RULES else evolve(rules_of(None), raft=rules),
        timing=timing,
    )


def a_voter_has_just_restarted(rules: Rules) -> object:
    node = a_node(rules, Timing(lambda: 1000, LEASE), Stopped.CRASHED)
    list(node.handle(RequestVote(Term(1), N2, Term(0), LogIndex(0), START)))
    return node.raft.voted_for


def a_node_that_knows_no_leader_is_read(rules: Rules) -> object:
    node = a_node(rules, Timing(), Stopped.NEVER_RAN)
    (reply,) = node.read_for("r", PLACE)
    assert isinstance(reply, Reply)
    return reply.outcome


def a_follower_is_behind_its_client(rules: Rules) -> object:
    node = a_node(rules, Timing(), Stopped.NEVER_RAN)
    list(node.handle(AppendEntries(Term(1), N2, START, Term(0), START, b"", START)))
    list(node.recover())
    (shown,) = node.read_here("r", PLACE, START)
    assert shown == Reply("r", Outcome.OK, bytes(8), START), "it has all that this client has seen"
    return [*node.read_here("r", PLACE, Lsn(START + 1))]


SCENES = (
    Scene("CL-3", "two of three are enough", Role.LEADER, two_of_three_vote),
    Scene("H27", "it replicates, and hands over to nobody", [], a_log_node_leads_and_nobody_has_its_tail),
    Scene("H17", "nobody can say", [Reply("t", Outcome.UNKNOWN)], a_leader_is_deposed_while_a_commit_waits),
    Scene("H18", "the reply waits", (), a_read_has_seen_more_than_the_majority_has),
    Scene("H19", "no answer yet", (), nobody_has_echoed),
    Scene("H19-skew", "a clock may be ahead", (), a_lease_is_nearly_over),
    Scene("H19-restart", "no vote yet", "none", a_voter_has_just_restarted),
    Scene("H28", "it refuses", Outcome.FAILED, a_node_that_knows_no_leader_is_read),
    Scene("H28-session", "it waits until it has as much", [], a_follower_is_behind_its_client),
)


def mutant_of(rule: str) -> Rules:
    (mutant,) = [one for one in CLIENT_MUTANTS.values() if one.rule == rule]
    return mutant.rules()


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_with_the_rule(scene: Scene) -> None:
    assert scene.play(ALL_RULES) == scene.right, scene.claim


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_without_the_rule(scene: Scene) -> None:
    assert scene.play(mutant_of(scene.rule)) != scene.right


def test_pages_of_several_moments_are_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a start, until redo is applied as far as pages on disk reach; H28 out, so that it is asked."""
    monkeypatch.setattr(Storage, "readable", property(lambda _: False))
    assert a_node_that_knows_no_leader_is_read(mutant_of("H28")) is Outcome.FAILED


def test_every_mutant_has_a_scene() -> None:
    assert sorted(scene.rule for scene in SCENES) == sorted(one.rule for one in CLIENT_MUTANTS.values())


def test_the_docs_say_which_scene_catches_a_mutant() -> None:
    lines = ["| mutant | rule off | what it does | scene | with the rule |", "|---|---|---|---|---|"]
    scene_of = {scene.rule: scene for scene in SCENES}
    for one in CLIENT_MUTANTS.values():
        scene = scene_of[one.rule]
        lines.append(
            f"| `{one.name}` | {one.rule} | {one.summary} | `{scene.play.__name__}` | {scene.claim} |"
        )
    docs = Path(__file__).parents[2] / "docs" / "clients.md"
    assert "\n".join(lines) in docs.read_text(encoding="utf-8")


# --- histories ---


def an_isolated_leader_is_read(rules: Rules) -> Register:
    """n1 leads and is cut off; n2 is elected and acknowledges a write; n1 is asked."""
    register = Register(rules)
    assert register.elect(N1)
    register.write(N1, "old")
    assert register.elect(N2, (N2, N3))
    register.write(N2, "new", (N2, N3))
    register.read(N1, (N1,))
    return register


def test_an_isolated_leader_gives_no_answer() -> None:
    register = an_isolated_leader_is_read(ALL_RULES)
    assert register.answer("new") == (Outcome.OK, "new")
    assert register.answer("r1") == (None, None)
    assert register.findings() == []


def test_without_h19_the_clients_see_it() -> None:
    register = an_isolated_leader_is_read(mutant_of("H19"))
    assert register.answer("r1") == (Outcome.OK, "old")
    assert register.findings() == [
        "reader of r1 was shown old (asked at 5, answered at 6), and no order of one register explains it",
        "the last answer before it was asked: writer of new had written new (asked at 3, answered at 4)",
    ]


def test_a_leader_that_is_heard_answers_with_the_newest() -> None:
    register = Register()
    assert register.elect(N1)
    register.write(N1, "x")
    assert register.answer(register.read(N1, (N1, N3))) == (Outcome.OK, "x")
    assert register.findings() == []


def test_what_is_not_on_a_majority_is_not_shown() -> None:
    register = Register()
    assert register.elect(N1)
    register.write(N1, "x", (N1,))
    request = register.read(N1, (N1,))
    assert register.answer(request) == (None, None)
    register.beat(N1)
    assert register.answer(request) == (Outcome.OK, "x"), "the reply was held until a majority had it"


def test_without_h18_what_is_seen_goes_away() -> None:
    for rule in (None, "H18"):
        register = Register(ALL_RULES if rule is None else mutant_of(rule))
        assert register.elect(N1)
        register.write(N1, "x", (N1,))
        n1 = register.peers[N1]
        n1.state = evolve(n1.state, reading=Reading(round=1, echoed={N2: 9}))
        register.read(N1, (N1,))
        assert register.elect(N2, (N2, N3))
        register.read(N2, (N2, N3))
        assert bool(register.findings()) == (rule is not None)


def test_without_h17_what_failed_is_read() -> None:
    """n3 has the write, n1 does not hear so, and is deposed by n3."""
    for rule, told in ((None, Outcome.UNKNOWN), ("H17", Outcome.FAILED)):
        register = Register(ALL_RULES if rule is None else mutant_of(rule))
        assert register.elect(N1)
        n1, n3 = register.peers[N1], register.peers[N3]
        register.history.asks("writer", "x", "write", "x")
        n1.take(ClientMtr("x", mtr("x"), commits=True))
        for send in n1.take(CloseDue()):
            if send.to == N3:
                n3.take(send.message)
        n3.fsync()
        assert register.elect(N3)
        assert register.answer("x")[0] == told
        register.read(N3)
        assert register.answer("r1") == (Outcome.OK, "x")
        assert bool(register.findings()) == (rule is not None)


def leased(rules: Rules) -> Register:
    register = Register(rules, LEASE)
    assert register.elect(N1)
    register.write(N1, "old")
    register.beat(N1)
    return register


def n2_takes_over(register: Register) -> None:
    assert register.elect(N2, (N2, N3))
    register.write(N2, "new", (N2, N3))


def test_a_lease_answers_without_a_message_until_it_is_over() -> None:
    register = leased(ALL_RULES)
    assert register.answer(register.read(N1, (N1,))) == (Outcome.OK, "old")
    assert not register.elect(N2, (N2, N3)), "the voters have just heard of n1"
    register.passes(101)
    n2_takes_over(register)
    assert register.answer(register.read(N1, (N1,))) == (None, None)
    assert register.findings() == []


def test_without_h19_skew_a_slow_clock_serves_what_is_old() -> None:
    for rule, told in ((None, None), ("H19-skew", Outcome.OK)):
        register = leased(ALL_RULES if rule is None else mutant_of(rule))
        register.passes(101, faster={N1: 90})
        n2_takes_over(register)
        assert register.answer(register.read(N1, (N1,)))[0] == told
        assert bool(register.findings()) == (rule is not None)


def test_without_h19_restart_a_voter_forgets_the_lease() -> None:
    """etcd forget_leader_read_only_lease_based: nobody forgets a leader that may hold a lease."""
    for rule in (None, "H19-restart"):
        rules = ALL_RULES if rule is None else mutant_of(rule)
        register = leased(rules)
        n3 = register.peers[N3]
        restarted = follower(N3, n3.state.term, THREE, n3.state.voted_for)
        heard_ms = rules.clients.heard_at_start_ms(n3.state.now_ms)
        n3.state = evolve(restarted, lease=LEASE, heard_ms=heard_ms, now_ms=n3.state.now_ms)
        n2 = register.peers[N2]
        n2.state = evolve(n2.state, heard_ms=None)
        elected = register.elect(N2, (N2, N3))
        assert elected == (rule is not None)
        if elected:
            register.write(N2, "new", (N2, N3))
            register.read(N1, (N1,))
        assert bool(register.findings()) == (rule is not None)
