"""The commit rule of the proofs is that of the specification, on every reachable state and labelled edge."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.smt.tie import SPEC, Explored, drifted, explored, rewritten, stepped, untied, violated

from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.mapping import Reader
from redoraft_check.smt.models import commit_rule

READER = Reader(Raft.over(0), ("n1", "n2"), ("n3",))


def cluster(config: str, limit: int | None = None, root: Path = SPEC) -> Explored:
    return explored("MCRaftRedo", config, READER, limit, root=root)


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


@pytest.fixture(scope="module")
def calm() -> Explored:
    """The first states of a model in which a second leader's log replaces what the first has appended."""
    return cluster("RaftRedo_t2_calm", 4000)


@pytest.mark.tlc
def test_every_action_is_tied(lognode: Explored, calm: Explored) -> None:
    """Truncation, transactions, open entries, crash and restart: fifty edges of each action, non-edges."""
    model, opened = commit_rule(), cluster("RaftRedo_refines_open")
    # In these models the log writer stops at the end of what is written.
    bounded = frozenset({"Fsyncs"})
    compared = [
        stepped(model, lognode, 40, least=50),
        stepped(model, calm, 40, least=60, bounded=bounded),
        stepped(model, opened, 40, least=60, bounded=bounded),
    ]
    assert [one.wrong[:5] for one in compared] == [[], [], []]
    assert compared[1].counted["Truncates"] >= 50
    assert all(one.non_edges > 1000 for one in compared)
    assert untied(model, compared, READER, 50) == {"HandOver"}
    assert compared[0].counted["HandOver"] == 45  # all that this model has
    for found in (calm, opened):
        states = violated(model, found, sample=40)
        assert states.wrong[:5] == []
        assert states.states > 100


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["log", "durable"])
def test_a_truncation_without_one_of_its_updates_fails(calm: Explored, dropped: str) -> None:
    model = commit_rule()
    checked = stepped(drifted(model, dropped, "Truncate"), calm, 10**6, least=60, others=False)
    assert {one.split()[2] for one in checked.wrong} == {"Truncates"}


FRAME = "UNCHANGED <<term, votedFor, known, agreed, networkVars, ghostVars>>"
"""Of Truncate."""


@pytest.mark.tlc
def test_a_frame_condition_less_in_the_specification_is_seen(tmp_path: Path) -> None:
    """A step without it has no next state; with another update in its place, it is none of the proof's."""
    removed = rewritten(tmp_path / "removed", "RaftRedo.tla", FRAME, FRAME.replace("known, ", ""))
    with pytest.raises(EvaluationError, match="known"):
        cluster("RaftRedo_t2_calm", 4000, removed)
    freed = FRAME.replace("votedFor, ", "") + " /\\ votedFor' = [votedFor EXCEPT ![n] = n]"
    changed = cluster("RaftRedo_t2_calm", 4000, rewritten(tmp_path / "freed", "RaftRedo.tla", FRAME, freed))
    wrong = stepped(commit_rule(), changed, 10**6, least=60, others=False).wrong
    assert any("Truncates" in one for one in wrong)
