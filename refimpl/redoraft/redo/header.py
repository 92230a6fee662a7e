"""The start of a log file: 4 blocks, of which the first says what the file is (InnoDB: log_file_header).

    byte  bytes  what
    0     4      format: 0x52520001 (no number of InnoDB's: its servers must refuse this file)
    4     4      log_uuid: 0
    8     8      LSN of the first block in the file: 8192
    16    32     creator, padded with zeros
    48    4      flags: 0
    508   4      CRC-32C of the bytes 0 to 507
    512   1536   checkpoint 1, encryption, checkpoint 2: zeros until there are checkpoints
    2048         the log blocks

Creation writes the first log block (empty) before the header: a header is there only if the log is.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from redoraft.errors import CorruptRedo
from redoraft.files import File
from redoraft.redo.block import encode_block, is_sealed, seal
from redoraft.redo.lsn import BLOCK_SIZE, BLOCK_TRAILER, FIRST_BLOCK

FORMAT: Final = 0x52520001
CREATOR: Final = b"RedoRaft"
HEADER_SIZE: Final = 4 * BLOCK_SIZE
"""Bytes before the first log block."""

_HEADER: Final = Struct(">IIQ32sI")
_RESTORE: Final = "restore the file, or remove it and seed the node anew (its log is lost)"


def file_offset(block: int) -> int:
    """Where the block with ordinal `block` (LSN / 512) stands in the file, in bytes."""
    return HEADER_SIZE + (block - FIRST_BLOCK) * BLOCK_SIZE


def header_block() -> bytes:
    """The 512 bytes that open a log file."""
    head = _HEADER.pack(FORMAT, 0, FIRST_BLOCK * BLOCK_SIZE, CREATOR, 0)
    return seal(head.ljust(BLOCK_SIZE - BLOCK_TRAILER, b"\0"))


def is_new(file: File) -> bool:
    """Whether it is empty, or what a crash during its creation leaves; CorruptRedo if the header is gone."""
    if any(file.read(0, BLOCK_SIZE)):
        return False
    rest = file.read(BLOCK_SIZE, file.size)
    empty = bytes(HEADER_SIZE - BLOCK_SIZE) + encode_block(FIRST_BLOCK, b"", 0)
    if any(rest) and rest != empty:
        raise CorruptRedo("the header is blank but the file is not", offset=0, remedy=_RESTORE)
    return True


def create(file: File) -> None:
    """Make it an empty log, durably; a crash at any point leaves a file that `is_new`, or the empty log."""
    file.write(file_offset(FIRST_BLOCK), encode_block(FIRST_BLOCK, b"", 0))
    file.fsync()
    file.write(0, header_block())
    file.fsync()


def check_header(file: File) -> None:
    """Refuse, with CorruptRedo, a file that is no log of this format."""
    raw = file.read(0, BLOCK_SIZE)
    if len(raw) < BLOCK_SIZE or not is_sealed(raw):
        raise CorruptRedo("the header of the log file cannot be read", offset=0, remedy=_RESTORE)
    if raw != header_block():
        found = int.from_bytes(raw[:4], "big")
        remedy = f"this version reads format {FORMAT:#x}; use the version that wrote the file"
        raise CorruptRedo(f"the header says format {found:#x} of another layout", offset=0, remedy=remedy)
