"""Redo records: one byte of type, then what the type says.  Big-endian, as in InnoDB.

The top bit of the type (0x80) says that the record is a mini-transaction by itself.

    PageWrite (MLOG_WRITE_STRING, 30: stock layout)      Meta (RAFT_META, 120: ours; always with 0x80)
    bytes   what                                         bytes   what
    1       type                                         1       type: 0xF8
    1 to 5  space id, compressed                         8       term
    1 to 5  page number, compressed                      8       index
    2       offset in the page                           8       start LSN: the end of the entry before
    2       length of the data                           8       data bytes between start LSN and this record
    length  the data
                                                         PageInit (MLOG_INIT_FILE_PAGE2, 59: stock layout)
                                                         1       type
                                                         1 to 5  space id, compressed
                                                         1 to 5  page number, compressed

                                                         Dummy (MLOG_DUMMY_RECORD, 32), GroupEnd
                                                         (MLOG_MULTI_REC_END, 31: never with 0x80)
                                                         1       type

File operations (MLOG_FILE_CREATE, _RENAME, _DELETE, _EXTEND: 33, 34, 35, 65) are those of `file_record`.

120 leaves room above InnoDB's largest type (76 in 8.0.30).  A server or tool without it refuses the log.
Every record has one encoding only and says its own length, so the same log is the same bytes on every node.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final

import attrs

from redoraft.errors import CorruptRedo, LogMisuse
from redoraft.redo.file_record import CODES as FILE_CODES
from redoraft.redo.file_record import FileRecord, encode_file_record, parse_file_record
from redoraft.redo.packed import pack, unpack
from redoraft.types import LogIndex, Lsn, Term

SINGLE: Final = 0x80
"""InnoDB's MLOG_SINGLE_REC_FLAG."""

PAGE_SIZE: Final = 16384
"""InnoDB's default page size, in bytes: no write reaches beyond it."""


class RecordType(IntEnum):
    """The codes of the types, without the single-record flag."""

    PAGE_WRITE = 30
    GROUP_END = 31
    DUMMY = 32
    FILE_CREATE = 33
    FILE_RENAME = 34
    FILE_DELETE = 35
    PAGE_INIT = 59
    FILE_EXTEND = 65
    RAFT_META = 120


_U16_U16: Final = Struct(">HH")
_META: Final = Struct(">BQQQQ")
_U64_MAX: Final = (1 << 64) - 1

META_SIZE: Final = _META.size
"""Bytes of a meta record: 33."""


@attrs.frozen
class PageWrite:
    """`data` is put at byte `offset` of a page (InnoDB: mlog_write_string)."""

    space_id: int
    page_no: int
    offset: int
    data: bytes


@attrs.frozen
class PageInit:
    """The page is taken into use: all zeros but for its own address (InnoDB: fsp_init_file_page)."""

    space_id: int
    page_no: int


@attrs.frozen
class Dummy:
    """A record that changes nothing (InnoDB: MLOG_DUMMY_RECORD)."""


@attrs.frozen
class Meta:
    """What closes an entry (LOG-2).

    `start_lsn` (bytes) is the end of the entry before; `data_size` counts the bytes of data from there up to
    this record, 0 for a term marker.
    """

    term: Term
    index: LogIndex
    start_lsn: Lsn
    data_size: int


FILE_TYPES: Final = frozenset(FILE_CODES.values())
"""The types of file operations, without the single-record flag."""

Record = PageWrite | PageInit | Dummy | FileRecord
"""What an mtr is made of; a Meta stands alone, see `redoraft.redo.mtr`."""


def encode_record(record: Record, *, single: bool) -> bytes:
    """The bytes of one record; LogMisuse if a field does not fit."""
    flag = SINGLE if single else 0
    if isinstance(record, Dummy):
        return bytes([RecordType.DUMMY | flag])
    if isinstance(record, PageInit):
        return bytes([RecordType.PAGE_INIT | flag]) + pack(record.space_id) + pack(record.page_no)
    if not isinstance(record, PageWrite):
        return encode_file_record(record, flag)
    size = len(record.data)
    if not 0 <= record.offset <= PAGE_SIZE - size:
        raise LogMisuse(
            f"{size} bytes at offset {record.offset} leave the page: write within its {PAGE_SIZE} bytes"
        )
    head = bytes([RecordType.PAGE_WRITE | flag]) + pack(record.space_id) + pack(record.page_no)
    return head + _U16_U16.pack(record.offset, size) + record.data


