"""The start of a log file: 4 blocks, which say what the file is, and what holds for the log in it.

byte  bytes  what (InnoDB: log_file_header, log_checkpoint_header)
0     4      format: 0x52520001 (no number of InnoDB's: its servers must refuse this file)
4     4      log_uuid: the same in all files of a log
8     8      LSN of the first block in the file
16    32     creator, padded with zeros
48    4      flags: 0
508   4      CRC-32C of the bytes 0 to 507
512   512    checkpoint 1: bytes 8 to 15 its LSN, 508 to 511 a CRC-32C; zeros: none
1024  512    the cut of a truncation under way: the same with "RAFT CUT" in front (InnoDB: encryption)
1536  512    checkpoint 2
2048         the log blocks
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final

import attrs

from redoraft.errors import CorruptRedo
from redoraft.redo.block import is_sealed, seal
from redoraft.redo.lsn import BLOCK_SIZE, BLOCK_TRAILER, FIRST_BLOCK, is_lsn
from redoraft.types import Lsn

FORMAT: Final = 0x52520001
CREATOR: Final = b"RedoRaft"
HEADER_SIZE: Final = 4 * BLOCK_SIZE
"""Bytes before the first log block."""

RESTORE: Final = "restore the file, or remove the log and seed the node anew (its log is lost)"

_HEADER: Final = Struct(">IIQ32sI")
_NOTE: Final = Struct(">QQ")
_CUT: Final = int.from_bytes(b"RAFT CUT", "big")
_INNODB_FORMATS: Final = range(8)


class Note(IntEnum):
    """The blocks of the header that hold an LSN, by the byte where they start."""

    CHECKPOINT_1 = 512
    CUT = 1024
    CHECKPOINT_2 = 1536


CHECKPOINTS: Final = (Note.CHECKPOINT_1, Note.CHECKPOINT_2)


@attrs.frozen
class Header:
    """What tells one file from another: the log's number, and the first block (LSN / 512) in the file."""

    log_uuid: int
    first_block: int


def header_block(header: Header) -> bytes:
    """The 512 bytes that open a log file."""
    head = _HEADER.pack(FORMAT, header.log_uuid, header.first_block * BLOCK_SIZE, CREATOR, 0)
    return seal(head.ljust(BLOCK_SIZE - BLOCK_TRAILER, b"\0"))


def parse_header(raw: bytes, file: str) -> Header:
    """What the first block of a file says; CorruptRedo if it is no file of a log of this format."""
    if len(raw) < BLOCK_SIZE or not is_sealed(raw):
        raise CorruptRedo("the header of the log file cannot be read", offset=0, remedy=RESTORE, file=file)
    number, uuid, start, creator, flags = _HEADER.unpack_from(raw)
    whose = f"this version reads format {FORMAT:#x}; use the version that wrote the file"
    is_start = start % BLOCK_SIZE == 0 and start // BLOCK_SIZE >= FIRST_BLOCK
    checks = (
        (number not in _INNODB_FORMATS, 0, f"the log file is InnoDB's own, of format {number}", RESTORE),
        (number == FORMAT, 0, f"the header says format {number:#x}", whose),
        (creator == CREATOR.ljust(32, b"\0"), 16, f"the creator is {creator.rstrip(bytes(1))!r}", RESTORE),
        (flags == 0, 48, f"the header has the flags {flags:#x}, of which none is known", whose),
        (is_start, 8, f"no file starts at LSN {start}", RESTORE),
    )
    for fine, offset, what, remedy in checks:
        if not fine:
            raise CorruptRedo(what, offset=offset, remedy=remedy, file=file)
    return Header(uuid, start // BLOCK_SIZE)


def note_block(note: Note, lsn: Lsn | None) -> bytes:
    """The 512 bytes of a checkpoint or a cut; zeros for None."""
    if lsn is None:
        return bytes(BLOCK_SIZE)
    return seal(_NOTE.pack(_CUT if note is Note.CUT else 0, lsn).ljust(BLOCK_SIZE - BLOCK_TRAILER, b"\0"))


def parse_note(note: Note, raw: bytes) -> Lsn | None:
    """The LSN in such a block, None if there is none; ValueError if it cannot be read, or is another's."""
    if not any(raw):
        return None
    lsn = _NOTE.unpack_from(raw)[1] if len(raw) == BLOCK_SIZE else -1
    if not is_lsn(lsn) or raw != note_block(note, Lsn(lsn)):
        raise ValueError("the block is damaged")
    return Lsn(lsn)
