"""Power fails at every operation of the disk, with every subset of the sectors that matter.

A sector that is written with what it holds already survives or is lost to the same effect: only *effective*
changes are enumerated, all subsets of them, so every outcome of a crash is covered.  The number of outcomes
is counted again from the scenario: which sectors of which page an mtr touches.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product

import attrs
import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptPage, DiskError, StorageStopped
from redoraft.storage.engine import Storage
from redoraft.storage.mutants import MUTANTS
from redoraft.storage.page import PageId
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft_check.machines.storage_parts import START, Journal, body, content, opened, position_of, write

from .kit import Op, WatchedDisk, journal_of

P, Q = PageId(1, 0), PageId(1, 1)
MOST_EFFECTIVE = 12
"""The bound: no more effective changes may be pending at once, or the enumeration would not be whole."""


@attrs.define
class Enumeration:
    """Every outcome of a crash now; `wrong` counts those that do not recover."""

    disk: MemoryDisk
    journal: Journal
    rules: StorageRules
    outcomes: list[int] = attrs.field(factory=list)
    recoveries: int = 0
    wrong: int = 0

    def look(self) -> None:
        found = 0
        for crashed in self._crashes():
            found += 1
            self.wrong += not self._recovers(crashed.copy())
            for stop in range(3):
                self.wrong += not self._recovers(self._again(crashed.copy(), stop))
        self.outcomes.append(found)

    def _crashes(self) -> Iterator[MemoryDisk]:
        effective = [number for number in range(self.disk.pending) if self._matters(number)]
        assert len(effective) <= MOST_EFFECTIVE
        for chosen in product((False, True), repeat=len(effective)):
            kept = {number for number, keep in zip(effective, chosen, strict=True) if keep}
            yield self._keeping(kept)

    def _matters(self, number: int) -> bool:
        return files(self._keeping({number})) != files(self._keeping(set()))

    def _keeping(self, kept: set[int]) -> MemoryDisk:
        crashed = self.disk.copy()
        crashed.crash_keeping([number in kept for number in range(crashed.pending)])
        return crashed

    def _again(self, disk: MemoryDisk, stop: int) -> MemoryDisk:
        """Power fails once more, while the node starts; nothing of what was written then survives."""

        def before(_op: Op) -> None:
            if len(watched.ops) == stop:
                raise DiskError("the power is gone again")

        watched = WatchedDisk(disk, before)
        try:
            opened(watched, self.journal, self.rules)
        except DiskError:
            disk.crash_keeping([False] * disk.pending)
        return disk

    def _recovers(self, disk: MemoryDisk) -> bool:
        self.recoveries += 1
        try:
            storage = opened(disk, self.journal, self.rules)
            storage.apply(self.journal.apply_limit)
            return all(body(storage.read(page)) == content(page, self.journal.items) for page in (P, Q))
        except CorruptPage:
            return False


def files(disk: MemoryDisk) -> list[tuple[str, bytes]]:
    return [(name, disk.open(name).read(0, disk.open(name).size)) for name in disk.names]


def two_pages_on_disk(rules: StorageRules) -> tuple[Journal, WatchedDisk, Storage]:
    """Both pages are on disk with the first mtr; the second changes sector 0 of P, and sector 17 of Q."""
    journal = journal_of([write(P, 100, b"one"), write(Q, 9000, b"two")])
    watched = WatchedDisk(MemoryDisk())
    storage = opened(watched, journal, rules)
    storage.apply(journal.apply_limit)
    storage.flush_list()
    storage.checkpoint()
    more = journal_of([write(P, 100, b"ONE"), write(Q, 9000, b"TWO")])
    journal.items += more.items
    journal.durable = journal.known = len(journal.items)
    storage.apply(journal.apply_limit)
    return journal, watched, storage


def enumerated(rules: StorageRules = ALL_STORAGE_RULES) -> Enumeration:
    journal, watched, storage = two_pages_on_disk(rules)
    found = Enumeration(watched.disk, journal, rules)
    watched.after = lambda _op: found.look()
    found.look()
    storage.flush_list()
    storage.checkpoint()
    assert position_of(storage.checkpoint_lsn) == len(journal.items)
    return found


HEAD, TAIL = 0, 31
"""The sectors of a page with its LSN and checksums; sector 0 has byte 100 too."""
SECTORS_P = {HEAD, 100 // 512, TAIL}
SECTORS_Q = {HEAD, 9000 // 512, TAIL}


def count_by_hand() -> list[int]:
    """Outcomes at each point, from what is pending there: sectors that differ from what the disk has."""
    p, q = len(SECTORS_P), len(SECTORS_Q)
    flush = [0, 1, 1 + p, 1 + p + q, 0, p, p + q, 0]
    checkpoint = [1, 0]
    return [2**pending for pending in flush + checkpoint]


def test_every_outcome_of_a_crash_recovers(capsys: pytest.CaptureFixture[str]) -> None:
    found = enumerated()
    counts = f"{len(found.outcomes)} points, {sum(found.outcomes)} outcomes, {found.recoveries} recoveries"
    with capsys.disabled():
        sys.stdout.write(f"\n{counts}\n")
    assert found.outcomes == count_by_hand()
    assert found.recoveries == 4 * sum(found.outcomes)
    assert found.wrong == 0


@pytest.mark.parametrize("name", ["writes-in-place", "trusts-torn-pages"])
def test_without_the_copy_some_do_not(name: str) -> None:
    assert enumerated(MUTANTS[name].rules()).wrong > 0


def test_a_new_file_that_was_cut_short_is_whole_again() -> None:
    """The first write of a page makes its file grow: any number of its sectors may be there."""
    journal = journal_of([write(P, 100, b"one"), write(P, 16000, b"end")])
    watched = WatchedDisk(MemoryDisk())
    storage = opened(watched, journal)
    storage.apply(journal.apply_limit)
    looked = []

    def look(_op: Op) -> None:
        for kept in range(watched.disk.pending + 1):
            crashed = watched.disk.copy()
            crashed.crash_keeping([at < kept for at in range(crashed.pending)])
            again = opened(crashed, journal)
            again.apply(journal.apply_limit)
            looked.append(body(again.read(P)) == content(P, journal.items))

    watched.after = look
    storage.flush_list()
    assert all(looked)
    assert len(looked) > 2 * 32


def test_the_disk_fails_at_every_operation() -> None:
    """A write or fsync that fails stops the engine; a start on what is left recovers."""
    for stop in range(20):
        journal = journal_of([write(P, 100, b"one"), write(Q, 9000, b"two")])
        watched = WatchedDisk(MemoryDisk())
        storage = opened(watched, journal)
        storage.apply(journal.apply_limit)
        done = len(watched.ops)

        def before(_op: Op, watched: WatchedDisk = watched, last: int = done + stop) -> None:
            if len(watched.ops) == last:
                raise DiskError("no space left on device")

        watched.before = before
        try:
            storage.flush_list()
            storage.checkpoint()
        except DiskError:
            with pytest.raises(StorageStopped, match="open the storage again"):
                storage.flush_list()
            watched.disk.crash_keeping([False] * watched.disk.pending)
            again = opened(watched.disk, journal)
            again.apply(journal.apply_limit)
            assert body(again.read(Q)) == content(Q, journal.items)
        else:
            assert stop == len(watched.ops) - done == 9
            assert storage.checkpoint_lsn > START
            return
    raise AssertionError("there is an end to the operations")
