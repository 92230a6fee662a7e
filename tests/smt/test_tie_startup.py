"""Startup of the proofs is the specification's, on reachable states and labelled edges of its gate models."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.smt.tie import SPEC, Explored, drifted, explored, rewritten, stepped, untied, violated

from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.models import startup
from redoraft_check.smt.startup_mapping import StartupReader
from redoraft_check.smt.startup_rule import Start

READER = StartupReader(Start(Raft.over(0)), ("n1", "n2"), ("n3",))
BOUNDED = frozenset({"NodeFsyncs"})
"""In models without FsyncAnywhere the log writer stops at the end of what is written."""


def cluster(config: str, limit: int | None = None, root: Path = SPEC) -> Explored:
    return explored("MCStartup", config, READER, limit, root=root)


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


@pytest.fixture(scope="module")
def successors() -> Explored:
    """The first states of a model in which any node may lead term 1, and term 2 before term 1 has ended."""
    return cluster("Startup_t2", 4000)


@pytest.mark.tlc
def test_every_action_is_tied(crashes: Explored, successors: Explored, tmp_path: Path) -> None:
    """Fifty edges of each action, and non-edges, of four models.

    Serving writes and applying; a new term above what is committed, a leader that is outvoted before it opens
    its term, truncation; a log node that leads and hands over.
    """
    first = rewritten(tmp_path / "spec", "models/Startup_t2.cfg", "<- InTurn", "<- LogNodeFirst")
    graphs = (crashes, cluster("Startup_refines"), successors, cluster("Startup_t2", 1500, first))
    model = startup()
    compared = [
        stepped(model, found, 40, least=60, bounded=frozenset() if found is crashes else BOUNDED)
        for found in graphs
    ]
    assert [one.wrong[:5] for one in compared] == [[]] * 4
    assert {"NodeWriteMtr", "NodeCloseEntry", "NodeApplies", "NodeAnswers"} <= compared[1].actions
    assert compared[2].counted["NodeTruncates"] >= 50
    assert all(one.non_edges > 2000 for one in compared)
    assert untied(model, compared, READER, 50) == set()
    for found in graphs[1:]:
        states = violated(model, found, sample=20)
        assert states.wrong[:5] == []
        assert states.states > 50


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["overruled", "committedBy", "elected", "left"])
def test_a_changed_reading_of_the_history_fails(successors: Explored, dropped: str) -> None:
    """What no variable of the specification is, but the invariant speaks of."""
    assert stepped(drifted(startup(), dropped), successors, 10**6, least=60, others=False).wrong
