"""Log blocks (InnoDB 8.0.30 and later), 512 bytes each, big-endian.

    byte  bytes  what
    0     4      block number: 1 to 2^30; the top bit is reserved and 0
    4     2      data_len: 512 in a full block, else 12 + bytes of data (12 to 507)
    6     2      first_rec_group: where the first mtr that has its first byte here starts; 0 if none does
    8     4      epoch_no, from 1
    12    496    data, zeros behind data_len
    508   4      CRC-32C of the bytes 0 to 507

Every field follows from the log's content and position, so equal logs are equal blocks on every node.
"""

from __future__ import annotations

from enum import Enum
from struct import Struct
from typing import Final

import attrs
from crc32c import crc32c

from redoraft.redo.lsn import (
    BLOCK_DATA,
    BLOCK_HEADER,
    BLOCK_SIZE,
    BLOCK_TRAILER,
    block_number,
    epoch_number,
)

_HEADER: Final = Struct(">IHHI")
_TRAILER: Final = Struct(">I")
_BLANK: Final = bytes(BLOCK_SIZE)
_CHECKED: Final = BLOCK_SIZE - BLOCK_TRAILER


class BlockFault(Enum):
    """Why a block cannot continue the log."""

    MISSING = "the file ends here"
    CUT_SHORT = "the file ends inside this block"
    BLANK = "the block is all zeros"
    CHECKSUM = "the checksum is wrong"
    NUMBER = "the block number is that of another place"
    EPOCH = "the epoch is another one"
    DATA_LEN = "data_len is impossible"
    FIRST_GROUP = "first_rec_group is impossible"


@attrs.frozen
class Block:
    """A block that was read: 0 to 496 bytes of data, and first_rec_group (byte in the block, 0: none)."""

    data: bytes
    first_group: int

    @property
    def is_full(self) -> bool:
        """Whether the log can go on behind it (data_len is 512)."""
        return len(self.data) == BLOCK_DATA


def seal(block: bytes) -> bytes:
    """508 bytes with their CRC-32C behind them (InnoDB: log_block_store_checksum)."""
    return block + _TRAILER.pack(crc32c(block))


def is_sealed(block: bytes) -> bool:
    """Whether the last 4 of 512 bytes are the CRC-32C of the others."""
    return bool(_TRAILER.unpack_from(block, _CHECKED)[0] == crc32c(block[:_CHECKED]))


def encode_block(block: int, data: bytes, first_group: int) -> bytes:
    """The 512 bytes of the block with ordinal `block` (LSN / 512); `data` has 0 to 496 bytes."""
    assert len(data) <= BLOCK_DATA, "the caller cuts the data into blocks"
    data_len = BLOCK_SIZE if len(data) == BLOCK_DATA else BLOCK_HEADER + len(data)
    head = _HEADER.pack(block_number(block), data_len, first_group, epoch_number(block))
    return seal(head + data.ljust(BLOCK_DATA, b"\0"))


def parse_block(raw: bytes, block: int) -> Block | BlockFault:
    """What the bytes at the place of the block with ordinal `block` hold, or why the log ends before them."""
    fault = _fault_of_bytes(raw)
    if fault is not None:
        return fault
    number, data_len, first_group, epoch = _HEADER.unpack_from(raw)
    end = min(data_len, _CHECKED)
    checks = (
        (number == block_number(block), BlockFault.NUMBER),
        (epoch == epoch_number(block), BlockFault.EPOCH),
        (data_len == BLOCK_SIZE or BLOCK_HEADER <= data_len < _CHECKED, BlockFault.DATA_LEN),
        (first_group == 0 or BLOCK_HEADER <= first_group < end, BlockFault.FIRST_GROUP),
    )
    faults = (fault for fine, fault in checks if not fine)
    return next(faults, None) or Block(raw[BLOCK_HEADER:end], first_group)


def _fault_of_bytes(raw: bytes) -> BlockFault | None:
    if len(raw) < BLOCK_SIZE:
        return BlockFault.CUT_SHORT if raw else BlockFault.MISSING
    if raw == _BLANK:
        return BlockFault.BLANK
    return None if is_sealed(raw) else BlockFault.CHECKSUM
