"""The log buffer under every order of finishing, group commit on threads, and what a follower is sent."""

from __future__ import annotations

from itertools import pairwise, permutations
from threading import Condition, Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptRedo, DiskError, LogDeleted, LogFull, LogMisuse, SyncFailed
from redoraft.redo import group_commit
from redoraft.redo.buffer import LogBuffer
from redoraft.redo.files import Layout
from redoraft.redo.group_commit import GroupCommit
from redoraft.redo.locate import EntryFinder, scan_for
from redoraft.redo.log import RedoLog
from redoraft.redo.sender import SendSource
from redoraft.types import LogIndex, Lsn, Term

from .kit import contents, mtr_of_size, naive_lsn, new_log

ONE = Term(1)
SMALL = Layout(file_size=2048 + 4 * 512)


def meta_after(log: RedoLog, mtrs: list[bytes]) -> bytes:
    """What the log holds if it is exactly these mtrs and the meta record behind them."""
    for mtr in mtrs:
        log.append_mtr(mtr)
    log.close_entry(ONE)
    return contents(log)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_finishing_gives_the_order_of_reserving(order: tuple[int, ...]) -> None:
    sizes = (20, 300, 9, 700)
    mtrs = [mtr_of_size(size) for size in sizes]
    log = new_log()
    buffer = LogBuffer(log, ONE)
    places = [buffer.reserve(size) for size in sizes]
    end = buffer.close_entry(waiting=1)
    assert (buffer.reserved_lsn, buffer.open_bytes) == (end, 0)
    finished: set[int] = set()
    for at in order:
        buffer.finish(places[at], mtrs[at])
        finished.add(at)
        gap = next((at for at in range(4) if at not in finished), None)
        expected = end if gap is None else (log.start_lsn if gap == 0 else places[gap - 1].end_lsn)
        assert log.last_lsn == buffer.contiguous_lsn == expected
    assert contents(log) == meta_after(new_log(), mtrs)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_writers_in_any_interleaving(data: st.DataObject) -> None:
    """Reserve, finish, close and crash in any order: what is found is whole entries of what was reserved."""
    disk = MemoryDisk()
    log = new_log(disk, SMALL)
    buffer = LogBuffer(log, ONE, entry_limit=500)
    waiting, reserved = [], b""
    for step in data.draw(st.lists(st.sampled_from(["reserve", "finish", "close", "fsync"]), max_size=40)):
        if step == "reserve":
            mtr = mtr_of_size(data.draw(st.integers(1, 400)))
            waiting.append((buffer.reserve(len(mtr)), mtr))
            reserved += mtr
        elif step == "finish" and waiting:
            buffer.finish(*waiting.pop(data.draw(st.integers(0, len(waiting) - 1))))
        elif step == "close":
            buffer.close_entry(data.draw(st.integers(0, 1)))
        elif step == "fsync":
            log.fsync(log.last_lsn)
    durable = log.entry_end_at_or_below(log.durable_lsn)
    disk.crash_keeping([False] * disk.pending)
    found = RedoLog.open(disk, layout=SMALL)
    assert found.last_lsn == durable
    ends = found.entry_ends_of(found.start_lsn, contents(found))
    starts = [0, *(end.size for end in ends)]
    data_found = b"".join(contents(found)[low : high - 33] for low, high in pairwise(starts))
    assert reserved.startswith(data_found)


def test_a_place_is_filled_once_and_whole() -> None:
    buffer = LogBuffer(new_log(), ONE)
    place = buffer.reserve(20)
    buffer.finish(place, mtr_of_size(20))
    place = buffer.reserve(20)
    with pytest.raises(LogMisuse, match="19 bytes do not fill a place of 20 once"):
        buffer.finish(place, mtr_of_size(19))
    buffer.finish(place, mtr_of_size(20))
    with pytest.raises(LogMisuse, match="20 bytes do not fill a place of 20 once"):
        buffer.finish(place, mtr_of_size(20))
    log = new_log()
    log.append_mtr(mtr_of_size(20))
    with pytest.raises(LogMisuse, match="is open"):
        LogBuffer(log, ONE)


