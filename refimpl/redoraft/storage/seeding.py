"""The mark of a copy that is under way (H24): a disk that carries it is not opened.

A copy of pages takes a while; a crash in the middle leaves pages of two nodes.  The mark is durable before
the first foreign byte, and goes when the last one is durable.
"""

from __future__ import annotations

from typing import Final

from redoraft.errors import CorruptStorage
from redoraft.storage.port import DataDisk

FILE: Final = "seeding"


def begin(disk: DataDisk) -> None:
    """Mark the disk, durably."""
    file = disk.open(FILE)
    file.write(0, b"1")
    file.fsync()


def finish(disk: DataDisk) -> None:
    """Take the mark off, durably."""
    file = disk.open(FILE)
    file.truncate(0)
    file.fsync()


def require_whole(disk: DataDisk) -> None:
    """CorruptStorage if a copy to this disk has begun and was not completed."""
    if FILE in disk.names and disk.open(FILE).size:
        raise CorruptStorage(f"{FILE}: a copy to this disk was not completed: seed the node once more (H24)")
