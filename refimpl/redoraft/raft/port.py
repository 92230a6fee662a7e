"""The log as Raft sees it (LOG-12: there is no second log).

Raft keeps no list of entries.  It knows positions (LSN), and asks the redo log, through this port, what ends
there.  `redoraft.redo.log.RedoLog` implements it on real bytes; tests may use a small double.
"""

from __future__ import annotations

from typing import Protocol

from redoraft.types import EntryEnd, LogIndex, Lsn, Term


class LogReader(Protocol):
    """What the pure core may ask while it decides; asking changes nothing."""

    @property
    def start_lsn(self) -> Lsn:
        """The LSN of the empty log (spec: position 0)."""

    @property
    def last_lsn(self) -> Lsn:
        """The end of everything written, an open entry included (spec: Len(log[n]))."""

    @property
    def closed_lsn(self) -> Lsn:
        """The end of the last whole entry (spec: Closed)."""

    @property
    def durable_lsn(self) -> Lsn:
        """The flushed LSN: everything below survives a crash; always an mtr end (spec: durable)."""

    @property
    def last_term(self) -> Term:
        """The term of the last whole entry, 0 if there is none (spec: LastTerm)."""

    @property
    def last_index(self) -> LogIndex:
        """The index of the last whole entry, 0 if there is none (spec: LastIndex)."""

    def term_at(self, lsn: Lsn) -> Term | None:
        """The term of the entry that ends at `lsn`; 0 at `start_lsn`; None where no entry ends."""

    def entry_end_at_or_below(self, lsn: Lsn) -> Lsn:
        """The largest entry end that is <= `lsn`; `start_lsn` if there is none (spec: Closed(Prefix(log,
        l)))."""

    def entry_end_after(self, lsn: Lsn) -> Lsn | None:
        """The smallest entry end that is > `lsn`, None if there is none."""

    def read(self, from_lsn: Lsn, upto_lsn: Lsn) -> bytes:
        """The redo records in (from_lsn, upto_lsn], without block headers; both are entry ends."""

    def entry_ends_of(self, from_lsn: Lsn, records: bytes) -> tuple[EntryEnd, ...]:
        """The ends of the whole entries in `records`, which begin at `from_lsn` (of whatever log they come
        from)."""


class LogPort(LogReader, Protocol):
    """What the driver of the core may do to the log, as the core's outputs say."""

    def append_mtr(self, records: bytes) -> Lsn:
        """Write one mtr into the log buffer, into the open entry; return its end (spec: WriteMtr)."""

    def close_entry(self, term: Term) -> Lsn:
        """Write the meta record that closes the open (or an empty) entry; return its end (spec: CloseEntry,
        BecomeLeader)."""

    def append_records(self, records: bytes) -> Lsn:
        """A follower's write of whole entries received from the leader, behind `last_lsn` (spec:
        AppendEntries)."""

    def truncate(self, to_lsn: Lsn) -> None:
        """Cut everything beyond `to_lsn`, an entry end; durable when it returns (spec: Truncate)."""

    def fsync(self, upto_lsn: Lsn) -> Lsn:
        """Make everything up to `upto_lsn`, an mtr end, durable; return the new durable LSN (spec: Fsync)."""
