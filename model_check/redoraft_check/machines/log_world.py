"""The files of one log, as a leader or follower uses them; a step that is not possible does nothing.

What is appended stands in the log buffer: the specification's log is what was written.  Positions count
entries.
"""

from __future__ import annotations

from typing import Final

from redoraft.errors import UnsafeCut
from redoraft.redo.log import RedoLog
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.types import LogIndex, Term
from redoraft_check.machines.checked_disk import CheckedDisk
from redoraft_check.machines.log_blocks import LAYOUT, entry_of, lsn_at, mtr_of, position_at
from redoraft_check.machines.trouble import require

BRANCHES: Final = (
    (1, 1, 1, 1, 1, 1, 1, 1),
    (1, 1, 1, 2, 2, 2, 2, 2),
    (1, 1, 1, 1, 1, 3, 3, 3),
    (1, 4, 4, 4, 4, 4, 4, 4),
    (1, 1, 1, 2, 5, 5, 5, 5),
)
"""The logs of leaders: the fourth is of a newer term than what the others write over it."""


class LogWorld:
    """A log on a disk; `log` is None while the node is down, `records` are the terms of its entries."""

    def __init__(self, rules: LogRules = ALL_LOG_RULES) -> None:
        """An empty log."""
        self.rules: Final = rules
        self.disk: Final = CheckedDisk()
        self.records: list[int] = []
        self.checkpointed: tuple[int, ...] = (0,)
        """Where the checkpoint is; two while it is being written."""
        self.log: RedoLog | None = RedoLog.open(self.disk, layout=LAYOUT, rules=rules)

    @property
    def written(self) -> int:
        """How many entries the files have."""
        return 0 if self.log is None else position_at(self.log.written_lsn)

    @property
    def durable(self) -> int:
        """How many of them the log says are durable."""
        return 0 if self.log is None else position_at(self.log.durable_lsn)

    def append(self, branch: int, count: int) -> bool:
        """The next entries of a leader's log, into the log buffer."""
        wanted, have = BRANCHES[branch - 1], len(self.records)
        if self.log is None or wanted[:have] != tuple(self.records) or have == len(wanted):
            return False
        for term in wanted[have : have + max(1, count)]:
            self.records.append(term)
            self.log.append_mtr(mtr_of(len(self.records), term))
            end = self.log.close_entry(Term(term))
            require(end == lsn_at(len(self.records)), "append", f"entry {len(self.records)} ends at {end}")
        return True

    def write(self, count: int) -> bool:
        """From the log buffer to the files: so many entries more, all if that is 0."""
        upto = min(len(self.records), self.written + (count or len(self.records)))
        if self.log is None or upto <= self.written:
            return False
        self.log.write(lsn_at(upto))
        return True

    def fsync(self, count: int) -> bool:
        """So many entries more are durable, all if that is 0."""
        upto = min(len(self.records), self.durable + (count or len(self.records)))
        if self.log is None or upto <= self.durable:
            return False
        end = self.log.fsync(lsn_at(upto))
        require(end >= lsn_at(upto), "Fsync", f"it says {end}, {lsn_at(upto)} was asked for")
        return True

    def cut(self, branch: int) -> bool:
        """The log ends where it parts from a leader's; below the checkpoint that is refused (H11)."""
        wanted = BRANCHES[branch - 1]
        to = self.parting(branch)
        if self.log is None or to >= min(len(self.records), len(wanted)):
            return False
        if to < max(self.checkpointed):
            try:
                self.log.truncate(lsn_at(to))
            except UnsafeCut:
                return False
            require(False, "H11", f"a truncation to entry {to}, below the checkpoint, was not refused")
        self.log.truncate(lsn_at(to))
        del self.records[to:]
        return True

    def parting(self, branch: int) -> int:
        """How many entries the log shares with a leader's (spec: Parting)."""
        pairs = zip(self.records, BRANCHES[branch - 1], strict=False)
        same = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
        return min(len(self.records), len(BRANCHES[branch - 1])) if same is None else same

    def checkpoint(self, count: int) -> bool:
        """To so many entries below the durable end."""
        to, before = self.durable - count, max(self.checkpointed)
        if self.log is None or to <= before:
            return False
        self.checkpointed = (before, to)
        self.log.checkpoint(lsn_at(to))
        self.checkpointed = (to,)
        return True

    def delete(self, count: int) -> bool:
        """Files that nobody needs; another node lacks the last `count` entries (LOG-8)."""
        if self.log is None:
            return False
        other, before = max(0, len(self.records) - count), position_at(self.log.first_lsn)
        deleted = self.log.delete([lsn_at(other)])
        first, limit = position_at(self.log.first_lsn), max(before, min(other, max(self.checkpointed)))
        require(
            first <= limit, "LOG-8", f"entries up to {first} are deleted, those behind {limit} are needed"
        )
        return deleted > 0

    def crash(self, keep: int) -> bool:
        """Power fails; `keep` says what is on disk."""
        self.log = None
        self.disk.crash_by(keep)
        return True

    def restart(self) -> bool:
        """The node starts again, and knows what its files say."""
        if self.log is not None:
            return False
        log = RedoLog.open(self.disk, layout=LAYOUT, rules=self.rules)
        self.records = terms_of(log, self.records)
        self.log = log
        found = position_at(log.checkpoint_lsn)
        require(
            found in self.checkpointed, "checkpoint", f"{found} was found, {self.checkpointed} were written"
        )
        self.checkpointed = (found,)
        return True


def terms_of(log: RedoLog, before: list[int]) -> list[int]:
    """The terms of all entries of a log; `before` has those that are deleted.  Raises Broken where its bytes
    are not those of its entries."""
    first = position_at(log.first_lsn)
    terms = before[:first] + [
        int(log.entry(LogIndex(index)).term) for index in range(first + 1, log.last_index + 1)
    ]
    wanted = b"".join(entry_of(index, term) for index, term in enumerate(terms, 1) if index > first)
    require(log.read(log.first_lsn, log.closed_lsn) == wanted, "ReadsBack", "an entry has other bytes")
    return terms
