"""The commit rule of the proofs is that of the specification, on every reachable state and labelled edge."""

from __future__ import annotations

import pytest
from tests.smt.tie import Explored, drifted, explored, stepped, violated

from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.mapping import Reader
from redoraft_check.smt.models import commit_rule


def cluster(config: str) -> Explored:
    return explored("MCRaftRedo", config, Reader(Raft.over(0), ("n1", "n2"), ("n3",)))


@pytest.fixture(scope="module")
def lognode() -> Explored:
    return cluster("RaftRedo_t2_lognode")


@pytest.mark.tlc
def test_every_reachable_state_satisfies_the_invariant(lognode: Explored) -> None:
    checked = violated(commit_rule(), lognode)
    assert checked.wrong == []
    assert checked.states == len(lognode.graph.states) == 1562


@pytest.mark.tlc
def test_every_edge_is_a_step_of_its_action(lognode: Explored) -> None:
    checked = stepped(commit_rule(), lognode)
    assert checked.wrong[:5] == []
    assert checked.edges == len(lognode.graph.edges) == 3672
    assert checked.non_edges > 1000


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["durable", "acked", "role"])
def test_a_changed_transition_fails(lognode: Explored, dropped: str) -> None:
    assert stepped(drifted(commit_rule(), dropped), lognode, sample=20).wrong


@pytest.mark.tlc
def test_data_and_crashes_are_tied_too() -> None:
    """One state and one label in forty of a larger model: transactions, open entries, crash and restart."""
    found = cluster("RaftRedo_refines_open")
    model = commit_rule()
    states = violated(model, found, sample=40)
    edges = stepped(model, found, sample=40, others=False)
    assert states.wrong == edges.wrong == []
    assert states.states > 400
    assert edges.edges > 2000
