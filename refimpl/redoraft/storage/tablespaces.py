"""The files of users' tablespaces: `schema/table.ibd`, known by the space id in their page 0 (DDL-9).

    byte of page 0  bytes  what (InnoDB: fsp0fsp.h; the page itself is as in `page`)
    38              4      space id
    46              4      size in pages
    54              4      flags

A file operation is one step for whoever reads the directory: a file is made under another name, whole and
durable, before it gets its own; a renaming is the disk's.  When an operation returns, it is durable.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from struct import Struct
from typing import Final, Self

from attrs import frozen

from redoraft.errors import DiskError, FileInTheWay, TwoFilesOneSpace
from redoraft.redo.record import PAGE_SIZE
from redoraft.storage.page import BODY, NEVER_WRITTEN, PageId, address, fault, is_blank, sealed
from redoraft.storage.port import DataDisk, DataFile
from redoraft.storage.slots import LsnSlots
from redoraft.types import Lsn

FIRST_SPACE: Final = 100
"""The first space id that a CREATE gives; those below are the engine's own (rows, undo)."""
LAST_SPACE: Final = 0xFFFFFFEF
"""The last one: those above are InnoDB's own, the dictionary's among them."""

_NAME: Final = re.compile(r"[^/]+/[^/]+\.ibd")
_IN_THE_MAKING: Final = "#creating-"
_U32: Final = Struct(">I")
_SPACE_ID_AT, _SIZE_AT, _FLAGS_AT = BODY, BODY + 8, BODY + 16


@frozen
class TablespaceHeader:
    """What page 0 says: space id, size in pages, flags."""

    space_id: int
    pages: int
    flags: int


def first_page(space_id: int, flags: int) -> bytes:
    """Page 0 of a new tablespace, at LSN 0 (InnoDB: fil_create_tablespace, fsp_header_init_fields)."""
    page = bytearray(PAGE_SIZE)
    for at, value in ((_SPACE_ID_AT, space_id), (_SIZE_AT, 1), (_FLAGS_AT, flags)):
        _U32.pack_into(page, at, value)
    return sealed(page, PageId(space_id, 0), NEVER_WRITTEN)


def read_header(raw: bytes) -> TablespaceHeader | None:
    """What a page 0 says; None if it is torn, damaged, or of no user's tablespace.

    InnoDB: Fil_system::get_tablespace_id.
    """
    if fault(raw) is not None or is_blank(raw) or address(raw).page_no != 0:
        return None
    space_id, pages, flags = (_U32.unpack_from(raw, at)[0] for at in (_SPACE_ID_AT, _SIZE_AT, _FLAGS_AT))
    if space_id != address(raw).space_id or not is_user_space(space_id):
        return None
    return TablespaceHeader(space_id, pages, flags)


def is_user_space(space_id: int) -> bool:
    """Whether a CREATE gives such ids."""
    return FIRST_SPACE <= space_id <= LAST_SPACE


