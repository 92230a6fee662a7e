"""InnoDB's compressed integers: short, one form each, and nothing else accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft.errors import CorruptRedo, LogMisuse
from redoraft.redo.packed import pack, unpack

BORDERS = [
    (0, "00"),
    (0x7F, "7f"),
    (0x80, "8080"),
    (0x3FFF, "bfff"),
    (0x4000, "c04000"),
    (0x1FFFFF, "dfffff"),
    (0x200000, "e0200000"),
    (0xFFFFFFF, "efffffff"),
    (0x10000000, "f010000000"),
    (0xFEFFFFFF, "f0feffffff"),
    (0xFF000000, "fe000000"),
    (0xFFFDFFFF, "fefdffff"),
    (0xFFFE0000, "fc0000"),
    (0xFFFFFBFF, "fdfbff"),
    (0xFFFFFC00, "f800"),
    (0xFFFFFFFF, "fbff"),
]


@pytest.mark.parametrize(("value", "form"), BORDERS)
def test_the_borders_of_the_table(value: int, form: str) -> None:
    assert pack(value).hex() == form
    assert unpack(bytes.fromhex(form), 0) == (value, len(form) // 2)


@given(st.integers(0, 2**32 - 1), st.binary(max_size=3), st.binary(max_size=6))
def test_a_value_comes_back_from_any_place(value: int, before: bytes, behind: bytes) -> None:
    form = pack(value)
    assert unpack(before + form + behind, len(before)) == (value, len(before) + len(form))
    for short in range(len(form)):
        assert unpack(before + form[:short], len(before)) is None


@given(st.binary(min_size=1, max_size=5))
def test_any_bytes_are_the_form_of_a_value_or_none(data: bytes) -> None:
    try:
        found = unpack(data, 0)
    except CorruptRedo as wrong:
        assert wrong.offset == 0
        return
    if found is not None:
        value, end = found
        assert pack(value) == data[:end]


@pytest.mark.parametrize(
    "long_form", ["807f", "c00080", "e0000000", "f000000001", "f0ff000000", "feffffff", "fdffff"]
)
def test_a_longer_form_than_needed_is_refused(long_form: str) -> None:
    with pytest.raises(CorruptRedo, match="not in its shortest form, at byte 0: the log ends before"):
        unpack(bytes.fromhex(long_form), 0)


@pytest.mark.parametrize("first", [0xF1, 0xF7, 0xFF])
def test_first_bytes_outside_the_table_are_refused(first: int) -> None:
    with pytest.raises(CorruptRedo, match="starts no compressed integer, at byte 0: the log ends before"):
        unpack(bytes([first, 0, 0, 0, 0]), 0)


@pytest.mark.parametrize("value", [-1, 2**32])
def test_values_beyond_32_bits_are_refused(value: int) -> None:
    with pytest.raises(LogMisuse, match="32 bits"):
        pack(value)
