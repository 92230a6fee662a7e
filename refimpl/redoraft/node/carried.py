"""The binlog of a data node where redo carries it (H20; spec: Binlog, Carrier = "redo").

It is the file, and behind that what redo carries and the file has not yet: the file follows redo that is
durable, so that redo, when a crash takes some of it, takes nothing that the file has.  One thing the file may
have beyond redo: what a leader wrote there and did not commit.  That is left over at a restart, and goes when
redo becomes another one (TakeRedo), or with a promotion (H20).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from redoraft.binlog.file import Binlog, Event
from redoraft.binlog.rules import BinlogRules, is_prefix
from redoraft.binlog.states import logged
from redoraft.node.commits import Commits
from redoraft.raft.outputs import AppendRecords, Output, TruncateLog
from redoraft.redo.log import RedoLog
from redoraft.types import Lsn


class Carried:
    """The binlog file of one running node, kept to its redo.  LSNs are in bytes."""

    def __init__(self, log: RedoLog, binlog: Binlog, commits: Commits, rules: BinlogRules) -> None:
        """Take from redo, which is durable at a start, what the file lacks.  CorruptRedo, DiskError."""
        self._log: Final = log
        self._binlog: Final = binlog
        self._commits: Final = commits
        self._rules: Final = rules
        commits.follow(log)
        if not is_prefix(commits.xids, binlog.xids):
            binlog.replace(commits.events)

    @property
    def events(self) -> tuple[Event, ...]:
        """The transactions in their order (spec: binlog[n]).  Raises CorruptRedo, DiskError."""
        self._commits.follow(self._log)
        written = self._binlog.events
        return (*written, *self._commits.events[len(written) :])

    def redo_changes(self, outputs: Iterable[Output]) -> None:
        """Redo is about to be what these make of it: the file loses first what redo will not have.

        Where redo has the same terms and commits after that, this is no step of the specification, and what
        is left over stays.  Raises CorruptRedo, DiskError.
        """
        self._commits.follow(self._log)
        for output in outputs:
            match output:
                case TruncateLog(to_lsn) if self._rules.cut_with_redo() and self._takes_away(to_lsn):
                    self._cut(self._commits.upto(to_lsn))
                case AppendRecords(records) if self._adds(records):
                    self._cut(len(self._commits.xids))

    def redo_is_durable(self) -> None:
        """More of redo is durable: the file has what it commits.  Raises CorruptRedo, DiskError."""
        self._commits.follow(self._log)
        durable = self._commits.events_upto(self._log.durable_lsn)
        missing = self._commits.events[len(self._binlog.events) : durable]
        for event in missing:
            self._binlog.append(event)
        if missing:
            self._binlog.fsync()

    def _takes_away(self, to_lsn: Lsn) -> bool:
        kept = self._log.term_at(self._log.entry_end_at_or_below(to_lsn))
        return self._commits.upto(to_lsn) < len(self._commits.xids) or kept != self._log.last_term

    def _adds(self, records: bytes) -> bool:
        start = 0
        for end in self._log.entry_ends_of(self._log.last_lsn, records):
            entry = logged(end.lsn, end.term, records[start : end.size])
            if entry.commits or end.term != self._log.last_term:
                return True
            start = end.size
        return False

    def _cut(self, keep: int) -> None:
        if len(self._binlog.events) > keep:
            self._binlog.cut(keep)
            self._binlog.fsync()
