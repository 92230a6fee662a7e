"""Every rule of the log: what holds with it, and fails with the mutant that takes it out.

The rules of the truncation itself (H12) are in test_every_crash.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from redoraft.disk.memory import Fate, MemoryDisk
from redoraft.errors import CorruptRedo, DiskError, LogFull, LogMisuse, SyncFailed, UnsafeCut
from redoraft.redo.buffer import LogBuffer
from redoraft.redo.files import Layout
from redoraft.redo.group_commit import GroupCommit
from redoraft.redo.header import Note, note_block
from redoraft.redo.log import RedoLog
from redoraft.redo.lsn import sn_of
from redoraft.redo.mutants import LOG_MUTANTS
from redoraft.redo.record import META_SIZE
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.types import LogIndex, Lsn, Term

from .kit import LOG, mtr_of_size
from .test_every_crash import CAUGHT_BY

SMALL = Layout(file_size=2048 + 2 * 512)
WIDE = Layout(file_size=2048 + 8 * 512)
ONE = Term(1)


def opened(disk: MemoryDisk, rules: LogRules, layout: Layout = SMALL) -> RedoLog:
    return RedoLog.open(disk, layout=layout, rules=rules)


def grown(disk: MemoryDisk, rules: LogRules, sizes: tuple[int, ...], layout: Layout = SMALL) -> RedoLog:
    log = opened(disk, rules, layout)
    for size in sizes:
        log.append_mtr(mtr_of_size(size))
        log.fsync(log.close_entry(ONE))
    return log


def lose_power(disk: MemoryDisk) -> None:
    disk.crash_keeping([False] * disk.pending)


def only_at_entry_ends(rules: LogRules) -> bool:
    """H10: what is durable behind a cut is found again."""
    disk = MemoryDisk()
    log = grown(disk, rules, (100, 6))
    inside = Lsn(log.mtr_ends(log.start_lsn, log.last_lsn)[2] - 2)
    try:
        log.truncate(inside)
    except LogMisuse:
        log.truncate(log.entry(LogIndex(1)).end)
    log.append_mtr(mtr_of_size(200))
    end = log.fsync(log.close_entry(Term(2)))
    lose_power(disk)
    return opened(disk, rules).last_lsn == end


def never_below_what_must_stay(rules: LogRules) -> bool:
    """H11: no truncation leaves a page or the checkpoint beyond the log; nothing changes when it is
    refused."""
    disk = MemoryDisk()
    log = grown(disk, rules, (100, 200, 300))
    page, end = log.entry(LogIndex(2)).end, log.last_lsn
    try:
        log.truncate(log.entry(LogIndex(1)).end, floor=page)
    except UnsafeCut as refused:
        assert str(page) in str(refused)
    by_page = log.last_lsn == end
    log = grown(MemoryDisk(), rules, (100, 200, 300))
    log.checkpoint(log.entry(LogIndex(2)).end)
    try:
        log.truncate(log.entry(LogIndex(1)).end)
    except UnsafeCut as refused:
        assert "H11" in str(refused)
    return by_page and log.checkpoint_lsn <= log.last_lsn


def only_checkpoints_in_their_file(rules: LogRules) -> bool:
    """A slot that came with an old copy of the file says an LSN that this file never reached."""
    disk = MemoryDisk()
    log = grown(disk, rules, (900, 900))
    true = log.entry(LogIndex(1)).end
    log.checkpoint(true)
    disk.open(LOG).write(Note.CHECKPOINT_2, note_block(Note.CHECKPOINT_2, log.entry(LogIndex(2)).end))
    found = opened(disk, rules)
    return found.checkpoint_lsn == true and len(found.notices) == 1


def the_older_slot_is_whole(rules: LogRules) -> bool:
    """A checkpoint whose write is torn leaves the one before."""
    disk = MemoryDisk()
    log = grown(disk, rules, (40, 50, 60))
    first = log.entry(LogIndex(1)).end
    log.checkpoint(first)

    def fails(what: str, name: str) -> DiskError | None:
        return DiskError("no power") if what == "fsync" else None

    disk.fault = fails
    with pytest.raises(DiskError, match="no power"):
        log.checkpoint(log.entry(LogIndex(2)).end)
    disk.fault = None
    disk.crash_keeping([Fate.TORN] * disk.pending)
    return opened(disk, rules).checkpoint_lsn == first


def nothing_needed_is_deleted(rules: LogRules) -> bool:
    """LOG-8: a follower gets all it does not have, and recovery all from the checkpoint on."""
    log = grown(MemoryDisk(), rules, (900,) * 5)
    follower = log.entry(LogIndex(2)).end
    log.checkpoint(log.entry(LogIndex(4)).end)
    log.delete([log.last_lsn, follower])
    return log.first_lsn <= follower


def a_dead_follower_does_not_stop_the_rest(rules: LogRules) -> bool:
    """H24: writing goes on although one follower stays where it is."""
    log = opened(MemoryDisk(), rules, Layout(2048 + 2 * 512, capacity=8192))
    dead = log.start_lsn
    try:
        for _ in range(30):
            log.append_mtr(mtr_of_size(900))
            log.fsync(log.close_entry(ONE))
            log.checkpoint(log.last_lsn)
            log.delete([dead, log.last_lsn], retain=4096)
    except LogFull:
        return False
    return True


def an_entry_can_always_be_closed(rules: LogRules) -> bool:
    """H25: when there is no room for more data there is room for the meta record."""
    log = opened(MemoryDisk(), rules, Layout(2048 + 2 * 512, capacity=4096))
    buffer = LogBuffer(log, ONE, rules=rules)
    with pytest.raises(LogFull):
        while True:
            buffer.finish(buffer.reserve(9), mtr_of_size(9))
    try:
        return buffer.close_entry(waiting=1) is not None and log.closed_lsn == log.last_lsn
    except LogFull:
        return False


def no_hole_is_written(rules: LogRules) -> bool:
    """H29: what is behind an mtr that is not finished waits for it."""
    log = opened(MemoryDisk(), rules)
    buffer = LogBuffer(log, ONE, rules=rules)
    first, second = buffer.reserve(20), buffer.reserve(30)
    buffer.finish(second, mtr_of_size(30))
    end = buffer.close_entry(waiting=1)
    if log.last_lsn != log.start_lsn:
        return False
    buffer.finish(first, mtr_of_size(20))
    assert log.read(log.start_lsn, log.closed_lsn)[:50] == mtr_of_size(20) + mtr_of_size(30)
    return log.closed_lsn == end


def a_waiting_commit_is_in_a_closed_entry(rules: LogRules) -> bool:
    """H29: an entry that is never closed is never sent."""
    log = opened(MemoryDisk(), rules)
    commits = GroupCommit(log, LogBuffer(log, ONE, rules=rules), rules)
    end = commits.append([mtr_of_size(50)])
    commits.close_for(end)
    return log.closed_lsn >= end and commits.may_flush(end)


def committed(rules: LogRules, mtrs: int, limit: int) -> tuple[RedoLog, list[int]]:
    """A transaction of so many mtrs of 50 bytes, committed; what was in no closed entry behind each mtr."""
    log = opened(MemoryDisk(), rules, WIDE)
    buffer = LogBuffer(log, ONE, entry_limit=limit, rules=rules)
    commits = GroupCommit(log, buffer, rules)
    left = []
    for _ in range(mtrs):
        commits.append([mtr_of_size(50)])
        left.append(buffer.open_bytes)
    commits.commit([mtr_of_size(50)])
    return log, left


def an_entry_holds_many_mtrs(rules: LogRules) -> bool:
    """LOG-2: 21 mtrs of 50 bytes are three entries, of 500 bytes at most, and three meta records."""
    log, _ = committed(rules, 20, 500)
    data = sn_of(log.closed_lsn) - sn_of(log.start_lsn)
    return (log.last_index, data) == (3, 21 * 50 + 3 * META_SIZE)


def a_commit_waits_for_its_last_entry_only(rules: LogRules) -> bool:
    """LOG-11: what a commit still has to ship is one entry at most, however long its transaction is."""
    return all(max(committed(rules, mtrs, 500)[1]) <= 500 for mtrs in (9, 60, 300))


def a_commit_is_durable(rules: LogRules) -> bool:
    """BIN-4: written is not enough."""
    disk = MemoryDisk()
    log = opened(disk, rules)
    commits = GroupCommit(log, LogBuffer(log, ONE, rules=rules), rules)
    end = commits.append([mtr_of_size(50)])
    log.write(log.last_lsn)
    commits.wait(end)
    lose_power(disk)
    return opened(disk, rules).last_lsn >= end


def a_failed_sync_is_not_tried_again(rules: LogRules) -> bool:
    """What counts as durable after an fsync that failed is there after a crash."""
    disk = MemoryDisk()
    log = opened(disk, rules)
    log.append_mtr(mtr_of_size(50))
    end = log.close_entry(ONE)
    faults: list[DiskError] = [SyncFailed("EIO")]

    def fails_once(what: str, name: str) -> DiskError | None:
        return faults.pop() if what == "fsync" and faults else None

    disk.fault = fails_once
    with pytest.raises(SyncFailed):
        log.fsync(end)
    try:
        durable = log.fsync(end)
    except DiskError:
        durable = log.durable_lsn
    lose_power(disk)
    return opened(disk, rules).last_lsn >= durable


def nothing_behind_a_hole_comes_back(rules: LogRules) -> bool:
    """H12-start: of two entries that were never durable a crash keeps the second one; a new first one of the
    same shape does not lead to it."""
    disk = MemoryDisk()
    log = opened(disk, rules, WIDE)
    fills_blocks = 2 * 496 - META_SIZE
    log.append_mtr(mtr_of_size(fills_blocks))
    log.write(log.close_entry(ONE))
    first = disk.pending
    log.append_mtr(mtr_of_size(50))
    log.write(log.close_entry(Term(2)))
    disk.crash_keeping([at >= first for at in range(disk.pending)])
    log = opened(disk, rules, WIDE)
    twin = bytearray(mtr_of_size(fills_blocks))
    twin[-1] ^= 1
    log.append_mtr(bytes(twin))
    end = log.fsync(log.close_entry(ONE))
    lose_power(disk)
    return opened(disk, rules, WIDE).last_lsn == end


HOLDS: dict[str, Callable[[LogRules], bool]] = {
    "cuts-anywhere": only_at_entry_ends,
    "cuts-below": never_below_what_must_stay,
    "keeps-behind-hole": nothing_behind_a_hole_comes_back,
    "any-checkpoint": only_checkpoints_in_their_file,
    "one-slot": the_older_slot_is_whole,
    "forgets-followers": nothing_needed_is_deleted,
    "waits-for-the-dead": a_dead_follower_does_not_stop_the_rest,
    "fills-the-log": an_entry_can_always_be_closed,
    "skips-holes": no_hole_is_written,
    "closes-by-size": a_waiting_commit_is_in_a_closed_entry,
    "closes-each-mtr": an_entry_holds_many_mtrs,
    "ships-at-commit": a_commit_waits_for_its_last_entry_only,
    "commits-when-written": a_commit_is_durable,
    "tries-sync-again": a_failed_sync_is_not_tried_again,
}


def test_every_mutant_has_a_test() -> None:
    assert set(LOG_MUTANTS) == {*HOLDS, *CAUGHT_BY}
    assert len({mutant.rule for mutant in LOG_MUTANTS.values()}) == len(LOG_MUTANTS)


@pytest.mark.parametrize("name", LOG_MUTANTS)
def test_a_mutant_takes_out_one_rule(name: str) -> None:
    own = [attribute for attribute in vars(LOG_MUTANTS[name].rules) if not attribute.startswith("__")]
    assert len(own) == 1
    assert own[0] in vars(LogRules)


@pytest.mark.parametrize("name", HOLDS)
def test_the_rule_holds(name: str) -> None:
    assert HOLDS[name](ALL_LOG_RULES)


@pytest.mark.parametrize("name", HOLDS)
def test_without_the_rule_it_fails(name: str) -> None:
    assert not HOLDS[name](LOG_MUTANTS[name].rules())


def test_a_log_that_ends_below_its_checkpoint_does_not_open() -> None:
    """What H11's mutant leaves is told, not repaired."""
    disk = MemoryDisk()
    log = grown(disk, LOG_MUTANTS["cuts-below"].rules(), (100, 200, 300))
    log.checkpoint(log.entry(LogIndex(2)).end)
    log.truncate(log.entry(LogIndex(1)).end)
    with pytest.raises(CorruptRedo, match="the checkpoint is"):
        opened(disk, ALL_LOG_RULES)