@pytest.mark.parametrize(
    ("size", "waiting", "closes"),
    [(0, 1, False), (1, 0, False), (1, 1, True), (19, 0, False), (20, 0, True), (21, 0, True)],
)
def test_an_entry_is_closed_when_it_is_long_or_waited_for(size: int, waiting: int, closes: bool) -> None:
    log = new_log()
    buffer = LogBuffer(log, ONE, entry_limit=20)
    if size:
        buffer.finish(buffer.reserve(size), mtr_of_size(size))
    closed = buffer.close_entry(waiting) if waiting else buffer.close_entry()
    assert closed == (naive_lsn(size + 33) if closes else None)
    assert log.last_lsn == naive_lsn(size + 33 if closes else size)


@pytest.mark.parametrize("capacity", range(2048, 2300, 7))
def test_room_for_the_meta_record_is_never_lent(capacity: int) -> None:
    """H25, in every position of the border, with mtrs that are reserved and not finished."""
    log = new_log(layout=Layout(2048 + 4 * 512, capacity=capacity))
    buffer = LogBuffer(log, ONE, entry_limit=200)
    places = []
    with pytest.raises(LogFull):
        while True:
            places.append(buffer.reserve(31))
    assert buffer.close_entry(waiting=1) is not None
    for place in reversed(places):
        buffer.finish(place, mtr_of_size(31))
    assert log.closed_lsn == log.last_lsn == buffer.reserved_lsn
    assert log.bytes_used <= capacity


def test_a_long_entry_is_closed_before_the_next_mtr_if_all_of_that_fits() -> None:
    for room, fits in ((25 + 33 + 10 + 33, True), (25 + 33 + 10 + 32, False)):
        log = new_log(layout=Layout(capacity=12 + room))
        buffer = LogBuffer(log, ONE, entry_limit=25)
        buffer.finish(buffer.reserve(25), mtr_of_size(25))
        if fits:
            buffer.finish(buffer.reserve(10), mtr_of_size(10))
        else:
            with pytest.raises(LogFull, match="no room for 10 more bytes: make a checkpoint"):
                buffer.reserve(10)
        assert (log.last_index, buffer.open_bytes) == ((1, 10) if fits else (0, 25))
        assert buffer.close_entry(waiting=1) == log.closed_lsn == log.last_lsn


@pytest.mark.parametrize(("capacity", "fits"), [(12 + 9 + 33, True), (12 + 9 + 32, False)])
def test_the_first_mtr_takes_the_last_byte_of_room(capacity: int, fits: bool) -> None:
    buffer = LogBuffer(new_log(layout=Layout(capacity=capacity)), ONE)
    if fits:
        assert buffer.reserve(9).end_lsn == naive_lsn(9)
    else:
        with pytest.raises(LogFull, match="no room for 9 more"):
            buffer.reserve(9)


