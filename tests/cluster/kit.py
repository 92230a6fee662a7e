"""Runs of the simulator, for the tests of cluster/."""

from __future__ import annotations

from redoraft.cluster.ending import has_settled
from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft_traces import Event, encode_event


def run(
    seed: int,
    steps: int = 500,
    faults: frozenset[Fault] = ALL_FAULTS,
    *,
    nodes: tuple[int, int] = (3, 1),
    rules: Rules = ALL_RULES,
) -> tuple[Simulator, list[Event]]:
    """A run and its events; `nodes` counts all nodes, and the log nodes among them."""
    events: list[Event] = []
    simulator = Simulator(Settings(seed, members_of(*nodes), faults, rules), events.append)
    simulator.run(steps)
    return simulator, events


def lines(events: list[Event]) -> bytes:
    """The events as they stand in a trace."""
    return b"\n".join(map(encode_event, events))


def settle(simulator: Simulator, within_steps: int = 4000) -> None:
    """Heal the cluster and let it come to rest."""
    simulator.heal()
    for _ in range(within_steps // 10):
        if has_settled(simulator):
            return
        simulator.run(10)
    raise AssertionError(f"seed {simulator.settings.seed}: no rest within {within_steps} steps of healing")
