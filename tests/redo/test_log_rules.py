"""Every rule of the log: what holds with it, and fails with the mutant that takes it out.

The rules of the truncation itself (H12) are in test_every_crash.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from redoraft.disk.memory import Fate, MemoryDisk, MemoryFile
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
from redoraft.redo.sender import SendSource
from redoraft.types import LogIndex, Lsn, Term

from .kit import LOG, WatchedDisk, WatchedFile, mtr_of_size
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


class CountedFile(WatchedFile):
    """Counts the bytes that are read from it."""

    def __init__(self, file: MemoryFile, disk: CountedDisk) -> None:
        super().__init__(file, disk)
        self._counts = disk

    def read(self, offset: int, n: int) -> bytes:
        found = super().read(offset, n)
        self._counts.bytes_read += len(found)
        return found


class CountedDisk(WatchedDisk):
    """Of every file."""

    def __init__(self) -> None:
        super().__init__(MemoryDisk())
        self.bytes_read = 0

    def open(self, name: str) -> CountedFile:
        return CountedFile(self.disk.open(name), self)


def entries_of(log: RedoLog, sizes: Iterable[int], term: Term = ONE) -> None:
    """An entry for each mtr, durable one by one."""
    for size in sizes:
        log.append_mtr(mtr_of_size(size))
        log.fsync(log.close_entry(term))


def a_lookup_reads_one_file(rules: LogRules) -> bool:
    """LOG-3: of four files, each longer than one read of the scan, the last one."""
    disk, layout = CountedDisk(), Layout(file_size=2048 + 600 * 512)
    log = RedoLog.open(disk, layout=layout, rules=rules)
    entries_of(log, [16000] * 64)
    disk.bytes_read = 0
    assert log.finder.find(log.last_index) == log.entry(log.last_index)
    return disk.bytes_read <= layout.file_size


def an_entry_is_looked_up_anew_behind_a_cut(rules: LogRules) -> bool:
    """LOG-3: no place of another branch comes out of the cache."""
    log = opened(MemoryDisk(), rules, WIDE)
    entries_of(log, (50, 60))
    log.finder.find(LogIndex(2))
    log.truncate(log.entry(LogIndex(1)).end)
    entries_of(log, (70,), Term(2))
    return log.finder.find(LogIndex(2)) == log.entry(LogIndex(2))


def the_own_disk_is_not_waited_for(rules: LogRules) -> bool:
    """LOG-4: an entry is sent that no file has yet, and no operation of the disk comes before."""
    disk = WatchedDisk(MemoryDisk())
    log = RedoLog.open(disk, layout=WIDE, rules=rules)
    log.append_mtr(mtr_of_size(50))
    end = log.close_entry(ONE)
    disk.calls.clear()
    assert SendSource(log, rules=rules).read(log.start_lsn, end)
    return disk.calls == []


def who_keeps_up_is_fed_from_memory(rules: LogRules) -> bool:
    """LOG-4: an entry that was just made is sent without a read of the disk; the log buffer has it no
    longer."""
    disk = CountedDisk()
    log = RedoLog.open(disk, layout=Layout(), rules=rules)
    source = SendSource(log, rules=rules)
    log.append_mtr(mtr_of_size(2000))
    end = log.close_entry(ONE)
    source.take_new()
    log.fsync(end)
    disk.bytes_read = 0
    assert source.read(log.start_lsn, end) == log.read(log.start_lsn, end)
    both, disk.bytes_read = disk.bytes_read, 0
    log.read(log.start_lsn, end)
    return both == disk.bytes_read > 0


def who_is_far_behind_is_fed_in_batches(rules: LogRules) -> bool:
    """LOG-7: sixty pieces, an entry each; all that is read from the files are some batches, once each."""
    disk = CountedDisk()
    log = RedoLog.open(disk, layout=Layout(), rules=rules)
    entries_of(log, [200] * 60)
    source = SendSource(log, cache_bytes=1, batch_bytes=3000, rules=rules)
    disk.bytes_read = 0
    for index in range(1, 61):
        entry = log.entry(LogIndex(index))
        assert source.read(entry.start, entry.end)
    return disk.bytes_read <= 2 * (log.last_lsn - log.start_lsn)


def what_is_received_waits_for_the_log_writer(rules: LogRules) -> bool:
    """LOG-9: three pieces come, and then one write and one fsync."""
    leader = grown(MemoryDisk(), rules, (50, 60, 70), WIDE)
    disk = WatchedDisk(MemoryDisk())
    log = RedoLog.open(disk, layout=WIDE, rules=rules)
    disk.calls.clear()
    for index in (1, 2, 3):
        entry = leader.entry(LogIndex(index))
        log.append_records(leader.read(entry.start, entry.end))
    log.fsync(log.last_lsn)
    return disk.calls == ["write", "fsync"]


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
    "scans-from-the-start": a_lookup_reads_one_file,
    "remembers-what-went": an_entry_is_looked_up_anew_behind_a_cut,
    "writes-before-sending": the_own_disk_is_not_waited_for,
    "caches-nothing": who_keeps_up_is_fed_from_memory,
    "reads-each-piece": who_is_far_behind_is_fed_in_batches,
    "syncs-what-comes": what_is_received_waits_for_the_log_writer,
    "commits-when-written": a_commit_is_durable,
    "tries-sync-again": a_failed_sync_is_not_tried_again,
}


def test_every_mutant_has_a_test() -> None:
    assert set(LOG_MUTANTS) == {*HOLDS, *CAUGHT_BY}
    assert len({mutant.rule for mutant in LOG_MUTANTS.values()}) == len(LOG_MUTANTS)


def test_the_table_of_mutants() -> None:
    """docs/redo-format.md has each, with what catches it."""
    page = (Path(__file__).parents[2] / "docs" / "redo-format.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w-]+) \| `([\w-]+)` \| .*? \| `(\w+)` \| \d+ \|$", page, re.MULTILINE)
    catchers = {name: catcher.__name__ for name, catcher in [*HOLDS.items(), *CAUGHT_BY.items()]}
    assert sorted(rows) == sorted((one.rule, name, catchers[name]) for name, one in LOG_MUTANTS.items())


@pytest.mark.parametrize("name", LOG_MUTANTS)
def test_a_mutant_takes_out_one_rule(name: str) -> None:
    own = [attribute for attribute in vars(LOG_MUTANTS[name].rules) if not attribute.startswith("__")]
    assert len(own) == 1
    assert own[0] in vars(LogRules)


def test_the_mutant_of_checkpoints_believes_each() -> None:
    rules = LOG_MUTANTS["any-checkpoint"].rules()
    disk = MemoryDisk()
    log = grown(disk, rules, (900, 900))
    log.checkpoint(log.entry(LogIndex(1)).end)
    elsewhere = log.entry(LogIndex(2)).end
    disk.open(LOG).write(Note.CHECKPOINT_2, note_block(Note.CHECKPOINT_2, elsewhere))
    assert opened(disk, rules).checkpoint_lsn == elsewhere


def test_the_mutant_of_looking_up_finds_every_entry() -> None:
    log = grown(MemoryDisk(), LOG_MUTANTS["scans-from-the-start"].rules(), (900,) * 4)
    for index in range(1, 5):
        assert log.finder.find(LogIndex(index)) == log.entry(LogIndex(index))


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
