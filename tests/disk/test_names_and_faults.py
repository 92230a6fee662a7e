"""Names that a crash may lose, sectors that tear, and disks that are full or broken."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from redoraft.disk.memory import Fate, MemoryDisk
from redoraft.disk.real import RealDisk
from redoraft.errors import DiskBroken, DiskError, DiskFull, StaleHandle, SyncFailed
from redoraft.files import Disk
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.types import Term


def survivors(disk: MemoryDisk) -> set[tuple[tuple[str, bytes], ...]]:
    """The files that a crash now may leave, with what is in them."""
    found = set()
    for keep in product((False, True), repeat=disk.pending):
        crashed = disk.copy()
        crashed.crash_keeping(keep)
        found.add(tuple((name, crashed.open(name).read(0, 99)) for name in sorted(crashed.names)))
    return found


def test_a_creation_may_not_have_reached_the_folder() -> None:
    disk = MemoryDisk()
    file = disk.create("a")
    file.write(0, b"x")
    file.fsync()
    assert survivors(disk) == {(), (("a", b"x"),)}
    disk.sync()
    assert survivors(disk) == {(("a", b"x"),)}


def test_a_renaming_is_one_step_and_may_be_lost_or_kept_alone() -> None:
    disk = MemoryDisk()
    disk.open("old")
    disk.create("new").write(0, b"n")
    disk.rename("new", "old")
    assert disk.names == ("old",)
    left = survivors(disk)
    assert left == {
        (("old", b""),),
        (("new", b""), ("old", b"")),
        (("new", b"\0"), ("old", b"")),
        (("new", b"n"), ("old", b"")),
        (("old", b"\0"),),
        (("old", b"n"),),
    }


def test_a_removal_may_be_lost_with_what_was_written_before() -> None:
    disk = MemoryDisk()
    disk.open("a").write(0, b"x")
    disk.remove("a")
    assert disk.names == ()
    assert survivors(disk) == {(), (("a", b""),), (("a", b"\0"),), (("a", b"x"),)}
    disk.open("a").write(0, b"y")
    assert (("a", b"y"),) in survivors(disk)


def test_a_copy_shares_nothing() -> None:
    disk = MemoryDisk()
    disk.create("a").write(0, b"x")
    disk.rename("a", "b")
    other = disk.copy()
    other.sync()
    other.open("b").fsync()
    other.remove("b")
    assert (disk.names, disk.pending, other.pending) == (("b",), 4, 1)
    assert disk.open("b").read(0, 9) == b"x"


def test_a_torn_sector_has_its_first_half() -> None:
    disk = MemoryDisk()
    file = disk.open("f")
    file.write(0, b"-" * 512)
    file.fsync()
    file.write(0, b"x" * 512)
    disk.crash_keeping([Fate.TORN])
    assert disk.open("f").read(0, 999) == b"x" * 256 + b"-" * 256


def test_a_failed_fsync_has_lost_what_reads_still_show() -> None:
    disk = MemoryDisk()
    file = disk.open("f")
    file.write(0, b"x")
    disk.fault = lambda what, _: SyncFailed("EIO") if what == "fsync" else None
    with pytest.raises(SyncFailed):
        file.fsync()
    disk.fault = None
    file.fsync()
    assert (file.read(0, 1), disk.pending) == (b"x", 0)
    disk.crash_keeping([])
    assert disk.open("f").read(0, 1) == b""


def test_a_failed_sync_of_the_folder_has_lost_the_names() -> None:
    disk = MemoryDisk()
    disk.create("a")
    disk.fault = lambda what, _: SyncFailed("EIO") if what == "sync" else None
    with pytest.raises(SyncFailed):
        disk.sync()
    disk.crash_keeping([])
    assert disk.names == ()


def test_a_full_disk_takes_what_fits() -> None:
    disk = MemoryDisk()
    disk.capacity = 1000
    disk.open("a").write(0, b"x" * 700)
    file = disk.open("b")
    with pytest.raises(DiskFull, match="after 300 of them"):
        file.write(0, b"y" * 301)
    assert file.size == 300
    disk.open("a").write(0, b"z" * 700)
    disk.remove("a")
    file.write(0, b"y" * 1000)


@pytest.mark.parametrize("disk", [MemoryDisk(), None])
def test_names_that_are_and_are_not(disk: MemoryDisk | None, tmp_path: Path) -> None:
    one: Disk = disk or RealDisk(tmp_path)
    one.create("a").close()
    with pytest.raises(DiskError, match="create"):
        one.create("a")
    one.rename("a", "b")
    assert one.names == ("b",)
    file = one.open("b")
    file.close()
    with pytest.raises(StaleHandle, match="is closed"):
        file.read(0, 1)
    one.remove("b")
    one.sync()
    with pytest.raises(DiskError):
        one.remove("b")
    with pytest.raises(DiskError):
        one.rename("b", "c")


def failing(number: int) -> Callable[..., object]:
    def fail(*_: object) -> object:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EIO, DiskBroken),
        (errno.EROFS, DiskError),
    ],
)
def test_the_system_says_what_failed(
    number: int, kind: type[DiskError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RealDisk(tmp_path).open("f") as file:
        monkeypatch.setattr(os, "pwrite", failing(number))
        with pytest.raises(DiskError) as caught:
            file.write(0, b"x")
        assert type(caught.value) is kind


def test_a_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = RealDisk(tmp_path)
    file = disk.create("f")
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(SyncFailed, match="stop, and start anew"):
        disk.sync()
    with pytest.raises(SyncFailed, match="cannot fsync"):
        file.fsync()
    with pytest.raises(DiskError, match="has failed"):
        file.read(0, 1)


SMALL = Layout(file_size=2048 + 2 * 512)


def fill(log: RedoLog, count: int) -> None:
    for at in range(count):
        log.append_mtr(encode_mtr([PageWrite(1, at, 0, bytes(300))]))
        log.fsync(log.close_entry(Term(1)))


@pytest.mark.parametrize("capacity", range(2560, 12000, 311))
def test_a_log_on_a_full_disk_stops_and_keeps_what_is_durable(capacity: int) -> None:
    """Wherever the disk is full: in a block, or while a file is made."""
    disk = MemoryDisk()
    log = RedoLog.open(disk, layout=SMALL)
    disk.capacity = capacity
    with pytest.raises(DiskFull):
        fill(log, 50)
    durable = log.durable_lsn
    with pytest.raises(DiskError, match="open the log again"):
        log.close_entry(Term(1))
    for keep in (False, True):
        crashed = disk.copy()
        crashed.crash_keeping([keep] * crashed.pending)
        crashed.capacity = None
        again = RedoLog.open(crashed, layout=SMALL)
        assert again.last_lsn >= durable
        fill(again, 3)


@pytest.mark.parametrize("what", ["write", "fsync", "create", "rename", "sync", "read", "truncate", "remove"])
@pytest.mark.parametrize("number", range(4))
def test_a_log_on_a_broken_disk_stops_and_keeps_what_is_durable(what: str, number: int) -> None:
    disk = MemoryDisk()
    log = RedoLog.open(disk, layout=SMALL)
    fill(log, 6)
    left = [number]

    def breaks(operation: str, name: str) -> DiskError | None:
        if operation != what:
            return None
        left[0] -= 1
        kind = SyncFailed if what in ("fsync", "sync") else DiskBroken
        return kind(f"{what} of {name} failed") if left[0] < 0 else None

    disk.fault = breaks
    with pytest.raises(DiskError, match=r"failed|open the log again"):
        while True:
            fill(log, 3)
            log.checkpoint(log.durable_lsn)
            log.delete([log.entry_end_at_or_below(log.last_lsn)])
            fill(log, 2)
            log.truncate(log.checkpoint_lsn)
            log.read(log.first_lsn, log.closed_lsn)
    disk.fault = None
    durable = log.entry_end_at_or_below(log.durable_lsn)
    disk.crash_keeping([False] * disk.pending)
    again = RedoLog.open(disk, layout=SMALL)
    assert again.last_lsn >= min(durable, log.checkpoint_lsn)
    fill(again, 2)
