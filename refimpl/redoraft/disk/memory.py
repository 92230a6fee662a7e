"""A disk in memory that loses at a crash what a real one may lose, and fails when it is told to.

A write reaches the disk in sectors of 512 bytes.  Until an fsync of its file each sector write, and each
change of the file's size, is pending; so is, until a `sync` of the disk, each creation, renaming and removal
of a file.  A crash keeps or loses every pending change by itself ("subset": a drive that reorders), or keeps
those up to some moment ("prefix": a drive that keeps the order); "torn" may also leave half of a sector.

As in a page cache, a pending sector write holds the whole sector as it stood after the write: keeping a later
write of a sector and losing an earlier one leaves the bytes of both.  The name of a file that `open` creates
is durable at once, that of one that `create` makes is not.

An fsync that fails has lost what was pending, though reads still show it: that is what Linux does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from random import Random
from typing import Final, Literal

import attrs

from redoraft.errors import DiskError, DiskFull, StaleHandle, SyncFailed

SECTOR: Final = 512
"""Bytes that a disk writes whole or not at all, unless it is one that tears."""

CrashMode = Literal["subset", "prefix", "torn"]

Fault = Callable[[str, str], DiskError | None]
"""Asked before every operation, with its name and the file's; an answer is raised instead of doing it."""


class Fate(Enum):
    """What a crash does to a pending change; only the write of a sector can be torn, other changes are
    kept."""

    LOST = 0
    KEPT = 1
    TORN = 2


