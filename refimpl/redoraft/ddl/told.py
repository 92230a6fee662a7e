"""What an mtr says of dictionary and files, in the words of a trace (docs/validate.md).

Tables are named by their files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redoraft.ddl.dictionary import Row, RowState, row_change
from redoraft.redo.file_record import FileCreate, FileDelete, FileRename
from redoraft.redo.record import PageWrite, Record

Told = dict[str, int | str]

_ENDS: Final = {RowState.COMMITTED: "commit", RowState.ROLLED_BACK: "rollback", RowState.GONE: "clean"}


def told_by(records: Sequence[Record]) -> Told:
    """The record of DdlFileOps that an mtr is, read from its bytes alone; empty if it is none.

    A DDL-log row is known by its slot: the bytes that end it say no more of it.
    """
    return next(filter(None, map(_said, records)), {})


def _said(record: Record) -> Told:
    match record:
        case FileCreate(space_id=space, name=name):
            return {"op": "create", "space_id": space, "name": name}
        case FileDelete(space_id=space, name=name):
            return {"op": "delete", "space_id": space, "name": name}
        case FileRename(space_id=space, name=name, new_name=to):
            return {"op": "rename", "space_id": space, "name": name, "to": to}
        case PageWrite() as write:
            return _row_said(write)
    # A file that is extended (FileExtend) keeps name and id: the specification has no such record.
    return {}


def _row_said(write: PageWrite) -> Told:
    match row_change(write):
        case slot, Row() as row:
            kind, names = row.kind.name.lower(), {"name": row.name.path, "to": row.to.path}
            return {"op": "row", "slot": slot, "kind": kind, "space_id": row.space_id, **names}
        case slot, RowState() as state:
            return {"op": _ENDS[state], "slot": slot}
    return {}
