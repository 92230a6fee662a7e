"""Positions, against a walk over every byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft.errors import LogMisuse
from redoraft.redo.lsn import (
    START_LSN,
    START_SN,
    block_number,
    block_of,
    epoch_number,
    is_lsn,
    lsn_of,
    next_lsn,
    sn_of,
)

BLOCKS = 40


def walk() -> list[int]:
    """The positions of all data bytes of some blocks, found by looking at each byte's place in its block."""
    return [at for at in range(BLOCKS * 512) if 12 <= at % 512 <= 507]


POSITIONS = walk()


def test_the_first_lsn_is_that_of_the_facts() -> None:
    assert START_LSN == 8204
    assert START_SN == 7936
    assert lsn_of(START_SN) == START_LSN


def test_every_data_byte_has_its_sn_and_no_other_byte_has_one() -> None:
    for sn, lsn in enumerate(POSITIONS):
        assert lsn_of(sn) == lsn
        assert sn_of(lsn) == sn
        assert is_lsn(lsn)
    for other in set(range(BLOCKS * 512)) - set(POSITIONS):
        assert not is_lsn(other)
        with pytest.raises(LogMisuse, match="is no LSN"):
            sn_of(other)


@given(st.integers(0, len(POSITIONS) - 1), st.data())
def test_next_lsn_counts_bytes_of_data(at: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(POSITIONS) - 1 - at))
    assert next_lsn(POSITIONS[at], count) == POSITIONS[at + count]


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_far_positions_keep_order_and_come_back(one: int, other: int) -> None:
    assert sn_of(lsn_of(one)) == one
    assert (lsn_of(one) < lsn_of(other)) == (one < other)


@pytest.mark.parametrize("bad", [-1, -500])
def test_negative_positions_are_refused(bad: int) -> None:
    with pytest.raises(LogMisuse, match="negative"):
        lsn_of(bad)
    with pytest.raises(LogMisuse, match="is no LSN"):
        sn_of(bad)
    assert not is_lsn(bad)


@pytest.mark.parametrize(
    ("block", "number", "epoch"),
    [
        (0, 1, 1),
        (16, 17, 1),
        (2**30 - 1, 2**30, 1),
        (2**30, 1, 2),
        (2**30 + 1, 2, 2),
        (3 * 2**30 - 1, 2**30, 3),
    ],
)
def test_block_numbers_start_anew_with_each_epoch(block: int, number: int, epoch: int) -> None:
    assert (block_number(block), epoch_number(block)) == (number, epoch)
    assert block_of(block * 512 + 12) == block
