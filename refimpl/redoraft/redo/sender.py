"""What a leader sends from: an entry cache (LOG-4), and behind it the files, read ahead in batches (LOG-7).

A follower that keeps up is served from memory.  One that is far behind gets batches from the files, and while
one is under way the next is read, so that it catches up under load.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from redoraft.errors import LogMisuse
from redoraft.redo.log import RedoLog
from redoraft.redo.lsn import sn_of
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.types import Lsn

AHEAD: Final = 8
"""Batches that are kept read ahead; the oldest goes."""


class EntryCache:
    """The records of the newest entries, by the LSN where they start; at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit: Final = limit
        self._entries: Final[OrderedDict[Lsn, tuple[Lsn, bytes]]] = OrderedDict()
        self.size = 0

    def add(self, start: Lsn, end: Lsn, records: bytes) -> None:
        """The entry from `start` to `end`; the oldest ones go when there is no room."""
        self._entries[start] = (end, records)
        self.size += len(records)
        while self.size > self.limit:
            _, (_, gone) = self._entries.popitem(last=False)
            self.size -= len(gone)

    def cut(self, to: Lsn) -> None:
        """Forget what ends beyond `to`: the log was truncated there (H12)."""
        for start in [start for start, (end, _) in self._entries.items() if end > to]:
            self.size -= len(self._entries.pop(start)[1])

    def run(self, start: Lsn, limit: int) -> tuple[Lsn, bytes]:
        """Whole entries from `start` on, one at least if it is here, up to `limit` bytes; and their end."""
        parts: list[bytes] = []
        size = 0
        while (found := self._entries.get(start)) is not None and (
            not parts or size + len(found[1]) <= limit
        ):
            start = found[0]
            parts.append(found[1])
            size += len(found[1])
        return start, b"".join(parts)


class SendSource:
    """Batches of whole entries for followers.  `from_cache`, `from_ahead` and `from_files` count how."""

    def __init__(
        self,
        log: RedoLog,
        *,
        cache_bytes: int = 1 << 20,
        batch_bytes: int = 1 << 16,
        rules: LogRules = ALL_LOG_RULES,
    ) -> None:
        """For a log; LogMisuse for sizes below 1."""
        if cache_bytes < 1 or batch_bytes < 1:
            raise LogMisuse("a cache and a batch have at least one byte")
        self._log: Final = log
        self._rules: Final = rules
        self._batch_bytes: Final = batch_bytes
        self._cache: Final = EntryCache(cache_bytes)
        self._cached_to = log.closed_lsn
        self._ahead: Final[dict[Lsn, tuple[Lsn, bytes]]] = {}
        self.from_cache = self.from_ahead = self.from_files = 0

    def take_new(self) -> None:
        """Put the entries that were closed since the last call into the cache, from the log buffer.

        Those that would not stay there, and those that are deleted, are left out.
        """
        recent = self._log.entry_end_at_or_below(Lsn(self._log.closed_lsn - self._cache.limit))
        self._cached_to = max(self._cached_to, recent, self._log.first_lsn)
        while (end := self._log.entry_end_after(self._cached_to)) is not None:
            records = self._log.read(self._cached_to, end)
            if self._rules.caches_entries():
                self._cache.add(self._cached_to, end, records)
            self._cached_to = end

    def cut(self, to: Lsn) -> None:
        """The log was truncated: nothing of what went is sent any more."""
        self._cache.cut(to)
        self._cached_to = min(self._cached_to, to)
        self._ahead.clear()

    def batch(self, start: Lsn) -> tuple[Lsn, bytes]:
        """The entries from `start`, an entry end, on; and where they end: `start` if there are none.

        Raises LogMisuse, LogDeleted (then the follower is seeded, H24), CorruptRedo, DiskError.
        """
        end, records = self._cache.run(start, self._batch_bytes)
        if records:
            self.from_cache += 1
            return end, records
        return self._next_from_files(start)

    def read(self, start: Lsn, upto: Lsn) -> bytes:
        """The entries from `start` to `upto`, both entry ends; what a batch has beyond them is kept for the
        next call (LOG-7).  Raises as `batch`.
        """
        if start == upto:
            return b""
        if not self._rules.sends_unwritten():
            self._log.fsync(upto)
        self.take_new()
        cached, records = self._cache.run(start, self._batch_bytes)
        if cached < upto:
            cached, records = self._next_from_files(start)
        if cached < upto:
            return self._log.read(start, upto)
        size = sn_of(upto) - sn_of(start)
        if self._rules.reads_ahead(len(records) - size) and not self._cache.run(upto, 1)[1]:
            self._keep_ahead(upto, cached, records[size:])
        return records[:size]

    def _next_from_files(self, start: Lsn) -> tuple[Lsn, bytes]:
        if start in self._ahead:
            self.from_ahead += 1
            return self._ahead.pop(start)
        end, records = self._read(start)
        self.from_files += bool(records)
        return end, records

    def _keep_ahead(self, start: Lsn, end: Lsn, records: bytes) -> None:
        self._ahead[start] = (end, records)
        while len(self._ahead) > AHEAD:
            del self._ahead[next(iter(self._ahead))]

    def read_ahead(self, start: Lsn) -> bool:
        """Read the batch from `start` now, for `batch` later; whether it had to come from the files.

        Raises as `batch`.
        """
        if start in self._ahead or self._cache.run(start, 1)[1]:
            return False
        end, records = self._read(start)
        if records:
            self._keep_ahead(start, end, records)
        return bool(records)

    def _read(self, start: Lsn) -> tuple[Lsn, bytes]:
        limit = self._log.entry_end_at_or_below(Lsn(start + self._batch_bytes))
        first = self._log.entry_end_after(start)
        end = max(limit, start if first is None else first)
        return end, self._log.read(start, end)
