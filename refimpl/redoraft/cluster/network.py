"""What becomes of a message: when it arrives, how often, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final

from attrs import define, field

from redoraft.cluster.faults import Fault
from redoraft.types import NodeId

LOSS: Final = 0.08
DUPLICATE: Final = 0.08
REORDER: Final = 0.12
QUICK_MS: Final = (1, 8)
LATE_MS: Final = (15, 150)

Link = tuple[NodeId, NodeId]
"""From, to."""


@define
class Network:
    """One-way links between nodes.  `active` are the faults of this moment; cut links carry nothing."""

    rng: Random
    active: frozenset[Fault] = frozenset()
    cut: set[Link] = field(factory=set)

    def arrivals(self, sender: NodeId, to: NodeId) -> tuple[int, ...]:
        """The delays (ms) after which a message sent now arrives: one, none if it is lost, two if it is
        doubled."""
        if (sender, to) in self.cut or self._strikes(Fault.LOSS, LOSS):
            return ()
        copies = 2 if self._strikes(Fault.DUPLICATE, DUPLICATE) else 1
        return tuple(self._delay() for _ in range(copies))

    def _delay(self) -> int:
        return self.rng.randint(*(LATE_MS if self._strikes(Fault.REORDER, REORDER) else QUICK_MS))

    def _strikes(self, fault: Fault, chance: float) -> bool:
        return fault in self.active and self.rng.random() < chance


def split(side: Iterable[NodeId], nodes: Iterable[NodeId]) -> set[Link]:
    """The links between the nodes of one side and all others, in both directions."""
    one = set(side)
    pairs = [(a, b) for a in one for b in nodes if b not in one]
    return {link for a, b in pairs for link in ((a, b), (b, a))}


def one_way(victim: NodeId, nodes: Iterable[NodeId], silent: bool) -> set[Link]:
    """The links from a node, which is then `silent`, or else those to it: then it is deaf."""
    others = [node for node in nodes if node != victim]
    return {(victim, other) if silent else (other, victim) for other in others}
