"""Rows that branch behave as lists that are copied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from redoraft_check.oracle.persistent import Sequence
from redoraft_check.rows import CHUNK, Rows
from redoraft_check.validate.logview import LogView

LENGTHS = st.integers(0, 2 * CHUNK + 3)


@given(LENGTHS, LENGTHS, st.integers(0, 5), st.integers(0, 5))
def test_a_branch_is_a_copy(length: int, cut: int, grown: int, other_grown: int) -> None:
    items = list(range(length))
    rows = Rows(items)
    cut = min(cut, length)
    branch, copy = rows.branch(cut), items[:cut]
    for i in range(grown):
        rows.append(-i)
        items.append(-i)
    for i in range(other_grown):
        branch.append(1000 + i)
        copy.append(1000 + i)
    for made, meant in ((rows, items), (branch, copy)):
        assert len(made) == len(meant)
        assert list(made.first(len(meant))) == meant == [made[at] for at in range(len(meant))]
        assert list(made.between(cut, len(meant))) == meant[cut:]


@given(LENGTHS, LENGTHS)
def test_sequences_that_branch_are_equal_only_where_they_are(length: int, cut: int) -> None:
    whole = Sequence.of(range(length))
    cut = min(cut, length)
    again = Sequence.of(range(cut))
    left = Sequence(whole._spine, cut)
    assert left == again and hash(left) == hash(again)
    assert left.append("a") != again.append("b")
    assert left.append("a") == again.append("a")


@given(st.integers(1, 700), st.integers(0, 700))
def test_an_lsn_is_found_in_the_branch_that_has_it(length: int, cut: int) -> None:
    view = LogView(8204)
    for at in range(length):
        view.extend(9000 + 10 * at)
    other = view.copy()
    other.cut(cut)
    cut = min(cut, length)
    other.extend(100_001)
    assert [view.position(9000 + 10 * at) for at in range(length)] == list(range(1, length + 1))
    assert other.position(100_001) == cut + 1 and view.position(100_001) is None
    assert other.position(9000 + 10 * cut) is None
    assert view.position(9005) is None and view.position(8204) == 0
