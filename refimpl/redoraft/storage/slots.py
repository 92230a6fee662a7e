"""One LSN on disk, in two slots of a sector each that are written in turn: a crash leaves one of them whole.

byte  bytes  in each slot
0     4      what it is (four characters)
4     8      sequence number, from 1: the larger one is the newer
12    8      the LSN
508   4      CRC-32C of bytes 0 to 507
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final, Self

from crc32c import crc32c

from redoraft.errors import CorruptStorage
from redoraft.storage.port import DataFile
from redoraft.types import Lsn

_SLOT: Final = 512
_HEAD: Final = Struct(">4sQQ")
_CRC: Final = Struct(">I")
_CHECKED: Final = _SLOT - _CRC.size


class LsnSlots:
    """The first kilobyte of a file; LSN 0 where nothing was written."""

    def __init__(self, file: DataFile, magic: bytes, sequence: int, lsn: Lsn) -> None:
        """For `open`."""
        self._file: Final = file
        self._magic: Final = magic
        self._sequence = sequence
        self._lsn = lsn

    @classmethod
    def open(cls, file: DataFile, magic: bytes, name: str) -> Self:
        """Read the newer whole slot; CorruptStorage if there is none and something was durable, DiskError."""
        raw = file.read(0, 2 * _SLOT)
        slots = [raw[at : at + _SLOT] for at in (0, _SLOT)]
        found = [one for slot in slots if (one := _parse(slot, magic)) is not None]
        if not found and any(raw) and not _is_first_torn(slots):
            raise CorruptStorage(
                f"{name}: neither header slot can be read, at byte 0: seed the node anew from another one"
                " (H24)"
            )
        return cls(file, magic, *max(found, default=(0, Lsn(0))))

    @property
    def lsn(self) -> Lsn:
        """What was written last, in bytes of log."""
        return self._lsn

    def write(self, lsn: Lsn) -> None:
        """Put it into the slot that is not the newest; durable after an fsync of the file.  DiskError."""
        self._sequence += 1
        body = _HEAD.pack(self._magic, self._sequence, lsn).ljust(_CHECKED, b"\0")
        self._file.write(self._sequence % 2 * _SLOT, body + _CRC.pack(crc32c(body)))
        self._lsn = lsn


def _is_first_torn(slots: Sequence[bytes]) -> bool:
    """Whether power failed in the very first write: it goes to slot 1, and one end of that sector is blank.

    Nothing was durable then, and nothing had followed it.  With any other damage there was something.
    """
    slot = slots[1].ljust(_SLOT, b"\0")
    return not any(slots[0]) and not (any(slot[: _HEAD.size]) and any(slot[_CHECKED:]))


def _parse(raw: bytes, magic: bytes) -> tuple[int, Lsn] | None:
    if len(raw) < _SLOT or _CRC.unpack_from(raw, _CHECKED)[0] != crc32c(raw[:_CHECKED]):
        return None
    found, sequence, lsn = _HEAD.unpack_from(raw)
    return (sequence, Lsn(lsn)) if found == magic else None
