"""What the tests of storage share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from redoraft.disk.memory import MemoryDisk, MemoryFile
from redoraft.redo.record import Record
from redoraft.storage.page import PageId, page_lsn
from redoraft_check.machines.storage_parts import Item, Journal, position_of, raw_page


def journal_of(*runs: Sequence[Record], term: int = 1, closed: bool = True) -> Journal:
    """A log of one mtr for each run, one entry, all of it durable and on a majority."""
    journal = Journal([Item(term, "file", tuple(records)) for records in runs])
    if closed:
        journal.items.append(Item(term, "meta"))
    journal.durable = journal.known = len(journal.items)
    return journal


def disk_position(disk: MemoryDisk, page_id: PageId) -> int:
    """The position up to which the page on disk says it has the log."""
    return position_of(page_lsn(raw_page(disk, page_id)))


@attrs.frozen
class Op:
    """One operation that changes a disk."""

    name: str
    file: str


Hook = Callable[[Op], None]


class WatchedDisk:
    """A disk that calls `before` and `after` with every write, fsync and truncate; they may raise."""

    def __init__(
        self, disk: MemoryDisk, before: Hook = lambda _op: None, after: Hook = lambda _op: None
    ) -> None:
        self.disk = disk
        self.before, self.after = before, after
        self.ops: list[Op] = []

    @property
    def names(self) -> tuple[str, ...]:
        return self.disk.names

    def open(self, name: str) -> WatchedFile:
        return WatchedFile(self, self.disk.open(name), name)

    def create(self, name: str) -> WatchedFile:
        return WatchedFile(self, self.disk.create(name), name)

    def rename(self, old: str, new: str) -> None:
        self.disk.rename(old, new)

    def remove(self, name: str) -> None:
        self.disk.remove(name)

    def sync(self) -> None:
        self.disk.sync()

    def do(self, op: Op, change: Callable[[], None]) -> None:
        self.before(op)
        self.ops.append(op)
        change()
        self.after(op)


class WatchedFile:
    """A file of a `WatchedDisk`."""

    def __init__(self, disk: WatchedDisk, file: MemoryFile, name: str) -> None:
        self._disk, self._file, self._name = disk, file, name

    @property
    def size(self) -> int:
        return self._file.size

    def read(self, offset: int, n: int) -> bytes:
        return self._file.read(offset, n)

    def write(self, offset: int, data: bytes) -> None:
        self._disk.do(Op("write", self._name), lambda: self._file.write(offset, data))

    def fsync(self) -> None:
        self._disk.do(Op("fsync", self._name), self._file.fsync)

    def truncate(self, size: int) -> None:
        self._disk.do(Op("truncate", self._name), lambda: self._file.truncate(size))

    def close(self) -> None:
        self._file.close()
