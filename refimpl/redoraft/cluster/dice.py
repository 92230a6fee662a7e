"""The dice of a run, one for each kind of decision, so that one kind can be drawn anew and the others not."""

from __future__ import annotations

from random import Random
from typing import Self

from attrs import frozen


@frozen
class Dice:
    """Where a simulator's decisions come from; several may be the same object."""

    machines: Random
    """When timers end, how far the log writer gets, what a crash leaves, where a client goes."""
    network: Random
    """What becomes of each message."""
    weather: Random
    """When which fault strikes, and whom."""
    clients: Random
    """What transactions write."""

    @classmethod
    def one(cls, seed: int) -> Self:
        """One die for everything."""
        die = Random(seed)
        return cls(die, die, die, die)
