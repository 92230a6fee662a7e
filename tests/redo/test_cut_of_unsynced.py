"""A cut where the log is written and not yet durable: no crash keeps its mark and loses what is below."""

from __future__ import annotations

from itertools import product

from redoraft.disk.memory import MemoryDisk
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.types import Term

from .kit import WatchedDisk, mtr_of_size

LAYOUT = Layout(file_size=2048 + 8 * 512)


def test_whatever_a_crash_keeps_the_log_opens() -> None:
    disk = MemoryDisk()
    ends: list[int] = []
    watching = False

    def every_crash() -> None:
        if not watching:
            return
        for keep in product((False, True), repeat=disk.pending):
            copy = disk.copy()
            copy.crash_keeping(list(keep))
            ends.append(RedoLog.open(copy, layout=LAYOUT).last_lsn)

    log = RedoLog.open(WatchedDisk(disk, every_crash), layout=LAYOUT)
    log.append_mtr(mtr_of_size(600))
    first = log.close_entry(Term(1))
    log.append_mtr(mtr_of_size(600))
    second = log.close_entry(Term(1))
    log.write(second)
    watching = True
    log.truncate(first)
    assert set(ends) == {first, second}
    assert RedoLog.open(disk, layout=LAYOUT).last_lsn == first
