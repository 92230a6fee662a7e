"""The disk that can crash: what is kept, what is lost, and that nothing else can happen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft.disk.memory import CrashMode, MemoryDisk, MemoryFile
from redoraft.errors import DiskError, StaleHandle
from redoraft.files import Disk, File


def content(disk: MemoryDisk, name: str = "f") -> bytes:
    file = disk.open(name)
    return file.read(0, file.size)


def survivors(disk: MemoryDisk) -> set[bytes]:
    """What file f can hold after a crash now: each choice once."""
    found = set()
    for keep in product((False, True), repeat=disk.pending):
        crashed = disk.copy()
        crashed.crash_keeping(keep)
        found.add(content(crashed))
    return found


def test_it_is_the_file_that_the_log_asks_for() -> None:
    disk: Disk = MemoryDisk()
    file: File = MemoryDisk().open("f")
    assert (file.size, disk.open("f").size) == (0, 0)


CHANGES = st.lists(
    st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=1500)) | st.integers(0, 3000), max_size=8
)


@given(CHANGES)
def test_reads_see_every_write_at_once(changes: list[tuple[int, bytes] | int]) -> None:
    disk = MemoryDisk()
    file = disk.open("f")
    plain = bytearray()
    for change in changes:
        if isinstance(change, int):
            file.truncate(change)
            plain = plain[:change].ljust(change, b"\0")
        else:
            at, data = change
            file.write(at, data)
            plain = plain.ljust(at, b"\0")
            plain[at : at + len(data)] = data
    assert (file.size, file.read(0, 10**6)) == (len(plain), bytes(plain))
    assert file.read(5, 7) == bytes(plain[5:12])
    file.fsync()
    assert disk.pending == 0
    disk.crash(Random(0))
    assert content(disk) == bytes(plain)


def test_each_sector_is_kept_or_lost_by_itself() -> None:
    disk = MemoryDisk()
    file = disk.open("f")
    file.write(0, b"-" * 1536)
    file.fsync()
    file.write(500, b"x" * 600)
    parts = [b"-" * 500 + b"x" * 12, b"x" * 512, b"x" * 76 + b"-" * 436]
    expected = {
        b"".join(part if kept else b"-" * 512 for part, kept in zip(parts, keep, strict=True))
        for keep in product((False, True), repeat=3)
    }
    assert survivors(disk) == expected


def test_a_later_write_of_a_sector_brings_the_earlier_one_with_it() -> None:
    disk = MemoryDisk()
    file = disk.open("f")
    file.write(0, b"-" * 4)
    file.fsync()
    file.write(0, b"a")
    file.write(3, b"b")
    assert survivors(disk) == {b"----", b"a---", b"a--b"}


def test_a_file_grows_by_its_size_or_by_its_sectors() -> None:
    disk = MemoryDisk()
    disk.open("f").write(0, b"x" * 600)
    assert survivors(disk) == {
        b"",
        bytes(600),
        b"x" * 512,
        b"x" * 512 + bytes(88),
        bytes(512) + b"x" * 88,
        b"x" * 600,
    }


def test_a_shorter_size_is_kept_or_lost() -> None:
    disk = MemoryDisk()
    file = disk.open("f")
    file.write(0, b"x" * 10)
    file.fsync()
    file.truncate(4)
    file.write(6, b"y")
    assert survivors(disk) == {b"x" * 10, b"xxxx", b"xxxx\0\0\0", b"xxxx\0\0y", b"xxxx\0\0yxxx"}


def test_both_modes_reach_what_they_should_and_no_more() -> None:
    def after(mode: CrashMode, seed: int) -> bytes:
        disk = MemoryDisk()
        file = disk.open("f")
        file.write(0, b"-" * 1024)
        file.fsync()
        file.write(0, b"1" * 512)
        file.write(512, b"2" * 512)
        disk.crash(Random(seed), mode)
        return content(disk)[::512]

    assert {after("prefix", seed) for seed in range(60)} == {b"--", b"1-", b"12"}
    assert {after("subset", seed) for seed in range(60)} == {b"--", b"1-", b"-2", b"12"}
    assert after("subset", 7) == after("subset", 7)


def test_files_crash_together_and_by_themselves() -> None:
    disk = MemoryDisk()
    disk.open("a").write(0, b"a")
    disk.open("b").write(0, b"b")
    disk.open("a").fsync()
    assert (disk.names, disk.pending) == (("a", "b"), 2)
    disk.crash_keeping([False, False])
    assert (content(disk, "a"), content(disk, "b"), disk.names) == (b"a", b"", ("a", "b"))


USES: list[Callable[[MemoryFile], object]] = [
    lambda file: file.size,
    lambda file: file.read(0, 1),
    lambda file: file.write(0, b"x"),
    lambda file: file.fsync(),
    lambda file: file.truncate(0),
]


@pytest.mark.parametrize("use", USES)
def test_a_handle_from_before_the_crash_is_stale(use: Callable[[MemoryFile], object]) -> None:
    disk = MemoryDisk()
    file = disk.open("f")
    file.write(0, b"abc")
    file.fsync()
    disk.crash(Random(0))
    with pytest.raises(StaleHandle, match="open it again"):
        use(file)
    assert content(disk) == b"abc"


def test_numbers_below_zero_are_refused() -> None:
    file = MemoryDisk().open("f")
    for use in (
        lambda: file.read(-1, 1),
        lambda: file.read(0, -1),
        lambda: file.write(-1, b"x"),
        lambda: file.truncate(-1),
    ):
        with pytest.raises(DiskError, match="from 0 on"):
            use()
    assert file.size == 0


def test_a_decision_for_each_pending_change() -> None:
    disk = MemoryDisk()
    disk.open("f").write(0, b"x")
    for keep in ([], [True], [True] * 3):
        with pytest.raises(DiskError, match="one for each"):
            disk.crash_keeping(keep)
    assert (disk.boot, disk.pending) == (0, 2)


def test_a_copy_is_another_disk() -> None:
    disk = MemoryDisk()
    disk.open("f").write(0, b"x")
    other = disk.copy()
    other.open("f").fsync()
    other.crash(Random(0))
    assert (content(other), other.boot, disk.boot, disk.pending) == (b"x", 1, 0, 2)
    disk.crash_keeping([False, False])
    assert content(disk) == b""
