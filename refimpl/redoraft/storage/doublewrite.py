"""The doublewrite file: every page is durable here before its own place is written (TORN-1; buf_dblwr).

A crash in the middle of a page write leaves some of its sectors new and some old.  Then the copy here is
whole, and puts the page right before anything reads it.  The file also keeps the *page bound*: no page on
disk has a larger LSN.  It is durable before the pages are, so a restart needs no scan of all pages to refuse
a truncation below one (H11).

    byte   bytes  what
    0      512    header slot 0              in each slot:  0    4  "RRD1"
    512    512    header slot 1                             4    8  sequence number, from 1
    16384  16384  copy 0                                    12   8  page bound (LSN)
    32768  16384  copy 1 ...                                508  4  CRC-32C of bytes 0 to 507

The slots are written in turn.  The file is a part of no page: a copy has the bytes of a page as in its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final, Self

from attrs import frozen
from crc32c import crc32c

from redoraft.errors import CorruptStorage
from redoraft.redo.record import PAGE_SIZE
from redoraft.storage.files import DataFiles
from redoraft.storage.page import NEVER_WRITTEN, PageId, address, fault, is_blank, page_lsn
from redoraft.storage.port import DataDisk, DataFile
from redoraft.storage.rules import StorageRules
from redoraft.types import Lsn

FILE: Final = "doublewrite"
COPIES: Final = 16
"""Pages that one batch holds."""

_SLOT: Final = 512
_MAGIC: Final = b"RRD1"
_HEAD: Final = Struct(">4sQQ")
_CRC: Final = Struct(">I")
_CHECKED: Final = _SLOT - _CRC.size


@frozen
class _Header:
    sequence: int = 0
    page_bound: Lsn = NEVER_WRITTEN


class Doublewrite:
    """The way of pages to their places.  Every failure of the disk is a DiskError."""

    def __init__(self, file: DataFile, data: DataFiles, rules: StorageRules, header: _Header) -> None:
        """For `open`."""
        self._file: Final = file
        self._data: Final = data
        self._rules: Final = rules
        self._header = header
        self.repaired: tuple[PageId, ...] = ()

    @classmethod
    def open(cls, disk: DataDisk, data: DataFiles, rules: StorageRules) -> Self:
        """Put right the pages that a crash has torn, durably; `repaired` says which.

        Raises CorruptStorage if the header is damaged, DiskError.
        """
        file = disk.open(FILE)
        opened = cls(file, data, rules, _read_header(file))
        opened._repair()
        return opened

    @classmethod
    def start_anew(cls, disk: DataDisk, data: DataFiles, rules: StorageRules, page_bound: Lsn) -> None:
        """Make all copies void and set the page bound, durably: other pages have come to this disk (H24)."""
        file = disk.open(FILE)
        file.truncate(0)
        file.fsync()
        cls(file, data, rules, _Header())._write_header(page_bound)
        file.fsync()

    @property
    def page_bound(self) -> Lsn:
        """No page on disk has a larger LSN (bytes)."""
        return self._header.page_bound

    def write(self, pages: Sequence[tuple[PageId, bytes]]) -> None:
        """Put sealed pages in their places, each once, durably when it returns.

        A crash at any point tears none of them for good.
        """
        assert len({page_id for page_id, _ in pages}) == len(pages), "a page was given twice"
        for at in range(0, len(pages), COPIES):
            batch = pages[at : at + COPIES]
            self._write_copies(batch)
            self._data.write(batch)

    def _write_copies(self, batch: Sequence[tuple[PageId, bytes]]) -> None:
        bound = max([self.page_bound, *(page_lsn(raw) for _, raw in batch)])
        if bound > self.page_bound:
            self._write_header(bound)
        if self._rules.writes_twice(len(batch)):
            for nth, (_, raw) in enumerate(batch):
                self._file.write((1 + nth) * PAGE_SIZE, raw)
        self._file.fsync()

    def _write_header(self, bound: Lsn) -> None:
        header = _Header(self._header.sequence + 1, bound)
        body = _HEAD.pack(_MAGIC, header.sequence, bound).ljust(_CHECKED, b"\0")
        self._file.write(header.sequence % 2 * _SLOT, body + _CRC.pack(crc32c(body)))
        self._header = header

    def _repair(self) -> None:
        """Put the newest whole copy where a page is not whole (InnoDB: recv::Pages::recover)."""
        copies: dict[PageId, bytes] = {}
        for at in range(PAGE_SIZE, self._file.size, PAGE_SIZE):
            raw = self._file.read(at, PAGE_SIZE)
            if fault(raw) is None and not is_blank(raw):
                page_id = address(raw)
                if page_id not in copies or page_lsn(copies[page_id]) < page_lsn(raw):
                    copies[page_id] = raw
        torn = [(page_id, raw) for page_id, raw in copies.items() if self._data.fault(page_id) is not None]
        self._data.write(torn)
        self._data.sync()
        self.repaired = tuple(page_id for page_id, _ in torn)


def _read_header(file: DataFile) -> _Header:
    raw = file.read(0, 2 * _SLOT)
    found = [slot for at in (0, _SLOT) if (slot := _parse(raw[at : at + _SLOT])) is not None]
    if not found and any(raw):
        raise CorruptStorage(
            f"{FILE}: neither header slot can be read, at byte 0: seed the node anew from another one (H24)"
        )
    return max(found, key=lambda slot: slot.sequence, default=_Header())


def _parse(raw: bytes) -> _Header | None:
    if len(raw) < _SLOT or _CRC.unpack_from(raw, _CHECKED)[0] != crc32c(raw[:_CHECKED]):
        return None
    magic, sequence, bound = _HEAD.unpack_from(raw)
    return _Header(sequence, Lsn(bound)) if magic == _MAGIC else None
