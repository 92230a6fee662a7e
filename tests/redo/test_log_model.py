"""RedoLog against a plain list of mtrs, with crashes, and a follower that takes over its bytes."""

from __future__ import annotations

from bisect import bisect_right
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from redoraft.disk.memory import CrashMode, MemoryDisk
from redoraft.errors import LogDeleted, UnsafeCut
from redoraft.redo.files import Layout, RedoFiles
from redoraft.redo.log import RedoLog
from redoraft.redo.record import Meta, encode_meta
from redoraft.types import LogIndex, Lsn, Term

from .kit import NaiveLog, contents, mtr_of_size, mtrs, new_log

PICK = st.integers(0, 10**6)
SMALL = Layout(file_size=2048 + 512)
"""A file for each block."""


def blocks(disk: MemoryDisk, layout: Layout) -> dict[int, bytes]:
    """Every block of the log, by its ordinal."""
    files = RedoFiles.open(disk, layout)
    return {block: raw for block, raw in files.blocks(files.first_block) if raw}


class LogMachine(RuleBasedStateMachine):
    """`items` of the model are mtrs; `durable` and `written` count them."""

    def __init__(self) -> None:
        super().__init__()
        self.disk, self.follower_disk = MemoryDisk(), MemoryDisk()
        self.log, self.follower = new_log(self.disk, SMALL), new_log(self.follower_disk)
        self.model, self.copy = NaiveLog(), NaiveLog()
        self.durable = self.written = self.checkpointed = 0

    @rule(data=mtrs())
    def append_mtr(self, data: bytes) -> None:
        self.model.items.append((data, None))
        assert self.log.append_mtr(data) == self.model.lsn(len(self.model.items))

    @rule(step=st.integers(0, 2))
    def close_entry(self, step: int) -> None:
        counts = self.model.entry_counts()
        last = self.model.items[counts[-1] - 1][1] if counts[-1] else None
        term = Term(max(1, (last or 0) + step))
        size = len(self.model.data(counts[-1], len(self.model.items)))
        meta = Meta(term, LogIndex(len(counts)), self.model.lsn(counts[-1]), size)
        self.model.items.append((encode_meta(meta), term))
        assert self.log.close_entry(term) == self.model.lsn(len(self.model.items))

    @rule(sizes=st.lists(st.integers(200, 1200), min_size=2, max_size=5))
    def append_entries(self, sizes: list[int]) -> None:
        """So that there are several files."""
        for size in sizes:
            self.append_mtr(mtr_of_size(size))
            self.close_entry(0)

    @rule(pick=PICK, durably=st.booleans())
    def flush(self, pick: int, durably: bool) -> None:
        count = max(pick % (len(self.model.items) + 1), self.model.count_at(self.log.first_lsn))
        self.written = max(self.written, count)
        if durably:
            self.durable = self.written
            assert self.log.fsync(self.model.lsn(count)) == self.model.lsn(self.durable)
        else:
            assert self.log.write(self.model.lsn(count)) == self.model.lsn(self.written)

    @rule(pick=PICK)
    def truncate(self, pick: int) -> None:
        counts = self.model.entry_counts()
        # Mostly near the end, as in life.
        self._cut(counts[max(-len(counts), -1 - pick % 4)])

    @rule()
    def truncate_the_open_entry(self) -> None:
        self._cut(self.model.entry_counts()[-1])

    def _cut(self, count: int) -> None:
        if count < self.checkpointed:
            with pytest.raises(UnsafeCut):
                self.log.truncate(self.model.lsn(count))
            return
        self.log.truncate(self.model.lsn(count))
        del self.model.items[count:]
        self.durable, self.written = min(self.durable, count), min(self.written, count)

    @rule(seed=PICK, mode=st.sampled_from(["subset", "prefix"]))
    def crash(self, seed: int, mode: CrashMode) -> None:
        self.disk.crash(Random(seed), mode)
        self.log = RedoLog.open(self.disk, layout=SMALL)
        assert self.log.checkpoint_lsn == self.model.lsn(self.checkpointed)
        found = self.model.count_at(self.log.last_lsn)
        assert self.model.closed(self.durable) <= found <= self.model.closed(self.written)
        assert found in self.model.entry_counts()
        del self.model.items[found:]
        self.durable = self.written = found

    @rule(one=PICK, other=PICK)
    def read(self, one: int, other: int) -> None:
        counts = self.model.entry_counts()
        low, high = sorted((counts[one % len(counts)], counts[other % len(counts)]))
        start, end = self.model.lsn(low), self.model.lsn(high)
        if start < self.log.first_lsn:
            with pytest.raises(LogDeleted):
                self.log.read(start, end)
        else:
            assert self.log.read(start, end) == self.model.data(low, high)

    @rule(pick=PICK)
    def checkpoint(self, pick: int) -> None:
        self.checkpointed += pick % (self.model.closed(self.durable) - self.checkpointed + 1)
        self.log.checkpoint(self.model.lsn(self.checkpointed))

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        """A follower is behind; what it needs stays, and what is left begins in one of two files below."""
        follower = self.model.lsn(pick % (len(self.model.items) + 1))
        limit = min(follower, self.log.checkpoint_lsn)
        before = self.log.first_lsn
        deleted = self.log.delete([follower])
        assert before <= self.log.first_lsn <= max(limit, before)
        assert (deleted > 0) == (self.log.first_lsn > before)

    @rule(keep=st.integers(0, 2))
    def flush_checkpoint_and_delete(self, keep: int) -> None:
        """As a node does that is not behind: all but the last entries may go."""
        self.flush(len(self.model.items), durably=True)
        counts = self.model.entry_counts()
        self.checkpointed = max(self.checkpointed, counts[max(0, len(counts) - 1 - keep)])
        self.log.checkpoint(self.model.lsn(self.checkpointed))
        self.log.delete([self.log.last_lsn])
        assert self.log.first_lsn <= self.log.checkpoint_lsn

    @precondition(lambda self: self.log.closed_lsn > self.log.first_lsn)
    @rule(pick=PICK)
    def find(self, pick: int) -> None:
        self.log.write(self.log.last_lsn)
        self.written = len(self.model.items)
        low = self.model.entry_counts().index(self.model.count_at(self.log.first_lsn)) + 1
        index = LogIndex(low + pick % (self.log.last_index - low + 1))
        scanned = self.log.finder.scanned
        assert self.log.finder.find(index) == self.log.entry(index) == self.log.finder.find(index)
        assert self.log.finder.scanned - scanned <= 1

    @rule(pick=PICK, seed=PICK)
    def ship(self, pick: int, seed: int) -> None:
        """The follower cuts where it parts from this log, and takes a piece."""
        ours, theirs = self.model.items, self.copy.items
        same = next(
            (at for at, (mine, other) in enumerate(zip(ours, theirs, strict=False)) if mine != other),
            min(len(ours), len(theirs)),
        )
        shared = self.model.closed(same)
        counts = [count for count in self.model.entry_counts() if count >= shared]
        upto = counts[pick % len(counts)]
        self.follower.truncate(self.copy.lsn(shared))
        if self.model.lsn(shared) < self.log.first_lsn:
            return
        piece = self.log.read(self.model.lsn(shared), self.model.lsn(upto))
        end = self.follower.append_records(piece)
        self.copy.items = ours[:upto]
        self.follower.fsync(end)
        self.follower_disk.crash(Random(seed))
        self.follower = RedoLog.open(self.follower_disk)
        assert contents(self.follower) == self.copy.data(0, upto)

    @precondition(lambda self: self.model.items and self.model.items == self.copy.items)
    @rule()
    def equal_logs_are_equal_blocks(self) -> None:
        """Whatever files they lie in."""
        self.log.fsync(self.log.last_lsn)
        self.durable = self.written = len(self.model.items)
        ours, theirs = blocks(self.disk, SMALL), blocks(self.follower_disk, Layout())
        for block in ours.keys() & theirs.keys():
            assert ours[block] == theirs[block]
        # An empty last block is there after a cut only.
        assert abs(max(ours) - max(theirs)) in (0, 1)

    @invariant()
    def positions_are_those_of_the_model(self) -> None:
        items, log = self.model.items, self.log
        counts = self.model.entry_counts()
        ends = [self.model.lsn(count) for count in counts]
        assert log.last_lsn == self.model.lsn(len(items))
        assert log.closed_lsn == ends[-1]
        assert log.durable_lsn == self.model.lsn(self.durable)
        assert log.written_lsn == self.model.lsn(self.written)
        assert log.last_index == len(counts) - 1
        assert log.last_term == (items[counts[-1] - 1][1] if counts[-1] else 0)
        kept = self.model.count_at(log.first_lsn)
        ends = ends[counts.index(kept) :]
        all_ends = tuple(self.model.lsn(count) for count in range(kept + 1, len(items) + 1))
        assert log.mtr_ends(log.first_lsn, log.last_lsn) == all_ends
        for at, lsn in enumerate(all_ends, kept + 1):
            assert log.term_at(lsn) == items[at - 1][1]
        assert log.checkpoint_lsn == self.model.lsn(self.checkpointed)
        for probe in {Lsn(end + step) for end in (*ends, *all_ends) for step in (-1, 0, 1)}:
            above = bisect_right(ends, probe)
            if probe < log.first_lsn:
                continue
            assert log.entry_end_at_or_below(probe) == ends[max(0, above - 1)]
            if probe >= log.start_lsn:
                assert log.entry_end_after(probe) == (ends[above] if above < len(ends) else None)


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
