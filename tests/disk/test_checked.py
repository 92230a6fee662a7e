"""The disk on which a crash is a precondition: it asks of every crash, up to a bound, before every change."""

from __future__ import annotations

from random import Random

import pytest

from redoraft.disk.memory import SECTOR, MemoryDisk
from redoraft.disk.subsets import count_of_subsets
from redoraft_check.machines.checked_disk import BOUND, CheckedDisk, PowerLost, crashes, picture

OLD, NEW = b"o" * SECTOR, b"n" * SECTOR


def disk_with(sectors: int) -> CheckedDisk:
    """A file of so many sectors, durable."""
    disk = CheckedDisk()
    file = disk.open("a")
    file.write(0, OLD * sectors)
    file.fsync()
    return disk


@pytest.mark.parametrize("pending", range(8))
def test_the_crashes_are_all_that_differ_up_to_the_bound(pending: int) -> None:
    disk = disk_with(pending + 2)
    file = disk.open("a")
    file.write(0, NEW * pending)
    file.write(pending * SECTOR, OLD)
    assert disk.pending == pending + 1, "the last write makes no difference"
    found = [picture(crashed) for crashed in crashes(disk)]
    assert len(found) == len(set(found)) == count_of_subsets(pending, BOUND, 1)
    if pending <= BOUND:
        # Counted another way: dice do not find any other.
        rng = Random(pending)
        for _ in range(200):
            other = disk.copy()
            other.crash(rng)
            assert picture(other) in found


def judged(disk: MemoryDisk) -> None:
    """A record of two sectors is whole, old or new, in one of two places."""
    file = disk.open("a")
    places = [file.read(at * 2 * SECTOR, 2 * SECTOR) for at in (0, 1)]
    assert any(one in {OLD * 2, NEW * 2} for one in places)


def test_what_is_written_in_place_is_caught_before_the_fsync() -> None:
    """The record is put over itself, then made durable; without a crash nobody would see it."""
    disk = disk_with(2)
    disk.recovers = judged
    disk.open("a").write(0, NEW * 2)
    with pytest.raises(AssertionError):
        disk.open("a").fsync()


def test_what_is_written_beside_it_first_passes() -> None:
    disk = disk_with(4)
    disk.recovers = judged
    for at in (1, 0):
        disk.open("a").write(at * 2 * SECTOR, NEW * 2)
        disk.open("a").fsync()
    disk.look()


def test_the_power_goes_behind_so_many_changes() -> None:
    disk = disk_with(1)
    disk.left = 1
    disk.open("a").write(0, NEW)
    with pytest.raises(PowerLost):
        disk.open("a").fsync()
    disk.crash_by(0)
    assert disk.open("a").read(0, SECTOR) == OLD
    disk.open("a").write(0, NEW)
    disk.crash_by(-1)
    assert disk.open("a").read(0, SECTOR) == NEW


def test_a_crash_that_leaves_the_same_is_judged_once_until_it_has_to_leave_something_else() -> None:
    disk = disk_with(1)
    asked: list[MemoryDisk] = []
    disk.recovers = asked.append
    disk.look()
    disk.look()
    assert len(asked) == 1
    disk.open("a").write(0, NEW)
    disk.look()
    assert len(asked) == 2, "with and without the sector, and without it was seen"
    disk.forget()
    disk.look()
    assert len(asked) == 4
