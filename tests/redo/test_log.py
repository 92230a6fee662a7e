"""RedoLog: what it refuses (and that nothing changed), its file byte by byte, and a disk that fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptRedo, DiskError, LogFull, LogMisuse
from redoraft.raft.port import LogPort
from redoraft.redo.block import encode_block
from redoraft.redo.entry import Entry
from redoraft.redo.files import Layout, RedoFiles
from redoraft.redo.log import RedoLog
from redoraft.redo.record import Meta, encode_meta
from redoraft.redo.scan import scan
from redoraft.types import LogIndex, Lsn, Term

from .kit import LOG, WatchedDisk, contents, file_bytes, mtr_of_size, mtrs, naive_lsn, new_log
from .test_scan import file_of

ONE = Term(1)


def meta(term: int, index: int, start: int, size: int) -> bytes:
    return encode_meta(Meta(Term(term), LogIndex(index), Lsn(start), size))


def state_of(log: RedoLog) -> tuple[object, ...]:
    """All that can be asked, but for the bytes."""
    ends = log.mtr_ends(log.start_lsn, log.last_lsn)
    terms = tuple(log.term_at(end) for end in ends)
    return log.last_lsn, log.closed_lsn, log.written_lsn, log.durable_lsn, log.last_index, ends, terms


def two_entries(disk: MemoryDisk | None = None) -> RedoLog:
    """Entries that end at SN 133 and 866 (behind the start), both durable, then one open mtr of 20 bytes."""
    log = new_log(disk)
    log.append_mtr(mtr_of_size(100))
    log.close_entry(ONE)
    log.append_mtr(mtr_of_size(700))
    log.fsync(log.close_entry(Term(2)))
    log.append_mtr(mtr_of_size(20))
    return log


def test_it_is_the_port_that_raft_asks_for() -> None:
    port: LogPort = new_log()
    assert (port.start_lsn, port.last_lsn, port.closed_lsn, port.durable_lsn) == (8204,) * 4
    assert (port.last_term, port.last_index) == (0, 0)
    assert (port.term_at(Lsn(8204)), port.term_at(Lsn(8205))) == (0, None)


def test_what_it_answers() -> None:
    log = two_entries()
    first, second = naive_lsn(133), naive_lsn(866)
    assert (log.closed_lsn, log.last_lsn, log.durable_lsn) == (second, naive_lsn(886), second)
    assert (log.last_term, log.last_index) == (2, 2)
    assert [log.term_at(lsn) for lsn in (log.start_lsn, first, second, log.last_lsn)] == [0, 1, 2, None]
    assert log.entry_end_at_or_below(Lsn(first - 1)) == log.start_lsn
    assert log.entry_end_at_or_below(first) == first
    assert log.entry_end_at_or_below(Lsn(10**12)) == second
    assert log.entry_end_after(log.start_lsn) == first
    assert log.entry_end_after(Lsn(second - 1)) == second
    assert log.entry_end_after(second) is None
    assert log.entry(LogIndex(1)) == Entry(ONE, LogIndex(1), log.start_lsn, first)
    assert log.entry(LogIndex(2)) == Entry(Term(2), LogIndex(2), first, second)
    assert log.mtr_ends(first, log.last_lsn) == (naive_lsn(833), second, naive_lsn(886))
    assert log.read(first, second) == mtr_of_size(700) + meta(2, 2, first, 700)
    assert log.read(first, first) == b""


FIRST, SECOND, OPEN = naive_lsn(133), naive_lsn(866), naive_lsn(886)
NEXT = meta(2, 3, SECOND, 0)

MISUSES: list[tuple[str, Callable[[RedoLog], object]]] = [
    ("0 mtrs", lambda log: log.append_mtr(b"")),
    ("2 mtrs", lambda log: log.append_mtr(mtr_of_size(9) * 2)),
    ("a meta record", lambda log: log.append_mtr(NEXT)),
    ("no whole mtr", lambda log: log.append_mtr(mtr_of_size(9)[:-1])),
    ("type byte", lambda log: log.append_mtr(b"\x00")),
    ("terms never fall", lambda log: log.close_entry(ONE)),
    ("64 bits", lambda log: log.close_entry(Term(2**64))),
    ("an entry is open", lambda log: log.append_records(NEXT)),
    ("no mtr ends", lambda log: log.fsync(Lsn(SECOND + 1))),
    ("no mtr ends", lambda log: log.write(Lsn(SECOND - 1))),
    ("no mtr ends", lambda log: log.fsync(Lsn(-1))),
    ("no mtr ends", lambda log: log.fsync(Lsn(10**12))),
    ("no entry ends", lambda log: log.truncate(naive_lsn(833))),
    (f"no entry ends at LSN {OPEN}: .* at or below it ends at {SECOND}$", lambda log: log.truncate(OPEN)),
    ("no mtr ends", lambda log: log.checkpoint(Lsn(SECOND - 1))),
    (f"is no checkpoint: .* from 8204, and ends at {SECOND}$", lambda log: log.checkpoint(log.last_lsn)),
    ("goes below", lambda log: log.truncate(Lsn(0))),
    ("no entry ends", lambda log: log.read(naive_lsn(100), SECOND)),
    ("no entry ends", lambda log: log.read(FIRST, naive_lsn(886))),
    ("smaller one first", lambda log: log.read(SECOND, FIRST)),
    ("no entry has index 0: this log has 1 to 2", lambda log: log.entry(LogIndex(0))),
    ("no entry has index 3", lambda log: log.entry(LogIndex(3))),
]


@pytest.mark.parametrize(("what", "misuse"), MISUSES)
def test_misuse_is_refused_and_changes_nothing(what: str, misuse: Callable[[RedoLog], object]) -> None:
    disk = MemoryDisk()
    log = two_entries(disk)
    before, held = state_of(log), file_bytes(disk)
    with pytest.raises(LogMisuse, match=what):
        misuse(log)
    assert state_of(log) == before
    assert (file_bytes(disk), disk.pending) == (held, 0)
    log.append_mtr(mtr_of_size(9))
    log.close_entry(Term(2))
    assert log.read(SECOND, log.last_lsn) == mtr_of_size(20) + mtr_of_size(9) + meta(2, 3, SECOND, 29)


@pytest.mark.parametrize(
    ("records", "what"),
    [
        (mtr_of_size(9), "end inside an entry"),
        (NEXT + mtr_of_size(9), "end inside an entry"),
        (NEXT[:-1], "no whole mtr"),
        (b"\x00" + NEXT, "byte 0 of the records"),
        (NEXT + b"\x00", "byte 33 of the records"),
        (meta(2, 3, FIRST, 0), "starts at LSN"),
        (meta(2, 4, SECOND, 0), "index 4 behind index 2"),
        (meta(1, 3, SECOND, 0), "term 1 behind term 2"),
        (meta(2, 3, SECOND, 1), "counts 1 bytes"),
        (NEXT + NEXT, "starts at LSN"),
    ],
)
def test_a_follower_refuses_what_does_not_fit(records: bytes, what: str) -> None:
    log = two_entries()
    log.truncate(SECOND)
    before = state_of(log)
    with pytest.raises(LogMisuse, match=what):
        log.append_records(records)
    assert state_of(log) == before
    assert log.append_records(NEXT) == naive_lsn(899)
    assert log.append_records(b"") == naive_lsn(899)
    assert contents(log)[-33:] == NEXT


@given(st.lists(st.tuples(mtrs(), st.booleans(), st.sampled_from(["", "write", "fsync"])), max_size=12))
def test_the_file_depends_on_the_content_only(steps: list[tuple[bytes, bool, str]]) -> None:
    """However often a partial block was written before, the file is the one made by hand from the mtrs."""
    disk = MemoryDisk()
    log = new_log(disk)
    pieces = []
    start, size = 0, 0
    for data, close, how in steps:
        log.append_mtr(data)
        pieces.append(data)
        size += len(data)
        if close:
            log.close_entry(ONE)
            index = 1 + sum(piece[0] == 0xF8 for piece in pieces)
            pieces.append(meta(1, index, naive_lsn(start), size - start))
            start = size = size + 33
        if how == "write":
            assert log.write(log.last_lsn) == log.last_lsn
            assert log.durable_lsn <= log.last_lsn
        elif how == "fsync":
            assert log.fsync(log.last_lsn) == log.durable_lsn == log.last_lsn
    log.fsync(log.last_lsn)
    assert file_bytes(disk) == file_of(pieces)
    assert log.last_lsn == naive_lsn(size)


def test_an_fsync_reports_what_was_written_before() -> None:
    log = new_log()
    ends = [log.append_mtr(mtr_of_size(300)) for _ in range(4)]
    assert log.write(ends[2]) == ends[2]
    assert log.durable_lsn == log.start_lsn
    assert log.write(ends[0]) == ends[2], "a write does not go back"
    assert log.fsync(ends[0]) == ends[2]
    assert log.fsync(ends[0]) == ends[2]
    assert log.fsync(ends[3]) == ends[3]


def test_what_is_not_written_costs_no_io_to_truncate() -> None:
    disk = MemoryDisk()
    file = WatchedDisk(disk)
    log = RedoLog.open(file)
    file.calls.clear()
    log.append_mtr(mtr_of_size(1000))
    log.close_entry(ONE)
    log.truncate(log.start_lsn)
    assert file.calls == []
    assert (log.last_lsn, log.last_index) == (log.start_lsn, 0)
    log.fsync(log.close_entry(ONE))
    assert file_bytes(disk) == file_of([meta(1, 1, 8204, 0)])


def test_the_mark_is_durable_before_anything_goes_and_goes_last() -> None:
    disk = WatchedDisk(MemoryDisk())
    log = RedoLog.open(disk)
    log.append_mtr(mtr_of_size(3000))
    log.fsync(log.close_entry(ONE))
    disk.calls.clear()
    log.truncate(log.start_lsn)
    marked, cut, unmarked = ["write", "fsync"], ["sync", "write", "truncate", "fsync"], ["write", "fsync"]
    assert disk.calls == marked + cut + unmarked


@pytest.mark.parametrize("sizes", [(463,), (463, 463), (463, 700), (959,)])
def test_a_cut_at_the_border_of_a_block(sizes: tuple[int, ...]) -> None:
    disk = MemoryDisk()
    log = new_log(disk)
    for size in sizes:
        log.append_mtr(mtr_of_size(size))
        log.close_entry(ONE)
    cut = log.entry(LogIndex(1)).end
    assert cut % 512 == 12
    log.append_mtr(mtr_of_size(2000))
    log.fsync(log.close_entry(ONE))
    log.truncate(cut)
    assert RedoLog.open(disk.copy()).last_lsn == cut
    log.append_mtr(mtr_of_size(10))
    log.fsync(log.close_entry(Term(7)))
    again = RedoLog.open(disk)
    assert (again.last_index, again.last_term) == (2, 7)
    assert contents(again) == contents(log)


@pytest.mark.parametrize("fail_at", range(8))
def test_a_failed_disk_is_not_trusted_again(fail_at: int) -> None:
    disk = MemoryDisk()
    file = WatchedDisk(disk)
    log = RedoLog.open(file)
    log.append_mtr(mtr_of_size(1000))
    log.fsync(log.close_entry(ONE))
    file.calls.clear()
    file.fail_at = fail_at

    def work() -> None:
        log.append_mtr(mtr_of_size(600))
        log.fsync(log.close_entry(ONE))
        log.truncate(log.entry(LogIndex(1)).end)
        log.append_mtr(mtr_of_size(10))
        log.fsync(log.close_entry(ONE))

    with pytest.raises(DiskError, match="as the test wants"):
        work()
    durable = log.durable_lsn
    file.fail_at = None
    for attempt in (
        lambda: log.append_mtr(mtr_of_size(1)),
        lambda: log.close_entry(Term(9)),
        lambda: log.append_records(b""),
        lambda: log.fsync(log.start_lsn),
        lambda: log.truncate(log.start_lsn),
    ):
        with pytest.raises(DiskError, match="open the log again"):
            attempt()
    again = RedoLog.open(disk)
    assert again.last_lsn >= min(durable, naive_lsn(1033))
    assert again.durable_lsn == again.last_lsn


@pytest.mark.parametrize("fail_at", range(8))
def test_a_disk_that_fails_while_opening(fail_at: int) -> None:
    disk = MemoryDisk()
    with pytest.raises(DiskError):
        RedoLog.open(WatchedDisk(disk, fail_at=fail_at))
    assert RedoLog.open(disk).last_lsn == 8204


def test_the_ends_of_what_a_leader_sends() -> None:
    sent = mtr_of_size(700) + meta(2, 2, FIRST, 700) + meta(4, 3, SECOND, 0)
    ends = new_log().entry_ends_of(FIRST, sent)
    assert [(end.lsn, end.term, end.size) for end in ends] == [(SECOND, 2, 733), (naive_lsn(899), 4, 766)]
    assert new_log().entry_ends_of(FIRST, sent[:-1]) == ends[:1]
    with pytest.raises(CorruptRedo) as caught:
        new_log().entry_ends_of(FIRST, sent + b"\x00")
    assert caught.value.offset == 16 * 496 + 133 + 766
    with pytest.raises(LogMisuse, match="is no LSN"):
        new_log().entry_ends_of(Lsn(8192), sent)


def test_a_block_damaged_since_is_not_sent() -> None:
    disk = MemoryDisk()
    log = two_entries(disk)
    disk.open(LOG).write(2048 + 100, b"?")
    with pytest.raises(CorruptRedo, match="cannot be read again") as caught:
        log.read(log.start_lsn, log.closed_lsn)
    assert (caught.value.file, caught.value.offset) == (LOG, 2048)
    assert "scan the file" in caught.value.remedy
    with pytest.raises(CorruptRedo):
        log.truncate(FIRST)
    with pytest.raises(DiskError, match="open the log again"):
        log.close_entry(Term(2))


def test_a_block_shorter_than_it_was_is_not_sent() -> None:
    disk = MemoryDisk()
    log = two_entries(disk)
    disk.open(LOG).write(2048, encode_block(16, mtr_of_size(100), 12))
    with pytest.raises(CorruptRedo, match="holds only 100 bytes"):
        log.read(log.start_lsn, log.closed_lsn)


def test_what_the_scan_found_is_told() -> None:
    disk = MemoryDisk()
    log = two_entries(disk)
    log.fsync(log.last_lsn)
    scanned = RedoLog.open(disk).scanned
    assert (scanned.end_lsn, scanned.bytes_dropped, len(scanned.entries)) == (SECOND, 20, 2)


def test_the_rule_that_drops_an_open_entry_can_be_taken_out() -> None:
    """For showing what LOG-1 is good for: the whole mtrs of an open entry are kept, a torn one never is."""
    disk = MemoryDisk()
    log = two_entries(disk)
    log.append_mtr(mtr_of_size(900))
    log.fsync(log.last_lsn)
    kept = log.mtr_ends(SECOND, log.last_lsn)
    file = disk.open(LOG)
    assert scan(RedoFiles.open(disk, Layout())).dropped_ends == kept
    file.truncate(file.size - 512)
    file.fsync()
    assert scan(RedoFiles.open(disk, Layout())).dropped_ends == kept[:1]
    broken = RedoLog.open(disk.copy(), max)
    assert (broken.closed_lsn, broken.last_lsn, broken.durable_lsn) == (SECOND, kept[0], kept[0])
    broken.close_entry(Term(2))
    assert broken.read(SECOND, broken.last_lsn) == mtr_of_size(20) + meta(2, 3, SECOND, 20)
    assert RedoLog.open(disk).last_lsn == SECOND


def test_a_checkpoint_never_falls() -> None:
    log = two_entries()
    log.checkpoint(SECOND)
    with pytest.raises(LogMisuse, match=f"^{FIRST} is no checkpoint: it never falls from {SECOND}, "):
        log.checkpoint(FIRST)
    assert log.checkpoint_lsn == SECOND


def test_what_is_durable_costs_no_fsync() -> None:
    """Neither to make it durable, nor to cut what was only written behind it."""
    disk = WatchedDisk(MemoryDisk())
    log = RedoLog.open(disk)
    log.append_mtr(mtr_of_size(50))
    end = log.fsync(log.close_entry(ONE))
    disk.calls.clear()
    assert log.fsync(end) == end
    assert disk.calls == []
    log.write(log.close_entry(ONE))
    disk.calls.clear()
    log.truncate(end)
    mark, block = ["write", "fsync"], ["write", "fsync"]
    assert disk.calls == [*mark, "sync", *block, "write", "fsync"]


def test_deletion_waits_for_a_follower_within_the_bound() -> None:
    """H24: and no longer for one that is further behind."""
    log = new_log(layout=Layout(file_size=2048 + 2 * 512))
    for _ in range(6):
        log.append_mtr(mtr_of_size(900))
        log.fsync(log.close_entry(ONE))
    log.checkpoint(log.last_lsn)
    follower = log.entry(LogIndex(2)).end
    behind = log.last_lsn - follower
    assert log.delete([follower], retain=behind + 1024) > 0
    assert log.start_lsn < log.first_lsn <= follower
    assert log.delete([follower], retain=behind - 1024) > 0
    assert follower < log.first_lsn


def test_the_term_at_the_start_is_known_behind_a_deletion() -> None:
    log = new_log(layout=Layout(file_size=2048 + 512))
    for _ in range(4):
        log.append_mtr(mtr_of_size(900))
        log.fsync(log.close_entry(Term(3)))
    log.checkpoint(log.last_lsn)
    assert log.delete([]) > 0
    assert (log.term_at(log.start_lsn), log.term_at(log.first_lsn)) == (0, 3)


def test_a_full_log_tells_what_it_has_and_takes_nothing() -> None:
    """H25: an mtr leaves the 33 bytes that close its entry; what comes from a leader may fill the log."""
    log = new_log(layout=Layout(capacity=12 + 100))
    log.append_mtr(mtr_of_size(60))
    with pytest.raises(LogFull, match=r"^41 more bytes do not fit: the log has 72 of 112; make a checkpoint"):
        log.append_mtr(mtr_of_size(8))
    assert log.bytes_used == 72
    log.append_mtr(mtr_of_size(7))
    log.close_entry(ONE)
    assert log.bytes_used == 112
    with pytest.raises(LogFull, match=r"^33 more bytes do not fit: the log has 112 of 112"):
        log.close_entry(ONE)
    with pytest.raises(LogFull, match=r"^33 more bytes do not fit"):
        log.append_records(meta(1, 2, log.last_lsn, 0))
    assert (log.bytes_used, log.last_index) == (112, 1)


def test_a_checkpoint_where_it_is_changes_nothing() -> None:
    disk = WatchedDisk(MemoryDisk())
    log = RedoLog.open(disk)
    log.append_mtr(mtr_of_size(50))
    end = log.fsync(log.close_entry(Term(1)))
    log.checkpoint(end)
    disk.calls.clear()
    log.checkpoint(end)
    assert (log.checkpoint_lsn, disk.calls) == (end, [])


def test_a_log_that_is_closed_takes_nothing() -> None:
    log = new_log()
    end = log.append_mtr(mtr_of_size(50))
    log.close()
    with pytest.raises(DiskError, match="open the log again"):
        log.append_mtr(mtr_of_size(50))
    with pytest.raises(DiskError, match="open the log again"):
        log.fsync(end)
