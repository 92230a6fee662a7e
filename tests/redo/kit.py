"""What the tests of the redo log share: generators, and a model that is naive on purpose."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryDisk, MemoryFile
from redoraft.errors import DiskError
from redoraft.redo.file_record import FileCreate, FileDelete, FileExtend, FileRecord, FileRename
from redoraft.redo.files import Layout
from redoraft.redo.log import DEFAULT_LAYOUT, RedoLog
from redoraft.redo.lsn import START_LSN, sn_of
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Dummy, PageInit, PageWrite, Record
from redoraft.types import Lsn, Term

LOG = "#ib_redo0"


def page_writes(max_data: int = 300) -> st.SearchStrategy[PageWrite]:
    """Page writes, their fields near every border of the compressed form."""
    borders = [0, 0x7F, 0x80, 0x3FFF, 0x4000, 0x1FFFFF, 0x200000, 0xFFFFFFF, 0x10000000]
    tops = [0xFEFFFFFF, 0xFF000000, 0xFFFDFFFF, 0xFFFE0000, 0xFFFFFBFF, 0xFFFFFC00, 0xFFFFFFFF]
    u32 = st.sampled_from(borders + tops) | st.integers(0, 2**32 - 1)
    return st.builds(PageWrite, u32, u32, st.integers(0, 16000), st.binary(max_size=max_data))


def page_inits() -> st.SearchStrategy[PageInit]:
    """Page inits, their fields near the borders of the compressed form."""
    u32 = st.sampled_from([0, 0x7F, 0x80, 0x3FFF, 0x4000, 0xFFFFFFFF]) | st.integers(0, 2**32 - 1)
    return st.builds(PageInit, u32, u32)


def file_records() -> st.SearchStrategy[FileRecord]:
    """File operations, with names in and beyond ASCII."""
    space = st.sampled_from([0, 0x7F, 0x80, 0x3FFF, 0xFFFFFFFF]) | st.integers(0, 2**32 - 1)
    name = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
    size = st.integers(0, 2**62 - 1)
    create: st.SearchStrategy[FileRecord] = st.builds(FileCreate, space, name, st.integers(0, 2**32 - 1))
    rename = st.builds(FileRename, space, name, name)
    return create | rename | st.builds(FileDelete, space, name) | st.builds(FileExtend, space, size, size)


def record_runs(max_data: int = 300) -> st.SearchStrategy[list[Record]]:
    """The records of one mtr: often one, sometimes enough for several blocks."""
    record: st.SearchStrategy[Record] = (
        st.builds(Dummy) | page_inits() | page_writes(max_data) | file_records()
    )
    return st.lists(record, min_size=1, max_size=4)


def mtrs(max_data: int = 300) -> st.SearchStrategy[bytes]:
    """Encoded mtrs; sizes that end in, at and across the borders of blocks are likely."""
    exact = st.integers(1, 1100).map(mtr_of_size)
    return record_runs(max_data).map(encode_mtr) | exact


def mtr_of_size(size: int) -> bytes:
    """One mtr of exactly `size` bytes, 1 to 16391."""
    if size < 7:
        return encode_mtr([Dummy()] * (size - 1)) if size > 2 else encode_mtr([Dummy()])
    return encode_mtr([PageWrite(1, 2, 3, bytes([size % 251]) * (size - 7))])


def naive_lsn(data_bytes: int) -> Lsn:
    """The LSN behind so many bytes of data, block by block: 12 bytes of header, 496 of data, 4 of trailer."""
    lsn = 16 * 512 + 12
    while data_bytes >= 496:
        lsn += 512
        data_bytes -= 496
    return Lsn(lsn + data_bytes)


@attrs.define
class NaiveLog:
    """A list of mtrs: (bytes, term of the entry that it closes or None)."""

    items: list[tuple[bytes, Term | None]] = attrs.field(factory=list)

    def lsn(self, count: int) -> Lsn:
        return naive_lsn(sum(len(data) for data, _ in self.items[:count]))

    def data(self, start: int, stop: int) -> bytes:
        return b"".join(data for data, _ in self.items[start:stop])

    def entry_counts(self) -> list[int]:
        """How many mtrs there are up to each entry end, 0 first (spec: EntryEnds)."""
        return [0] + [at + 1 for at, (_, term) in enumerate(self.items) if term is not None]

    def closed(self, count: int) -> int:
        """Up to how many mtrs whole entries reach within the first `count` (spec: Closed(Prefix(log, l)))."""
        return max(at for at in self.entry_counts() if at <= count)

    def count_at(self, lsn: int) -> int:
        """How many mtrs end at or below an LSN that is an mtr end."""
        ends = [self.lsn(count) for count in range(len(self.items) + 1)]
        assert lsn in ends, f"{lsn} is no mtr end"
        return ends.index(Lsn(lsn))


def contents(log: RedoLog) -> bytes:
    """Everything in whole entries."""
    return log.read(log.first_lsn, log.closed_lsn)


def new_log(disk: MemoryDisk | None = None, layout: Layout = DEFAULT_LAYOUT) -> RedoLog:
    """An empty log on a disk of its own."""
    return RedoLog.open(disk or MemoryDisk(), layout=layout)


def file_bytes(disk: MemoryDisk) -> bytes:
    """The log file as its users see it."""
    file = disk.open(LOG)
    return file.read(0, file.size)


def disk_with(content: bytes) -> MemoryDisk:
    """A disk whose log file durably holds these bytes."""
    disk = MemoryDisk()
    file = disk.open(LOG)
    file.write(0, content)
    file.fsync()
    return disk


@attrs.frozen
class Branch:
    """What one log may hold at a moment: a prefix of its entries that reaches to LSN `least` or further, of
    which files may be deleted up to `deleted`."""

    entries: bytes
    ends: tuple[Lsn, ...]
    least: Lsn
    first: Lsn = START_LSN
    deleted: Lsn = START_LSN

    @classmethod
    def of(cls, log: RedoLog, least: Lsn) -> Branch:
        ends = [log.first_lsn]
        while (end := log.entry_end_after(ends[-1])) is not None:
            ends.append(end)
        return cls(contents(log), tuple(ends), least, log.first_lsn, log.first_lsn)

    def allows(self, found: RedoLog) -> bool:
        return (
            found.last_lsn in self.ends
            and found.last_lsn >= self.least
            and self.first <= found.first_lsn <= self.deleted
            and self.entries[sn_of(found.first_lsn) - sn_of(self.first) :].startswith(contents(found))
        )


class WatchedFile:
    """A file of a `WatchedDisk`."""

    def __init__(self, file: MemoryFile, disk: WatchedDisk) -> None:
        self._file = file
        self._disk = disk

    @property
    def size(self) -> int:
        return self._file.size

    def read(self, offset: int, n: int) -> bytes:
        return self._file.read(offset, n)

    def write(self, offset: int, data: bytes) -> None:
        self._disk.step("write", lambda: self._file.write(offset, data))

    def fsync(self) -> None:
        self._disk.step("fsync", self._file.fsync)

    def truncate(self, size: int) -> None:
        self._disk.step("truncate", lambda: self._file.truncate(size))

    def close(self) -> None:
        self._file.close()


class WatchedDisk:
    """A disk that calls `moment` after each change, and fails at the operation number `fail_at` if given."""

    def __init__(
        self, disk: MemoryDisk, moment: Callable[[], None] = lambda: None, fail_at: int | None = None
    ) -> None:
        self.disk = disk
        self.moment = moment
        self.fail_at = fail_at
        self.calls: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        return self.disk.names

    def open(self, name: str) -> WatchedFile:
        return WatchedFile(self.disk.open(name), self)

    def create(self, name: str) -> WatchedFile:
        self.step("create", lambda: self.disk.create(name))
        return self.open(name)

    def rename(self, old: str, new: str) -> None:
        self.step("rename", lambda: self.disk.rename(old, new))

    def remove(self, name: str) -> None:
        self.step("remove", lambda: self.disk.remove(name))

    def sync(self) -> None:
        self.step("sync", self.disk.sync)

    def step(self, name: str, do: Callable[[], object]) -> None:
        self.calls.append(name)
        if self.fail_at is not None and len(self.calls) > self.fail_at:
            raise DiskError(f"{name} failed, as the test wants")
        do()
        self.moment()
