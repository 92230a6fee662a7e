"""Data files: one a tablespace, page n at byte n * 16384.

The names of users' tablespaces are for DDL to say (`SpaceFiles`); those of others are made of the space id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from redoraft.errors import CorruptPage
from redoraft.redo.record import PAGE_SIZE
from redoraft.storage.page import PageFault, PageId, fault, misplaced
from redoraft.storage.port import DataDisk, DataFile, SpaceFiles
from redoraft.storage.rules import StorageRules

_NAME: Final = re.compile(r"space-(\d+)\.ibd")
_REMEDY: Final = "no copy in the doublewrite file repairs it: seed the node anew from another one (H24)"


def file_name(space_id: int) -> str:
    """The name of a space's data file."""
    return f"space-{space_id}.ibd"


class DataFiles:
    """The pages on one disk.  Every failure of it is a DiskError."""

    def __init__(self, disk: DataDisk, rules: StorageRules, tablespaces: SpaceFiles | None = None) -> None:
        self._disk: Final = disk
        self._rules: Final = rules
        self._tablespaces: Final = tablespaces
        self._open: dict[int, DataFile] = {}

    @property
    def spaces(self) -> tuple[int, ...]:
        """The ids of the spaces that have a file, in order."""
        found = (_NAME.fullmatch(name) for name in self._disk.names)
        users = () if self._tablespaces is None else self._tablespaces.spaces
        return tuple(sorted([*(int(match[1]) for match in found if match is not None), *users]))

    def holds(self, space_id: int) -> bool:
        """Whether pages of a space have a place: a user's tablespace may have no file here (H6)."""
        return self._name(space_id) is not None

    def extend(self, space_id: int, size: int) -> None:
        """Make the file of a space at least `size` bytes long, durably; it never shrinks."""
        file = self._file(space_id)
        if file.size < size:
            file.truncate(size)
            file.fsync()

    def forget(self, space_id: int) -> None:
        """The file of a space is about to go: give its handle back."""
        file = self._open.pop(space_id, None)
        if file is not None:
            file.close()

    def pages(self, space_id: int) -> int:
        """How many pages the file of a space has, a page cut short by its end included."""
        return -(-self._file(space_id).size // PAGE_SIZE)

    def raw(self, page_id: PageId) -> bytes:
        """The bytes of a page as they are, zeros where the file ends; nothing is verified."""
        found = self._file(page_id.space_id).read(page_id.page_no * PAGE_SIZE, PAGE_SIZE)
        return found.ljust(PAGE_SIZE, b"\0")

    def fault(self, page_id: PageId) -> PageFault | None:
        """Why the bytes of a page are not whole; None if they are."""
        found = fault(self.raw(page_id))
        return None if self._rules.trusts_page(torn=found is not None) else found

    def read(self, page_id: PageId) -> bytes:
        """A whole page, blank if it was never written.  CorruptPage if it is torn, damaged or another one."""
        raw = self.raw(page_id)
        wrong = self.fault(page_id) or misplaced(raw, page_id)
        if wrong is not None:
            offset = page_id.page_no * PAGE_SIZE + wrong.offset
            raise CorruptPage(
                wrong.what, file=self._name(page_id.space_id) or "", offset=offset, remedy=_REMEDY
            )
        return raw

    def sync(self) -> None:
        """Make everything durable: what is read after a start may be in the system's cache only."""
        for space_id in self.spaces:
            self._file(space_id).fsync()

    def clear(self, space_id: int) -> None:
        """Empty the file of a space, durably."""
        self._file(space_id).truncate(0)
        self._file(space_id).fsync()

    def write(self, pages: Iterable[tuple[PageId, bytes]]) -> None:
        """Put sealed pages in their places, durably when it returns."""
        touched: dict[int, DataFile] = {}
        for page_id, raw in pages:
            file = touched.setdefault(page_id.space_id, self._file(page_id.space_id))
            file.write(page_id.page_no * PAGE_SIZE, raw)
        for file in touched.values():
            file.fsync()

    def _name(self, space_id: int) -> str | None:
        if self._tablespaces is not None and self._tablespaces.owns(space_id):
            return self._tablespaces.name_of(space_id)
        return file_name(space_id)

    def _file(self, space_id: int) -> DataFile:
        if space_id not in self._open:
            name = self._name(space_id)
            assert name is not None, f"tablespace {space_id} has no file: ask `holds` first"
            self._open[space_id] = self._disk.open(name)
        return self._open[space_id]
