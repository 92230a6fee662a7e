"""LOG-12: Raft keeps no log of its own."""

from __future__ import annotations

import importlib
import pickle
import pkgutil

import attrs

import redoraft.raft
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.raft.state import Lease, Members, PendingRead, Progress, RaftState, Reading, Waiter

VARIABLE = {"waiting"}
"""Grows with the number of clients that wait, not with the log."""


def test_the_state_holds_positions_and_names_only() -> None:
    """A field that could hold entries would have to be bytes, or a collection that is not of fixed things."""
    plain = {"Term", "NodeId", "Role", "Lsn", "bool", "str", "NodeId | None", "Members"}
    plain |= {"int", "int | None", "Reading", "Lease | None"}
    named = {
        "frozenset[NodeId]",
        "tuple[NodeId, ...]",
        "Mapping[NodeId, Progress]",
        "tuple[Waiter, ...]",
        "tuple[PendingRead, ...]",
        "Mapping[NodeId, int]",
        "Mapping[int, int]",
    }
    for kind in (RaftState, Progress, Waiter, Members, Reading, PendingRead, Lease):
        for field in attrs.fields(kind):
            assert field.type in plain | named, f"{kind.__name__}.{field.name}: {field.type}"
            assert field.type != "tuple[Waiter, ...]" or field.name in VARIABLE


def test_raft_has_no_other_state_than_that() -> None:
    """Whatever else raft/ defines cannot be changed: messages, inputs and outputs come and go with a step."""
    for module in pkgutil.iter_modules(redoraft.raft.__path__):
        loaded = importlib.import_module(f"redoraft.raft.{module.name}")
        for name, value in vars(loaded).items():
            if isinstance(value, type) and attrs.has(value):
                assert value.__setattr__ is not object.__setattr__, f"{module.name}.{name} can be changed"


def test_the_state_does_not_grow_with_the_log() -> None:
    simulator = Simulator(Settings(3, members_of(3, 1), frozenset()), lambda _: None)

    def sizes() -> tuple[int, int]:
        nodes = [host.node for host in simulator.hosts.values() if host.node is not None]
        states = [len(pickle.dumps(attrs.evolve(node.raft, waiting=()))) for node in nodes]
        return max(states), min(node.last_lsn for node in nodes)

    simulator.run(400)
    state_before, log_before = sizes()
    simulator.run(3000)
    state_after, log_after = sizes()
    assert log_after - 8204 > 4 * (log_before - 8204), "the run is to show a log that grows"
    assert state_after < state_before + 64
