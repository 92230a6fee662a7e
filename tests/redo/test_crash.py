"""Crashes: at every operation of the file, with every (or many a) choice of what survives.

What must be found: whole entries only, a prefix of what was written, at least what was durable (LOG-1); after
a cut, nothing of what was cut beside anything that was not (H12).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.disk.memory import CrashMode, MemoryDisk
from redoraft.errors import DiskError
from redoraft.redo.log import RedoLog
from redoraft.types import LogIndex, Lsn, Term

from .kit import LOG, Branch, WatchedDisk, contents, mtr_of_size, mtrs, new_log


@attrs.define
class Witness:
    """Crashes a copy of the disk at every moment, and looks whether what is found is of an allowed branch."""

    disk: MemoryDisk
    rng: Random
    branches: list[Branch] = attrs.field(factory=list)
    seen: set[Lsn] = attrs.field(factory=set)
    crashes: int = 0

    def look(self) -> None:
        for keep in self._choices(self.disk.pending):
            crashed = self.disk.copy()
            crashed.crash_keeping(keep)
            self._crash_in_recovery(crashed)
            found = RedoLog.open(crashed)
            self._judge(found)
            self._reuse(crashed, found)

    def _choices(self, pending: int) -> Iterator[tuple[bool, ...]]:
        if pending <= 6:
            yield from product((False, True), repeat=pending)
            return
        for kept in range(pending + 1):
            yield (True,) * kept + (False,) * (pending - kept)
        for _ in range(24):
            yield tuple(self.rng.random() < 0.5 for _ in range(pending))

    def _judge(self, found: RedoLog) -> None:
        self.crashes += 1
        self.seen.add(found.last_lsn)
        assert any(branch.allows(found) for branch in self.branches), (
            f"found entries up to {found.last_lsn}, of none of the branches that may be there"
        )
        assert found.last_lsn == found.closed_lsn == found.durable_lsn

    def _crash_in_recovery(self, crashed: MemoryDisk) -> None:
        """The node loses power again while it opens the log."""
        again = crashed.copy()
        for stop in range(self.rng.choice([0, 1, 2, 3])):
            try:
                RedoLog.open(WatchedDisk(again, fail_at=stop))
            except DiskError:
                again.crash(self.rng)
        self._judge(RedoLog.open(again))

    def _reuse(self, disk: MemoryDisk, found: RedoLog) -> None:
        """Another branch over the same LSNs: nothing of the old one comes back into it."""
        before = contents(found)
        found.append_mtr(mtr_of_size(self.rng.choice([1, 30, 500, 1200])))
        found.write(found.close_entry(Term(99)))
        written = contents(found)
        disk.crash(self.rng, self.rng.choice(["subset", "prefix"]))
        after = contents(RedoLog.open(disk))
        assert after in (before, written)


def start(witness: Witness) -> RedoLog:
    witness.branches = [Branch(b"", (Lsn(8204),), Lsn(8204))]
    return RedoLog.open(WatchedDisk(witness.disk, witness.look))


def grow(witness: Witness, log: RedoLog, sizes: list[int], term: int, *, sync: bool) -> None:
    for size in sizes:
        log.append_mtr(mtr_of_size(size))
    end = log.close_entry(Term(term))
    least = log.durable_lsn
    witness.branches = [Branch.of(log, log.entry_end_at_or_below(least))]
    if sync:
        log.fsync(end)
        witness.branches = [Branch.of(log, end)]
    else:
        log.write(end)


def cut(witness: Witness, log: RedoLog, index: int) -> None:
    before = Branch.of(log, log.entry_end_at_or_below(log.durable_lsn))
    to = log.entry(LogIndex(index)).end if index else log.start_lsn
    ends = tuple(end for end in before.ends if end <= to)
    after = Branch(log.read(log.start_lsn, to), ends, min(before.least, to))
    witness.branches = [before, after]
    log.truncate(to)
    witness.branches = [attrs.evolve(after, least=min(before.least, to))]
    witness.look()


@pytest.mark.parametrize("seed", range(3))
def test_a_crash_at_every_operation(seed: int) -> None:
    witness = Witness(MemoryDisk(), Random(seed))
    log = start(witness)
    grow(witness, log, [40], 1, sync=True)
    grow(witness, log, [300, 200], 1, sync=True)
    grow(witness, log, [1500], 1, sync=False)
    grow(witness, log, [10, 900], 2, sync=False)
    grow(witness, log, [5], 2, sync=True)
    cut(witness, log, 2)
    grow(witness, log, [2000], 3, sync=False)
    cut(witness, log, 1)
    grow(witness, log, [383], 4, sync=True)
    grow(witness, log, [470], 4, sync=True)
    assert log.last_lsn % 512 == 12, "a log that ends at the border of a block"
    grow(witness, log, [1800], 4, sync=True)
    cut(witness, log, 3)
    cut(witness, log, 0)
    grow(witness, log, [700], 5, sync=True)
    assert witness.crashes > 300
    assert len(witness.seen) >= 8, "the crashes found many different ends"


STEPS = st.one_of(
    st.tuples(st.just("mtr"), mtrs()),
    st.tuples(st.just("close"), st.integers(0, 2)),
    st.tuples(st.just("write"), st.integers(0, 5)),
    st.tuples(st.just("fsync"), st.integers(0, 5)),
    st.tuples(st.just("truncate"), st.integers(0, 3)),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(STEPS, max_size=25), st.integers(0, 2**32), st.sampled_from(["subset", "prefix"]))
def test_any_history_and_any_crash(steps: list[tuple[str, bytes | int]], seed: int, mode: CrashMode) -> None:
    disk = MemoryDisk()
    log = new_log(disk)
    for name, arg in steps:
        ends = (log.start_lsn, *log.mtr_ends(log.start_lsn, log.last_lsn))
        if isinstance(arg, bytes):
            log.append_mtr(arg)
        elif name == "close":
            log.close_entry(Term(max(1, log.last_term + arg)))
        elif name == "truncate":
            log.truncate(
                log.entry(LogIndex(log.last_index - arg)).end if log.last_index > arg else log.start_lsn
            )
        else:
            upto = ends[max(0, len(ends) - 1 - arg)]
            assert (log.write if name == "write" else log.fsync)(upto) >= upto
    least, most = log.entry_end_at_or_below(log.durable_lsn), log.written_lsn
    written = log.read(log.start_lsn, log.entry_end_at_or_below(most))
    ends = log.mtr_ends(log.start_lsn, most)
    disk.crash(Random(seed), mode)
    found = RedoLog.open(disk)
    assert least <= found.last_lsn <= most
    assert found.last_lsn == found.closed_lsn == found.durable_lsn == found.scanned.end_lsn
    assert written.startswith(contents(found))
    assert found.mtr_ends(found.start_lsn, most) == tuple(end for end in ends if end <= found.last_lsn)
    for index in range(1, found.last_index + 1):
        assert found.entry(LogIndex(index)) == log.entry(LogIndex(index))


def test_a_stale_block_behind_a_lost_one_is_gone_after_the_restart() -> None:
    """The plainest splice: a block is lost, the next is kept, then the lost one is written anew (H12)."""
    disk = MemoryDisk()
    log = new_log(disk)
    log.append_mtr(mtr_of_size(300))
    log.fsync(log.close_entry(Term(1)))
    end = log.last_lsn
    log.append_mtr(mtr_of_size(1500))
    log.write(log.close_entry(Term(1)))
    keep = [False] * disk.pending
    keep[0] = keep[-1] = True
    disk.crash_keeping(keep)
    size = disk.open(LOG).size
    again = RedoLog.open(disk)
    assert again.last_lsn == end
    assert disk.open(LOG).size < size
    again.append_mtr(mtr_of_size(400))
    again.fsync(again.close_entry(Term(2)))
    held = contents(again)
    disk.crash(Random(0))
    assert contents(RedoLog.open(disk)) == held
