"""Positions in the redo log.

SN counts bytes of redo data; LSN counts the block headers and trailers too (log_translate_sn_to_lsn):

    LSN = SN / 496 * 512 + SN mod 496 + 12

So an LSN stands at 12 to 507 in its block.  A position behind the last data byte of a block is the first data
byte of the next one: no LSN stands in a trailer, and every position has one LSN only.
"""

from __future__ import annotations

from typing import Final

from redoraft.errors import LogMisuse
from redoraft.types import Lsn, Sn

BLOCK_SIZE: Final = 512
BLOCK_HEADER: Final = 12
BLOCK_TRAILER: Final = 4
BLOCK_DATA: Final = BLOCK_SIZE - BLOCK_HEADER - BLOCK_TRAILER

FIRST_BLOCK: Final = 16
"""The block of the log's first byte (InnoDB's LOG_START_LSN = 16 * 512)."""

START_SN: Final = Sn(FIRST_BLOCK * BLOCK_DATA)
START_LSN: Final = Lsn(FIRST_BLOCK * BLOCK_SIZE + BLOCK_HEADER)
"""The LSN of the empty log, in bytes: the first data byte of its first block."""

BLOCKS_PER_EPOCH: Final = 1 << 30


def lsn_of(sn: int) -> Lsn:
    """The LSN (bytes) of an SN (bytes of data); LogMisuse if negative (InnoDB: log_translate_sn_to_lsn)."""
    if sn < 0:
        raise LogMisuse(f"SN {sn} is negative: positions count from 0")
    return Lsn(sn // BLOCK_DATA * BLOCK_SIZE + sn % BLOCK_DATA + BLOCK_HEADER)


def sn_of(lsn: int) -> Sn:
    """The SN (bytes of data) of an LSN (bytes) (InnoDB: log_translate_lsn_to_sn).

    Raises LogMisuse for a position in a block header or trailer, which is no LSN.
    """
    at = lsn % BLOCK_SIZE
    if lsn < 0 or not BLOCK_HEADER <= at < BLOCK_SIZE - BLOCK_TRAILER:
        raise LogMisuse(
            f"{lsn} is no LSN: it is byte {at} of its block, data are at 12 to 507; use next_lsn to count"
        )
    return Sn(lsn // BLOCK_SIZE * BLOCK_DATA + at - BLOCK_HEADER)


def is_lsn(value: int) -> bool:
    """Whether the number is a position of data: in no header and in no trailer."""
    return value >= 0 and BLOCK_HEADER <= value % BLOCK_SIZE < BLOCK_SIZE - BLOCK_TRAILER


def next_lsn(lsn: int, data_len: int) -> Lsn:
    """The LSN behind `data_len` more bytes of data; LogMisuse as `sn_of`."""
    return lsn_of(sn_of(lsn) + data_len)


def block_of(lsn: int) -> int:
    """The ordinal of the block that an LSN stands in: LSN / 512, from 0, without wrap."""
    return lsn // BLOCK_SIZE


def block_number(block: int) -> int:
    """What a block's header says: 1 to 2^30, then again from 1 (InnoDB: log_block_convert_lsn_to_hdr_no)."""
    return block % BLOCKS_PER_EPOCH + 1


def epoch_number(block: int) -> int:
    """How often block numbers have started anew, from 1 (InnoDB: log_block_convert_lsn_to_epoch_no)."""
    return block // BLOCKS_PER_EPOCH + 1
