"""The scan on files made by hand, block by block: each reason to end, and what counts up to there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft.errors import CorruptRedo
from redoraft.redo.block import encode_block, seal
from redoraft.redo.entry import Entry
from redoraft.redo.files import Layout, RedoFiles
from redoraft.redo.header import Header, header_block
from redoraft.redo.record import Meta, encode_meta
from redoraft.redo.scan import EndReason, ScanResult, scan
from redoraft.types import LogIndex, Lsn, Term

from .kit import disk_with, mtr_of_size, mtrs, naive_lsn


def meta(term: int, index: int, start: int, size: int) -> bytes:
    return encode_meta(Meta(Term(term), LogIndex(index), Lsn(start), size))


def file_of(pieces: list[bytes]) -> bytes:
    """A log file of these mtrs, written without any code of the log's."""
    data = b"".join(pieces)
    starts = [len(b"".join(pieces[:at])) for at in range(len(pieces))]
    blocks = []
    for number, low in enumerate(range(0, max(1, len(data)), 496)):
        here = [start - low + 12 for start in starts if low <= start < low + 496]
        blocks.append(encode_block(16 + number, data[low : low + 496], here[0] if here else 0))
    return header_block(Header(0, 16)) + bytes(3 * 512) + b"".join(blocks)


def scanned(content: bytes) -> ScanResult:
    return scan(RedoFiles.open(disk_with(content), Layout()))


FIRST = [mtr_of_size(100), meta(1, 1, 8204, 100)]
"""One entry; it ends at SN 133 behind the start."""

FIRST_END = naive_lsn(133)


def test_an_empty_log() -> None:
    found = scanned(file_of([]))
    assert (found.entries, found.mtr_ends, found.end_lsn, found.bytes_dropped) == ((), (), 8204, 0)
    assert (found.reason, found.detail) == (EndReason.LAST_BLOCK, "it holds 0 bytes of data")
    assert (found.stopped_in, found.stopped_at) == ("#ib_redo0", 2048)


def test_entries_and_mtr_ends_are_found() -> None:
    """LOG-2: term, index, start LSN and data size of each entry are those that its meta record says."""
    second = [mtr_of_size(300), mtr_of_size(700), meta(3, 2, FIRST_END, 1000)]
    found = scanned(file_of(FIRST + second))
    assert found.mtr_ends == tuple(map(naive_lsn, [100, 133, 433, 1133, 1166]))
    assert found.entries == (
        Entry(Term(1), LogIndex(1), Lsn(8204), FIRST_END),
        Entry(Term(3), LogIndex(2), FIRST_END, naive_lsn(1166)),
    )
    assert (found.end_lsn, found.bytes_dropped) == (naive_lsn(1166), 0)


@given(st.lists(mtrs(), max_size=12), st.integers(0, 40))
def test_an_open_entry_and_a_torn_mtr_are_dropped(opened: list[bytes], missing: int) -> None:
    content = file_of(FIRST + opened)
    kept = len(content) - missing * 512
    found = scanned(content[: max(kept, 2048 + 512)])
    assert found.end_lsn == FIRST_END
    assert found.mtr_ends == (naive_lsn(100), FIRST_END)
    assert found.bytes_dropped <= sum(map(len, opened))
    if missing == 0:
        assert found.bytes_dropped == sum(map(len, opened))


@pytest.mark.parametrize("fullness", [495, 496, 497, 992])
def test_a_log_that_ends_at_the_border_of_a_block(fullness: int) -> None:
    pieces = [mtr_of_size(fullness - 33), meta(1, 1, 8204, fullness - 33)]
    found = scanned(file_of(pieces))
    assert (found.end_lsn, found.bytes_dropped) == (naive_lsn(fullness), 0)
    is_full = fullness % 496 == 0
    assert found.reason is (EndReason.BLOCK_FAULT if is_full else EndReason.LAST_BLOCK)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (meta(1, 2, FIRST_END + 1, 50), "starts at LSN"),
        (meta(1, 2, 8204, 50), "starts at LSN"),
        (meta(1, 2, FIRST_END, 49), "counts 49 bytes"),
        (meta(1, 1, FIRST_END, 50), "index 1 behind index 1"),
        (meta(1, 3, FIRST_END, 50), "index 3 behind index 1"),
        (meta(0, 2, FIRST_END, 50), "term 0 behind term 1"),
    ],
)
def test_a_meta_record_that_does_not_fit_ends_the_log(wrong: bytes, why: str) -> None:
    """LOG-2: each of its four fields is compared with what is there."""
    found = scanned(file_of([*FIRST, mtr_of_size(50), wrong, mtr_of_size(10)]))
    assert found.reason is EndReason.BAD_META
    assert why in found.detail
    assert (found.end_lsn, found.mtr_ends[-1]) == (FIRST_END, FIRST_END)
    assert found.stopped_at == 2048 + 12 + 133 + 50
    assert found.bytes_dropped == 50 + 33 + 10


def test_the_first_entry_needs_a_term() -> None:
    found = scanned(file_of([meta(0, 1, 8204, 0)]))
    assert (found.reason, found.end_lsn) == (EndReason.BAD_META, 8204)


def test_terms_do_not_fall() -> None:
    found = scanned(file_of([meta(5, 1, 8204, 0), meta(4, 2, 8204 + 33, 0)]))
    assert (found.reason, found.end_lsn) == (EndReason.BAD_META, 8204 + 33)


def test_a_record_that_cannot_be_parsed_ends_the_log() -> None:
    found = scanned(file_of([*FIRST, b"\x00" * 600]))
    assert found.reason is EndReason.BAD_RECORD
    assert "0x00" in found.detail
    assert found.stopped_at == 2048 + 12 + 133
    assert (found.end_lsn, found.bytes_dropped) == (FIRST_END, 496 - 133)


