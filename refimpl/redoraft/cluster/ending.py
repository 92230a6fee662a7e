"""What a run must come to once it is healed: everybody up, one leader, and the same data everywhere."""

from __future__ import annotations

from collections.abc import Iterator

from redoraft.cluster.simulator import Simulator
from redoraft.node import Node
from redoraft.raft.outputs import Outcome


def running(simulator: Simulator) -> list[Node]:
    """The nodes that are up."""
    return [host.node for host in simulator.hosts.values() if host.node is not None]


def has_settled(simulator: Simulator) -> bool:
    """Whether all nodes are up, one serves, and all have, know and have applied all that it has."""
    nodes = running(simulator)
    serving = [node for node in nodes if node.serving]
    if len(nodes) < len(simulator.hosts) or len(serving) != 1:
        return False
    end = serving[0].last_lsn
    return all(
        node.last_lsn == node.flushed_lsn == node.majority_lsn == end and node.applied_lsn in {None, end}
        for node in nodes
    )


def divergences(simulator: Simulator) -> Iterator[tuple[str, str]]:
    """What is wrong in a cluster that has settled: which promise is broken, and where.

    All logs are the same bytes (LOG-6), all data nodes have the same pages (FOL-1), and what was answered ok
    is in them (LIM-4).
    """
    nodes = running(simulator)
    logs = {node.log.read(node.log.start_lsn, node.log.closed_lsn) for node in nodes}
    if len(logs) > 1:
        yield "logs differ", f"{len(logs)} different logs on {len(nodes)} nodes"
    pages = [node.pages.written for node in nodes if node.raft.is_data_node]
    if any(one != pages[0] for one in pages):
        yield "pages differ", f"{len(pages)} data nodes do not have the same pages"
    for transaction in simulator.transactions.values():
        if transaction.outcome is Outcome.OK:
            missing = [
                at
                for at, one in enumerate(pages, 1)
                if any(one.get(place) != data for place, data in transaction.writes.items())
            ]
            if missing:
                yield "acknowledged is lost", f"{transaction.request}, answered ok, on data node {missing[0]}"
