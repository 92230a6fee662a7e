"""The binlog's file: whole transactions or none, at whatever byte it ends; and what is no binlog."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from redoraft.binlog import Binlog, Event
from redoraft.binlog.file import NAME, NEW
from redoraft.disk.memory import MemoryDisk
from redoraft.disk.real import RealDisk
from redoraft.errors import CorruptBinlog, LogMisuse
from redoraft.files import Disk

EVENTS = (Event(1, "INSERT 1"), Event(2, "UPDATE t SET a = 'ü'"), Event(1 << 63, ""))


def written(disk: Disk, events: tuple[Event, ...] = EVENTS) -> bytes:
    binlog = Binlog.open(disk)
    for event in events:
        binlog.append(event)
    binlog.fsync()
    binlog.close()
    file = disk.open(NAME)
    raw = file.read(0, file.size)
    file.close()
    return raw


def opened(disk: Disk) -> tuple[Event, ...]:
    binlog = Binlog.open(disk)
    binlog.close()
    return binlog.events


@pytest.fixture(params=["memory", "real"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return MemoryDisk() if request.param == "memory" else RealDisk(tmp_path)


def test_what_was_written_is_read(disk: Disk) -> None:
    written(disk)
    assert opened(disk) == EVENTS


def test_the_bytes_of_an_event() -> None:
    raw = written(MemoryDisk(), (Event(7, "x"),))
    assert raw[:4] == b"\xfebin"
    assert struct.unpack_from("<IBIIIH", raw, 4) == (0, 2, 0, 24, 28, 0)
    assert raw[23:24] == b"x"
    assert struct.unpack_from("<IBIIIH", raw, 28) == (0, 16, 0, 31, 59, 0)
    assert struct.unpack_from("<Q", raw, 47) == (7,)
    assert len(raw) == 59


def test_a_file_that_ends_anywhere_has_the_transactions_that_are_whole() -> None:
    ends = [len(written(MemoryDisk(), EVENTS[:number])) for number in range(len(EVENTS) + 1)]
    raw = written(MemoryDisk())
    for size in range(len(raw) + 1):
        disk = MemoryDisk()
        disk.open(NAME).write(0, raw[:size])
        whole = sum(end <= size for end in ends[1:])
        assert Binlog.open(disk).events == EVENTS[:whole]
        assert disk.open(NAME).size == ends[whole], "the rest is taken away"


def test_a_changed_byte_ends_the_binlog_before_it() -> None:
    raw = written(MemoryDisk())
    first = len(written(MemoryDisk(), EVENTS[:1]))
    for at in range(first, len(raw)):
        disk = MemoryDisk()
        disk.open(NAME).write(0, raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        events = Binlog.open(disk).events
        assert events == EVENTS[: len(events)]
        assert 1 <= len(events) < len(EVENTS)


def test_a_file_that_is_no_binlog_is_left_alone() -> None:
    disk = MemoryDisk()
    disk.open(NAME).write(0, b"something else")
    with pytest.raises(CorruptBinlog, match="does not begin as a binlog: seed the node anew"):
        Binlog.open(disk)
    assert disk.open(NAME).read(0, 99) == b"something else"


def test_a_cut_and_a_binlog_that_goes_on(disk: Disk) -> None:
    written(disk)
    binlog = Binlog.open(disk)
    binlog.cut(1)
    binlog.append(Event(9, "other"))
    binlog.fsync()
    with pytest.raises(LogMisuse, match="2 transactions, 3 cannot be kept"):
        binlog.cut(3)
    binlog.close()
    assert opened(disk) == (EVENTS[0], Event(9, "other"))


def test_another_history_takes_its_place_and_goes_on(disk: Disk) -> None:
    written(disk)
    binlog = Binlog.open(disk)
    binlog.replace([EVENTS[0], Event(9, "other")])
    binlog.append(Event(10, "more"))
    binlog.fsync()
    binlog.close()
    assert opened(disk) == binlog.events == (EVENTS[0], Event(9, "other"), Event(10, "more"))
    assert NEW not in disk.names


def test_what_a_crash_left_of_a_new_file_is_removed(disk: Disk) -> None:
    written(disk)
    disk.create(NEW).close()
    assert opened(disk) == EVENTS
    assert NEW not in disk.names
