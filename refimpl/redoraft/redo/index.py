"""Where mtrs and entries end, in memory: every question is a binary search, every append adds at the end.

The index is no second log (LOG-12): it is rebuilt by the scan, and holds positions and terms only.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from redoraft.redo.entry import EMPTY_LOG, Entry
from redoraft.redo.lsn import BLOCK_HEADER, BLOCK_SIZE, START_LSN
from redoraft.types import LogIndex, Lsn, Term


class LogIndexTable:
    """The ends (LSN, bytes) of all mtrs, and the ends and terms of all entries, in order, behind `base`."""

    def __init__(self, base: Entry = EMPTY_LOG) -> None:
        self.base = base
        self._mtr_ends = array("Q")
        self._entry_ends = array("Q")
        self._terms = array("Q")

    @property
    def last_end(self) -> Lsn:
        """The end of the last mtr; the end of `base` if there is none."""
        return Lsn(self._mtr_ends[-1]) if self._mtr_ends else self.base.end

    @property
    def last_entry(self) -> Entry:
        """The last whole entry; `base` if there is none."""
        return (
            self.entry(LogIndex(self.base.index + len(self._entry_ends))) if self._entry_ends else self.base
        )

    def entry(self, index: LogIndex) -> Entry:
        """The entry with an index behind that of `base`, to the last one; the caller has checked the
        bounds."""
        at = index - self.base.index - 1
        start = Lsn(self._entry_ends[at - 1]) if at else self.base.end
        return Entry(Term(self._terms[at]), index, start, Lsn(self._entry_ends[at]))

    def add_mtr(self, end: Lsn) -> None:
        """One more mtr, behind all others."""
        self._mtr_ends.append(end)

    def add_entry(self, term: Term, end: Lsn) -> None:
        """One more entry, behind all others; the mtr that ends it was added before."""
        self._terms.append(term)
        self._entry_ends.append(end)

    def add_all(self, mtr_ends: Iterable[Lsn], entries: Iterable[Entry]) -> None:
        """More mtrs and entries, in order, behind all others."""
        self._mtr_ends.extend(mtr_ends)
        for entry in entries:
            self.add_entry(entry.term, entry.end)

    def cut(self, to: Lsn) -> None:
        """Forget what ends beyond `to`, where the log ends from then on."""
        del self._mtr_ends[bisect_right(self._mtr_ends, to) :]
        keep = bisect_right(self._entry_ends, to)
        del self._entry_ends[keep:]
        del self._terms[keep:]
        if self.last_end < to:
            self.add_mtr(to)

    def drop(self, base: Entry) -> None:
        """Forget what ends at or below the end of this entry, the base from then on."""
        del self._mtr_ends[: bisect_right(self._mtr_ends, base.end)]
        gone = bisect_right(self._entry_ends, base.end)
        del self._entry_ends[:gone]
        del self._terms[:gone]
        self.base = base

    def is_mtr_end(self, lsn: int) -> bool:
        """Whether an mtr ends there, or `base` ends there."""
        return lsn == self.base.end or _holds(self._mtr_ends, lsn)

    def is_entry_end(self, lsn: int) -> bool:
        """Whether an entry ends there, or `base` ends there (spec: EntryEnds)."""
        return lsn == self.base.end or _holds(self._entry_ends, lsn)

    def term_at(self, lsn: int) -> Term | None:
        """The term of the entry that ends at `lsn`; None where none ends (spec: TermAt)."""
        if lsn == self.base.end:
            return self.base.term
        at = bisect_left(self._entry_ends, max(lsn, 0))
        found = at < len(self._entry_ends) and self._entry_ends[at] == lsn
        return Term(self._terms[at]) if found else None

    def entry_end_at_or_below(self, lsn: int) -> Lsn:
        """The largest entry end <= `lsn` that is known; the start of the log if there is none."""
        at = bisect_right(self._entry_ends, lsn)
        below = self.base.end if lsn >= self.base.end else START_LSN
        return Lsn(self._entry_ends[at - 1]) if at else below

    def entry_end_after(self, lsn: int) -> Lsn | None:
        """The smallest entry end > `lsn` that is known; None if there is none."""
        if lsn < self.base.end:
            return self.base.end
        at = bisect_right(self._entry_ends, lsn)
        return Lsn(self._entry_ends[at]) if at < len(self._entry_ends) else None

    def entry_from(self, lsn: int) -> Entry | None:
        """The first entry that ends at or above `lsn`, which may be `base`; None if there is none."""
        if self.base.end >= lsn:
            return self.base
        at = bisect_left(self._entry_ends, lsn)
        return self.entry(LogIndex(self.base.index + at + 1)) if at < len(self._entry_ends) else None

    def mtr_ends(self, after: int, upto: int) -> tuple[Lsn, ...]:
        """The mtr ends in (after, upto]."""
        low, high = bisect_right(self._mtr_ends, after), bisect_right(self._mtr_ends, upto)
        return tuple(Lsn(end) for end in self._mtr_ends[low:high])

    def first_group(self, block: int, data_end: Lsn) -> int:
        """first_rec_group of a block (LSN / 512) while data end at `data_end`: byte in the block, or 0."""
        first_lsn = block * BLOCK_SIZE + BLOCK_HEADER
        base = self.base.end
        if base // BLOCK_SIZE == block and base < data_end:
            return base % BLOCK_SIZE
        at = bisect_left(self._mtr_ends, first_lsn)
        if at == len(self._mtr_ends):
            return 0
        start = self._mtr_ends[at]
        return start % BLOCK_SIZE if start // BLOCK_SIZE == block and start < data_end else 0


def _holds(ends: array[int], lsn: int) -> bool:
    at = bisect_left(ends, max(lsn, 0))
    return at < len(ends) and ends[at] == lsn
