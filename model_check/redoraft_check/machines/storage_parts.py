"""What is around a storage engine in the world of spec/StorageLimits.tla.

A log in memory, a checkpoint in two sectors, and what pages hold, naively.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from zlib import crc32

import attrs

from redoraft.files import Disk
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.redo.record import PAGE_SIZE, PageInit, PageWrite, Record
from redoraft.storage.engine import Storage
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft.storage.port import LoggedMtr
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft.types import Lsn
from redoraft_check.machines.trouble import require

START = Lsn(8204)
MTR = 100
"""Bytes of every mtr in these logs: so position k of the specification is LSN START + 100 * k."""

CHECKPOINT = "checkpoint"


def lsn_at(position: int) -> Lsn:
    return Lsn(START + MTR * position)


def position_of(lsn: int) -> int:
    """The specification's position of an LSN; 0 for what was never written."""
    return max(0, lsn - START) // MTR


@attrs.frozen
class Item:
    """One mtr: `kind` is a page's name, or "file", "note" (no page), "meta" (the end of an entry)."""

    term: int
    kind: str
    records: tuple[Record, ...] = ()


def item(term: int, kind: str, position: int, pages: dict[str, PageId]) -> Item:
    """An mtr whose bytes depend on all of its arguments."""
    if kind not in pages:
        return Item(term, kind)
    page_id = pages[kind]
    offset = (BODY, 600, 8000, 16000)[position % 4] + 16 * (term % 8)
    data = f"{term}:{position}:{kind};".encode().ljust(16, b".")[:16]
    return Item(term, kind, (PageWrite(page_id.space_id, page_id.page_no, offset, data),))


@attrs.define
class Journal:
    """A node's log as storage sees it, as a list."""

    items: list[Item] = attrs.field(factory=list)
    durable: int = 0
    known: int = 0
    oldest: int = 0
    rules: Rules = ALL_RULES

    @property
    def start_lsn(self) -> Lsn:
        return lsn_at(self.oldest)

    @property
    def last_lsn(self) -> Lsn:
        return lsn_at(len(self.items))

    @property
    def durable_lsn(self) -> Lsn:
        return lsn_at(self.entry_end(self.durable))

    @property
    def majority_lsn(self) -> Lsn:
        return lsn_at(self.known)

    @property
    def apply_limit(self) -> Lsn:
        return self.rules.follower_applies(self.majority_lsn, self.last_lsn)

    def mtrs(self, from_lsn: Lsn, upto_lsn: Lsn) -> Iterator[LoggedMtr]:
        require(from_lsn >= self.start_lsn, "NothingNeededIsDeleted", "the redo is deleted")
        for at in range(position_of(from_lsn), position_of(upto_lsn)):
            yield LoggedMtr(lsn_at(at), lsn_at(at + 1), self.items[at].records)

    def entry_end(self, position: int) -> int:
        """The last entry end at or below a position (spec: EndBelow)."""
        ends = (at for at in range(position, 0, -1) if self.items[at - 1].kind == "meta")
        return next(ends, 0)

    def append(self, one: Item) -> LoggedMtr:
        start = self.last_lsn
        self.items.append(one)
        return LoggedMtr(start, self.last_lsn, one.records)

    def appender(self, term: int = 1, kind: str = "file") -> Callable[[Sequence[Record]], LoggedMtr]:
        """For `Storage.write`."""
        return lambda records: self.append(Item(term, kind, tuple(records)))


class SlotCheckpoints:
    """A checkpoint in two sectors that are written in turn, as in the header of a redo file."""

    def __init__(self, disk: Disk) -> None:
        self._file = disk.open(CHECKPOINT)
        self._slots = [self._read(0), self._read(512)]

    def _read(self, at: int) -> tuple[int, int]:
        raw = self._file.read(at, 20)
        good = len(raw) == 20 and int.from_bytes(raw[16:], "big") == crc32(raw[:16])
        return (int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:16], "big")) if good else (0, START)

    @property
    def lsn(self) -> Lsn:
        return Lsn(max(self._slots)[1])

    def write(self, lsn: Lsn) -> None:
        number = max(self._slots)[0] + 1
        body = number.to_bytes(8, "big") + lsn.to_bytes(8, "big")
        self._file.write(number % 2 * 512, body + crc32(body).to_bytes(4, "big"))
        self._file.fsync()
        self._slots[number % 2] = (number, lsn)


def opened(
    disk: Disk,
    journal: Journal,
    rules: StorageRules = ALL_STORAGE_RULES,
    pool_pages: int = 8,
) -> Storage:
    return Storage.open(disk, SlotCheckpoints(disk), journal, rules, pool_pages)


# --- a model that is naive on purpose ---


def content(page_id: PageId, items: Sequence[Item]) -> bytes:
    """The body of a page after these mtrs."""
    page = bytearray(PAGE_SIZE)
    for one in items:
        for record in one.records:
            if isinstance(record, PageInit | PageWrite) and (record.space_id, record.page_no) == (
                page_id.space_id,
                page_id.page_no,
            ):
                if isinstance(record, PageInit):
                    page[:] = bytes(PAGE_SIZE)
                else:
                    page[record.offset : record.offset + len(record.data)] = record.data
    return body(page)


def body(page: bytes | bytearray) -> bytes:
    """What redo may change of a page, but for neighbours and type."""
    return bytes(page[BODY:BODY_END])


def raw_page(disk: Disk, page_id: PageId) -> bytes:
    """A page as the disk shows it, zeros where there is none."""
    file = disk.open(f"space-{page_id.space_id}.ibd")
    return file.read(page_id.page_no * PAGE_SIZE, PAGE_SIZE).ljust(PAGE_SIZE, b"\0")


def write(page: PageId, offset: int, data: bytes) -> PageWrite:
    return PageWrite(page.space_id, page.page_no, offset, data)
