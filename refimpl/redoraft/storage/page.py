"""A page: 16 KiB with its own address, its LSN at both ends, and a checksum (InnoDB: FIL_PAGE_*).

    byte   bytes  what
    0      4      checksum: CRC-32C of bytes 4 to 25 xor CRC-32C of bytes 38 to 16375
    4      4      page number
    8      8      neighbours (FIL_PAGE_PREV, FIL_PAGE_NEXT): free for redo
    16     8      LSN: the end of the newest mtr that changed the page
    24     2      type: free for redo
    26     8      zeros (flush LSN of the stock system tablespace)
    34     4      space id
    38     16338  body: free for redo
    16376  4      checksum again
    16380  4      the low 32 bits of the LSN

A page of zeros only is one that was never written; its LSN is 0.  Address, LSN and checksums are put in when
the page is written to disk; redo that touches them is refused.  All numbers are big-endian.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from attrs import frozen
from crc32c import crc32c

from redoraft.redo.record import PAGE_SIZE
from redoraft.types import Lsn

BODY: Final = 38
"""Byte where the body starts (FIL_PAGE_DATA)."""
BODY_END: Final = PAGE_SIZE - 8
"""Byte behind the body (FIL_PAGE_END_LSN_OLD_CHKSUM)."""
NEVER_WRITTEN: Final = Lsn(0)
"""The LSN of a page of zeros."""

_FREE: Final = ((8, 16), (24, 26), (BODY, BODY_END))
_U32: Final = Struct(">I")
_LSN: Final = Struct(">Q")
_ZEROS: Final = bytes(PAGE_SIZE)
_CHECKSUM_AT, _PAGE_NO_AT, _LSN_AT, _FLUSH_LSN_AT, _SPACE_ID_AT = 0, 4, 16, 26, 34


@frozen(order=True)
class PageId:
    """Which page: space id and page number, 32 bits each."""

    space_id: int
    page_no: int


@frozen
class PageFault:
    """Why bytes are not a page: `what`, at byte `offset` of the page."""

    what: str
    offset: int


def may_write(offset: int, size: int) -> bool:
    """Whether redo may put `size` bytes at byte `offset` of a page."""
    return any(start <= offset and offset + size <= end for start, end in _FREE)


def checksum(page: bytes | bytearray) -> int:
    """CRC-32C over the stock ranges (InnoDB: buf_calc_page_crc32)."""
    view = memoryview(page)
    return int(crc32c(view[_PAGE_NO_AT:_FLUSH_LSN_AT]) ^ crc32c(view[BODY:BODY_END]))


def sealed(page: bytes | bytearray, page_id: PageId, lsn: Lsn) -> bytes:
    """What goes to disk: the content with address, LSN and checksums (buf_flush_init_for_writing)."""
    raw = bytearray(page)
    _U32.pack_into(raw, _PAGE_NO_AT, page_id.page_no)
    _U32.pack_into(raw, _SPACE_ID_AT, page_id.space_id)
    _LSN.pack_into(raw, _LSN_AT, lsn)
    value = checksum(raw)
    _U32.pack_into(raw, _CHECKSUM_AT, value)
    _U32.pack_into(raw, BODY_END, value)
    _U32.pack_into(raw, BODY_END + _U32.size, lsn & 0xFFFFFFFF)
    return bytes(raw)


def page_lsn(raw: bytes | bytearray) -> Lsn:
    """The LSN in the head of a page, in bytes of log."""
    return Lsn(_LSN.unpack_from(raw, _LSN_AT)[0])


def address(raw: bytes | bytearray) -> PageId:
    """What the page says of itself."""
    return PageId(_U32.unpack_from(raw, _SPACE_ID_AT)[0], _U32.unpack_from(raw, _PAGE_NO_AT)[0])


def is_blank(raw: bytes | bytearray) -> bool:
    """Whether the page was never written."""
    return raw == _ZEROS


def fault(raw: bytes | bytearray) -> PageFault | None:
    """Why these bytes are no whole page, None if they are one (TORN-1; InnoDB: BlockReporter::is_corrupted).

    A blank page is whole.
    """
    if len(raw) != PAGE_SIZE:
        return PageFault(f"a page of {len(raw)} bytes, not {PAGE_SIZE}", len(raw))
    if is_blank(raw):
        return None
    low = _U32.unpack_from(raw, BODY_END + _U32.size)[0]
    if page_lsn(raw) & 0xFFFFFFFF != low:
        return PageFault(
            f"a torn page: LSN {page_lsn(raw)} in its head, the low bits {low} in its tail", _LSN_AT
        )
    value = checksum(raw)
    for at in (_CHECKSUM_AT, BODY_END):
        if _U32.unpack_from(raw, at)[0] != value:
            found = _U32.unpack_from(raw, at)[0]
            return PageFault(f"a page with checksum {found:#010x} whose bytes give {value:#010x}", at)
    if any(raw[_FLUSH_LSN_AT:_SPACE_ID_AT]):
        return PageFault("a page with a flush LSN, which none has here", _FLUSH_LSN_AT)
    return None


def misplaced(raw: bytes | bytearray, page_id: PageId) -> PageFault | None:
    """Why a whole page does not belong at `page_id`; None if it does."""
    if is_blank(raw) or address(raw) == page_id:
        return None
    said = address(raw)
    what = (
        f"page {said.page_no} of space {said.space_id} where {page_id.page_no} of {page_id.space_id} belongs"
    )
    return PageFault(what, _PAGE_NO_AT)
