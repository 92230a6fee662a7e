"""The doublewrite file: every page is durable here before its own place is written (TORN-1; buf_dblwr).

A crash in the middle of a page write leaves some of its sectors new and some old.  Then the copy here is
whole, and puts the page right before anything reads it.  The file also keeps the *page bound*: no page on
disk has a larger LSN.  It is durable before the pages are, so a restart needs no scan of all pages to refuse
a truncation below one (H11).

    byte   bytes  what
    0      1024   the page bound, in two slots (`slots`, "RRD1")
    16384  16384  copy 0
    32768  16384  copy 1 ...

The file is a part of no page: a copy has the bytes of a page as in its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self

from redoraft.redo.record import PAGE_SIZE
from redoraft.storage.files import DataFiles
from redoraft.storage.page import PageId, address, fault, is_blank, page_lsn
from redoraft.storage.port import DataDisk, DataFile
from redoraft.storage.rules import StorageRules
from redoraft.storage.slots import LsnSlots
from redoraft.types import Lsn

FILE: Final = "doublewrite"
COPIES: Final = 16
"""Pages that one batch holds."""

_MAGIC: Final = b"RRD1"


class Doublewrite:
    """The way of pages to their places.  Every failure of the disk is a DiskError."""

    def __init__(self, file: DataFile, data: DataFiles, rules: StorageRules, bound: LsnSlots) -> None:
        """For `open`."""
        self._file: Final = file
        self._data: Final = data
        self._rules: Final = rules
        self._bound: Final = bound
        self.repaired: tuple[PageId, ...] = ()

    @classmethod
    def open(cls, disk: DataDisk, data: DataFiles, rules: StorageRules) -> Self:
        """Put right the pages that a crash has torn, durably; `repaired` says which.

        Raises CorruptStorage if the header is damaged, DiskError.
        """
        file = disk.open(FILE)
        opened = cls(file, data, rules, LsnSlots.open(file, _MAGIC, FILE))
        opened._repair()
        return opened

    @classmethod
    def start_anew(cls, disk: DataDisk, page_bound: Lsn) -> None:
        """Make all copies void and set the page bound, durably: other pages have come to this disk (H24)."""
        file = disk.open(FILE)
        file.truncate(0)
        file.fsync()
        LsnSlots.open(file, _MAGIC, FILE).write(page_bound)
        file.fsync()

    @property
    def page_bound(self) -> Lsn:
        """No page on disk has a larger LSN (bytes)."""
        return self._bound.lsn

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
            self._bound.write(bound)
        if self._rules.writes_twice(len(batch)):
            for nth, (_, raw) in enumerate(batch):
                self._file.write((1 + nth) * PAGE_SIZE, raw)
        self._file.fsync()

    def _repair(self) -> None:
        """Put the newest whole copy where a page is not whole (InnoDB: recv::Pages::recover)."""
        copies: dict[PageId, bytes] = {}
        for at in range(PAGE_SIZE, self._file.size, PAGE_SIZE):
            raw = self._file.read(at, PAGE_SIZE)
            if fault(raw) is None and not is_blank(raw):
                page_id = address(raw)
                if page_id not in copies or page_lsn(copies[page_id]) < page_lsn(raw):
                    copies[page_id] = raw
        torn = [
            (page_id, raw)
            for page_id, raw in copies.items()
            if self._data.holds(page_id.space_id) and self._data.fault(page_id) is not None
        ]
        self._data.write(torn)
        self._data.sync()
        self.repaired = tuple(page_id for page_id, _ in torn)
