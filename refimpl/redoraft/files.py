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
        """Make every write and change of size so far durable; SyncFailed: they count as lost, whatever
        reads show and another fsync says."""

    def truncate(self, size: int) -> None:
        """Set the size in bytes, filling up with zeros; durable only after `fsync`."""

    def close(self) -> None:
        """Give the file back, without fsync; a second time does nothing."""


class Disk(Protocol):
    """A folder of named files: "file", or "schema/file", whose folder is made when it is missing (H7).

    A name that was made, taken or given up is durable only after `sync`.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files; DiskError."""

    def open(self, name: str) -> File:
        """The file of that name, created empty and durably if there is none; DiskError."""

    def create(self, name: str) -> File:
        """A new, empty file; DiskError if there is one of that name, or no room."""

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, in one step; a file that had it is gone.  DiskError."""

    def remove(self, name: str) -> None:
        """Take the file away; DiskError if there is none."""

    def sync(self) -> None:
        """Make all names durable (fsync of the folder); SyncFailed, after which nothing is known of them."""
