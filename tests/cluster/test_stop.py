"""A clean stop: within the limits, without a quorum, and every crash of it (StorageShutdown.tla)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from redoraft.cluster.crashes import Bounds, Tally, enumerate_crashes
from redoraft.cluster.trio import MEMBERS, N1, N2, N3, Trio, run_until_stop, run_with_stop
from redoraft.disk.subsets import count_of_subsets
from redoraft.mutants import ALL_MUTANTS, ALL_PARTS, NodeRules, rules_of
from redoraft.node import Effect, Node, Stopped, stop
from redoraft.raft.inputs import ClientMtr
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Dummy
from redoraft.types import NodeId

BOUNDS = Bounds(every=2, odd=0)
Stop = Callable[[Node], Iterator[Effect]]


def all_crashes(rules: NodeRules = ALL_PARTS) -> Tally:
    """The tally at the end, or when something was found."""
    tally = Tally()
    for tally in enumerate_crashes(BOUNDS, rules, run_with_stop):
        if tally.findings:
            break
    return tally


def with_a_tail(rules: NodeRules, name: NodeId = N1, *, of_pages: bool = True) -> Trio:
    """Before the stop of `name`; the leader n1 has mtrs of a transaction that only its follower has, if any:
    they touch dirty pages, or none."""
    trio = run_until_stop(name, rules)
    if of_pages:
        trio.write(N1, "tail")
    else:
        trio.do(N1, lambda node: node.handle(ClientMtr("tail", encode_mtr([Dummy()]), True)))
    return trio


def stopped(trio: Trio, name: NodeId, how: Stop = stop) -> Node:
    """The node after its stop; its pool is as the stop has left it."""
    node = trio.node(name)
    assert node is not None
    trio.do(name, how)
    return node


def beyond_the_majority(trio: Trio, name: NodeId) -> list[str]:
    """What a stop has put beyond the majority LSN as the node knew it; none, if all is right."""
    node = trio.node(name)
    assert node is not None
    known = node.majority_lsn
    stopped(trio, name)
    found = ["checkpoint"] if node.log.checkpoint_lsn > known else []
    return found + (["page"] if node.storage is not None and node.storage.page_bound > known else [])


def test_all_is_well_after_every_crash_of_a_stop() -> None:
    tally = all_crashes()
    assert tally.findings == []
    assert set(tally.operations) == set(MEMBERS.nodes)
    assert tally.outcomes == sum(count_of_subsets(one, BOUNDS.every, BOUNDS.odd) for one in tally.pending)
    assert tally.runs == 3 * tally.outcomes
    assert max(tally.pending) > 10


def test_a_stop_that_writes_all_pages_is_noticed() -> None:
    (found,) = all_crashes(rules_of(ALL_MUTANTS["flushes-ahead"])).findings[:1]
    assert "TruncationRefused" in found.what


@pytest.mark.parametrize("of_pages", [True, False])
@pytest.mark.parametrize("name", MEMBERS.nodes)
def test_a_stop_keeps_within_the_majority_lsn(name: NodeId, of_pages: bool) -> None:
    assert beyond_the_majority(with_a_tail(ALL_PARTS, name, of_pages=of_pages), name) == []


@pytest.mark.parametrize(
    ("mutant", "found"), [("flushes-ahead", "page"), ("checkpoints-ahead", "checkpoint")]
)
def test_a_stop_beyond_it_is_noticed(mutant: str, found: str) -> None:
    trio = with_a_tail(rules_of(ALL_MUTANTS[mutant]), of_pages=found == "page")
    assert beyond_the_majority(trio, N1) == [found]


@pytest.mark.parametrize("name", MEMBERS.nodes)
def test_a_stop_makes_the_log_durable_and_does_what_the_limits_allow(name: NodeId) -> None:
    trio = with_a_tail(ALL_PARTS, name)
    before = trio.node(name)
    assert before is not None
    checkpoint, known, storage = before.log.checkpoint_lsn, before.majority_lsn, before.storage
    node = stopped(trio, name)
    assert (node.phase, node.role) == ("stopped", "down")
    assert node.log.durable_lsn == node.log.last_lsn == node.log.closed_lsn
    assert checkpoint < node.log.checkpoint_lsn <= known
    if storage is not None:
        dirty = [frame for frame in storage.pool.frames() if frame.oldest is not None]
        assert all(frame.lsn > known for frame in dirty)


def test_a_stop_waits_for_no_majority() -> None:
    """n1 alone has a tail, and dirty pages that may not be written."""
    trio = with_a_tail(ALL_PARTS)
    node = stopped(trio, N1)
    assert node.storage is not None
    assert node.storage.pool.dirty > 0
    assert node.phase == "stopped"


def test_a_stop_that_waits_for_its_pages_is_noticed() -> None:
    def waits(node: Node) -> Iterator[Effect]:
        yield from node.fsync(node.last_lsn)
        node.flush_pages()
        if node.storage is not None and node.storage.pool.dirty == 0:
            node.shutdown()

    assert stopped(with_a_tail(ALL_PARTS), N1, waits).phase != "stopped"


def started_behind_a_stop(rules: NodeRules) -> Node:
    trio, _ = run_with_stop(N1, None, rules)
    host = trio.hosts[N1]
    assert host.stopped is Stopped.CLEAN
    return host.start()


def test_a_start_behind_a_clean_stop_applies_nothing() -> None:
    node = started_behind_a_stop(ALL_PARTS)
    assert (node.role, node.phase, node.readable) == ("follower", "aligning", False)
    assert node.applied_lsn == node.majority_lsn == node.log.start_lsn
    assert node.storage is not None
    assert node.storage.applied_lsn == node.log.checkpoint_lsn < node.last_lsn


def test_a_start_that_trusts_the_stop_shows_what_others_have_overruled() -> None:
    node = started_behind_a_stop(rules_of(ALL_MUTANTS["trusts-shutdown"]))
    assert node.readable
    assert any(b"open-at-stop" in node.read(page) for page in node.pages)


def test_the_others_go_on_while_a_node_is_stopped() -> None:
    for name, leader in ((N1, N2), (N2, N1), (N3, N1)):
        trio, _ = run_with_stop(name, None, ALL_PARTS)
        assert "while-away" in trio.acknowledged
        assert trio.serving == leader