class Tablespaces:
    """The tablespace files of one disk: a name and a space id each.  Every failure of it is a DiskError."""

    def __init__(self, disk: DataDisk, names: dict[int, str]) -> None:
        """For `scan`."""
        self._disk: Final = disk
        self._names: Final = names

    @classmethod
    def scan(cls, disk: DataDisk) -> Self:
        """Find the files by what their first pages say (DDL-9; InnoDB: Tablespace_dirs::scan).

        A file with space id 0, or whose page 0 cannot be read, is none of ours and stays as it is.  What a
        crash has left of a creation is removed.  Raises TwoFilesOneSpace, DiskError.
        """
        # What is seen may be in the system's cache only, and what follows relies on it.
        disk.sync()
        unfinished = [name for name in disk.names if name.startswith(_IN_THE_MAKING)]
        for name in unfinished:
            disk.remove(name)
        if unfinished:
            disk.sync()
        names: dict[int, str] = {}
        for name in sorted(disk.names):
            header = _header_of(disk, name) if _NAME.fullmatch(name) else None
            if header is None:
                continue
            if header.space_id in names:
                raise TwoFilesOneSpace(
                    f"{names[header.space_id]} and {name} both say space id {header.space_id}: find out which"
                    " one the dictionary means, and move the other one out of the data directory"
                )
            names[header.space_id] = name
        return cls(disk, names)

    # --- what is seen of them (SpaceFiles) ---

    @property
    def spaces(self) -> Collection[int]:
        """The space ids that have a file."""
        return tuple(self._names)

    @property
    def files(self) -> frozenset[tuple[str, int]]:
        """Names and space ids (spec: files)."""
        return frozenset((name, space_id) for space_id, name in self._names.items())

    def owns(self, space_id: int) -> bool:
        """Whether such a space has its file here, if anywhere."""
        return is_user_space(space_id)

    def name_of(self, space_id: int) -> str | None:
        """The name of its file; None if there is none."""
        return self._names.get(space_id)

    def space_at(self, name: str) -> int | None:
        """The space id of the file of that name; None if there is none, or not one of ours."""
        return next((space_id for space_id, found in self._names.items() if found == name), None)

    def taken(self, name: str) -> bool:
        """Whether a file has that name, or that of its folder, one of ours or not."""
        return not {name, name.partition("/")[0]}.isdisjoint(self._disk.names)

    def has_folder(self, folder: str) -> bool:
        """Whether some file is in that folder."""
        return any(name.startswith(f"{folder}/") for name in self._disk.names)

    # --- file operations ---

    def create(self, name: str, space_id: int, flags: int = 0) -> None:
        """A new tablespace of one page.

        Raises FileInTheWay if the name is taken, TwoFilesOneSpace if the id is, DiskError.
        """
        self._require_free(name)
        if space_id in self._names:
            raise TwoFilesOneSpace(
                f"space {space_id} is in {self._names[space_id]}: it cannot be made again as {name}"
            )
        making = f"{_IN_THE_MAKING}{space_id}"
        if making in self._disk.names:
            self._disk.remove(making)
        file = self._disk.create(making)
        file.write(0, first_page(space_id, flags))
        file.fsync()
        file.close()
        self._disk.rename(making, name)
        self._disk.sync()
        self._names[space_id] = name

    def rename(self, space_id: int, new_name: str) -> None:
        """Give a tablespace's file another name.  Raises FileInTheWay if it is taken, DiskError."""
        self._require_free(new_name)
        self._disk.rename(self._names[space_id], new_name)
        self._disk.sync()
        self._names[space_id] = new_name

    def remove(self, space_id: int) -> None:
        """Remove a tablespace's file."""
        self._disk.remove(self._names[space_id])
        self._disk.sync()
        del self._names[space_id]

    def _require_free(self, name: str) -> None:
        if self.taken(name):
            raise FileInTheWay(
                f"{name} is there already: move it out of the data directory, or take another name"
            )


def _header_of(disk: DataDisk, name: str) -> TablespaceHeader | None:
    file = disk.open(name)
    try:
        return read_header(file.read(0, PAGE_SIZE))
    except DiskError:
        return None
    finally:
        file.close()


APPLIED_FILE: Final = "file-operations"
"""The file that keeps the LSN up to which file operations are applied (H5)."""
_MAGIC: Final = b"RRF1"


class AppliedFileOperations:
    """The LSN up to which file operations are applied, durable (H5; spec: applied)."""

    def __init__(self, file: DataFile, slots: LsnSlots) -> None:
        """For `open`."""
        self._file: Final = file
        self._slots: Final = slots

    @classmethod
    def open(cls, disk: DataDisk) -> Self:
        """What the disk has; LSN 0 on a new one.  Raises CorruptStorage, DiskError."""
        file = disk.open(APPLIED_FILE)
        slots = LsnSlots.open(file, _MAGIC, APPLIED_FILE)
        # It was read, perhaps from a cache only.
        file.fsync()
        return cls(file, slots)

    @property
    def lsn(self) -> Lsn:
        """File operations that end at or below it are not executed again."""
        return self._slots.lsn

    def note(self, lsn: Lsn) -> None:
        """All up to `lsn` are executed, durably; a crash leaves the old LSN or this one.  DiskError."""
        if lsn > self._slots.lsn:
            self._slots.write(lsn)
            self._file.fsync()
