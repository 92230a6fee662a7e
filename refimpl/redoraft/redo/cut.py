"""The cut: making the log end at an LSN, whatever crash comes (H12).

Behind the cut there may be blocks with right numbers and checksums, of a branch that is no more.  In order:

1. the mark, where the cut is to be, durably, in the header of the file that holds it;
2. all files behind that one go, the newest first, durably;
3. the block of the cut is rewritten so that it ends the log, and what is behind it in the file goes, durably;
4. the mark goes, durably; only then may anything be written.

A crash before 1 is done leaves the log as it was; after it, `finish_cut` does the rest at the next start.
"""

from __future__ import annotations

import attrs

from redoraft.errors import CorruptRedo
from redoraft.redo.block import Block, BlockFault, encode_block, parse_block
from redoraft.redo.files import RedoFiles, Segment
from redoraft.redo.header import Note
from redoraft.redo.lsn import BLOCK_DATA, BLOCK_HEADER, BLOCK_SIZE, block_of
from redoraft.redo.rules import LogRules
from redoraft.types import Lsn


@attrs.frozen
class Kept:
    """What the block of the cut holds below it, and its first_rec_group (0: none)."""

    data: bytes
    first_group: int


def cut_log(files: RedoFiles, to: Lsn, rules: LogRules) -> Kept:
    """End the log durably at `to`, an LSN that it reaches.

    Raises DiskError; CorruptRedo, with nothing changed, if the block of the cut cannot be read.
    """
    segment = files.at(block_of(to))
    kept_at(files, to)
    if rules.marks_cut():
        segment.write_note(Note.CUT, to)
    return finish_cut(files, segment, to, rules)


def kept_at(files: RedoFiles, to: Lsn) -> Kept:
    """What the block of `to` holds below it.  Raises CorruptRedo, DiskError if it cannot be read."""
    return _kept(files.at(block_of(to)), to)


def finish_cut(files: RedoFiles, segment: Segment, to: Lsn, rules: LogRules) -> Kept:
    """What is left to do of a truncation that is marked; any part of it may have been done.  As `cut_log`."""
    kept = _kept(segment, to)
    if rules.drops_files():
        files.drop_behind(segment)
    block = block_of(to)
    if segment.offset(block) < segment.file.size and rules.rewrites_cut_block():
        segment.file.write(segment.offset(block), encode_block(block, kept.data, kept.first_group))
    if segment.offset(block + 1) < segment.file.size and rules.clears_tail():
        segment.file.truncate(segment.offset(block + 1))
    if rules.syncs_cut():
        segment.file.fsync()
    if rules.marks_cut():
        segment.write_note(Note.CUT, None)
    segment.dirty = False
    return kept


def _kept(segment: Segment, to: Lsn) -> Kept:
    used = to % BLOCK_SIZE - BLOCK_HEADER
    if not used:
        return Kept(b"", 0)
    block = block_of(to)
    parsed = _read_block(segment.file.read(segment.offset(block), BLOCK_SIZE), block, used, segment)
    return Kept(parsed.data[:used], parsed.first_group if parsed.first_group < used + BLOCK_HEADER else 0)


def read_data(files: RedoFiles, start: Lsn, upto: Lsn) -> bytes:
    """The data between two LSNs that the files reach, without headers and trailers.

    Raises CorruptRedo if a block on the way is not what was written there, DiskError if it cannot be read.
    """
    if start == upto:
        return b""
    first, last = block_of(start), block_of(upto)
    raw = files.read(first, last - first + 1)
    parts = []
    for block in range(first, last + 1):
        used = BLOCK_DATA if block < last else upto % BLOCK_SIZE - BLOCK_HEADER
        if used:
            at = (block - first) * BLOCK_SIZE
            parsed = _read_block(raw[at : at + BLOCK_SIZE], block, used, files.at(block))
            parts.append(parsed.data[:used])
    return b"".join(parts)[start % BLOCK_SIZE - BLOCK_HEADER :]


def _read_block(raw: bytes, block: int, used: int, segment: Segment) -> Block:
    parsed = parse_block(raw, block)
    if isinstance(parsed, BlockFault) or len(parsed.data) < used:
        what = parsed.value if isinstance(parsed, BlockFault) else f"it holds only {len(parsed.data)} bytes"
        raise CorruptRedo(
            f"a block that was written cannot be read again: {what}",
            offset=segment.offset(block),
            remedy="stop the node and scan the file; what is lost comes again from the leader",
            file=segment.name,
        )
    return parsed
