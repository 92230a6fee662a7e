"""One LSN in two slots: what a crash leaves of the very first write, and what is damage."""

from __future__ import annotations

import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptStorage
from redoraft.storage.slots import LsnSlots
from redoraft.types import Lsn

MAGIC, SECTOR = b"RRD1", 512


def opened(raw: bytes) -> LsnSlots:
    file = MemoryDisk().open("slots")
    file.write(0, raw)
    return LsnSlots.open(file, MAGIC, "slots")


def written(*lsns: int) -> bytes:
    """The sectors after these writes."""
    file = MemoryDisk().open("slots")
    slots = LsnSlots.open(file, MAGIC, "slots")
    for lsn in lsns:
        slots.write(Lsn(lsn))
    return file.read(0, 2 * SECTOR).ljust(2 * SECTOR, b"\0")


def test_the_newer_is_read() -> None:
    assert opened(written(9000)).lsn == 9000
    assert opened(written(9000, 9500)).lsn == 9500


@pytest.mark.parametrize("kept", [slice(0, SECTOR // 2), slice(SECTOR // 2, SECTOR)], ids=["head", "tail"])
def test_a_first_write_that_was_torn_has_never_been(kept: slice) -> None:
    """The other half is what it was: blank."""
    raw = bytearray(2 * SECTOR)
    raw[SECTOR + kept.start : SECTOR + kept.stop] = written(9000)[SECTOR:][kept]
    slots = opened(bytes(raw))
    assert slots.lsn == 0
    slots.write(Lsn(9100))
    assert slots.lsn == 9100


@pytest.mark.parametrize("at", [4, 12, 300, 510])
def test_a_slot_that_is_damaged_is_told(at: int) -> None:
    raw = bytearray(written(9000))
    raw[SECTOR + at] ^= 1
    with pytest.raises(CorruptStorage, match="slots: neither header slot can be read, at byte 0"):
        opened(bytes(raw))


def test_two_damaged_slots_are_told_though_one_end_is_blank() -> None:
    raw = bytearray(written(9000, 9500))
    raw[SECTOR - 4 : SECTOR] = raw[2 * SECTOR - 4 :] = bytes(4)
    with pytest.raises(CorruptStorage):
        opened(bytes(raw))
