"""StorageLimits of the proofs is the specification's, on every reachable state and labelled edge."""

from __future__ import annotations

import pytest
from tests.smt.tie import Checked, Explored, drifted, explored, stepped, untied, violated

from redoraft_check.smt.models import storage_limits
from redoraft_check.smt.storage_mapping import StorageReader


def node(config: str, *pages: str, seeds: bool = False, limit: int | None = None) -> Explored:
    return explored("MCStorageLimits", config, StorageReader(pages, seeds=seeds), limit)


@pytest.fixture(scope="module")
def opened() -> Explored:
    return node("StorageLimits_open", "p")


@pytest.mark.tlc
def test_every_reachable_state_satisfies_the_invariant(opened: Explored) -> None:
    checked = violated(storage_limits(), opened)
    assert checked.wrong[:5] == []
    assert checked.states == len(opened.graph.states) == 3420


@pytest.mark.tlc
def test_every_edge_is_a_step_of_its_action(opened: Explored) -> None:
    checked = stepped(storage_limits(), opened)
    assert checked.wrong[:5] == []
    assert checked.edges == len(opened.graph.edges) == 20063
    assert checked.non_edges > 1000


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["durable", "settled", "buffer", "checkpoint"])
def test_a_changed_transition_fails(opened: Explored, dropped: str) -> None:
    assert stepped(drifted(storage_limits(), dropped), opened, sample=20).wrong


ELSEWHERE = {
    "StorageLimits_p2": (("p", "q"), 4, "FlushList"),
    "StorageLimits_seed": (("p", "q"), 20, "Seeds"),
    "StorageLimits_copy": (("p",), 20, "FlushCopy"),
    "StorageLimits_notes": (("dict",), 20, "Checkpoints"),
    "StorageLimits_delete": (("p",), 20, "Deletes"),
}
"""What one page without snapshots, copies, notes and other nodes does not show: pages, sample, label."""


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, tuple[Checked, Checked, int]]:
    """By gate model its states and edges that were compared, and how many states it has."""
    model, found = storage_limits(), {}
    for config, (pages, sample, _) in ELSEWHERE.items():
        graph = node(config, *pages, seeds=config == "StorageLimits_seed")
        # In these models the log writer stops at the end of what is written.
        edges = stepped(model, graph, sample, least=50, bounded=frozenset({"Fsyncs"}))
        found[config] = violated(model, graph, sample), edges, len(graph.states)
    return found


@pytest.mark.tlc
@pytest.mark.parametrize("config", ELSEWHERE)
def test_what_other_models_add_is_tied_too(
    config: str, elsewhere: dict[str, tuple[Checked, Checked, int]]
) -> None:
    _, sample, label = ELSEWHERE[config]
    states, edges, there = elsewhere[config]
    assert states.wrong[:5] == edges.wrong[:5] == []
    assert states.states >= there // sample
    assert edges.edges > 1000
    assert edges.non_edges > 1000
    assert edges.counted[label] >= 50


@pytest.mark.tlc
def test_every_action_is_tied(elsewhere: dict[str, tuple[Checked, Checked, int]]) -> None:
    assert (
        untied(storage_limits(), [edges for _, edges, _ in elsewhere.values()], StorageReader(()), 50)
        == set()
    )
