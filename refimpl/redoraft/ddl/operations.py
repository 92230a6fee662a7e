"""File operations on one node: what the leader calls, and what a follower executes (spec: DdlFiles)."""

from __future__ import annotations

from typing import Final

from redoraft.ddl.rules import DdlRules
from redoraft.errors import FileConflict
from redoraft.redo.file_record import FileCreate, FileDelete, FileExtend, FileRecord, FileRename
from redoraft.storage.engine import Storage
from redoraft.storage.tablespaces import Tablespaces

UNDO_SPACES: Final = range(0xFFFFFFF0 - 127 * 400_000, 0xFFFFFFF0)
"""Space ids of undo tablespaces (InnoDB: dict_sys_t::s_min_undo_space_id, s_max_undo_space_id)."""


def perform(record: FileRecord, storage: Storage, tablespaces: Tablespaces) -> None:
    """What a leader calls the operating system for, by space id (spec: Performed).

    A file that is gone, or has its new name already, is left as it is.  Raises FileInTheWay, DiskError,
    StorageStopped.
    """
    with storage.file_operation():
        _perform(record, storage, tablespaces)


def _perform(record: FileRecord, storage: Storage, tablespaces: Tablespaces) -> None:
    space_id = record.space_id
    match record:
        case FileCreate(name=name, flags=flags):
            tablespaces.create(name, space_id, flags)
        case FileDelete():
            if tablespaces.name_of(space_id) is not None:
                storage.forget_space(space_id)
                tablespaces.remove(space_id)
        case FileRename(name=name, new_name=new_name):
            if tablespaces.name_of(space_id) == name:
                tablespaces.rename(space_id, new_name)
        case FileExtend(offset=offset, size=size):
            if tablespaces.name_of(space_id) is not None:
                storage.data.extend(space_id, offset + size)


def remove_at_path(record: FileDelete, storage: Storage, tablespaces: Tablespaces) -> None:
    """Stock replay of DELETE_SPACE: of a space that is not loaded, whatever is at that path goes.

    Spec: AtPathGone.  No rule that is on calls it.
    """
    found = tablespaces.space_at(record.name)
    loaded = tablespaces.name_of(record.space_id) is not None
    if loaded or found is not None:
        gone = record.space_id if loaded or found is None else found
        perform(FileDelete(gone, record.name), storage, tablespaces)


def execute(record: FileRecord, storage: Storage, tablespaces: Tablespaces, rules: DdlRules) -> None:
    """What a follower does when it applies file redo (DDL-3, DDL-6, H7; spec: Conflicts, Executed).

    Raises FileConflict, with nothing done, if the path belongs to another tablespace, or the space is one for
    undo (H32); DiskError, StorageStopped.
    """
    if rules.refuses_undo_space(record.space_id in UNDO_SPACES):
        raise FileConflict(
            f"{type(record).__name__} of space {record.space_id}: undo tablespaces are not replicated, and"
            " their truncation is refused (H32); turn innodb_undo_log_truncate off on the leader"
        )
    if not rules.executes(is_file_operation=True):
        return
    name = tablespaces.name_of(record.space_id)
    match record:
        case FileCreate(name=path):
            if name == path:
                if not rules.accepts_existing(same_space=True):
                    raise FileConflict(
                        f"{path} is to be made for space {record.space_id}, and is there already"
                    )
                return
            _require(name is None and not tablespaces.taken(path), record, path)
            _require_folder(path, tablespaces, rules)
        case FileRename(new_name=path):
            if name is None or name == path:
                return
            _require(not tablespaces.taken(path), record, path)
            _require_folder(path, tablespaces, rules)
            # A rename finds its file by space id.
            record = FileRename(record.space_id, name, path)
        case _:
            pass
    perform(record, storage, tablespaces)


def _require(free: bool, record: FileRecord, path: str) -> None:
    if not free:
        raise FileConflict(
            f"{type(record).__name__} of space {record.space_id} cannot be executed: {path}, or that"
            " space id, is taken here; move the file out of the data directory, or seed the node anew (H24)"
        )


def _require_folder(path: str, tablespaces: Tablespaces, rules: DdlRules) -> None:
    folder = path.partition("/")[0]
    if not rules.makes_folder(missing=not tablespaces.has_folder(folder)):
        raise FileConflict(f"{path} cannot be made: there is no folder {folder} here; make it")
