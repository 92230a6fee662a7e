"""Runs of the simulator, for the tests of cluster/."""

from __future__ import annotations

from redoraft.cluster.clients import Place
from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft.node import Node
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft_traces import Event, encode_event


def run(
    seed: int,
    steps: int = 500,
    faults: frozenset[Fault] = ALL_FAULTS,
    *,
    nodes: tuple[int, int] = (3, 1),
    rules: NodeRules = ALL_PARTS,
) -> tuple[Simulator, list[Event]]:
    """A run and its events; `nodes` counts all nodes, and the log nodes among them."""
    events: list[Event] = []
    simulator = Simulator(Settings(seed, members_of(*nodes), faults, rules), events.append)
    simulator.run(steps)
    return simulator, events


def lines(events: list[Event]) -> bytes:
    """The events as they stand in a trace."""
    return b"\n".join(map(encode_event, events))


def running(simulator: Simulator) -> list[Node]:
    """The nodes that are up."""
    return [host.node for host in simulator.hosts.values() if host.node is not None]


def pages_of(node: Node) -> dict[PageId, bytes]:
    """The body of every page of a node, as its readers see it."""
    return {page_id: node.read(page_id)[BODY:BODY_END] for page_id in node.pages}


def stored(node: Node, place: Place, data: bytes) -> bool:
    """Whether a node's pages have these bytes there."""
    page_id, offset = place
    return node.read(page_id)[offset : offset + len(data)] == data


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


def settle(simulator: Simulator, within_steps: int = 4000) -> None:
    """Heal the cluster and let it come to rest."""
    simulator.heal()
    for _ in range(within_steps // 10):
        if has_settled(simulator):
            return
        simulator.run(10)
    raise AssertionError(f"seed {simulator.settings.seed}: no rest within {within_steps} steps of healing")
