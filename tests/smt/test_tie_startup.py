"""Startup of the proofs is the specification's, on reachable states and labelled edges of its gate models."""

from __future__ import annotations

import pytest
from tests.smt.tie import Explored, drifted, explored, stepped, violated

from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.models import startup
from redoraft_check.smt.startup_mapping import StartupReader
from redoraft_check.smt.startup_rule import Start


def cluster(config: str, limit: int | None = None) -> Explored:
    reader = StartupReader(Start(Raft.over(0)), ("n1", "n2"), ("n3",))
    return explored("MCStartup", config, reader, limit)


@pytest.fixture(scope="module")
def crashes() -> Explored:
    """One term with crashes, shutdowns and restarts, in full."""
    return cluster("Startup_refines_crash")


@pytest.mark.tlc
def test_every_reachable_state_satisfies_the_invariant(crashes: Explored) -> None:
    model = startup()
    checked = violated(model, crashes)
    assert checked.wrong[:5] == []
    assert checked.states == len(crashes.graph.states) == 802
    assert model.lemmas


@pytest.mark.tlc
def test_every_edge_is_a_step_of_its_action(crashes: Explored) -> None:
    checked = stepped(startup(), crashes)
    assert checked.wrong[:5] == []
    assert checked.edges == len(crashes.graph.edges) == 2718
    assert checked.non_edges > 10000
    assert {"NodeShutdown", "NodeRestart", "NodeRecover"} <= checked.actions


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["phase", "applied", "agreed"])
def test_a_changed_transition_fails(crashes: Explored, dropped: str) -> None:
    assert stepped(drifted(startup(), dropped), crashes, sample=10).wrong


@pytest.mark.tlc
def test_writing_and_applying_are_tied_too() -> None:
    """One state and one label in ten of a model with transactions: who serves writes, replicas apply."""
    found = cluster("Startup_refines")
    states = violated(startup(), found, sample=10)
    # In this model the log writer stops at the end of what is written.
    edges = stepped(startup(), found, sample=10, bounded=frozenset({"NodeFsyncs"}))
    assert states.wrong == []
    assert edges.wrong[:5] == []
    assert states.states > 600
    assert edges.non_edges > 10000
    assert {"NodeWriteMtr", "NodeCloseEntry", "NodeApplies", "NodeAnswers"} <= edges.actions


@pytest.fixture(scope="module")
def successors() -> Explored:
    """The first states of a model in which any node may lead term 1, and term 2 before term 1 has ended."""
    return cluster("Startup_t2", 1500)


@pytest.mark.tlc
def test_a_second_election_is_tied_too(successors: Explored) -> None:
    """A new term above what is committed, and a leader that is outvoted before it opens its term."""
    model = startup()
    states = violated(model, successors, sample=10)
    # In this model the log writer stops at the end of what is written.
    edges = stepped(model, successors, sample=3, bounded=frozenset({"NodeFsyncs"}))
    assert states.wrong[:5] == edges.wrong[:5] == []
    assert states.states >= 150
    assert edges.edges > 800
    assert edges.non_edges > 5000
    assert {"NodeStartElection", "NodeBecomeLeader", "NodeTruncates", "NodeAdvances"} <= edges.actions


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["overruled", "committedBy", "elected", "left"])
def test_a_changed_reading_of_the_history_fails(successors: Explored, dropped: str) -> None:
    """What no variable of the specification is, but the invariant speaks of."""
    assert stepped(drifted(startup(), dropped), successors, sample=3, others=False).wrong