@attrs.frozen
class _SectorWrite:
    """`data` (at most 512 bytes, shorter where the file ended then) at byte `offset`."""

    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        end = self.offset + len(self.data)
        _resize(content, max(len(content), end))
        content[self.offset : end] = self.data

    def torn(self) -> _SectorWrite:
        """Its first half only."""
        return _SectorWrite(self.offset, self.data[: SECTOR // 2])


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


@attrs.define(eq=False)
class _Content:
    """A file as its users see it, and as the disk has it with what is pending."""

    seen: bytearray = attrs.field(factory=bytearray)
    durable: bytearray = attrs.field(factory=bytearray)
    pending: list[_Change] = attrs.field(factory=list)

    def do(self, change: _Change) -> None:
        change.apply(self.seen)
        self.pending.append(change)

    def settle(self, fates: Iterator[Fate]) -> None:
        """Let each pending change have its fate."""
        for change in self.pending:
            fate = next(fates)
            if fate is Fate.TORN and isinstance(change, _SectorWrite):
                change.torn().apply(self.durable)
            elif fate is not Fate.LOST:
                change.apply(self.durable)
        self.pending.clear()

    def matters(self) -> Iterator[bool]:
        """For each pending change, whether to keep or lose it can make a difference.

        It cannot if the bytes are on disk already and nothing else that is pending is about them.
        """
        written: set[int] = set()
        for change in self.pending:
            if isinstance(change, _SectorWrite):
                end = change.offset + len(change.data)
                same = bytes(self.durable[change.offset : end]) == change.data
                yield not same or change.offset in written
                written.add(change.offset)
            else:
                yield isinstance(change, _Resize) or change.size > len(self.durable)


_Names = dict[str, _Content]


@attrs.frozen
class _NameChange:
    """What each of these names stands for from then on; None: for nothing.  One step, all or none."""

    names: tuple[tuple[str, _Content | None], ...]

    def apply(self, names: _Names) -> None:
        for name, content in self.names:
            if content is None:
                names.pop(name, None)
            else:
                names[name] = content


class MemoryFile:
    """A handle of a file on a `MemoryDisk`; StaleHandle from every use after a crash of the disk."""

    def __init__(self, disk: MemoryDisk, content: _Content, name: str) -> None:
        """For `MemoryDisk.open`."""
        self._disk = disk
        self._content = content
        self._name = name
        self._boot = disk.boot
        self._open = True

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self._use("size").seen)

    def read(self, offset: int, n: int) -> bytes:
        """Up to `n` bytes from byte `offset`; DiskError for a negative number."""
        content = self._use("read")
        self._require(offset >= 0 and n >= 0, f"read {n} bytes at byte {offset}")
        return bytes(content.seen[offset : offset + n])

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at byte `offset`, pending sector by sector; DiskError for a negative offset.

        Raises DiskFull after as much of it as there is room for.
        """
        content = self._use("write")
        self._require(offset >= 0, f"write at byte {offset}")
        room = self._disk.room_for(content.seen, offset)
        _put(content, offset, data if room is None else data[:room])
        if room is not None and room < len(data):
            what = f"cannot write {len(data)} bytes at byte {offset} of {self._name}"
            raise DiskFull(f"{what}: the disk is full after {room} of them")

    def fsync(self) -> None:
        """Make all pending changes of this file durable; SyncFailed loses them.

        As in Linux the next fsync succeeds then, with nothing to do: so nobody may try a second one.
        """
        try:
            content = self._use("fsync")
        except SyncFailed:
            self._content.settle(iter([Fate.LOST] * len(self._content.pending)))
            raise
        content.settle(iter([Fate.KEPT] * len(content.pending)))

    def truncate(self, size: int) -> None:
        """Set the size in bytes, pending; DiskError for a negative size."""
        content = self._use("truncate")
        self._require(size >= 0, f"truncate to {size} bytes")
        content.do(_Resize(size))

    def close(self) -> None:
        """Give the handle back; what is pending stays pending."""
        self._open = False

    def _use(self, what: str) -> _Content:
        if self._boot != self._disk.boot:
            raise StaleHandle(f"{self._name} was opened before the crash: open it again on the same disk")
        if not self._open:
            raise StaleHandle(f"{self._name} is closed: open it again")
        self._disk.ask(what, self._name)
        return self._content

    def _require(self, fine: bool, what: str) -> None:
        if not fine:
            raise DiskError(f"cannot {what} of {self._name}: give numbers from 0 on")


class MemoryDisk:
    """Named files in memory, without clock or dice of its own: a crash takes its dice from the caller."""

    def __init__(self) -> None:
        self._seen: _Names = {}
        self._durable: _Names = {}
        self._changes: list[_NameChange] = []
        self._boot = 0
        self.capacity: int | None = None
        """Bytes of all files together; None: no bound."""
        self.fault: Fault | None = None

    @property
    def boot(self) -> int:
        """How many crashes there were; a handle is good for one boot."""
        return self._boot

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, in the order of their creation."""
        return tuple(self._seen)

    @property
    def pending(self) -> int:
        """How many changes a crash now would keep or lose."""
        return sum(len(content.pending) for content in self._contents()) + len(self._changes)

    def open(self, name: str) -> MemoryFile:
        """The file of that name, created empty and durably if there is none."""
        self.ask("open", name)
        if name not in self._seen:
            self._seen[name] = self._durable[name] = _Content()
        return MemoryFile(self, self._seen[name], name)

    def create(self, name: str) -> MemoryFile:
        """A new, empty file, pending; DiskError if there is one of that name."""
        self.ask("create", name)
        if name in self._seen:
            raise DiskError(f"cannot create {name}: there is a file of that name; remove it first")
        self._change((name, _Content()))
        return MemoryFile(self, self._seen[name], name)

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, pending; DiskError if there is no such file."""
        self.ask("rename", old)
        content = self._known(old)
        self._change((old, None), (new, content))

    def remove(self, name: str) -> None:
        """Take the file away, pending; DiskError if there is none."""
        self.ask("remove", name)
        self._known(name)
        self._change((name, None))

    def sync(self) -> None:
        """Make all names durable; SyncFailed loses the changes that were pending."""
        try:
            self.ask("sync", "the folder")
        except SyncFailed:
            self._changes.clear()
            raise
        for change in self._changes:
            change.apply(self._durable)
        self._changes.clear()

    def crash(self, rng: Random, mode: CrashMode = "subset") -> None:
        """Lose power: keep a subset, or a prefix in each file, of what is pending; handles become stale."""
        keep: list[Fate] = []
        counts = [len(content.pending) for content in self._contents()]
        for count in (*counts, len(self._changes)) if self._changes else counts:
            kept = rng.randint(0, count) if mode == "prefix" else 0
            keep += [Fate.KEPT] * kept
            keep += [_fate(rng, mode) for _ in range(count - kept)]
        self.crash_keeping(keep)

    def crash_keeping(self, keep: Sequence[bool | Fate]) -> None:
        """Lose power and keep exactly these `pending` changes.

        In order: file by file as in `names`, in write order (files without a name last), then the changes of
        names.  DiskError, with nothing changed, if the number is another.
        """
        if len(keep) != self.pending:
            raise DiskError(f"{len(keep)} decisions for {self.pending} pending changes: give one for each")
        fates = iter([Fate(int(one)) if isinstance(one, bool) else one for one in keep])
        for content in self._contents():
            content.settle(fates)
        for change in self._changes:
            if next(fates) is not Fate.LOST:
                change.apply(self._durable)
        self._changes.clear()
        self._seen = dict(self._durable)
        for content in self._seen.values():
            content.seen = bytearray(content.durable)
        self._boot += 1

    def peek(self, name: str, n: int) -> bytes:
        """The first `n` bytes of a file, for whoever looks on: no operation of the disk, and it never fails.

        DiskError if there is no such file.
        """
        return bytes(self._known(name).seen[:n])

    def matters(self) -> tuple[bool, ...]:
        """For each of the `pending` changes, in the order of `crash_keeping`, whether it makes a difference
        if a crash keeps it or loses it."""
        in_files = (one for content in self._contents() for one in content.matters())
        return (*in_files, *(True for _ in self._changes))

    def copy(self) -> MemoryDisk:
        """Another disk with the same files, durable and pending, to try several crashes of one moment."""
        other = MemoryDisk()
        twins = {
            id(content): _Content(bytearray(content.seen), bytearray(content.durable), list(content.pending))
            for content in self._contents()
        }
        other._seen = {name: twins[id(content)] for name, content in self._seen.items()}
        other._durable = {name: twins[id(content)] for name, content in self._durable.items()}
        other._changes = [
            _NameChange(tuple((name, content and twins[id(content)]) for name, content in change.names))
            for change in self._changes
        ]
        other._boot, other.capacity = self._boot, self.capacity
        return other

    # For its files.

    def ask(self, what: str, name: str) -> None:
        """Raise the fault that is planned for this operation, if one is."""
        if self.fault is not None and (wrong := self.fault(what, name)) is not None:
            raise wrong

    def room_for(self, content: bytearray, offset: int) -> int | None:
        """How many bytes can be written there before the disk is full; None: any number."""
        if self.capacity is None:
            return None
        used = sum(len(other.seen) for other in self._seen.values())
        return max(0, self.capacity - used + len(content) - offset)

    def _change(self, *names: tuple[str, _Content | None]) -> None:
        change = _NameChange(names)
        change.apply(self._seen)
        self._changes.append(change)

    def _known(self, name: str) -> _Content:
        if name not in self._seen:
            raise DiskError(f"there is no file {name} on this disk")
        return self._seen[name]

    def _contents(self) -> list[_Content]:
        """Every file that a name stands for, or may stand for after a crash."""
        changed = [content for change in self._changes for _, content in change.names if content]
        contents = (*self._seen.values(), *self._durable.values(), *changed)
        return list({id(content): content for content in contents}.values())


def _fate(rng: Random, mode: CrashMode) -> Fate:
    if mode == "torn":
        return rng.choice(tuple(Fate))
    return Fate.KEPT if mode == "subset" and rng.random() < 0.5 else Fate.LOST


def _put(content: _Content, offset: int, data: bytes) -> None:
    if not data:
        return
    end = offset + len(data)
    if end > len(content.seen):
        content.do(_Grow(end))
    for at in range(offset // SECTOR * SECTOR, end, SECTOR):
        low, high = max(at, offset), min(at + SECTOR, end)
        sector = content.seen[at : at + SECTOR]
        sector[low - at : high - at] = data[low - offset : high - offset]
        content.do(_SectorWrite(at, bytes(sector)))


def _resize(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
