"""LOG-9: what a follower receives goes through its own log buffer and log writer, like local redo."""

from __future__ import annotations

import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.types import Lsn, Term

from .kit import WatchedDisk, contents, mtr_of_size

ONE = Term(1)
LAYOUT = Layout(file_size=2048 + 4 * 512)
SIZES = (20, 700, 9, 480, 1500, 33)
"""Bytes of the mtrs; an entry each."""


def local(disk: MemoryDisk) -> RedoLog:
    """What a leader has written, an fsync for each entry."""
    log = RedoLog.open(disk, layout=LAYOUT)
    for size in SIZES:
        log.append_mtr(mtr_of_size(size))
        log.fsync(log.close_entry(ONE))
    return log


def pieces(log: RedoLog, entries: int) -> list[bytes]:
    """The whole log, so many entries at a time."""
    found, start = [], log.start_lsn
    while start < log.closed_lsn:
        end = start
        for _ in range(entries):
            end = log.entry_end_after(end) or end
        found.append(log.read(start, end))
        start = end
    return found


@pytest.mark.parametrize("entries", [1, 2, 6])
def test_it_is_in_the_log_buffer_until_the_log_writer_comes(entries: int) -> None:
    disk = WatchedDisk(MemoryDisk())
    log = RedoLog.open(disk, layout=LAYOUT)
    disk.calls.clear()
    for piece in pieces(local(MemoryDisk()), entries):
        log.append_records(piece)
    assert disk.calls == []
    assert log.start_lsn == log.written_lsn == log.durable_lsn < log.last_lsn
    log.write(log.last_lsn)
    assert "write" in disk.calls
    assert log.durable_lsn == log.start_lsn
    log.fsync(log.last_lsn)
    assert log.durable_lsn == log.last_lsn


def test_one_fsync_is_for_all_that_has_come() -> None:
    """As for local commits (BIN-4): who receives six entries has no six fsyncs to wait for."""
    calls = []
    for entries in (1, 6):
        disk = WatchedDisk(MemoryDisk())
        log = RedoLog.open(disk, layout=Layout())
        disk.calls.clear()
        for piece in pieces(local(MemoryDisk()), entries):
            log.append_records(piece)
        log.fsync(log.last_lsn)
        calls.append(list(disk.calls))
    assert calls[0] == calls[1] == ["write", "fsync"]


@pytest.mark.parametrize("entries", [1, 2, 6])
def test_its_files_are_those_of_local_redo(entries: int) -> None:
    """Block by block, and found by the same scan."""
    ours, theirs = MemoryDisk(), MemoryDisk()
    leader, log = local(theirs), RedoLog.open(ours, layout=LAYOUT)
    for piece in pieces(leader, entries):
        log.append_records(piece)
        log.fsync(log.last_lsn)
    assert ours.names == theirs.names
    assert [_all(ours, name) for name in ours.names] == [_all(theirs, name) for name in theirs.names]
    assert contents(RedoLog.open(ours, layout=LAYOUT)) == contents(leader)


def test_what_is_only_in_its_buffer_is_lost_with_power() -> None:
    disk = MemoryDisk()
    log = RedoLog.open(disk, layout=LAYOUT)
    first, second = pieces(local(MemoryDisk()), 3)
    durable: Lsn = log.fsync(log.append_records(first))
    log.append_records(second)
    disk.crash_keeping([True] * disk.pending)
    assert RedoLog.open(disk, layout=LAYOUT).last_lsn == durable


def _all(disk: MemoryDisk, name: str) -> bytes:
    file = disk.open(name)
    return file.read(0, file.size)
