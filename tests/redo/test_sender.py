"""What a leader keeps for its followers, and what it reads: the entry cache (LOG-4), the batches (LOG-7)."""

from __future__ import annotations

import pytest

from redoraft.errors import LogMisuse
from redoraft.redo.sender import AHEAD, EntryCache, SendSource
from redoraft.types import LogIndex, Lsn

from .kit import mtr_of_size, new_log
from .test_buffer import ONE, SMALL, far_behind

COUNT = 60
"""Entries of `far_behind`."""


def test_the_oldest_entries_leave_the_cache_when_it_is_full() -> None:
    cache = EntryCache(100)
    for start, size in ((10, 40), (50, 40), (90, 20)):
        cache.add(Lsn(start), Lsn(start + size), b"x" * size)
    assert (cache.size, cache.run(Lsn(10), 1000)) == (100, (110, b"x" * 100))
    ends = {limit: cache.run(Lsn(10), limit)[0] for limit in (1, 79, 80, 99, 100)}
    assert ends == {1: 50, 79: 50, 80: 90, 99: 90, 100: 110}
    cache.add(Lsn(110), Lsn(111), b"y")
    assert (cache.size, cache.run(Lsn(10), 1000)) == (61, (10, b""))
    assert cache.run(Lsn(50), 1000) == (111, b"x" * 60 + b"y")
    cache.cut(Lsn(110))
    assert (cache.size, cache.run(Lsn(50), 1000)) == (60, (110, b"x" * 60))
    cache.add(Lsn(110), Lsn(210), b"z" * 100)
    assert (cache.size, cache.run(Lsn(110), 1)) == (100, (210, b"z" * 100))
    assert cache.run(Lsn(90), 1000) == (90, b"")
    cache.add(Lsn(210), Lsn(400), b"z" * 190)
    assert (cache.size, cache.run(Lsn(210), 1000)) == (0, (210, b""))


@pytest.mark.parametrize(("cache", "batch"), [(0, 1), (1, 0)])
def test_nothing_is_sent_without_room(cache: int, batch: int) -> None:
    with pytest.raises(LogMisuse, match="have at least one byte"):
        SendSource(new_log(), cache_bytes=cache, batch_bytes=batch)
    SendSource(new_log(), cache_bytes=1, batch_bytes=1)


def test_an_entry_is_cached_once() -> None:
    log = new_log()
    source = SendSource(log, cache_bytes=2 * (50 + 33))
    for _ in range(2):
        log.append_mtr(mtr_of_size(50))
        log.close_entry(ONE)
        source.take_new()
        source.take_new()
    assert source.batch(log.start_lsn) == (log.last_lsn, log.read(log.start_lsn, log.last_lsn))
    assert (source.from_cache, source.from_files) == (1, 0)
    assert not source.read_ahead(log.start_lsn), "it is in the cache"
    assert source.batch(log.entry(LogIndex(1)).end)[0] == log.last_lsn
    assert source.read(log.start_lsn, log.last_lsn) == log.read(log.start_lsn, log.last_lsn)
    assert (source.from_cache, source.from_ahead, source.from_files) == (2, 0, 0)


def test_what_was_deleted_is_not_cached() -> None:
    log = new_log(layout=SMALL)
    source = SendSource(log)
    for _ in range(9):
        log.append_mtr(mtr_of_size(900))
        log.fsync(log.close_entry(ONE))
    log.checkpoint(log.last_lsn)
    assert log.delete([log.entry(LogIndex(5)).end]) == 2
    source.take_new()
    assert source.batch(log.first_lsn) == (log.last_lsn, log.read(log.first_lsn, log.last_lsn))
    assert (source.from_cache, source.from_files) == (1, 0)


def test_a_read_may_be_longer_than_a_batch() -> None:
    log = far_behind()
    start, end = log.entry(LogIndex(5)).end, log.entry(LogIndex(9)).end
    assert SendSource(log, batch_bytes=1).read(start, end) == log.read(start, end)


@pytest.mark.parametrize("batch", [1, 500, 3000])
def test_what_a_batch_has_beyond_is_kept_for_the_next_read(batch: int) -> None:
    """Entry by entry, each batch is read from the files once."""
    log = far_behind()
    source = SendSource(log, batch_bytes=batch)
    whole = SendSource(log, batch_bytes=batch)
    batches, at = 0, log.start_lsn
    while at < log.closed_lsn:
        at = whole.batch(at)[0]
        batches += 1
    for index in range(1, COUNT + 1):
        entry = log.entry(LogIndex(index))
        assert source.read(entry.start, entry.end) == log.read(entry.start, entry.end)
    assert (source.from_files, source.from_ahead) == (batches, COUNT - batches)
    assert source.batch(log.closed_lsn) == (log.closed_lsn, b"")


def test_a_read_of_a_whole_batch_leaves_nothing_behind() -> None:
    log = far_behind()
    source, other = SendSource(log, batch_bytes=3000), SendSource(log, batch_bytes=3000)
    end, records = other.batch(log.start_lsn)
    assert source.read(log.start_lsn, end) == records
    assert source.batch(end) == other.batch(end)
    assert source.read(end, end) == b""


def test_what_is_in_the_cache_is_not_kept_twice() -> None:
    log = far_behind()
    source = SendSource(log, batch_bytes=10**6, cache_bytes=2 * (50 + 33))
    start, end = log.start_lsn, log.last_lsn
    for at in range(4):
        if at == 2:
            assert source.read(start, end) == log.read(start, end)
        log.append_mtr(mtr_of_size(50))
        log.close_entry(ONE)
    source.take_new()
    assert source.batch(end) == (log.last_lsn, log.read(end, log.last_lsn)), "it left the cache"
    assert (source.from_cache, source.from_ahead, source.from_files) == (0, 0, 2)


def test_no_more_batches_are_kept_ahead_than_a_few() -> None:
    log = far_behind()
    source = SendSource(log, batch_bytes=1)
    starts = [log.entry(LogIndex(index)).start for index in range(1, AHEAD + 2)]
    assert all(source.read_ahead(start) for start in starts)
    for start in reversed(starts):
        assert source.batch(start)[1]
    assert (source.from_ahead, source.from_files) == (AHEAD, 1)
