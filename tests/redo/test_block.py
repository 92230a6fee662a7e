"""Blocks: the layout byte by byte, and each reason to end the log."""

from __future__ import annotations

from struct import pack_into

import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from redoraft.redo.block import Block, BlockFault, encode_block, parse_block


def altered(block: int, at: int, form: str, value: int, *, data: bytes = b"x" * 100) -> bytes:
    """A block with one field changed and the checksum made right again."""
    raw = bytearray(encode_block(block, data, 12))
    pack_into(form, raw, at, value)
    pack_into(">I", raw, 508, crc32c(bytes(raw[:508])))
    return bytes(raw)


@given(st.integers(0, 2**54), st.binary(max_size=496))
def test_a_block_comes_back(block: int, data: bytes) -> None:
    first_group = 12 if data else 0
    raw = encode_block(block, data, first_group)
    assert len(raw) == 512
    assert parse_block(raw, block) == Block(data, first_group)
    assert Block(data, first_group).is_full == (len(data) == 496)


def test_the_fields_are_at_their_places() -> None:
    raw = encode_block(2**30 + 16, b"abc", 13)
    assert raw[:16].hex() == "00000011" + "000f" + "000d" + "00000002" + "61626300"
    assert raw[16:508] == bytes(492)
    assert int.from_bytes(raw[508:], "big") == crc32c(raw[:508])
    assert encode_block(16, b"a" * 496, 0)[4:6].hex() == "0200"
    assert encode_block(16, b"a" * 495, 0)[4:6].hex() == "01fb"


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", BlockFault.MISSING),
        (encode_block(16, b"x", 12)[:511], BlockFault.CUT_SHORT),
        (bytes(512), BlockFault.BLANK),
        (encode_block(16, b"x", 12)[:-1] + b"?", BlockFault.CHECKSUM),
        (encode_block(17, b"x", 12), BlockFault.NUMBER),
        (encode_block(2**30 + 16, b"x", 12), BlockFault.EPOCH),
        (altered(16, 0, ">I", 0x80000011), BlockFault.NUMBER),
        (altered(16, 8, ">I", 0), BlockFault.EPOCH),
        (altered(16, 4, ">H", 11), BlockFault.DATA_LEN),
        (altered(16, 4, ">H", 508), BlockFault.DATA_LEN),
        (altered(16, 4, ">H", 513), BlockFault.DATA_LEN),
        (altered(16, 6, ">H", 11), BlockFault.FIRST_GROUP),
        (altered(16, 6, ">H", 112), BlockFault.FIRST_GROUP),
    ],
)
def test_each_fault_is_told(raw: bytes, fault: BlockFault) -> None:
    assert parse_block(raw, 16) is fault


@given(st.binary(max_size=496), st.integers(0, 512 * 8 - 1))
def test_one_flipped_bit_is_seen(data: bytes, bit: int) -> None:
    raw = bytearray(encode_block(16, data, 0))
    raw[bit // 8] ^= 1 << bit % 8
    assert parse_block(bytes(raw), 16) is BlockFault.CHECKSUM
