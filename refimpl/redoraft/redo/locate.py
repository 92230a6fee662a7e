"""index -> LSN (LOG-3): a cache; else the file by binary search over (min, max), and a scan of it.

The (min, max) of a file are the indexes of the entries whose meta records start in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from typing import Final

from redoraft.errors import CorruptRedo, LogDeleted, LogMisuse
from redoraft.redo.block import BlockFault, parse_block
from redoraft.redo.entry import Entry
from redoraft.redo.files import RedoFiles, Segment
from redoraft.redo.header import RESTORE
from redoraft.redo.index import LogIndexTable
from redoraft.redo.lsn import BLOCK_DATA, BLOCK_HEADER, lsn_of
from redoraft.redo.mtr import MtrParser
from redoraft.redo.record import META_SIZE
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.redo.scan import entry_of
from redoraft.types import LogIndex


class EntryFinder:
    """Finds entries that were written to the files.  `cached` and `scanned` count how."""

    def __init__(
        self,
        files: RedoFiles,
        index: LogIndexTable,
        cache_size: int = 1024,
        rules: LogRules = ALL_LOG_RULES,
    ) -> None:
        """For a log; the cache holds `cache_size` entries, the ones asked for last."""
        self._rules: Final = rules
        self._files: Final = files
        self._index: Final = index
        self._cache: Final[OrderedDict[LogIndex, Entry]] = OrderedDict()
        self._cache_size: Final = cache_size
        self.cached = self.scanned = 0

    def forget(self) -> None:
        """Empty the cache: the log was cut, or a part of it deleted."""
        if self._rules.forgets_places():
            self._cache.clear()

    def ranges(self) -> list[tuple[LogIndex, LogIndex]]:
        """(min, max) of each file, in order, of the entries that are still whole; a file in which no meta
        record of one starts has min > max."""
        behind = [
            self._index.entry_from(lsn_of(one.first_block * BLOCK_DATA + META_SIZE)) for one in self._segments
        ]
        last = LogIndex(self._index.last_entry.index + 1)
        whole = LogIndex(self._index.base.index + 1)
        firsts = [last if entry is None else max(entry.index, whole) for entry in behind]
        return [(low, LogIndex(high - 1)) for low, high in zip(firsts, [*firsts[1:], last], strict=True)]

    @property
    def _segments(self) -> list[Segment]:
        return self._files.segments

    def find(self, index: LogIndex) -> Entry:
        """The entry with this index.

        Raises LogMisuse if the log has none, LogDeleted, CorruptRedo if its file cannot be read, DiskError.
        """
        if index in self._cache:
            self.cached += 1
            self._cache.move_to_end(index)
            return self._cache[index]
        ranges = self.ranges()
        if not 1 <= index <= ranges[-1][1]:
            raise LogMisuse(f"no entry has index {index}: the last one has {ranges[-1][1]}")
        if index <= self._index.base.index:
            raise LogDeleted(f"entry {index} was deleted: the log begins behind {self._index.base.index}")
        number = self._rules.scans_from(bisect_left(ranges, index, key=lambda one: one[1]))
        segment = self._segments[number]
        self.scanned += 1
        entry = scan_for(self._files, segment, index)
        self._cache[index] = entry
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return entry


def scan_for(files: RedoFiles, segment: Segment, index: LogIndex) -> Entry:
    """The entry whose meta record starts in this file, found by reading the file from its first group on.

    Raises CorruptRedo if it is not there, DiskError.
    """
    parser: MtrParser | None = None
    for block, raw in files.blocks(segment.first_block):
        parsed = parse_block(raw, block)
        if isinstance(parsed, BlockFault):
            break
        data = parsed.data
        if parser is None:
            if not parsed.first_group:
                continue
            skipped = parsed.first_group - BLOCK_HEADER
            parser, data = MtrParser(block * BLOCK_DATA + skipped), data[skipped:]
        for mtr in parser.feed(data):
            if mtr.meta is not None and mtr.meta.index == index:
                entry = entry_of(mtr.meta, mtr.end)
                if entry is not None:
                    return entry
    what = f"the meta record of entry {index} is not in the file"
    raise CorruptRedo(what, offset=segment.offset(segment.first_block), remedy=RESTORE, file=segment.name)
