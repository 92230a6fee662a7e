"""The one promise, seen from outside: what was answered ok is in every data node's data after healing."""

from __future__ import annotations

import pytest

from redoraft.raft.outputs import Outcome

from .kit import has_settled, pages_of, run, running, settle, stored


@pytest.mark.parametrize("seed", range(30))
def test_acknowledged_commits_are_everywhere_and_all_data_are_equal(seed: int) -> None:
    simulator, _ = run(seed, 600)
    settle(simulator)
    data_nodes = [node for node in running(simulator) if node.raft.is_data_node]
    assert len(data_nodes) == 2
    for node in data_nodes:
        assert pages_of(node) == pages_of(data_nodes[0])
    acknowledged = [one for one in simulator.transactions.values() if one.outcome is Outcome.OK]
    for transaction in acknowledged:
        for node in data_nodes:
            for place, data in transaction.writes.items():
                assert stored(node, place, data), transaction.request
    assert acknowledged, "a run without a commit shows nothing"


@pytest.mark.parametrize("nodes", [(1, 0), (2, 0), (5, 0), (5, 2), (4, 1)], ids=str)
def test_clusters_of_other_sizes_heal_too(nodes: tuple[int, int]) -> None:
    for seed in range(3):
        simulator, _ = run(seed, 700, nodes=nodes)
        settle(simulator)
        assert simulator.counts["AckCommit"] > 0


@pytest.mark.parametrize("seed", range(5))
def test_logs_are_equal_bytes_after_healing(seed: int) -> None:
    simulator, _ = run(seed, 800)
    settle(simulator)
    logs = [node.log for node in running(simulator)]
    records = {log.read(log.start_lsn, log.closed_lsn) for log in logs}
    assert len(records) == 1


def test_a_transaction_is_there_whole_or_not_at_all_once_answered() -> None:
    """Refused transactions wrote nothing; unknown ones may be there."""
    seen = set()
    for seed in range(12):
        simulator, _ = run(seed, 600)
        settle(simulator)
        node = next(node for node in running(simulator) if node.raft.is_data_node)
        for transaction in simulator.transactions.values():
            there = [stored(node, *write) for write in transaction.writes.items()]
            seen.add((transaction.outcome, all(there)))
            assert transaction.outcome is not Outcome.OK or all(there)
    assert {(Outcome.OK, True), (Outcome.UNKNOWN, True), (Outcome.UNKNOWN, False)} <= seen


def test_settling_is_no_matter_of_course() -> None:
    """`has_settled` can say no: in the middle of a run it mostly does."""
    assert not all(has_settled(run(seed, 400)[0]) for seed in range(5))


@pytest.mark.parametrize("nodes", [(0, 0), (3, 3), (2, 3)])
def test_a_cluster_needs_a_data_node(nodes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least one has to keep data"):
        run(1, nodes=nodes)