def encode_meta(meta: Meta) -> bytes:
    """The 33 bytes of a meta record, an mtr by itself; LogMisuse if a field does not fit 64 bits."""
    fields = (meta.term, meta.index, meta.start_lsn, meta.data_size)
    if any(not 0 <= field <= _U64_MAX for field in fields):
        raise LogMisuse(f"{meta} does not fit: term, index, start LSN and size are 64 bits unsigned")
    return _META.pack(RecordType.RAFT_META | SINGLE, *fields)


def decode_meta(data: bytes | bytearray, at: int) -> Meta:
    """The meta record at byte `at`; the caller has measured it."""
    _, term, index, start, size = _META.unpack_from(data, at)
    return Meta(Term(term), LogIndex(index), Lsn(start), size)


def decode_page_write(data: bytes | bytearray, at: int) -> PageWrite:
    """The page write at byte `at`; the caller has measured it."""
    fields = _page_write_fields(data, at)
    assert fields is not None, "decode_page_write is for records that are whole"
    space_id, page_no, offset, start, end = fields
    return PageWrite(space_id, page_no, offset, bytes(data[start:end]))


def decode_page_init(data: bytes | bytearray, at: int) -> PageInit:
    """The page init at byte `at`; the caller has measured it."""
    address = _page_address(data, at)
    assert address is not None, "decode_page_init is for records that are whole"
    return PageInit(*address[:2])


def measure(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """The type byte of the record at byte `at`, and where it ends; None if `data` ends before it does.

    Raises CorruptRedo (offset: a byte of `data`) where no record can stand (InnoDB: recv_parse_log_rec).
    """
    if at >= len(data):
        return None
    type_byte = data[at]
    kind = type_byte & ~SINGLE
    if kind == RecordType.PAGE_WRITE:
        fields = _page_write_fields(data, at)
        return None if fields is None else (type_byte, fields[4])
    if kind == RecordType.PAGE_INIT:
        address = _page_address(data, at)
        return None if address is None else (type_byte, address[2])
    if kind in FILE_TYPES:
        found = parse_file_record(data, at)
        return None if found is None else (type_byte, found[1])
    if kind == RecordType.DUMMY or type_byte == RecordType.GROUP_END:
        return type_byte, at + 1
    if type_byte == RecordType.RAFT_META | SINGLE:
        return (type_byte, at + META_SIZE) if at + META_SIZE <= len(data) else None
    raise CorruptRedo(
        f"no record has the type byte {type_byte:#04x}",
        offset=at,
        remedy="the log ends before it; if a newer version wrote it, read it with that version",
    )


def _page_write_fields(data: bytes | bytearray, at: int) -> tuple[int, int, int, int, int] | None:
    """Space id, page number, offset in the page, and where the written bytes start and end in `data`."""
    address = _page_address(data, at)
    if address is None or address[2] + _U16_U16.size > len(data):
        return None
    space_id, page_no, behind = address
    offset, size = _U16_U16.unpack_from(data, behind)
    if offset + size > PAGE_SIZE:
        raise CorruptRedo(
            f"a page write of {size} bytes at offset {offset} leaves the page of {PAGE_SIZE} bytes",
            offset=at,
            remedy="the log ends before this record",
        )
    start = behind + _U16_U16.size
    return (space_id, page_no, offset, start, start + size) if start + size <= len(data) else None


def _page_address(data: bytes | bytearray, at: int) -> tuple[int, int, int] | None:
    """Space id and page number of the record at byte `at`, and the byte behind them."""
    space = unpack(data, at + 1)
    page = None if space is None else unpack(data, space[1])
    return None if space is None or page is None else (space[0], *page)
