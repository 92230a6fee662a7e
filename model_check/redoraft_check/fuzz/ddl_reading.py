"""A reading of log and disk that is naive on purpose: bytes as the records and files of DdlFileOps.

Names are those of tables in schema `db`; space ids count from 1, as in the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import unpack_from

import attrs

from redoraft.cluster import filewatch
from redoraft.ddl.dictionary import DICTIONARY_SPACE, Table
from redoraft.ddl.names import TableName
from redoraft.disk.memory import MemoryDisk
from redoraft.redo.file_record import FileCreate, FileDelete, FileExtend, FileRename
from redoraft.redo.record import PageWrite, Record
from redoraft.storage.page import BODY
from redoraft.storage.port import LoggedMtr
from redoraft.storage.tablespaces import FIRST_SPACE
from redoraft_check.oracle.values import Value, make_function, make_set

_ROW_BYTES = 1 + 1 + 8 + 4 + 2 * (2 + 512)
_ROWS_PER_PAGE = 16338 // _ROW_BYTES
_FIRST_ROW_PAGE = 6


Files = set[tuple[str, int]]
"""Names and space ids."""


@attrs.frozen
class Entry:
    """A record of the specification: what one mtr says.  `row` is the position of the row that it ends."""

    op: str
    kind: str = ""
    space: int = 0
    name: str = ""
    to: str = ""
    row: int = 0


def table(name: str) -> TableName:
    """The table that the specification calls so."""
    return TableName("db", name)


def short(path: str) -> str:
    """The specification's name of a file."""
    return path.removeprefix("db/").removesuffix(".ibd")


def spec_space(space_id: int) -> int:
    """The specification's space id."""
    return space_id - FIRST_SPACE + 1


def entries_of(mtrs: Sequence[LoggedMtr]) -> list[Entry]:
    """The log as the specification has it, read from its bytes."""
    found: list[Entry] = []
    slots: dict[int, int] = {}
    for position, mtr in enumerate(mtrs, 1):
        found.append(_entry(mtr.records, slots, position))
    return found


def _entry(records: Sequence[Record], slots: dict[int, int], position: int) -> Entry:
    match records[0]:
        case FileCreate(space_id=space, name=name):
            return Entry("create", space=spec_space(space), name=short(name), to=short(name))
        case FileDelete(space_id=space, name=name):
            return Entry("delete", space=spec_space(space), name=short(name), to=short(name))
        case FileRename(space_id=space, name=name, new_name=to):
            return Entry("rename", space=spec_space(space), name=short(name), to=short(to))
        case FileExtend(space_id=space):
            # The specification has no extensions: one changes what is in a space, as a page record does.
            return Entry("page", space=spec_space(space))
        case PageWrite() as write:
            return _page_entry(write, slots, position)
    raise AssertionError(f"no record of DDL: {records}")


def _page_entry(write: PageWrite, slots: dict[int, int], position: int) -> Entry:
    if write.space_id != DICTIONARY_SPACE:
        return Entry("page", space=spec_space(write.space_id))
    slot = (write.page_no - _FIRST_ROW_PAGE) * _ROWS_PER_PAGE + (write.offset - BODY) // _ROW_BYTES
    if len(write.data) == 1:
        return Entry({0: "clean", 2: "commit", 3: "rollback"}[write.data[0]], row=slots[slot])
    slots[slot] = position
    return _row(write.data)


def _row(data: bytes) -> Entry:
    kind, _, space, size = unpack_from(">BQIH", data, 1)
    (to_size,) = unpack_from(">H", data, 16 + 512)
    name, to = data[16 : 16 + size].decode(), data[18 + 512 : 18 + 512 + to_size].decode()
    said = {1: "create", 2: "rename", 3: "drop"}[kind]
    return Entry("row", kind=said, space=spec_space(space), name=short(name), to=short(to))


def tables_at(entries: Sequence[Entry], upto: int) -> Files:
    """The tables after so many records: names and space ids (spec: Tables)."""
    found: dict[int, str] = {}
    for entry in entries[:upto]:
        if entry.op != "commit":
            continue
        row = entries[entry.row - 1]
        if row.kind == "drop":
            found.pop(row.space, None)
        else:
            found[row.space] = row.to
    return {(name, space) for space, name in found.items()}


def files_on(disk: MemoryDisk) -> Files:
    """Names and space ids of the tablespace files, read from their first pages."""
    return {(short(name), spec_space(space)) for name, space in filewatch.files_on(disk)}


def record_of(entry: Entry) -> Value:
    """A record as a value of the specification."""
    if entry.op in {"commit", "rollback", "clean"}:
        return make_function({"op": entry.op, "row": entry.row})
    if entry.op == "page":
        return make_function({"op": entry.op, "space": entry.space})
    fields: dict[str, Value] = {"space": entry.space, "name": entry.name, "to": entry.to}
    return make_function({"op": entry.op, **({"kind": entry.kind} if entry.op == "row" else {}), **fields})


def files_of(found: Iterable[tuple[str, int]]) -> Value:
    """Files, or tables, as a value of the specification."""
    return make_set(make_function({"name": name, "space": space}) for name, space in found)


def table_of(one: Table) -> tuple[str, int]:
    """A table as the specification has it."""
    return short(one.name.path), spec_space(one.space_id)
