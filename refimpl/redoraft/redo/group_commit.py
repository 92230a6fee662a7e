"""Group commit (BIN-4): one fsync for all transactions that wait, each done once the flushed LSN covers it.

The first that comes flushes for all that are there; who comes meanwhile waits for the next flush, which one
of them does.  A commit is durable with its whole entry: of an entry without its meta record a crash leaves
nothing (LOG-1).  So who waits has the entry closed (H29), and flushes once all mtrs in it are finished.

Who has threads says `commit`; who has none asks `may_flush`, and takes `begins` and `ends` as two steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Condition
from typing import Final

from redoraft.errors import DiskError
from redoraft.redo.buffer import LogBuffer
from redoraft.redo.log import RedoLog
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.types import Lsn


class GroupCommit:
    """Commits of several threads into one log.  `fsyncs` and `commits` count what was done.

    After a DiskError every commit that waits, and every later one, ends with it: their outcome is unknown.
    """

    def __init__(self, log: RedoLog, buffer: LogBuffer, rules: LogRules = ALL_LOG_RULES) -> None:
        """For the log behind `buffer`."""
        self._log: Final = log
        self._buffer: Final = buffer
        self._rules: Final = rules
        self._changed: Final = Condition()
        self._flushing = False
        self._broken: DiskError | None = None
        self.fsyncs = 0
        self.commits = 0

    def append(self, mtrs: Sequence[bytes]) -> Lsn:
        """Copy the mtrs of a transaction into the buffer; the LSN that its commit has to wait for.

        Raises LogFull, LogMisuse.
        """
        end = self._buffer.reserved_lsn
        for mtr in mtrs:
            with self._changed:
                place = self._buffer.reserve(len(mtr))
                self._buffer.finish(place, mtr)
                self._changed.notify_all()
            end = place.end_lsn
        return end

    def commit(self, mtrs: Sequence[bytes]) -> Lsn:
        """Write the mtrs of a transaction and wait until they are durable; their end.  LogFull, DiskError."""
        end = self.append(mtrs)
        self.wait(end)
        return end

    def wait(self, lsn: Lsn) -> None:
        """Wait until everything up to `lsn` is durable, flushing if nobody does.  DiskError."""
        with self._changed:
            while not self.is_done(lsn):
                self.close_for(lsn)
                if self.may_flush(lsn):
                    self._flush()
                else:
                    self._changed.wait()
            self.commits += 1

    def is_done(self, lsn: Lsn) -> bool:
        """Whether a commit that ends at `lsn` is durable, with its whole entry.

        DiskError if that is unknown: the disk has failed.
        """
        if self._broken is not None:
            raise DiskError(f"the disk failed: whether LSN {lsn} is durable is unknown") from self._broken
        flushed = self._log.entry_end_at_or_below(self._log.durable_lsn)
        return self._rules.may_commit(lsn, self._log.written_lsn, flushed)

    def close_for(self, lsn: Lsn) -> Lsn | None:
        """A commit that ends at `lsn` waits: close its entry, if that is open; its end then, else None."""
        return self._buffer.close_entry(waiting=1) if lsn > self._buffer.entry_lsn else None

    def may_flush(self, lsn: Lsn) -> bool:
        """Whether a flush now makes a commit that ends at `lsn` durable: its entry is whole in the log, and
        nobody else flushes."""
        return not self._flushing and lsn <= self._log.closed_lsn

    def begins(self) -> Lsn:
        """Begin a flush: hand the log to the files; up to where `ends` makes it durable.  DiskError."""
        self._flushing = True
        self.fsyncs += 1
        return self._log.write(self._log.last_lsn)

    def ends(self, upto: Lsn) -> None:
        """End a flush that has begun with this result.  DiskError."""
        self._log.sync_files()
        self._ended(upto)

    def _ended(self, upto: Lsn) -> None:
        self._log.note_durable(upto)
        self._flushing = False

    def _flush(self) -> None:
        """Write the log under the lock, and fsync it without, so that others append meanwhile.

        Whoever flushes waits for it, so at least one commit does.
        """
        try:
            upto = self.begins()
            self._changed.release()
            try:
                self._log.sync_files()
            finally:
                self._changed.acquire()
            self._ended(upto)
        except DiskError as wrong:
            self._broken = wrong
        finally:
            self._flushing = False
            self._changed.notify_all()
