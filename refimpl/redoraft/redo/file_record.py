"""Redo records of file operations (InnoDB: fil_op_write_log, fil_tablespace_redo_*), in the stock layout.

    every record                         then
    bytes   what                         33 MLOG_FILE_CREATE   flags (4), name
    1       type                         34 MLOG_FILE_RENAME   name, new name
    1 to 5  space id, compressed         35 MLOG_FILE_DELETE   name
    1 to 5  page number, compressed: 0   65 MLOG_FILE_EXTEND   offset (8), size (8)

A name is its length (2, the closing zero included), its bytes in UTF-8, and a zero.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Final

import attrs

from redoraft.errors import CorruptRedo, LogMisuse
from redoraft.redo.packed import pack, unpack

NAME_MAX: Final = 512
"""Bytes of a file's name."""

_U16: Final = Struct(">H")
_U32: Final = Struct(">I")
_U64_U64: Final = Struct(">QQ")


@attrs.frozen
class FileCreate:
    """The file `name` of a tablespace is made, with these flags in its page 0 (MLOG_FILE_CREATE)."""

    space_id: int
    name: str
    flags: int = 0


@attrs.frozen
class FileRename:
    """The file of a tablespace is renamed (MLOG_FILE_RENAME)."""

    space_id: int
    name: str
    new_name: str


@attrs.frozen
class FileDelete:
    """The file of a tablespace is removed (MLOG_FILE_DELETE)."""

    space_id: int
    name: str


@attrs.frozen
class FileExtend:
    """The file of a tablespace is at least `offset + size` bytes long (MLOG_FILE_EXTEND)."""

    space_id: int
    offset: int
    size: int


FileRecord = FileCreate | FileRename | FileDelete | FileExtend
"""What changes files and no page."""

CODES: Final[dict[type[FileRecord], int]] = {FileCreate: 33, FileRename: 34, FileDelete: 35, FileExtend: 65}
"""Stock type numbers, without the single-record flag."""


def encode_file_record(record: FileRecord, flag: int) -> bytes:
    """The bytes of one record; LogMisuse if a field does not fit."""
    head = bytes([CODES[type(record)] | flag]) + pack(record.space_id) + pack(0)
    match record:
        case FileCreate(name=name, flags=flags):
            if not 0 <= flags < 1 << 32:
                raise LogMisuse(f"flags {flags} do not fit 32 bits unsigned")
            return head + _U32.pack(flags) + _name(name)
        case FileRename(name=name, new_name=new_name):
            return head + _name(name) + _name(new_name)
        case FileDelete(name=name):
            return head + _name(name)
        case FileExtend(offset=offset, size=size):
            if min(offset, size) < 0 or offset + size >= 1 << 63:
                raise LogMisuse(f"a file cannot have {size} bytes from byte {offset} on")
            return head + _U64_U64.pack(offset, size)


def decode_file_record(data: bytes | bytearray, at: int) -> FileRecord:
    """The record at byte `at`; the caller has measured it."""
    found = parse_file_record(data, at)
    assert found is not None, "decode_file_record is for records that are whole"
    return found[0]


def parse_file_record(data: bytes | bytearray, at: int) -> tuple[FileRecord, int] | None:
    """The record at byte `at` and the byte behind it; None if `data` ends before it does.

    Raises CorruptRedo (offset: a byte of `data`).  The type byte is one of CODES, perhaps flagged.
    """
    space = unpack(data, at + 1)
    page = None if space is None else unpack(data, space[1])
    if space is None or page is None:
        return None
    if page[0] != 0:
        raise _no_record(f"a file operation on page {page[0]}, not 0", at)
    return _PARSERS[data[at] & 0x7F](data, page[1], space[0])


def _parse_create(data: bytes | bytearray, at: int, space_id: int) -> tuple[FileRecord, int] | None:
    if at + _U32.size > len(data):
        return None
    name = _parse_name(data, at + _U32.size)
    return name and (FileCreate(space_id, name[0], _U32.unpack_from(data, at)[0]), name[1])


def _parse_rename(data: bytes | bytearray, at: int, space_id: int) -> tuple[FileRecord, int] | None:
    name = _parse_name(data, at)
    new_name = name and _parse_name(data, name[1])
    return name and new_name and (FileRename(space_id, name[0], new_name[0]), new_name[1])


def _parse_delete(data: bytes | bytearray, at: int, space_id: int) -> tuple[FileRecord, int] | None:
    name = _parse_name(data, at)
    return name and (FileDelete(space_id, name[0]), name[1])


def _parse_extend(data: bytes | bytearray, at: int, space_id: int) -> tuple[FileRecord, int] | None:
    if at + _U64_U64.size > len(data):
        return None
    offset, size = _U64_U64.unpack_from(data, at)
    if offset + size >= 1 << 63:
        raise _no_record(f"a file of {offset + size} bytes", at)
    return FileExtend(space_id, offset, size), at + _U64_U64.size


_PARSERS: Final[dict[int, Callable[[bytes | bytearray, int, int], tuple[FileRecord, int] | None]]] = {
    33: _parse_create,
    34: _parse_rename,
    35: _parse_delete,
    65: _parse_extend,
}


def _name(name: str) -> bytes:
    try:
        raw = name.encode()
    except UnicodeEncodeError as wrong:
        raise LogMisuse(f"{name!r} is no text: a file's name must have a form in UTF-8") from wrong
    if not 0 < len(raw) <= NAME_MAX or 0 in raw:
        raise LogMisuse(f"a file's name has 1 to {NAME_MAX} bytes and no zero, not {len(raw)}: {name!r:.80}")
    return _U16.pack(len(raw) + 1) + raw + b"\0"


def _parse_name(data: bytes | bytearray, at: int) -> tuple[str, int] | None:
    if at + _U16.size > len(data):
        return None
    size = _U16.unpack_from(data, at)[0]
    if not 2 <= size <= NAME_MAX + 1:
        raise _no_record(f"a file's name of {size} bytes", at)
    start, end = at + _U16.size, at + _U16.size + size
    if end > len(data):
        return None
    raw = bytes(data[start:end])
    if raw.find(b"\0") != size - 1:
        raise _no_record("a file's name that a zero does not end", at)
    try:
        return raw[:-1].decode(), end
    except UnicodeDecodeError:
        raise _no_record("a file's name that is not UTF-8", at) from None


def _no_record(what: str, at: int) -> CorruptRedo:
    return CorruptRedo(what, offset=at, remedy="the log ends before this record")
