"""What of the specification a run has reached: its states without their sizes, and which action followed which.

A state of the oracle is reduced to what rules look at: of every node its role and phase, how its term, log,
durable LSN and majority LSN compare with the others', and of its own LSNs which is the larger one.  Nodes of a
kind are not told apart.  So a longer log alone is nothing new, and a cluster that disagrees in a new way is.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from attrs import define, field

from redoraft_check.oracle.spec import Spec, State
from redoraft_traces import Event

Feature = int
"""The first 8 bytes of a hash: the same in every process."""


@define
class Seen:
    """The features of one run, each with the step at which it was first seen."""

    spec: Spec
    data_nodes: tuple[str, ...]
    log_nodes: tuple[str, ...]
    states: dict[Feature, int] = field(factory=dict, init=False)
    pairs: dict[Feature, int] = field(factory=dict, init=False)
    _shapes: set[object] = field(factory=set, init=False)
    _last: tuple[str, str] = field(default=("", ""), init=False)
    _at: dict[str, str] = field(factory=dict, init=False)
    _index: dict[str, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._index = {name: at for at, name in enumerate(self.spec.variables)}

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
        at = self._index
        values: dict[str, Any] = {
            name: state[at[name]]
            for name in ("term", "votedFor", "role", "phase", "log", "durable", "known", "agreed", "applied")
        }
        nodes = (*self.data_nodes, *self.log_nodes)
        terms = _ranks(values["term"][node] for node in nodes)
        last = {node: _last_term(values["log"][node]) for node in nodes}
        ends = _ranks((last[node], len(values["log"][node])) for node in nodes)
        known = _ranks(values["known"][node] for node in nodes)

        def one(node: str) -> tuple[Any, ...]:
            end, durable = len(values["log"][node]), values["durable"][node]
            vote = values["votedFor"][node]
            return (
                values["role"][node],
                values["phase"][node],
                terms[values["term"][node]],
                "own" if vote == node else vote == "none",
                ends[last[node], end],
                last[node] == values["term"][node],
                durable == end,
                known[values["known"][node]],
                _against(values["known"][node], durable),
                _against(values["agreed"][node], end),
                _against(values["applied"][node], values["known"][node]),
            )

        return tuple(sorted(map(one, self.data_nodes), key=repr)), tuple(
            sorted(map(one, self.log_nodes), key=repr)
        )


def _last_term(log: Any) -> int:
    count = len(log)
    found: int = log[count - 1]["term"] if count else 0
    return found


def _against(value: int, other: int) -> str:
    """How two LSNs compare, nothing for itself."""
    if not value:
        return "0"
    return "=" if value == other else "<" if value < other else ">"


def _ranks(values: Iterable[Any]) -> dict[Any, int]:
    return {value: rank for rank, value in enumerate(sorted(set(values)))}


def _hashed(shape: object) -> Feature:
    return int.from_bytes(blake2b(repr(shape).encode(), digest_size=8).digest())


