"""The log as the core reads it to send: from the entry cache, or in batches from the files (LOG-4, LOG-7).

A follower may need what is deleted (H24).  There is nothing to send it then, and it is not this log that
refuses: it gets empty pieces at the start of the log, which fit everywhere, until it is seeded.
"""

from __future__ import annotations

from typing import Final

from redoraft.redo.log import RedoLog
from redoraft.redo.rules import LogRules
from redoraft.redo.sender import SendSource
from redoraft.types import EntryEnd, LogIndex, Lsn, Term


class SendingLog:
    """`raft.port.LogReader` on a log; what is read for followers comes from `source`."""

    def __init__(self, log: RedoLog, rules: LogRules) -> None:
        self._log: Final = log
        self.source: Final = SendSource(log, rules=rules)

    def read(self, from_lsn: Lsn, upto_lsn: Lsn) -> bytes:
        """The redo records in (from_lsn, upto_lsn].  Raises as RedoLog.read."""
        return self.source.read(from_lsn, upto_lsn)

    def entry_end_after(self, lsn: Lsn) -> Lsn | None:
        """The smallest entry end > `lsn`; None if there is none, or what stands there is deleted."""
        return self._log.entry_end_after(lsn) if lsn >= self._log.first_lsn else None

    # The rest is the log's.

    @property
    def start_lsn(self) -> Lsn:
        """The LSN of the empty log."""
        return self._log.start_lsn

    @property
    def last_lsn(self) -> Lsn:
        """The end of everything written."""
        return self._log.last_lsn

    @property
    def closed_lsn(self) -> Lsn:
        """The end of the last whole entry."""
        return self._log.closed_lsn

    @property
    def durable_lsn(self) -> Lsn:
        """The flushed LSN."""
        return self._log.durable_lsn

    @property
    def last_term(self) -> Term:
        """The term of the last whole entry."""
        return self._log.last_term

    @property
    def last_index(self) -> LogIndex:
        """The index of the last whole entry."""
        return self._log.last_index

    def term_at(self, lsn: Lsn) -> Term | None:
        """The term of the entry that ends at `lsn`; None where none ends."""
        return self._log.term_at(lsn)

    def entry_end_at_or_below(self, lsn: Lsn) -> Lsn:
        """The largest entry end <= `lsn`; the start of the log if there is none."""
        return self._log.entry_end_at_or_below(lsn)

    def entry_ends_of(self, from_lsn: Lsn, records: bytes) -> tuple[EntryEnd, ...]:
        """The ends of the whole entries in `records`.  Raises CorruptRedo, LogMisuse."""
        return self._log.entry_ends_of(from_lsn, records)
