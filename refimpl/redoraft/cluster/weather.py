"""When faults strike: rough periods, in which anything may happen, and calm ones, in which the cluster comes
to itself."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Final, Protocol

from attrs import define, field

from redoraft.cluster.agenda import Agenda
from redoraft.cluster.faults import DISK_FAULTS, Fault
from redoraft.cluster.network import Network, one_way, split
from redoraft.types import NodeId

ROUGH_MS: Final = (150, 450)
LONG_MS: Final = (150, 1500)
"""Where clients read: long enough for a leader that is cut off to be replaced, and then asked."""
CALM_MS: Final = (150, 400)
EFFECTS_BEFORE_CRASH: Final = 6
"""A crash strikes between two effects, up to this many after it was decided."""

_MESSAGES: Final = (Fault.LOSS, Fault.DUPLICATE, Fault.REORDER)
_CHANCES: Final = {
    Fault.PARTITION: 0.45,
    Fault.ASYMMETRIC: 0.4,
    Fault.CRASH: 0.7,
    Fault.SHUTDOWN: 0.25,
} | dict.fromkeys(DISK_FAULTS, 0.3)


class Machines(Protocol):
    """What the weather can do to machines."""

    def arm_crash(self, node: NodeId, effects: int) -> None:
        """Let power fail after so many more effects of the node."""

    def shut_down(self, node: NodeId) -> None:
        """Stop the node cleanly, if it runs."""

    def break_disk(self, node: NodeId, fault: Fault) -> None:
        """Let a disk of the node fail when it next writes log or pages."""

    def leader(self) -> NodeId | None:
        """A node that leads, if one does."""


@define
class Weather:
    """Changes between rough and calm until it is stopped."""

    rng: Random
    faults: frozenset[Fault]
    nodes: tuple[NodeId, ...]
    agenda: Agenda
    network: Network
    machines: Machines
    rough_ms: tuple[int, int] = ROUGH_MS
    stopped: bool = field(default=False, init=False)

    def start(self) -> None:
        """Begin with a calm period, if there is anything to fear at all."""
        if self.faults:
            self._calm()

    def stop(self) -> None:
        """Be calm for ever."""
        self.stopped = True
        self._clear()

    def _calm(self) -> bool:
        self._clear()
        self.agenda.after(self.rng.randint(*CALM_MS), self._rough)
        return False

    def _clear(self) -> None:
        self.network.active = frozenset()
        self.network.cut.clear()

    def _rough(self) -> bool:
        if self.stopped:
            return False
        self.network.active = self.faults.intersection(_MESSAGES)
        if len(self.nodes) > 1 and self._strikes(Fault.PARTITION):
            self.network.cut |= split(self._side(), self.nodes)
        elif len(self.nodes) > 1 and self._strikes(Fault.ASYMMETRIC):
            self.network.cut |= one_way(self._victim(), self.nodes, self.rng.random() < 0.5)
        length = self.rng.randint(*self.rough_ms)
        if self._strikes(Fault.CRASH):
            self.agenda.after(self.rng.randint(0, length), self._crash)
        if self._strikes(Fault.SHUTDOWN):
            self.agenda.after(self.rng.randint(0, length), self._shutdown)
        for fault in sorted(DISK_FAULTS):
            if self._strikes(fault):
                self.agenda.after(self.rng.randint(0, length), partial(self._break_disk, fault))
        self.agenda.after(length, self._calm)
        return False

    def _strikes(self, fault: Fault) -> bool:
        return fault in self.faults and self.rng.random() < _CHANCES[fault]

    def _victim(self) -> NodeId:
        """The leader as often as not: most that can go wrong goes wrong there."""
        leader = self.machines.leader()
        if leader is not None and self.rng.random() < 0.5:
            return leader
        return self.rng.choice(self.nodes)

    def _side(self) -> tuple[NodeId, ...]:
        """One side of a partition: mostly one node, else any number of them."""
        if self.rng.random() < 0.6:
            return (self._victim(),)
        return tuple(self.rng.sample(self.nodes, self.rng.randint(1, len(self.nodes) - 1)))

    def _crash(self) -> bool:
        if self.stopped:
            return False
        self.machines.arm_crash(self._victim(), self.rng.randint(0, EFFECTS_BEFORE_CRASH))
        # Now and then everybody at once: what a power failure in the one data centre is.
        if self.rng.random() < 0.15:
            for node in self.nodes:
                self.machines.arm_crash(node, self.rng.randint(0, EFFECTS_BEFORE_CRASH))
        return False

    def _break_disk(self, fault: Fault) -> bool:
        if not self.stopped:
            self.machines.break_disk(self._victim(), fault)
        return False

    def _shutdown(self) -> bool:
        if self.stopped:
            return False
        self.machines.shut_down(self._victim())
        return True
