"""Where mtrs and entries end: every question, at every LSN, against lists searched from the front."""

from __future__ import annotations

from itertools import accumulate

import attrs
import pytest

from redoraft.redo.entry import EMPTY_LOG, Entry
from redoraft.redo.index import LogIndexTable
from redoraft.redo.lsn import START_LSN
from redoraft.redo.record import META_SIZE
from redoraft.types import LogIndex, Lsn, Term

from .kit import naive_lsn

# (term, sizes of the mtrs of an entry); the fourth ends where a block does.
SHAPE = ((1, (60, 300)), (2, (9,)), (2, ()), (4, (200, 292)), (4, (20, 900)), (7, (1,)))
OPEN = (30, 500)


@attrs.frozen
class Known:
    """What a table has to know."""

    base: Entry
    mtr_ends: tuple[Lsn, ...]
    entries: tuple[Entry, ...]

    @classmethod
    def of_shape(cls, *, is_open: bool = True) -> Known:
        sizes = [size for _, mtrs in SHAPE for size in (*mtrs, META_SIZE)]
        ends = [naive_lsn(end) for end in accumulate((*sizes, *OPEN) if is_open else sizes)]
        entries = [EMPTY_LOG]
        upto = 0
        for term, mtrs in SHAPE:
            upto += len(mtrs) + 1
            last = entries[-1]
            entries.append(Entry(Term(term), LogIndex(last.index + 1), last.end, ends[upto - 1]))
        return cls(EMPTY_LOG, tuple(ends), tuple(entries[1:]))

    def table(self) -> LogIndexTable:
        table = LogIndexTable(self.base)
        table.add_all(self.mtr_ends, self.entries)
        return table

    def dropped_to(self, base: Entry) -> Known:
        ends = tuple(end for end in self.mtr_ends if end > base.end)
        return Known(base, ends, tuple(one for one in self.entries if one.index > base.index))

    def cut_to(self, to: Lsn) -> Known:
        ends = tuple(end for end in self.mtr_ends if end <= to)
        if to not in (self.base.end, *ends):
            ends += (to,)
        return Known(self.base, ends, tuple(one for one in self.entries if one.end <= to))


def require_same(table: LogIndexTable, known: Known) -> None:
    """The table answers every question as the lists do."""
    all_ends, all_entries = (known.base.end, *known.mtr_ends), (known.base, *known.entries)
    terms = {one.end: one.term for one in all_entries}
    assert (table.base, table.last_end, table.last_entry) == (known.base, all_ends[-1], all_entries[-1])
    assert [table.entry(one.index) for one in known.entries] == list(known.entries)
    for lsn in (-1, 0, *range(START_LSN - 2, all_ends[-1] + 40), 10**12):
        assert table.is_mtr_end(lsn) == (lsn in all_ends)
        assert table.is_entry_end(lsn) == (lsn in terms)
        assert table.term_at(lsn) == terms.get(Lsn(lsn))
        assert table.entry_end_at_or_below(lsn) == max(
            (end for end in terms if end <= lsn), default=START_LSN
        )
        assert table.entry_end_after(lsn) == min((end for end in terms if end > lsn), default=None)
        assert table.entry_from(lsn) == next((one for one in all_entries if one.end >= lsn), None)
    for low in all_ends:
        for high in all_ends:
            between = tuple(end for end in known.mtr_ends if low < end <= high)
            assert table.mtr_ends(low, high) == between
            assert table.mtr_ends(low - 1, high - 1) == tuple(
                end for end in known.mtr_ends if low <= end < high
            )
    for block in range(START_LSN // 512, all_ends[-1] // 512 + 2):
        for data_end in all_ends:
            groups = [end % 512 for end in all_ends if end // 512 == block and end < data_end]
            assert table.first_group(block, data_end) == min(groups, default=0)


KNOWN = Known.of_shape()


def test_what_was_added_is_found() -> None:
    require_same(LogIndexTable(), Known(EMPTY_LOG, (), ()))
    require_same(KNOWN.table(), KNOWN)
    closed = Known.of_shape(is_open=False)
    require_same(closed.table(), closed)


def test_positions_and_terms_have_64_bits() -> None:
    table, last = LogIndexTable(), Lsn(2**64 - 1)
    table.add_mtr(last)
    table.add_entry(Term(2**64 - 1), last)
    assert table.last_entry == Entry(Term(2**64 - 1), LogIndex(1), START_LSN, last)
    assert table.last_end == last


@pytest.mark.parametrize("to", [START_LSN, *(one.end for one in KNOWN.entries), KNOWN.mtr_ends[-1]])
def test_what_is_cut_is_forgotten(to: Lsn) -> None:
    table, expected = KNOWN.table(), KNOWN.cut_to(to)
    table.cut(to)
    require_same(table, expected)
    last = (expected.base, *expected.entries)[-1]
    new = Entry(Term(9), LogIndex(last.index + 1), last.end, naive_lsn(5000))
    table.add_mtr(new.end)
    table.add_entry(new.term, new.end)
    more = Known(expected.base, (*expected.mtr_ends, new.end), (*expected.entries, new))
    require_same(table, more)


def test_a_cut_inside_an_mtr_ends_one_there() -> None:
    """Only the mutant of H10 asks for it; the end of the log has to be known."""
    table, to = KNOWN.table(), Lsn(KNOWN.mtr_ends[4] + 1)
    table.cut(to)
    require_same(table, KNOWN.cut_to(to))


@pytest.mark.parametrize("base", KNOWN.entries, ids=lambda one: str(one.index))
def test_what_is_deleted_is_forgotten(base: Entry) -> None:
    table, expected = KNOWN.table(), KNOWN.dropped_to(base)
    table.drop(base)
    require_same(table, expected)
    table.cut(base.end)
    require_same(table, expected.cut_to(base.end))
