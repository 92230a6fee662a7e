"""Runs of the simulator, for the tests of cluster/."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from redoraft.cluster import ending
from redoraft.cluster.clients import Place
from redoraft.cluster.ending import has_settled, running
from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trio import N1, Trio
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft.node import Node, Sizes
from redoraft.observe import TraceObserver
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft_traces import Event, encode_event

__all__ = ["has_settled", "lines", "pages_of", "run", "running", "settle", "stored", "trio_led_by_n1"]


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


def pages_of(node: Node) -> dict[PageId, bytes]:
    """The body of every page of a node, as its readers see it."""
    return {page_id: node.read(page_id)[BODY:BODY_END] for page_id in node.pages}


def stored(node: Node, place: Place, data: bytes) -> bool:
    """Whether a node's pages have these bytes there."""
    page_id, offset = place
    return node.read(page_id)[offset : offset + len(data)] == data


def trio_led_by_n1(sizes: Sizes, sink: Callable[[Event], None] | None = None) -> Trio:
    """Three nodes without dice, n1 serving; `sink` gets their events."""
    trio = Trio(ALL_PARTS, sizes)
    ids = (f"m{number}" for number in count(1))
    for host in trio.hosts.values():
        if sink is not None:
            host.observer = TraceObserver(host.name, sink, ids)
        host.start()
    trio.elect(N1)
    assert trio.serving == N1
    return trio


def settle(simulator: Simulator) -> None:
    """Heal the cluster and let it come to rest."""
    assert ending.settle(simulator), f"seed {simulator.settings.seed}: no rest after healing"
