"""The cut: making the file end where the log ends (H12).

Behind the cut there may be blocks with right numbers and checksums, of a branch that is no more.  In order:

1. the block of the cut is rewritten so that it ends the log, and made durable;
2. all blocks behind it are taken off the file, and that is made durable;
3. only then may anything be written behind the cut.

A crash before 1 is done leaves the log as it was, after it the cut log: in both cases a scan followed by the
same cut is the way out, for a block that is not full ends every scan.
"""

from __future__ import annotations

from redoraft.errors import CorruptRedo
from redoraft.files import File
from redoraft.redo.block import BlockFault, encode_block, parse_block
from redoraft.redo.header import file_offset
from redoraft.redo.index import LogIndexTable
from redoraft.redo.lsn import BLOCK_DATA, BLOCK_HEADER, BLOCK_SIZE, block_of
from redoraft.types import Lsn


def cut_file(file: File, index: LogIndexTable, to: Lsn) -> bytes:
    """End the log in the file durably at `to`, an LSN it reaches; return the cut block's data below `to`.

    `index` knows the mtrs up to `to`.  Raises DiskError, CorruptRedo if the cut block cannot be read.
    """
    block = block_of(to)
    kept = read_data(file, Lsn(block * BLOCK_SIZE + BLOCK_HEADER), to)
    file.write(file_offset(block), encode_block(block, kept, index.first_group(block, to)))
    file.fsync()
    file.truncate(file_offset(block + 1))
    file.fsync()
    return kept


def read_data(file: File, start: Lsn, upto: Lsn) -> bytes:
    """The data between two LSNs that the file reaches, without headers and trailers.

    Raises CorruptRedo if a block on the way is not what was written there, DiskError if it cannot be read.
    """
    if start == upto:
        return b""
    first, last = block_of(start), block_of(upto)
    raw = file.read(file_offset(first), (last - first + 1) * BLOCK_SIZE)
    parts = []
    for block in range(first, last + 1):
        used = BLOCK_DATA if block < last else upto % BLOCK_SIZE - BLOCK_HEADER
        if used:
            at = (block - first) * BLOCK_SIZE
            parts.append(_data_of(raw[at : at + BLOCK_SIZE], block, used))
    return b"".join(parts)[start % BLOCK_SIZE - BLOCK_HEADER :]


def _data_of(raw: bytes, block: int, used: int) -> bytes:
    parsed = parse_block(raw, block)
    if isinstance(parsed, BlockFault) or len(parsed.data) < used:
        what = parsed.value if isinstance(parsed, BlockFault) else f"it holds only {len(parsed.data)} bytes"
        raise CorruptRedo(
            f"a block that was written cannot be read again: {what}",
            offset=file_offset(block),
            remedy="stop the node and scan the file; what is lost comes again from the leader",
        )
    return parsed.data[:used]
