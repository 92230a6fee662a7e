"""Pages on bytes, and the reader on any bytes: a typed error with file and offset, or a page."""

from __future__ import annotations

from struct import unpack_from

import pytest
from crc32c import crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptPage, CorruptStorage, PoolFull, StorageMisuse
from redoraft.redo.record import PAGE_SIZE
from redoraft.storage.doublewrite import FILE, Doublewrite
from redoraft.storage.files import DataFiles
from redoraft.storage.page import PageId, address, fault, page_lsn, sealed
from redoraft.storage.rules import ALL_STORAGE_RULES
from redoraft.types import Lsn
from redoraft_check.machines.storage_parts import lsn_at, opened, write

from .kit import journal_of

P = PageId(7, 3)
WHOLE = sealed(bytes(range(256)) * 64, P, Lsn(0x1122334455667788))
COVERED = [*range(26), *range(34, PAGE_SIZE)]


def disk_with(raw: bytes, page_no: int = 3) -> MemoryDisk:
    disk = MemoryDisk()
    file = disk.open("space-7.ibd")
    file.write(page_no * PAGE_SIZE, raw)
    file.fsync()
    return disk


def read(raw: bytes) -> bytes:
    return DataFiles(disk_with(raw), ALL_STORAGE_RULES).read(P)


def test_the_layout_is_the_stock_one() -> None:
    raw = sealed(bytes(PAGE_SIZE), P, Lsn(0x1122334455667788))
    head, number = unpack_from(">II", raw, 0)
    lsn, page_type, flush_lsn, space = unpack_from(">QHQI", raw, 16)
    tail, low = unpack_from(">II", raw, PAGE_SIZE - 8)
    assert (number, space, lsn, page_type, flush_lsn) == (3, 7, 0x1122334455667788, 0, 0)
    assert low == 0x55667788
    assert head == tail == crc32c(raw[4:26]) ^ crc32c(raw[38 : PAGE_SIZE - 8])
    assert (fault(raw), page_lsn(raw), address(raw)) == (None, 0x1122334455667788, P)


def test_a_page_that_was_never_written_is_whole() -> None:
    assert fault(bytes(PAGE_SIZE)) is None
    assert read(bytes(PAGE_SIZE)) == bytes(PAGE_SIZE)


def test_another_page_in_its_place_is_noticed() -> None:
    raw = sealed(bytes(PAGE_SIZE), PageId(7, 4), Lsn(9000))
    with pytest.raises(CorruptPage, match=f"page 4 of space 7 where 3 of 7.*at byte {3 * PAGE_SIZE + 4}"):
        read(raw)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, PAGE_SIZE - 1), st.integers(1, 255)), min_size=1, max_size=3))
def test_flipped_bytes(flips: list[tuple[int, int]]) -> None:
    raw = bytearray(sealed(bytes(range(256)) * 63 + bytes(256), P, Lsn(5000)))
    raw[26:34] = bytes(8)
    before = bytes(raw)
    for at, mask in flips:
        raw[at] ^= mask
    if bytes(raw) == before:
        return
    with pytest.raises(CorruptPage) as found:
        read(bytes(raw))
    assert 3 * PAGE_SIZE <= found.value.offset <= 4 * PAGE_SIZE
    assert found.value.file == "space-7.ibd"
    assert str(found.value.offset) in str(found.value)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=2 * PAGE_SIZE))
def test_any_bytes_for_a_page(raw: bytes) -> None:
    disk = disk_with(raw)
    before = disk.open("space-7.ibd").size
    try:
        found = DataFiles(disk, ALL_STORAGE_RULES).read(P)
    except CorruptPage as wrong:
        assert wrong.offset >= 3 * PAGE_SIZE
    else:
        assert not any(found[4:])
    assert disk.open("space-7.ibd").size == before


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3 * PAGE_SIZE))
def test_any_bytes_for_the_doublewrite_file(raw: bytes) -> None:
    disk = disk_with(sealed(bytes(PAGE_SIZE), P, Lsn(9000)))
    disk.open(FILE).write(0, raw)
    data = DataFiles(disk, ALL_STORAGE_RULES)
    try:
        found = Doublewrite.open(disk, data, ALL_STORAGE_RULES)
    except CorruptStorage as wrong:
        assert "doublewrite" in str(wrong) and "at byte 0" in str(wrong)
    else:
        assert found.repaired == ()
    assert page_lsn(data.read(P)) == 9000


def test_redo_may_not_touch_the_engines_own_bytes() -> None:
    journal = journal_of([write(P, 10, b"123456789")])
    with pytest.raises(StorageMisuse, match="byte 10 of a page"):
        opened(MemoryDisk(), journal).apply(lsn_at(1))


def test_a_pool_of_pages_beyond_the_limit_is_full_and_nothing_was_changed() -> None:
    pages = [PageId(1, number) for number in range(3)]
    journal = journal_of(*([write(page, 100, b"x")] for page in pages))
    storage = opened(MemoryDisk(), journal, pool_pages=2)
    journal.durable = 0
    with pytest.raises(PoolFull, match="none of the 2 pages"):
        storage.apply(lsn_at(3))
    assert storage.applied_lsn == lsn_at(2)
    journal.durable = 4
    storage.apply(lsn_at(4))
    assert [storage.read(page)[100:101] for page in pages] == [b"x"] * 3
    assert storage.flush_lru(2) == 2


def test_pages_are_not_read_before_they_are_of_one_moment() -> None:
    journal = journal_of([write(P, 100, b"x")], [write(P, 100, b"y")])
    disk = MemoryDisk()
    storage = opened(disk, journal)
    storage.apply(lsn_at(2))
    storage.flush_list()
    again = opened(disk, journal)
    again.apply(lsn_at(1))
    assert not again.readable
    with pytest.raises(StorageMisuse, match="apply it up to there first"):
        again.read(P)
    again.apply(lsn_at(2))
    assert again.read(P)[100:101] == b"y"
