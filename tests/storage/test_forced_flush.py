"""CKPT-1: the two forced flushes: memory is short (LRU list), the log is full (flush list)."""

from __future__ import annotations

import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import PoolFull
from redoraft.storage.engine import Storage
from redoraft.storage.page import PageId
from redoraft_check.machines.storage_parts import Item, Journal, lsn_at, opened, position_of, write

from .kit import disk_position, journal_of

PAGES = tuple(PageId(1, number) for number in range(4))


def positions(disk: MemoryDisk) -> list[int]:
    """Up to which position each page on disk has the log."""
    return [disk_position(disk, page) for page in PAGES]


def dirtied(disk: MemoryDisk, *order: int, pool_pages: int = 4) -> tuple[Journal, Storage]:
    """Mtr k changes page order[k - 1]; all is durable, on a majority and applied."""
    journal = journal_of(*([write(PAGES[page], 100, b"x")] for page in order))
    storage = opened(disk, journal, pool_pages=pool_pages)
    storage.apply(journal.apply_limit)
    return journal, storage


def test_short_memory_writes_the_least_recently_used() -> None:
    """CKPT-1: page 0 has the oldest change, but was used last."""
    disk = MemoryDisk()
    _, storage = dirtied(disk, 0, 1, 2, 3)
    storage.read(PAGES[0])
    assert storage.flush_lru(2) == 2
    assert positions(disk) == [0, 2, 3, 0]
    assert position_of(storage.checkpoint()) == 0, "its redo is needed still"


def test_a_full_log_asks_for_the_oldest_changes() -> None:
    """CKPT-1: the checkpoint passes what was written, whatever was used last and whatever changed again."""
    disk = MemoryDisk()
    _, storage = dirtied(disk, 0, 1, 2, 3, 0)
    storage.read(PAGES[0])
    assert storage.flush_list(upto_lsn=lsn_at(2)) == 2
    assert positions(disk) == [5, 2, 0, 0]
    assert position_of(storage.checkpoint()) == 2


def test_a_bounded_flush_takes_the_oldest() -> None:
    """CKPT-1: some pages at a time, and the checkpoint rises with each."""
    disk = MemoryDisk()
    _, storage = dirtied(disk, 3, 2, 1, 0)
    reached = []
    while storage.flush_list(1):
        reached.append(position_of(storage.checkpoint()))
    assert reached == [1, 2, 3, 5]


def test_a_clean_page_goes_before_a_dirty_one_is_written() -> None:
    """CKPT-1: nothing is forced while there is a page that may just go."""
    disk = MemoryDisk()
    _, storage = dirtied(disk, 0, 1, 2, pool_pages=3)
    storage.flush_page(PAGES[2])
    storage.read(PAGES[3])
    assert positions(disk) == [0, 0, 3, 0]


def test_short_memory_writes_nothing_beyond_the_limits() -> None:
    """CKPT-1 is no way around LIM-2: a pool of pages that no majority has is full."""
    disk = MemoryDisk()
    journal, storage = dirtied(disk, 0, pool_pages=2)
    journal.known = 2
    for page in PAGES[1:3]:
        storage.write([write(page, 100, b"y")], journal.appender())
    journal.durable = len(journal.items)
    with pytest.raises(PoolFull):
        storage.write([write(PAGES[3], 100, b"y")], journal.appender())
    assert positions(disk) == [1, 0, 0, 0]
    journal.append(Item(1, "meta"))
    storage.pass_over(journal.last_lsn)
    journal.known = journal.durable = len(journal.items)
    storage.write([write(PAGES[3], 100, b"y")], journal.appender())
    assert positions(disk) == [1, 3, 0, 0]
