"""Damaged files: a typed error or a valid prefix; never another exception, never an endless scan."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from redoraft.errors import CorruptRedo
from redoraft.redo.log import RedoLog
from redoraft.types import LogIndex, Term

from .kit import LOG, contents, disk_with, file_bytes, mtr_of_size, new_log
from .test_scan import file_of


def a_log() -> bytes:
    from redoraft.disk.memory import MemoryDisk

    disk = MemoryDisk()
    log = new_log(disk)
    for at, size in enumerate([100, 463, 20, 1500, 300, 4, 700]):
        log.append_mtr(mtr_of_size(size))
        log.append_mtr(mtr_of_size(size // 2 + 1))
        log.close_entry(Term(1 + at // 3))
    log.append_mtr(mtr_of_size(50))
    log.fsync(log.last_lsn)
    return file_bytes(disk)


GOOD = a_log()
GOOD_LOG = RedoLog.open(disk_with(GOOD))
GOOD_CONTENT = contents(GOOD_LOG)


def opened(content: bytes) -> RedoLog | None:
    try:
        return RedoLog.open(disk_with(content))
    except CorruptRedo as wrong:
        assert (wrong.file, wrong.offset) in ((LOG, 0), (LOG, 1024), (LOG, 2048)), "only the start of a file"
        assert str(wrong.offset) in str(wrong)
        return None


def is_usable(log: RedoLog) -> bool:
    """A log that was opened takes a write, whatever was in its file before."""
    log.append_mtr(mtr_of_size(600))
    return log.fsync(log.close_entry(Term(log.last_term + 1))) == log.last_lsn


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) * 8 - 1)), min_size=1, max_size=5, unique=True))
def test_flipped_bits(bits: list[tuple[int]]) -> None:
    content = bytearray(GOOD)
    for (bit,) in bits:
        content[bit // 8] ^= 1 << bit % 8
    first = min(bit // 8 for (bit,) in bits)
    log = opened(bytes(content))
    in_start = any(bit // 8 // 512 in (0, 2, 4) for (bit,) in bits)
    assert (log is None) == in_start
    if log is not None:
        assert GOOD_CONTENT.startswith(contents(log))
        if first < 2048:
            return
        whole = [GOOD_LOG.entry(LogIndex(at)).end for at in range(1, GOOD_LOG.last_index + 1)]
        damaged = 16 * 512 + (first - 2048) // 512 * 512 + 12
        assert log.last_lsn >= max(end for end in [log.start_lsn, *whole] if end <= damaged)
        assert is_usable(log)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) // 512), st.integers(0, len(GOOD) // 512)), max_size=4),
    st.integers(0, len(GOOD)),
)
def test_sectors_in_wrong_places_and_a_shorter_file(moves: list[tuple[int, int]], size: int) -> None:
    content = bytearray(GOOD)
    for source, target in moves:
        content[target * 512 : target * 512 + 512] = GOOD[source * 512 : source * 512 + 512]
    log = opened(bytes(content[:size]))
    if log is not None:
        assert GOOD_CONTENT.startswith(contents(log))
        assert is_usable(log)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3000))
@example(b"\0" * 3000)
@example(b"\0" * 2559 + b"\1")
def test_any_bytes_for_a_file(content: bytes) -> None:
    log = opened(content)
    if log is not None:
        assert log.last_lsn == log.start_lsn
        assert is_usable(log)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(max_size=700) | st.integers(1, 700).map(mtr_of_size), max_size=5),
    st.integers(0, 3),
)
def test_any_records_in_sound_blocks(pieces: list[bytes], before: int) -> None:
    """Checksums are right and the records are not: what a faulty program would leave."""
    whole = [mtr_of_size(300)] * before
    log = opened(file_of([piece for piece in whole + pieces if piece]))
    assert log is not None
    assert log.scanned.end_lsn == log.last_lsn
    for index in range(1, log.last_index + 1):
        entry = log.entry(LogIndex(index))
        assert log.entry_ends_of(entry.start, log.read(entry.start, entry.end))[-1].lsn == entry.end
    assert is_usable(log)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 8), st.integers(0, len(GOOD_CONTENT) * 8 - 1))
def test_damaged_records_on_the_wire(had: int, bit: int) -> None:
    from redoraft.errors import LogMisuse

    follower = new_log()
    content = bytearray(GOOD_CONTENT)
    content[bit // 8] ^= 1 << bit % 8
    before = follower.last_lsn
    try:
        follower.append_records(bytes(content))
    except LogMisuse:
        assert follower.last_lsn == before
    else:
        assert contents(follower) == bytes(content)
