"""Group commit (BIN-4): one fsync for all transactions that wait, each done once the flushed LSN covers it.

The first that comes flushes for all that are there; who comes meanwhile waits for the next flush, which one
of
them does.  What closes the entry of a waiting commit is the flush (H29): before it, the buffer is asked to.
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
            while not self._is_done(lsn):
                if self._flushing or self._buffer.contiguous_lsn < lsn:
                    self._changed.wait()
                else:
                    self._flush()
            self.commits += 1

    def _is_done(self, lsn: Lsn) -> bool:
        if self._broken is not None:
            raise DiskError(f"the disk failed: whether LSN {lsn} is durable is unknown") from self._broken
        return self._rules.may_commit(lsn, self._log.written_lsn, self._log.durable_lsn)

    def _flush(self) -> None:
        """Write the log under the lock, and fsync it without, so that others append meanwhile.

        Whoever flushes waits for it, so at least one commit does.
        """
        self._flushing = True
        try:
            self._buffer.close_entry(waiting=1)
            upto = self._log.write(self._log.last_lsn)
            self.fsyncs += 1
            self._changed.release()
            try:
                self._log.sync_files()
            finally:
                self._changed.acquire()
            self._log.note_durable(upto)
        except DiskError as wrong:
            self._broken = wrong
        finally:
            self._flushing = False
            self._changed.notify_all()
