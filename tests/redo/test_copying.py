"""A part of a log as another node's log (H24): the same entries, at the same LSNs, and it can go on."""

from __future__ import annotations

from itertools import pairwise

import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import LogMisuse
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.record import META_SIZE
from redoraft.types import Lsn, Term

from .kit import mtr_of_size, naive_lsn

LAYOUT = Layout(file_size=2048 + 2 * 512)
ENDS = (34, 107, 340, 480, 992, 1292, 1498, 1558, 2017, 2100, 2479, 2560, 2996, 3900, 3973, 4300, 4460, 4600)
"""Bytes of data, 496 in a block, at which entries end: their meta records are in, at and across borders."""


def a_log(deleted: bool) -> RedoLog:
    log = RedoLog.open(MemoryDisk(), layout=LAYOUT)
    for number, (start, end) in enumerate(pairwise((0, *ENDS))):
        log.append_mtr(mtr_of_size(end - start - META_SIZE))
        log.close_entry(Term(1 + number // 5))
    log.fsync(log.last_lsn)
    if deleted:
        log.checkpoint(entry_ends(log)[9])
        assert log.delete([log.last_lsn]) > 0
    return log


def entry_ends(log: RedoLog) -> list[Lsn]:
    ends = [log.first_lsn]
    while (after := log.entry_end_after(ends[-1])) is not None:
        ends.append(after)
    return ends


@pytest.mark.parametrize("deleted", [False, True])
def test_a_copy_is_the_same_log_from_near_to_upto(deleted: bool) -> None:
    log = a_log(deleted)
    ends = entry_ends(log)
    pairs = [(near, upto) for near in ends for upto in ends if near <= upto]
    assert ends[-1] == naive_lsn(ENDS[-1])
    for near, upto in pairs:
        disk = MemoryDisk()
        old = RedoLog.open(disk, layout=LAYOUT)
        old.append_mtr(mtr_of_size(1500))
        old.close_entry(Term(7))
        old.fsync(old.last_lsn)
        begins = log.copy_to(disk, near, upto)
        assert disk.pending == 0, "it is durable"
        copy = RedoLog.open(disk, layout=LAYOUT)
        assert log.first_lsn <= begins <= near
        assert copy.first_lsn == copy.checkpoint_lsn == begins
        assert copy.last_lsn == copy.durable_lsn == upto
        assert [copy.term_at(end) for end in ends if begins <= end <= upto] == [
            log.term_at(end) for end in ends if begins <= end <= upto
        ]
        assert copy.read(begins, upto) == log.read(begins, upto)
        copy.append_records(log.read(upto, log.last_lsn))
        copy.fsync(copy.last_lsn)
        again = RedoLog.open(disk, layout=LAYOUT)
        assert again.first_lsn == begins
        assert again.read(begins, log.last_lsn) == log.read(begins, log.last_lsn)


def test_a_copy_begins_near_what_was_asked_for() -> None:
    """Not at the beginning of the log: at most the entries of one block more."""
    log = a_log(deleted=False)
    near = entry_ends(log)[-3]
    begins = log.copy_to(MemoryDisk(), near, log.last_lsn)
    assert near - begins < 2 * 512


def test_a_copy_ends_where_an_entry_ends() -> None:
    log, disk = a_log(deleted=False), MemoryDisk()
    with pytest.raises(LogMisuse, match="no entry ends"):
        log.copy_to(disk, log.first_lsn, Lsn(log.last_lsn - 1))
    assert not disk.names


def test_what_a_deletion_says_is_what_a_scan_finds() -> None:
    """Also where the entry that the log begins behind lies in the second file that is deleted to."""
    disk = MemoryDisk()
    log = RedoLog.open(disk, layout=Layout(file_size=2048 + 512))
    for size in (300, 100, 900, 20, 20, 700, 1200, 10, 10, 10):
        log.append_mtr(mtr_of_size(size))
        log.close_entry(Term(1))
        log.fsync(log.last_lsn)
        log.checkpoint(log.last_lsn)
        log.delete([log.last_lsn])
        assert RedoLog.open(disk, layout=Layout(file_size=2048 + 512)).first_lsn == log.first_lsn
