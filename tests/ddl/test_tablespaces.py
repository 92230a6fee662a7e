"""Tablespace files: page 0, the scan, file operations on real files, the LSN of those that are applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from redoraft.ddl.names import TableName
from redoraft.ddl.node import DdlNode
from redoraft.disk.memory import MemoryDisk
from redoraft.disk.real import RealDisk
from redoraft.errors import BadName, CorruptStorage, FileInTheWay
from redoraft.redo.record import PAGE_SIZE
from redoraft.storage.page import PageId, sealed
from redoraft.storage.tablespaces import (
    APPLIED_FILE,
    FIRST_SPACE,
    LAST_SPACE,
    AppliedFileOperations,
    TablespaceHeader,
    Tablespaces,
    first_page,
    read_header,
)
from redoraft.types import Lsn
from redoraft_check.fuzz.ddl_reading import table
from redoraft_check.machines.storage_parts import SlotCheckpoints

from .stage import Stage

SPACES = st.integers(FIRST_SPACE, LAST_SPACE)


def put(disk: MemoryDisk | RealDisk, name: str, data: bytes) -> None:
    file = disk.open(name)
    file.write(0, data)
    file.close()


@given(space_id=SPACES, flags=st.integers(0, 2**32 - 1))
def test_page_0_stands_where_innodb_has_it(space_id: int, flags: int) -> None:
    raw = first_page(space_id, flags)
    assert len(raw) == PAGE_SIZE
    assert raw[34:38] == raw[38:42] == space_id.to_bytes(4, "big")
    assert (raw[4:8], raw[16:24]) == (bytes(4), bytes(8)), "page number and LSN"
    assert (raw[46:50], raw[54:58]) == ((1).to_bytes(4, "big"), flags.to_bytes(4, "big"))
    checksum = crc32c(raw[4:26]) ^ crc32c(raw[38:-8])
    assert raw[:4] == checksum.to_bytes(4, "big")
    assert read_header(raw) == TablespaceHeader(space_id, 1, flags)


@given(space_id=SPACES, at=st.integers(0, PAGE_SIZE - 9), bit=st.integers(0, 7))
def test_a_damaged_page_0_is_no_header(space_id: int, at: int, bit: int) -> None:
    raw = bytearray(first_page(space_id, 0))
    raw[at] ^= 1 << bit
    # Two fields of the frame are outside the checksum, as in InnoDB.
    if not 26 <= at < 38:
        assert read_header(bytes(raw)) is None


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_no_header(raw: bytes) -> None:
    assert read_header(raw) is None


STRAY = {
    "an empty file": b"",
    "a short file": b"x" * 100,
    "a blank page": bytes(PAGE_SIZE),
    "noise": b"\x5a" * PAGE_SIZE,
    "space 0": sealed(bytes(PAGE_SIZE), PageId(0, 0), Lsn(0)),
    "an engine's own space": first_page(10, 0),
    "not its page 0": sealed(first_page(200, 0), PageId(200, 3), Lsn(0)),
    "an id that differs": sealed(first_page(200, 0), PageId(201, 0), Lsn(0)),
}


@pytest.mark.parametrize("raw", STRAY.values(), ids=STRAY.keys())
def test_the_scan_ignores_what_is_no_tablespace(raw: bytes) -> None:
    """InnoDB: a file with space id 0, or that cannot be read, is ignored; it is in the way of its name."""
    disk = MemoryDisk()
    put(disk, "db/a.ibd", raw)
    put(disk, "db/b.ibd", first_page(100, 0))
    put(disk, "notes.txt", b"x")
    found = Tablespaces.scan(disk)
    assert found.files == {("db/b.ibd", 100)}
    with pytest.raises(FileInTheWay):
        found.create("db/a.ibd", 101)
    assert disk.open("db/a.ibd").read(0, PAGE_SIZE) == raw


def test_the_scan_removes_what_a_crash_left_of_a_creation() -> None:
    disk = MemoryDisk()
    put(disk, "#creating-100", first_page(100, 0)[:512])
    assert Tablespaces.scan(disk).files == frozenset()
    assert disk.names == ()


def test_a_creation_is_whole_or_not_there() -> None:
    """Power fails after each operation of the disk, with all or nothing of what is pending."""
    for left in range(12):
        for survives in (False, True):
            disk = MemoryDisk()
            spaces = Tablespaces.scan(disk)
            done = 0

            def fault(_what: str, _name: str, disk: MemoryDisk = disk, last: int = left) -> None:
                nonlocal done
                done += 1
                if done > last:
                    raise KeyboardInterrupt

            disk.fault = fault
            try:
                spaces.create("db/a.ibd", 100)
            except KeyboardInterrupt:
                disk.fault = None
                disk.crash_keeping([survives] * disk.pending)
                assert Tablespaces.scan(disk).files in (frozenset(), {("db/a.ibd", 100)})
            else:
                return
    raise AssertionError("there is an end to the operations")


def test_the_applied_lsn_survives_and_never_falls() -> None:
    disk = MemoryDisk()
    for lsn in (9000, 10_000, 9500):
        AppliedFileOperations.open(disk).note(Lsn(lsn))
        disk.crash_keeping([False] * disk.pending)
    assert AppliedFileOperations.open(disk).lsn == 10_000
    put(disk, APPLIED_FILE, bytes(range(256)) * 4)
    with pytest.raises(CorruptStorage, match="neither header slot can be read"):
        AppliedFileOperations.open(disk)


def test_files_of_several_schemas_on_a_real_disk(tmp_path: Path) -> None:
    """Missing directories are made, on the leader and by the redo on a follower (H7)."""
    stage = Stage()
    leader = stage.members["n1"].leader
    assert leader is not None
    leader.create(TableName("one", "a"))
    stage.run()
    leader.rename(TableName("one", "a"), TableName("two", "b"))
    stage.run()
    leader.create(TableName("three", "\u00e9"))
    stage.run()
    leader.extend(TableName("two", "b"), 5)
    stage.run()
    disk = RealDisk(tmp_path)
    member = stage.members["n2"]
    node = DdlNode.open(disk, SlotCheckpoints(member.disk), member.view, member.view)
    stage.advance(stage.end)
    while node.apply_next():
        pass
    node.storage.apply(stage.view.last_lsn)
    assert node.validate()
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*.ibd")}
    assert files == {"two/b.ibd", "three/\u00e9.ibd"}
    assert (tmp_path / "two" / "b.ibd").stat().st_size == 5 * PAGE_SIZE
    assert node.tablespaces.files == {("two/b.ibd", 100), ("three/\u00e9.ibd", 101)}


def test_a_file_is_extended_on_every_node_and_never_shrinks() -> None:
    stage = Stage()
    stage.made()
    leader = stage.members["n1"].leader
    assert leader is not None
    for pages in (7, 3):
        leader.extend(table("a"), pages)
        stage.advance(stage.end)
        stage.follow("n2")
        sizes = {one.disk.open("db/a.ibd").size for one in stage.members.values()}
        assert sizes == {7 * PAGE_SIZE}


@given(name=st.text(min_size=1, max_size=70))
def test_a_name_is_refused_or_comes_back_from_its_path(name: str) -> None:
    try:
        found = TableName("db", name)
    except BadName:
        return
    assert found.path.count("/") == 1
    assert TableName.of_path(found.path) == found
