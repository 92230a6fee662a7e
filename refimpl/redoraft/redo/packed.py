"""InnoDB's compressed integers (mach_write_compressed): short for small and for very large values.

    first byte   bytes  holds                     values
    0nnnnnnn     1      7 bits                    0 .. 7F
    10nnnnnn     2      14 bits                   80 .. 3FFF
    110nnnnn     3      21 bits                   4000 .. 1FFFFF
    1110nnnn     4      28 bits                   200000 .. FFFFFFF
    11110000     5      32 bits, the next 4       10000000 .. FEFFFFFF
    111110nn     2      the low 10 bits           FFFFFC00 .. FFFFFFFF
    1111110n     3      the low 17 bits           FFFE0000 .. FFFFFBFF
    11111110     4      the low 24 bits           FF000000 .. FFFDFFFF

Space ids of InnoDB's own (the dictionary, undo) are near the top, hence the last three rows.
A value has one form only: the shortest.  `unpack` refuses every other, so equal logs are equal bytes.
"""

from __future__ import annotations

from typing import Final

import attrs

from redoraft.errors import CorruptRedo, LogMisuse

_TOP: Final = 0xFFFFFFFF


@attrs.frozen
class _Form:
    """One row of the table: the values it serves, and how its bytes are told from the others'."""

    low: int
    high: int
    size: int
    lead: int
    lead_mask: int
    base: int

    @property
    def payload_mask(self) -> int:
        bits = 8 * (self.size - 1)
        return ((~self.lead_mask & 0xFF) << bits) | ((1 << bits) - 1)


_FORMS: Final = (
    _Form(0x0, 0x7F, 1, 0x00, 0x80, 0),
    _Form(0x80, 0x3FFF, 2, 0x80, 0xC0, 0),
    _Form(0x4000, 0x1FFFFF, 3, 0xC0, 0xE0, 0),
    _Form(0x200000, 0xFFFFFFF, 4, 0xE0, 0xF0, 0),
    _Form(0x10000000, 0xFEFFFFFF, 5, 0xF0, 0xFF, 0),
    _Form(0xFFFFFC00, _TOP, 2, 0xF8, 0xFC, 0xFFFFFC00),
    _Form(0xFFFE0000, 0xFFFFFBFF, 3, 0xFC, 0xFE, 0xFFFE0000),
    _Form(0xFF000000, 0xFFFDFFFF, 4, 0xFE, 0xFF, 0xFF000000),
)


def _form_of_lead(byte: int) -> _Form | None:
    return next((form for form in _FORMS if byte & form.lead_mask == form.lead), None)


_BY_LEAD: Final = tuple(_form_of_lead(byte) for byte in range(256))


def pack(value: int) -> bytes:
    """The shortest form of an unsigned 32-bit value; LogMisuse outside 0 .. 2^32 - 1."""
    for form in _FORMS:
        if form.low <= value <= form.high:
            lead = form.lead << (8 * (form.size - 1))
            return (lead | (value - form.base)).to_bytes(form.size, "big")
    raise LogMisuse(f"{value} does not fit 32 bits unsigned: give a value from 0 to {_TOP}")


def unpack(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """The value at byte `at` and the byte behind it; None if `data` ends before it does.

    Raises CorruptRedo (offset: `at`) for a first byte outside the table and for a longer form than needed.
    """
    if at >= len(data):
        return None
    form = _BY_LEAD[data[at]]
    if form is None:
        raise CorruptRedo(
            f"{data[at]:#04x} starts no compressed integer",
            offset=at,
            remedy="the log ends before this record",
        )
    end = at + form.size
    if end > len(data):
        return None
    value = (int.from_bytes(data[at:end], "big") & form.payload_mask) + form.base
    if not form.low <= value <= form.high:
        raise CorruptRedo(
            f"{value} is not in its shortest form", offset=at, remedy="the log ends before this record"
        )
    return value, end