def test_many_threads_commit_with_fewer_fsyncs() -> None:
    disk = MemoryDisk()
    log = new_log(disk, SMALL)
    commits = GroupCommit(log, LogBuffer(log, ONE))
    ends: list[Lsn] = []

    def client(number: int) -> None:
        for at in range(20):
            end = commits.commit([mtr_of_size(20 + number), mtr_of_size(50 + at)])
            assert log.durable_lsn >= end
            ends.append(end)

    threads = [Thread(target=client, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(ends)) == commits.commits == 120
    assert commits.fsyncs <= commits.commits
    disk.crash_keeping([False] * disk.pending)
    found = RedoLog.open(disk, layout=SMALL)
    assert found.last_lsn >= max(ends)
    assert len(found.mtr_ends(found.start_lsn, found.last_lsn)) == 240 + found.last_index


def test_one_fsync_for_all_that_wait() -> None:
    log = new_log()
    commits = GroupCommit(log, LogBuffer(log, ONE))
    ends = [commits.append([mtr_of_size(50)]) for _ in range(10)]
    for end in ends:
        commits.wait(end)
    assert (commits.fsyncs, commits.commits, log.last_index) == (1, 10, 1)


def test_who_comes_during_a_flush_waits_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    flushing, waiting = Event(), Event()

    class Announced(Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.set()
            return super().wait(timeout)

    monkeypatch.setattr(group_commit, "Condition", Announced)
    disk = MemoryDisk()
    log = new_log(disk)
    commits = GroupCommit(log, LogBuffer(log, ONE))
    together: list[str] = []

    def holds_the_first(what: str, name: str) -> None:
        if what == "fsync" and not waiting.is_set():
            if flushing.is_set():
                together.append(name)
                waiting.set()
            flushing.set()
            waiting.wait(60)

    disk.fault = holds_the_first
    first = Thread(target=commits.commit, args=([mtr_of_size(50)],))
    first.start()
    assert flushing.wait(60)
    end = commits.commit([mtr_of_size(60)])
    first.join(60)
    assert not together, "one fsync at a time"
    assert (commits.fsyncs, commits.commits, log.last_index) == (2, 2, 2)
    assert log.durable_lsn == log.last_lsn > end


def test_a_commit_is_durable_with_its_whole_entry() -> None:
    """LOG-1: of an entry without its meta record a crash leaves nothing, so a commit in it waits."""
    for crashes in (True, False):
        disk = MemoryDisk()
        log = new_log(disk)
        buffer = LogBuffer(log, ONE)
        commits = GroupCommit(log, buffer)
        end = commits.append([mtr_of_size(50)])
        place = buffer.reserve(20)
        commits.close_for(end)
        assert not commits.may_flush(end), "an mtr of its entry is not finished"
        assert log.fsync(log.last_lsn) == end
        assert not commits.is_done(end)
        if crashes:
            disk.crash_keeping([True] * disk.pending)
            assert RedoLog.open(disk).last_lsn == log.start_lsn
            continue
        buffer.finish(place, mtr_of_size(20))
        assert commits.may_flush(end)
        upto = commits.begins()
        assert not commits.is_done(end)
        commits.ends(upto)
        assert commits.is_done(end)


def test_where_mtrs_stand_and_when_all_are_finished() -> None:
    buffer = LogBuffer(new_log(), ONE)
    first, second = buffer.reserve(20), buffer.reserve(500)
    assert (first.start_lsn, first.end_lsn) == (naive_lsn(0), naive_lsn(20))
    assert (second.start_lsn, second.end_lsn) == (naive_lsn(20), naive_lsn(520))
    buffer.finish(second, mtr_of_size(500))
    assert not buffer.is_whole
    buffer.finish(first, mtr_of_size(20))
    assert buffer.is_whole


def test_who_waits_for_a_closed_entry_closes_no_other() -> None:
    log = new_log()
    buffer = LogBuffer(log, ONE)
    commits = GroupCommit(log, buffer)
    first = commits.append([mtr_of_size(50)])
    assert commits.close_for(first) == log.closed_lsn
    assert commits.may_flush(log.closed_lsn)
    second = commits.append([mtr_of_size(60)])
    assert [commits.close_for(lsn) for lsn in (first, log.closed_lsn)] == [None, None]
    assert buffer.open_bytes == 60
    commits.ends(commits.begins())
    assert commits.close_for(second) == log.closed_lsn
    assert commits.may_flush(second), "the flush before has ended"


def test_a_transaction_without_redo_waits_for_what_is_there() -> None:
    log = new_log()
    buffer = LogBuffer(log, ONE)
    commits = GroupCommit(log, buffer)
    end = commits.append([mtr_of_size(50)])
    assert commits.commit([]) == end
    assert log.durable_lsn == naive_lsn(50 + 33)
    assert commits.is_done(log.closed_lsn), "the end of the entry is as durable as what is in it"
    assert (commits.commit([]), commits.fsyncs) == (log.closed_lsn, 1)


def test_after_a_failed_fsync_every_commit_fails() -> None:
    disk = MemoryDisk()
    log = new_log(disk)
    commits = GroupCommit(log, LogBuffer(log, ONE))
    disk.fault = lambda what, _: SyncFailed("EIO") if what == "fsync" else None
    end = commits.append([mtr_of_size(50)])
    for _ in range(2):
        with pytest.raises(DiskError, match="unknown"):
            commits.wait(end)
        disk.fault = None
    with pytest.raises(DiskError, match="open the log again"):
        commits.commit([mtr_of_size(50)])
    assert commits.commits == 0


# What is sent, and where it is found.


def far_behind() -> RedoLog:
    log = new_log(layout=SMALL)
    for at in range(60):
        log.append_mtr(mtr_of_size(30 + at * 7))
        log.fsync(log.close_entry(ONE))
    return log


@pytest.mark.parametrize("batch", [1, 500, 3000, 10**6])
def test_batches_are_whole_entries_and_all_of_them(batch: int) -> None:
    """LOG-7: who is far behind gets it all from the files, and while one batch is sent the next is read."""
    log = far_behind()
    source = SendSource(log, batch_bytes=batch)
    follower, at = new_log(), log.start_lsn
    while at < log.closed_lsn:
        end, records = source.batch(at)
        source.read_ahead(end)
        assert follower.append_records(records) == end
        assert len(records) <= batch or len(log.entry_ends_of(at, records)) == 1
        at = end
    assert contents(follower) == contents(log)
    assert source.from_files == 1
    assert source.from_cache == 0
    assert source.batch(at) == (at, b"")


def test_pieces_for_who_is_far_behind_are_read_in_batches() -> None:
    """LOG-7: a piece (an entry, here) takes what the batch before it has read ahead; the files are read once
    for many."""
    log = far_behind()
    source = SendSource(log, cache_bytes=1, batch_bytes=3000)
    at, sent = log.start_lsn, b""
    while (end := log.entry_end_after(at)) is not None:
        sent += source.read(at, end)
        at = end
    assert sent == contents(log)
    batches = -(-len(sent) // 3000)
    assert source.from_cache == 0
    assert source.from_files + source.from_ahead == 60
    assert batches <= source.from_files <= batches + 3, "a batch ends with a whole entry"


def test_what_is_new_comes_from_the_cache_and_goes_when_cut() -> None:
    """LOG-4: no entry of another branch is sent behind a cut."""
    log = far_behind()
    source = SendSource(log, cache_bytes=320)
    start = log.last_lsn
    for size in (50, 60, 70, 80):
        log.append_mtr(mtr_of_size(size))
        log.close_entry(ONE)
    source.take_new()
    second = log.entry_end_after(start)
    assert second is not None
    log.fsync(log.last_lsn)
    assert source.batch(start)[1] == log.read(start, log.last_lsn), "evicted: from the files"
    assert (source.from_cache, source.from_files) == (0, 1)
    assert source.batch(second) == (log.last_lsn, log.read(second, log.last_lsn))
    assert source.from_cache == 1
    log.truncate(second)
    source.cut(second)
    assert source.batch(second) == (second, b"")
    log.close_entry(Term(5))
    source.take_new()
    assert source.batch(second)[1] == log.read(second, log.last_lsn)


def test_what_was_read_ahead_goes_when_cut() -> None:
    log = far_behind()
    source = SendSource(log, batch_bytes=1)
    start = log.entry(LogIndex(10)).end
    assert source.read_ahead(start)
    assert not source.read_ahead(start), "it is here"
    log.truncate(start)
    source.cut(start)
    log.append_mtr(mtr_of_size(77))
    log.fsync(log.close_entry(Term(2)))
    assert source.batch(start) == (log.last_lsn, log.read(start, log.last_lsn))


def test_the_entries_asked_for_last_stay_in_the_cache() -> None:
    log = far_behind()
    finder = EntryFinder(log._files, log._index, cache_size=2)
    for index, cached in ((1, 0), (2, 0), (1, 1), (3, 1), (1, 2), (2, 2), (1, 3), (3, 3)):
        assert finder.find(LogIndex(index)) == log.entry(LogIndex(index))
        assert finder.cached == cached
    assert finder.scanned == 5
    finder.forget()
    finder.find(LogIndex(1))
    assert finder.scanned == 6


def test_a_follower_below_what_is_kept_is_told() -> None:
    log = far_behind()
    ends = [log.entry(LogIndex(index)).end for index in range(1, 61)]
    log.checkpoint(log.last_lsn)
    assert log.delete([ends[40]]) > 3
    with pytest.raises(LogDeleted, match="seed"):
        SendSource(log).batch(log.start_lsn)
    base = 1 + ends.index(log.first_lsn)
    for index in (1, base):
        with pytest.raises(LogDeleted, match=f"entry {index} was deleted: the log begins behind {base}"):
            log.finder.find(LogIndex(index))
        with pytest.raises(LogDeleted, match=f"entry {index} was deleted: this log has {base + 1} to 60"):
            log.entry(LogIndex(index))
    assert log.finder.find(LogIndex(base + 1)) == log.entry(LogIndex(base + 1))


def test_an_index_is_found_by_cache_by_file_and_by_scan() -> None:
    """LOG-3, in each file and at its borders."""
    log = far_behind()
    low = 1
    for first, last in log.finder.ranges():
        assert first == low
        low = last + 1
    assert low == 61
    for index in range(1, 61):
        assert log.finder.find(LogIndex(index)) == log.entry(LogIndex(index))
    assert (log.finder.scanned, log.finder.cached) == (60, 0)
    for again in (1, 2):
        log.finder.find(LogIndex(60))
        assert (log.finder.scanned, log.finder.cached) == (60, again)
    for index in (0, 61):
        with pytest.raises(LogMisuse, match=f"no entry has index {index}: the last one has 60"):
            log.finder.find(LogIndex(index))
    with pytest.raises(
        CorruptRedo, match=r"of entry 99 is not in the file, at #ib_redo1, byte 2048: restore"
    ):
        scan_for(log._files, log._files.segments[1], LogIndex(99))


def test_an_index_is_found_behind_an_mtr_longer_than_a_file() -> None:
    """So in some files no mtr starts in the first block, or in any."""
    log = new_log(layout=SMALL)
    for size in (1200, 300, 1500, 4500, 20, 30, 2500):
        log.append_mtr(mtr_of_size(size))
        log.fsync(log.close_entry(ONE))
    for index in range(1, 8):
        assert log.finder.find(LogIndex(index)) == log.entry(LogIndex(index))
    assert any(first > last for first, last in log.finder.ranges())


def test_an_index_is_found_where_the_last_file_has_no_end_of_an_entry() -> None:
    log = new_log(layout=SMALL)
    log.append_mtr(mtr_of_size(300))
    log.fsync(log.close_entry(ONE))
    log.append_mtr(mtr_of_size(2500))
    log.fsync(log.last_lsn)
    assert log.finder.ranges()[0] == (1, 1)
    assert set(log.finder.ranges()[1:]) == {(2, 1)}
    assert log.finder.find(LogIndex(1)) == log.entry(LogIndex(1))


def test_an_index_is_found_anew_behind_a_cut() -> None:
    """LOG-3: the cache forgets the entries of the other branch, and ends where the log ends."""
    log = far_behind()
    old = [log.finder.find(LogIndex(index)) for index in (40, 41, 60)]
    log.truncate(old[0].end)
    log.append_mtr(mtr_of_size(123))
    log.fsync(log.close_entry(Term(2)))
    assert log.finder.find(LogIndex(40)) == old[0]
    found = log.finder.find(LogIndex(41))
    assert (found.term, found.start, found.end) == (Term(2), old[0].end, log.last_lsn)
    assert found != old[1]
    with pytest.raises(LogMisuse, match="no entry has index"):
        log.finder.find(LogIndex(60))


def test_an_index_whose_file_was_deleted_is_told() -> None:
    """LOG-3: it is not found in the cache either."""
    log = far_behind()
    log.finder.find(LogIndex(1))
    log.checkpoint(log.last_lsn)
    assert log.delete([log.entry(LogIndex(30)).end]) > 0
    with pytest.raises(LogDeleted):
        log.finder.find(LogIndex(1))
    first = LogIndex(log.finder.ranges()[0][0])
    assert log.finder.find(first) == log.entry(first)