def test_a_bad_record_inside_a_group_is_told_before_its_block_is_judged() -> None:
    group = b"\x20" * 400 + b"\x00" * 10
    found = scanned(file_of([*FIRST, group, mtr_of_size(50)]))
    assert (found.reason, found.end_lsn) == (EndReason.BAD_RECORD, FIRST_END)
    assert found.stopped_at == 2048 + 512 + 12 + 133 + 400 - 496


def test_a_first_group_that_is_not_there_ends_the_log_before_the_block() -> None:
    pieces = [*FIRST, mtr_of_size(400), meta(1, 2, FIRST_END, 400), mtr_of_size(9)]
    content = file_of(pieces)
    right = content[2048 + 512 : 2048 + 1024]
    data = right[12 : int.from_bytes(right[4:6], "big")]
    first_group = int.from_bytes(right[6:8], "big")
    for other in {0, 12, first_group + 1}:
        found = scanned(content[: 2048 + 512] + encode_block(17, data, other))
        assert found.reason is EndReason.FIRST_GROUP
        assert found.detail == f"first_rec_group is {other}, the first group starts at {first_group}"
        assert (found.end_lsn, found.stopped_at) == (FIRST_END, 2048 + 512)
    assert scanned(content).entries[-1].index == 2


@pytest.mark.parametrize("other", [0, 13, 112])
def test_the_first_block_says_where_the_log_starts(other: int) -> None:
    content = file_of(FIRST)
    data = content[2048 + 12 : 2048 + 12 + 133]
    found = scanned(content[:2048] + encode_block(16, data, other))
    assert (found.reason, found.end_lsn, found.stopped_at) == (EndReason.FIRST_GROUP, 8204, 2048)


def test_a_block_in_which_no_group_starts_says_so() -> None:
    content = file_of([*FIRST, mtr_of_size(2000), meta(1, 2, FIRST_END, 2000)])
    inside = content[2048 + 512 : 2048 + 1024]
    assert inside[6:8] == bytes(2)
    false = encode_block(17, inside[12:508], 100)
    found = scanned(content[: 2048 + 512] + false + content[2048 + 1024 :])
    assert found.reason is EndReason.FIRST_GROUP
    assert found.detail == "first_rec_group is 100, the first group starts at 0"
    assert found.stopped_at == 2048 + 512


def test_a_false_first_group_is_told_before_a_bad_record_behind_it() -> None:
    content = file_of([*FIRST, mtr_of_size(400), meta(1, 2, FIRST_END, 400), bytes(50)])
    data = content[2048 + 512 + 12 :][: 133 + 433 + 50 - 496]
    found = scanned(content[: 2048 + 512] + encode_block(17, data, 12))
    assert (found.reason, found.end_lsn) == (EndReason.FIRST_GROUP, FIRST_END)
    assert scanned(content).reason is EndReason.BAD_RECORD


@pytest.mark.parametrize(
    ("block", "what"),
    [
        (bytes(512), "all zeros"),
        (b"?" * 512, "checksum"),
        (encode_block(18, b"", 0), "block number"),
        (encode_block(17 + 2**30, b"", 0), "epoch"),
        (b"?" * 100, "ends inside"),
        (b"", "ends here"),
    ],
)
def test_a_block_that_does_not_continue_the_log_ends_it(block: bytes, what: str) -> None:
    whole = [*FIRST, mtr_of_size(330), mtr_of_size(33)]
    behind = encode_block(18, b"", 0) if len(block) == 512 else b""
    found = scanned(file_of(whole) + block + behind)
    assert found.reason is EndReason.BLOCK_FAULT
    assert what in found.detail
    assert (found.end_lsn, found.stopped_at) == (FIRST_END, 2048 + 512)
    assert found.bytes_dropped == 363


def test_blocks_behind_the_end_are_not_looked_at() -> None:
    content = file_of([*FIRST, mtr_of_size(700), meta(1, 2, FIRST_END, 700)])
    without_the_second = content[: 2048 + 512] + bytes(512) + content[2048 + 1024 :]
    assert scanned(content).entries[-1].index == 2
    assert scanned(without_the_second).entries[-1].index == 1


@pytest.mark.parametrize(
    ("content", "offset", "what"),
    [
        (b"", 0, "header"),
        (b"?" * 4096, 0, "header"),
        (file_of(FIRST)[:511], 0, "header"),
        (file_of(FIRST)[:2048], 2048, "first block"),
        (file_of(FIRST)[:2048] + bytes(512), 2048, "first block"),
        (file_of(FIRST)[:-1] + b"?", 2048, "first block"),
    ],
)
def test_a_file_without_a_beginning_is_an_error(content: bytes, offset: int, what: str) -> None:
    with pytest.raises(CorruptRedo, match=what) as caught:
        scanned(content)
    assert caught.value.offset == offset


def test_another_format_is_told_from_damage() -> None:
    newer = bytearray(header_block(Header(0, 16))[:508])
    newer[3] += 1
    with pytest.raises(CorruptRedo, match=r"0x52520002.*use the version"):
        scanned(seal(bytes(newer)) + file_of(FIRST)[512:])


def test_a_log_longer_than_one_read() -> None:
    pieces: list[bytes] = []
    size, index = 0, 0
    while size < 700 * 496:
        data = mtr_of_size(900 + index)
        index += 1
        pieces += [data, meta(1, index, naive_lsn(size), len(data))]
        size += len(data) + 33
    found = scanned(file_of(pieces))
    assert (found.entries[-1].index, found.end_lsn, found.bytes_dropped) == (index, naive_lsn(size), 0)
    assert len(found.mtr_ends) == 2 * index
