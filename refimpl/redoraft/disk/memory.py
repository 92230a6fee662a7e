"""A disk in memory that loses at a crash what a real one may lose.

A write reaches the disk in sectors of 512 bytes.  Until an fsync of its file each sector write, and each
change of the file's size, is pending: a crash keeps or loses every one by itself ("subset": a drive that
reorders), or keeps those up to some moment ("prefix": a drive that keeps the order).  A sector is never torn.

As in a page cache, a pending sector write holds the whole sector as it stood after the write: keeping a later
write of a sector and losing an earlier one leaves the bytes of both.  Creating a file is durable at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, Literal

import attrs

from redoraft.errors import DiskError, StaleHandle

SECTOR: Final = 512
"""Bytes that a disk writes whole or not at all."""

CrashMode = Literal["subset", "prefix"]


@attrs.frozen
class _SectorWrite:
    """`data` (at most 512 bytes, shorter where the file ended then) at byte `offset`."""

    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        end = self.offset + len(self.data)
        _resize(content, max(len(content), end))
        content[self.offset : end] = self.data


@attrs.frozen
class _Resize:
    """The file is `size` bytes long from then on."""

    size: int

    def apply(self, content: bytearray) -> None:
        _resize(content, self.size)


@attrs.frozen
class _Grow:
    """The file is at least `size` bytes long from then on: the size change of a write behind the end."""

    size: int

    def apply(self, content: bytearray) -> None:
        _resize(content, max(len(content), self.size))


_Change = _SectorWrite | _Resize | _Grow


@attrs.define
class _Content:
    """A file as its users see it, and as the disk has it with what is pending."""

    seen: bytearray = attrs.field(factory=bytearray)
    durable: bytearray = attrs.field(factory=bytearray)
    pending: list[_Change] = attrs.field(factory=list)

    def do(self, change: _Change) -> None:
        change.apply(self.seen)
        self.pending.append(change)


class MemoryFile:
    """A handle of a file on a `MemoryDisk`; StaleHandle from every use after a crash of the disk."""

    def __init__(self, disk: MemoryDisk, content: _Content, name: str) -> None:
        """For `MemoryDisk.open`."""
        self._disk = disk
        self._content = content
        self._name = name
        self._boot = disk.boot

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self._use().seen)

    def read(self, offset: int, n: int) -> bytes:
        """Up to `n` bytes from byte `offset`; DiskError for a negative number."""
        content = self._use()
        self._require(offset >= 0 and n >= 0, f"read {n} bytes at byte {offset}")
        return bytes(content.seen[offset : offset + n])

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at byte `offset`, pending sector by sector; DiskError for a negative offset."""
        content = self._use()
        self._require(offset >= 0, f"write at byte {offset}")
        if not data:
            return
        end = offset + len(data)
        if end > len(content.seen):
            content.do(_Grow(end))
        first, last = offset // SECTOR * SECTOR, end
        for at in range(first, last, SECTOR):
            low, high = max(at, offset), min(at + SECTOR, end)
            sector = content.seen[at : at + SECTOR]
            sector[low - at : high - at] = data[low - offset : high - offset]
            content.do(_SectorWrite(at, bytes(sector)))

    def fsync(self) -> None:
        """Make all pending changes of this file durable."""
        content = self._use()
        for change in content.pending:
            change.apply(content.durable)
        content.pending.clear()

    def truncate(self, size: int) -> None:
        """Set the size in bytes, pending; DiskError for a negative size."""
        content = self._use()
        self._require(size >= 0, f"truncate to {size} bytes")
        content.do(_Resize(size))

    def _use(self) -> _Content:
        if self._boot != self._disk.boot:
            raise StaleHandle(f"{self._name} was opened before the crash: open it again on the same disk")
        return self._content

    def _require(self, fine: bool, what: str) -> None:
        if not fine:
            raise DiskError(f"cannot {what} of {self._name}: give numbers from 0 on")


class MemoryDisk:
    """Named files in memory, without clock or dice of its own: a crash takes its dice from the caller."""

    def __init__(self) -> None:
        self._files: dict[str, _Content] = {}
        self._boot = 0

    @property
    def boot(self) -> int:
        """How many crashes there were; a handle is good for one boot."""
        return self._boot

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, in the order of their creation."""
        return tuple(self._files)

    @property
    def pending(self) -> int:
        """How many changes a crash now would keep or lose."""
        return sum(len(content.pending) for content in self._files.values())

    def open(self, name: str) -> MemoryFile:
        """The file of that name, created empty if there is none."""
        return MemoryFile(self, self._files.setdefault(name, _Content()), name)

    def crash(self, rng: Random, mode: CrashMode = "subset") -> None:
        """Lose power: keep a subset, or a prefix in each file, of what is pending; handles become stale."""
        keep: list[bool] = []
        for content in self._files.values():
            count = len(content.pending)
            if mode == "prefix":
                kept = rng.randint(0, count)
                keep += [at < kept for at in range(count)]
            else:
                keep += [rng.random() < 0.5 for _ in range(count)]
        self.crash_keeping(keep)

    def crash_keeping(self, keep: Sequence[bool]) -> None:
        """Lose power and keep exactly these `pending` changes: file by file as in `names`, in write order.

        DiskError, with nothing changed, if the number is another.
        """
        if len(keep) != self.pending:
            raise DiskError(f"{len(keep)} decisions for {self.pending} pending changes: give one for each")
        decisions = iter(keep)
        for content in self._files.values():
            for change in content.pending:
                if next(decisions):
                    change.apply(content.durable)
            content.pending.clear()
            content.seen = bytearray(content.durable)
        self._boot += 1

    def copy(self) -> MemoryDisk:
        """Another disk with the same files, durable and pending, to try several crashes of one moment."""
        other = MemoryDisk()
        other._files = {
            name: _Content(bytearray(content.seen), bytearray(content.durable), list(content.pending))
            for name, content in self._files.items()
        }
        other._boot = self._boot
        return other


def _resize(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
