"""What of the specification a run has reached: states without their sizes, and which action followed which.

A state of the oracle is reduced to what rules look at: of every node its role and phase, whether its term,
the last term in its log and its length are the largest of all, whether all of its log is durable, and how its
majority LSN compares with its durable LSN.  Nodes of a kind are not told apart.  So a longer log alone is
nothing new, and a cluster that disagrees in a new way is.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final

from attrs import define, field

from redoraft_check.oracle.steps import State, Steps
from redoraft_traces import Event

Feature = int
"""The first 8 bytes of a hash: the same in every process."""

_LOOKED_AT: Final = ("term", "role", "phase", "log", "durable", "known")


@define
class Seen:
    """The features of one run, each with the step at which it was first seen."""

    steps: Steps
    data_nodes: tuple[str, ...]
    log_nodes: tuple[str, ...]
    states: dict[Feature, int] = field(factory=dict, init=False)
    pairs: dict[Feature, int] = field(factory=dict, init=False)
    _shapes: set[object] = field(factory=set, init=False)
    _last: tuple[str, str] = field(default=("", ""), init=False)
    _at: dict[str, str] = field(factory=dict, init=False)
    _index: dict[str, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._index = {name: self.steps.variables.index(name) for name in _LOOKED_AT}

    def note(self, step: int, event: Event, frontier: Iterable[State]) -> None:
        """An event was passed; `frontier` are the states that are possible after it."""
        action, node = event.action or "?", event.node
        self._add(self.pairs, ("at one node", self._at.get(node, ""), action), step)
        before, where = self._last
        if where != node:
            self._add(self.pairs, ("at two nodes", before, action), step)
        self._last, self._at[node] = (action, node), action
        for state in frontier:
            self._add(self.states, self._shape(state), step)

    def _add(self, features: dict[Feature, int], shape: object, step: int) -> None:
        if shape not in self._shapes:
            self._shapes.add(shape)
            features.setdefault(_hashed(shape), step)

    def _shape(self, state: State) -> object:
        values: dict[str, Any] = {name: state[at] for name, at in self._index.items()}
        nodes = (*self.data_nodes, *self.log_nodes)
        logs = values["log"]
        last = {node: _last_term(logs[node]) for node in nodes}
        newest, longest = max(last.values()), max(len(logs[node]) for node in nodes)
        term = max(values["term"][node] for node in nodes)

        def one(node: str) -> tuple[Any, ...]:
            durable, end = values["durable"][node], len(logs[node])
            return (
                values["role"][node],
                values["phase"][node],
                values["term"][node] == term,
                last[node] == newest,
                end == longest,
                durable == end,
                _against(values["known"][node], durable),
            )

        return tuple(tuple(sorted(map(one, kind))) for kind in (self.data_nodes, self.log_nodes))


def _last_term(log: Any) -> int:
    count = len(log)
    found: int = log[count - 1]["term"] if count else 0
    return found


def _against(value: int, other: int) -> str:
    """How two LSNs compare, nothing for itself."""
    if not value:
        return "0"
    return "=" if value == other else "<" if value < other else ">"


def _hashed(shape: object) -> Feature:
    return int.from_bytes(blake2b(repr(shape).encode(), digest_size=8).digest())
