"""Where mtrs end in the log of each node and of each leader, as a trace has shown it so far.

A trace counts in bytes, the specification in mtrs.  Branches of the log differ in their mtr ends, so every
node has its own view; views share one growing list as long as they are the same branch, so that a long trace
stays linear.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

from attrs import define, field

from redoraft_check.rows import CHUNK, Rows

_LAST = itemgetter(-1)


@define
class LogView:
    """The mtr ends of one log: the first `count` of `ends`, LSNs in bytes, ascending.

    Position 0 is `start_lsn`.
    """

    start_lsn: int
    ends: Rows[int] = field(factory=lambda: Rows([]))
    count: int = 0

    def position(self, lsn: int) -> int | None:
        """How many mtrs end at or below `lsn`, if one ends exactly there (0 at the start); else None."""
        count, ends = self.count, self.ends
        # Most of what a trace says is about the newest end.
        if count and ends[count - 1] == lsn:
            return count
        if lsn == self.start_lsn:
            return 0
        whole = bisect_left(ends.chunks, lsn, 0, ends.size // CHUNK, key=_LAST)
        chunk = ends.chunks[whole]
        at = bisect_left(chunk, lsn)
        found = whole * CHUNK + at
        return found + 1 if found < count and chunk[at] == lsn else None

    def below(self, lsn: int) -> int:
        """How many mtrs end at or below `lsn`."""
        return bisect_right(self.ends, lsn, 0, self.count)

    def lsn(self, position: int) -> int | None:
        """Where mtr number `position` ends, None if there is no such mtr."""
        if position == 0:
            return self.start_lsn
        return self.ends[position - 1] if 0 < position <= self.count else None

    @property
    def last_lsn(self) -> int:
        """The end of the last mtr, `start_lsn` if there is none."""
        return self.ends[self.count - 1] if self.count else self.start_lsn

    def extend(self, lsn: int) -> None:
        """Another mtr ends at `lsn`, which must be beyond the last one."""
        if self.count < self.ends.size:
            # Somebody else's branch goes on differently in the shared list.
            self.ends = self.ends.branch(self.count)
        self.ends.append(lsn)
        self.count += 1

    def cut(self, count: int) -> None:
        """Only the first `count` mtrs are left."""
        self.count = min(self.count, count)

    def follow(self, other: LogView, count: int) -> None:
        """From now on this log is the first `count` mtrs of `other`."""
        self.ends, self.count = other.ends, count

    def copy(self) -> LogView:
        """Another view of the same branch."""
        return LogView(self.start_lsn, self.ends, self.count)
