"""A node that is too far behind gets a copy: pages, checkpoint, and where the log goes on (H24).

Pages are copied one by one while the source goes on: they are of different moments, as after a crash.  Redo
from the checkpoint that stood *before* the first page makes them one; the copy is whole when the target has
applied up to `page_bound`.  The log of the target begins at an entry end at or below the checkpoint, and has
its checkpoint there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

from redoraft.storage import seeding
from redoraft.storage.doublewrite import Doublewrite
from redoraft.storage.engine import Storage
from redoraft.storage.files import DataFiles
from redoraft.storage.page import PageId, is_blank
from redoraft.storage.port import DataDisk
from redoraft.storage.rules import StorageRules
from redoraft.types import Lsn

BATCH: Final = 16
"""Pages that are written to the target between two fsyncs."""


@frozen
class SeedEnd:
    """What the target has to know besides the pages: they lack nothing below `checkpoint`, and no LSN in them
    is larger than `page_bound`."""

    checkpoint: Lsn
    page_bound: Lsn


class SeedSource:
    """A copy in the making: `pages`, then `end`.  The source keeps its log from `begins_at` on meanwhile."""

    def __init__(self, storage: Storage) -> None:
        self._storage: Final = storage
        self.begins_at: Final = storage.checkpoint_lsn

    def pages(self) -> Iterator[tuple[PageId, bytes]]:
        """The pages on disk, one at a time; whatever happens to the source in between may happen.

        Raises CorruptPage, DiskError.
        """
        data = self._storage.data
        for space_id in data.spaces:
            for page_no in range(data.pages(space_id)):
                page_id = PageId(space_id, page_no)
                raw = data.read(page_id)
                if not is_blank(raw):
                    yield page_id, raw

    def end(self) -> SeedEnd:
        """After the last page."""
        storage = self._storage
        checkpoint = storage.rules.seed_starts_at(self.begins_at, storage.checkpoint_lsn)
        return SeedEnd(checkpoint, storage.page_bound)


class SeedTarget:
    """Puts a copy on another node's disk.  A crash before `finish` leaves a disk that `Storage.open` refuses.

    What was on the disk before is gone: its data files are emptied first.
    """

    def __init__(self, disk: DataDisk, rules: StorageRules) -> None:
        """Mark the disk and make what it had void, durably; DiskError."""
        seeding.begin(disk)
        self._disk: Final = disk
        self._data: Final = DataFiles(disk, rules)
        self._batch: list[tuple[PageId, bytes]] = []
        for space_id in self._data.spaces:
            self._data.clear(space_id)

    def put(self, page_id: PageId, raw: bytes) -> None:
        """One page of the source; DiskError."""
        self._batch.append((page_id, raw))
        if len(self._batch) == BATCH:
            self._write()

    def finish(self, end: SeedEnd, start_log: Callable[[SeedEnd], None]) -> None:
        """All pages are there; `start_log` makes log and checkpoint durable; the mark goes last."""
        self._write()
        Doublewrite.start_anew(self._disk, end.page_bound)
        start_log(end)
        seeding.finish(self._disk)

    def _write(self) -> None:
        self._data.write(self._batch)
        self._batch.clear()
