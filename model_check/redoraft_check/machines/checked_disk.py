"""A disk in memory on which a crash is a precondition: before it changes, every crash can be recovered from.

The bound: with at most `BOUND` pending changes that make a difference every subset of them survives once;
with more of them none, all, each alone, and all but each.  A change that makes none (`MemoryDisk.matters`) is
kept.  What survives is put on a disk of its own, and `recovers` judges that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from redoraft.disk.memory import MemoryDisk
from redoraft.disk.subsets import subsets
from redoraft.errors import DiskError

BOUND: Final = 4
CHANGES: Final = frozenset({"write", "fsync", "truncate", "create", "rename", "remove", "sync"})
"""The operations that change a disk, or what of it is durable."""


class PowerLost(DiskError):
    """What the disk says when the power is gone."""


class CheckedDisk(MemoryDisk):
    """Before each change it asks `recovers` of every crash, and its power can be cut."""

    def __init__(self, recovers: Callable[[MemoryDisk], None] | None = None) -> None:
        """`recovers` raises for a disk that nothing may find; None: nobody asks."""
        super().__init__()
        self.recovers = recovers
        self.left: int | None = None
        """Changes until the power is gone; None: it stays."""
        self.changes = 0
        """How many there were."""
        self._judged: set[Picture] = set()

    def ask(self, what: str, name: str) -> None:
        """As of any memory disk, and PowerLost, and what `recovers` raises."""
        if what in CHANGES:
            self.look()
            if self.left is not None:
                if self.left == 0:
                    raise PowerLost("the power is gone")
                self.left -= 1
            self.changes += 1
        super().ask(what, name)

    def look(self) -> None:
        """Ask `recovers` of every crash that can come now, and of one that leaves the same only once."""
        if self.recovers is None:
            return
        for crashed in crashes(self):
            shown = picture(crashed)
            if shown not in self._judged:
                self._judged.add(shown)
                self.recovers(crashed)

    def forget(self) -> None:
        """From now on a crash has to leave something else: ask of every one again."""
        self._judged.clear()

    def crash_by(self, bits: int) -> None:
        """Lose power; `bits` has a bit for each pending change, the lowest for the oldest: 1 keeps it."""
        self.left = None
        self.crash_keeping([bool(bits >> at & 1) for at in range(self.pending)])


def crashes(disk: MemoryDisk) -> Iterator[MemoryDisk]:
    """What a crash may leave of a disk, up to the bound, each on a disk of its own."""
    matters = disk.matters()
    open_ = [at for at, one in enumerate(matters) if one]
    for chosen in subsets(len(open_), BOUND, 1):
        keep = [True] * len(matters)
        for at, kept in zip(open_, chosen, strict=True):
            keep[at] = kept
        crashed = disk.copy()
        crashed.crash_keeping(keep)
        yield crashed


Picture = tuple[tuple[str, bytes], ...]
"""All names and bytes of a disk."""


def picture(disk: MemoryDisk) -> Picture:
    """What a disk shows, to tell whether two are the same."""
    return tuple((name, disk.peek(name, 1 << 40)) for name in sorted(disk.names))
