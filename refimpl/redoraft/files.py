"""What a disk and its files can do: `redoraft.disk` has two that fit, and the redo log asks for no more."""

from __future__ import annotations

from typing import Protocol


class File(Protocol):
    """A file that grows when written behind its end; every failure is a `redoraft.errors.DiskError`."""

    @property
    def size(self) -> int:
        """The size in bytes, as this handle sees it (durable or not)."""

    def read(self, offset: int, n: int) -> bytes:
        """Up to `n` bytes from byte `offset`; fewer only where the file ends."""

    def write(self, offset: int, data: bytes) -> None:
        """Put all of `data` at byte `offset`; durable only after `fsync`."""

    def fsync(self) -> None:
        """Make every write and change of size so far durable; if it raises, nothing is known of them."""

    def truncate(self, size: int) -> None:
        """Set the size in bytes, filling up with zeros; durable only after `fsync`."""


class Disk(Protocol):
    """A place of named files."""

    def open(self, name: str) -> File:
        """The file of that name, created empty and durably if there is none; DiskError."""
