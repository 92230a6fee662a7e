"""RedoFiles by themselves: one run of blocks, wherever a file ends."""

from __future__ import annotations

import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.redo.files import Layout, RedoFiles, has_log, remove_log
from redoraft.redo.header import HEADER_SIZE
from redoraft.redo.lsn import BLOCK_SIZE, FIRST_BLOCK

LAYOUT = Layout(file_size=HEADER_SIZE + 2 * BLOCK_SIZE)
COUNT = 7
"""Blocks of the run: three files and a half."""


def blocks(count: int, mark: bytes) -> bytes:
    """So many blocks that differ from each other."""
    return b"".join((mark + bytes([at])) * (BLOCK_SIZE // 2) for at in range(count))


def a_run(disk: MemoryDisk) -> RedoFiles:
    files = RedoFiles.open(disk, LAYOUT)
    files.create()
    files.write(FIRST_BLOCK, blocks(COUNT, b"a"))
    return files


def part(raw: bytes, first: int, count: int) -> bytes:
    return raw[first * BLOCK_SIZE : (first + count) * BLOCK_SIZE]


@pytest.mark.parametrize("first", range(COUNT))
def test_blocks_written_over_are_read_wherever_a_file_ends(first: int) -> None:
    disk = MemoryDisk()
    files = a_run(disk)
    over = blocks(COUNT - first, b"b")
    files.write(FIRST_BLOCK + first, over)
    files.fsync()
    assert disk.pending == 0
    whole = part(blocks(COUNT, b"a"), 0, first) + over
    for same in (files, RedoFiles.open(disk, LAYOUT)):
        assert same.end_block == FIRST_BLOCK + COUNT
        for at in range(COUNT):
            for count in range(COUNT + 2):
                assert same.read(FIRST_BLOCK + at, count) == part(whole, at, count)
        found = dict(same.blocks(FIRST_BLOCK))
        assert found.pop(FIRST_BLOCK + COUNT) == b"", "an empty one behind the last"
        assert b"".join(found.values()) == whole
    assert [disk.open(name).size for name in sorted(disk.names)] == [LAYOUT.file_size] * 3 + [2560]


@pytest.mark.parametrize(("size", "count"), [(512, 0), (2048, 0), (2049, 1), (2560, 1), (2561, 2), (3072, 2)])
def test_a_block_of_which_one_byte_is_there_counts(size: int, count: int) -> None:
    disk = MemoryDisk()
    files = a_run(disk)
    files.drop_behind(files.segments[0])
    disk.open("#ib_redo0").truncate(size)
    assert files.end_block == FIRST_BLOCK + count


def test_a_log_is_removed_with_what_was_being_made() -> None:
    disk = MemoryDisk()
    a_run(disk)
    disk.create("#ib_redo4_tmp").write(0, b"half")
    disk.create("other").write(0, b"not ours")
    assert has_log(disk)
    remove_log(disk)
    assert disk.names == ("other",)
    assert not has_log(disk)
