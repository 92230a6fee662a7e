"""A machine of the cluster: a disk that outlives crashes, and a node while one runs on it."""

from __future__ import annotations

from random import Random

from attrs import define, field

from redoraft.disk.memory import MemoryDisk
from redoraft.node import NO_LEASE, Node, Stopped, Timing
from redoraft.observe import Observer
from redoraft.raft.rules import Rules
from redoraft.raft.state import Members
from redoraft.types import NodeId


@define
class Host:
    """One machine.  `boot` counts the starts of its node, so that a timer of an earlier one can be told."""

    name: NodeId
    members: Members
    rules: Rules
    observer: Observer
    timing: Timing = NO_LEASE
    disk: MemoryDisk = field(factory=MemoryDisk)
    node: Node | None = None
    stopped: Stopped = Stopped.NEVER_RAN
    boot: int = 0
    armed: int | None = None
    """How many more effects the node may have before power fails; None if it does not."""
    election: int = 0
    """The number of the election timer that runs; older ones are void."""
    chores: set[str] = field(factory=set)
    """The chores that are on the agenda already."""

    def start(self) -> Node:
        """Start the node; raises as Node.start."""
        self.boot += 1
        self.armed = None
        self.chores.clear()
        self.node = Node.start(
            self.name,
            self.members,
            self.disk,
            after=self.stopped,
            rules=self.rules,
            observer=self.observer,
            timing=self.timing,
        )
        return self.node

    def lose_power(self, rng: Random) -> None:
        """End the node, and lose any part of what it has not fsynced."""
        self._end(Stopped.CRASHED)
        self.disk.crash(rng, rng.choice(("subset", "prefix")))

    def kill_process(self) -> None:
        """End the node; the operating system keeps what was written."""
        self._end(Stopped.CRASHED)
        self.disk.crash_keeping([True] * self.disk.pending)

    def stop(self) -> None:
        """End a node that has shut down cleanly."""
        self._end(Stopped.CLEAN)

    def _end(self, stopped: Stopped) -> None:
        self.node = None
        self.stopped = stopped
        self.armed = None
