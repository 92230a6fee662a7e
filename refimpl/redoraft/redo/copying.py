"""A part of one log as the log of another node: what a node that is seeded starts with (H24).

The copy begins in the block that holds the meta record of an entry, and ends at an entry end.  What stands
before that meta record in its block is copied too; a scan takes the first whole entry that it finds there for
the one that the log follows, as behind a deletion.
"""

from __future__ import annotations

from redoraft.files import Disk
from redoraft.redo.block import encode_block
from redoraft.redo.checkpoint import write_checkpoint
from redoraft.redo.cut import kept_at
from redoraft.redo.files import RedoFiles, remove_log
from redoraft.redo.index import LogIndexTable
from redoraft.redo.lsn import BLOCK_DATA, block_of, lsn_of, sn_of
from redoraft.redo.record import META_SIZE
from redoraft.redo.rules import LogRules
from redoraft.types import Lsn


def copy_log(
    files: RedoFiles, index: LogIndexTable, disk: Disk, *, near: Lsn, upto: Lsn, rules: LogRules
) -> Lsn:
    """Put the log up to `upto`, an entry end that is in the files, on another disk, durably, in place of the
    one there; where it begins, an entry end at or below `near`, which is its checkpoint, too.

    A crash leaves no log, or one without a checkpoint that can be read: neither is opened again where the
    node has voted.  Raises CorruptRedo, DiskError.
    """
    first, begin = _beginning(files, index, near)
    last = block_of(upto)
    end = kept_at(files, upto)
    raw = files.read(first, last - first)
    if end.data:
        raw += encode_block(last, end.data, end.first_group)
    remove_log(disk)
    copy = RedoFiles(disk, files.layout, [], None)
    try:
        copy.create(first)
        copy.write(first, raw)
        copy.fsync()
        write_checkpoint(copy, begin, rules)
    finally:
        copy.close()
    return begin


def _beginning(files: RedoFiles, index: LogIndexTable, near: Lsn) -> tuple[int, Lsn]:
    """The first block, and the end of the first whole entry that a scan finds from there on."""
    block = (sn_of(index.entry_end_at_or_below(near)) - META_SIZE) // BLOCK_DATA
    if block <= files.first_block:
        return files.first_block, index.base.end
    found = index.entry_from(lsn_of(block * BLOCK_DATA + META_SIZE))
    assert found is not None, "the entry that ends there has its meta record in this block"
    return block, found.end
