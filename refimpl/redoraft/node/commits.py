"""What the whole entries of a log commit, read as the log grows."""

from __future__ import annotations

from bisect import bisect_right

from attrs import define, field

from redoraft.binlog.file import Event
from redoraft.binlog.states import entries_of
from redoraft.redo.log import RedoLog
from redoraft.types import Lsn


@define
class Commits:
    """The transactions that the whole entries of a log commit, in their order; LSNs in bytes."""

    xids: list[int] = field(factory=list)
    ends: list[Lsn] = field(factory=list)
    """Where the entries end that commit them."""
    events: list[Event] = field(factory=list)
    """Those that the entries carry, which are all where redo carries the binlog."""
    _event_ends: list[Lsn] = field(factory=list)
    _read: Lsn | None = None

    def follow(self, log: RedoLog) -> None:
        """Read what has come to the log.  Raises CorruptRedo, DiskError."""
        for entry in entries_of(log, self._read):
            self.xids += entry.commits
            self.ends += [entry.end] * len(entry.commits)
            self.events += entry.events
            self._event_ends += [entry.end] * len(entry.events)
            self._read = entry.end

    def cut(self, to_lsn: Lsn) -> None:
        """The log is cut behind an entry end."""
        left, carried = self.upto(to_lsn), self.events_upto(to_lsn)
        del self.xids[left:], self.ends[left:]
        del self.events[carried:], self._event_ends[carried:]
        self._read = None if self._read is None else min(self._read, to_lsn)

    def upto(self, lsn: Lsn) -> int:
        """How many entries that end at or below `lsn` commit."""
        return bisect_right(self.ends, lsn)

    def events_upto(self, lsn: Lsn) -> int:
        """How many events are in entries that end at or below `lsn`."""
        return bisect_right(self._event_ends, lsn)
