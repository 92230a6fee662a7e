"""StorageLimits of the proofs is the specification's, on every reachable state and labelled edge."""

from __future__ import annotations

import pytest
from tests.smt.tie import Explored, drifted, explored, stepped, violated

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
    assert checked.states == len(opened.graph.states) == 3417


@pytest.mark.tlc
def test_every_edge_is_a_step_of_its_action(opened: Explored) -> None:
    checked = stepped(storage_limits(), opened)
    assert checked.wrong[:5] == []
    assert checked.edges == len(opened.graph.edges) == 19353
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


@pytest.mark.tlc
@pytest.mark.parametrize("config", ELSEWHERE)
def test_what_other_models_add_is_tied_too(config: str) -> None:
    pages, sample, label = ELSEWHERE[config]
    found = node(config, *pages, seeds=config == "StorageLimits_seed")
    model = storage_limits()
    states = violated(model, found, sample)
    # In these models the log writer stops at the end of what is written.
    edges = stepped(model, found, sample, bounded=frozenset({"Fsyncs"}))
    assert states.wrong[:5] == edges.wrong[:5] == []
    assert states.states >= len(found.graph.states) // sample
    assert edges.edges > 1000
    assert edges.non_edges > 1000
    assert label in edges.actions
