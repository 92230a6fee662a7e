"""Transactions on pages: a crash at any mtr and a new leader leave what was committed, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import StorageMisuse
from redoraft.storage.engine import Storage
from redoraft.storage.rows import CHANGES_MAX, Rows
from redoraft_check.machines.storage_parts import Item, Journal, opened

from .kit import journal_of

KEYS = range(0, 600, 100)
CHANGE = st.tuples(st.integers(0, 2), st.sampled_from(KEYS), st.none() | st.binary(max_size=10))
END = st.tuples(st.integers(0, 2), st.sampled_from(["commit", "roll back", "purge", "flush"]))


def started() -> tuple[Journal, Storage, Rows]:
    journal = journal_of([])
    storage = opened(MemoryDisk(), journal, pool_pages=32)
    storage.apply(journal.apply_limit)
    return journal, storage, Rows(storage, journal.appender())


def new_leader(journal: Journal, mtrs: int) -> tuple[Journal, Rows]:
    """Another node with the first mtrs of the log, all of it on a majority."""
    items = [*journal.items[:mtrs], Item(2, "meta")]
    other = Journal(items, len(items), len(items))
    storage = opened(MemoryDisk(), other, pool_pages=32)
    storage.apply(other.apply_limit)
    return other, Rows(storage, other.appender(2))


def contents(rows: Rows) -> dict[int, bytes]:
    return {key: value for key in KEYS if (value := rows.get(key)) is not None}


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGE | END, max_size=14), st.data())
def test_a_new_leader_has_what_was_committed(
    steps: list[tuple[int, int, bytes | None] | tuple[int, str]], data: st.DataObject
) -> None:
    """`history` says what is committed from which mtr on."""
    journal, storage, rows = started()
    committed: dict[int, bytes] = {}
    history = [(len(journal.items), dict(committed))]
    active: dict[int, tuple[int, dict[int, bytes | None]]] = {}
    for step in steps:
        who = step[0]
        if len(step) == 3:
            if who not in active:
                active[who] = (rows.begin(), {})
            _, key, value = step
            locked = any(key in changes for other, (_, changes) in active.items() if other != who)
            if locked:
                with pytest.raises(StorageMisuse, match="is locked"):
                    rows.put(active[who][0], key, value)
                continue
            rows.put(active[who][0], key, value)
            active[who][1][key] = value
        elif step[1] == "purge":
            rows.purge(leads=True)
        elif step[1] == "flush":
            journal.durable = journal.known
            storage.flush_list()
        elif who in active:
            transaction, changes = active.pop(who)
            if step[1] == "commit":
                rows.commit(transaction)
                committed |= {key: value for key, value in changes.items() if value is not None}
                committed = {
                    key: value for key, value in committed.items() if changes.get(key, b"") is not None
                }
                history.append((len(journal.items), dict(committed)))
            else:
                rows.roll_back(transaction)
        assert contents(rows) == committed
    mtrs = data.draw(st.integers(history[0][0], len(journal.items)), label="mtrs that reached the new leader")
    expected = [state for upto, state in history if upto <= mtrs][-1]
    log, leader = new_leader(journal, mtrs)
    assert contents(leader) == expected, "nothing unfinished is visible before it is rolled back"
    before = len(log.items)
    leader.roll_back_unfinished()
    assert contents(leader) == expected
    cut = data.draw(st.integers(before, len(log.items)), label="mtrs of the rollback that a third leader has")
    _, third = new_leader(log, cut)
    third.roll_back_unfinished()
    assert contents(third) == expected, "a rollback goes on where another one stopped"
    assert third.roll_back_unfinished() == ()


def test_purge_is_the_leaders() -> None:
    journal, _, rows = started()
    transaction = rows.begin()
    rows.put(transaction, 1, b"x")
    rows.commit(transaction)
    before = len(journal.items)
    assert rows.purge(leads=False) == 0
    assert len(journal.items) == before, "a follower writes no redo (H23)"
    assert rows.purge(leads=True) == 1


def test_what_does_not_fit_is_refused() -> None:
    _, _, rows = started()
    transaction = rows.begin()
    with pytest.raises(StorageMisuse, match="at most 54 bytes"):
        rows.put(transaction, 1, b"x" * 55)
    for number in range(CHANGES_MAX):
        rows.put(transaction, number % 7, b"x")
    with pytest.raises(StorageMisuse, match=f"at most {CHANGES_MAX} changes"):
        rows.put(transaction, 1, b"x")
    rows.roll_back(transaction)
    assert rows.get(1) is None
    with pytest.raises(StorageMisuse, match="not active"):
        rows.commit(transaction)
