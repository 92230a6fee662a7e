"""The replicated dictionary in pages: tables, space ids, and the DDL log (spec: DdlDictionary).

It is in space 0xFFFFFFFE, as mysql.ibd is, and changes by redo like any other page.  Bytes count from the
body of a page; numbers are big-endian.

    page 1, the header                      page 2 to 5, tables         page 6 to 9, the DDL log
    byte  bytes  what                       bytes  what                 bytes  what
    0     4      the next space id          1      1 if there is one    1      state: see RowState
    4     8      the next row id            4      space id             1      kind: see Kind
    12    2      slots of tables in use     2+512  name of the file     8      row id
    14    2      slots of rows in use                                   4      space id
                                                                        2+512  name, and again: new name

A DDL has one row in the DDL log, and the row has the state of that DDL: what the background transaction
inserts (undo-type) and what the DDL inserts itself (redo-type) differ in when they are visible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from struct import Struct
from typing import Final

from attrs import evolve, frozen

from redoraft.ddl.names import TableName
from redoraft.ddl.rules import DdlRules
from redoraft.errors import DictionaryFull
from redoraft.redo.file_record import FileRecord
from redoraft.redo.record import PageWrite, Record
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft.storage.tablespaces import FIRST_SPACE, LAST_SPACE

DICTIONARY_SPACE: Final = 0xFFFFFFFE
"""InnoDB: dict_sys_t::s_dict_space_id."""
PAGES: Final = 4
"""Pages of tables, and of rows."""

_HEADER_PAGE, _TABLE_PAGE, _ROW_PAGE = 1, 2, 2 + PAGES
_HEADER: Final = Struct(">IQHH")
_TABLE: Final = Struct(">BIH512s")
_ROW: Final = Struct(">BBQIH512sH512s")
TABLES_MAX: Final = PAGES * ((BODY_END - BODY) // _TABLE.size)
"""Tables that the dictionary has room for: 124."""
ROWS_MAX: Final = PAGES * ((BODY_END - BODY) // _ROW.size)


class Kind(IntEnum):
    """What a DDL does; the number in a DDL-log row."""

    CREATE = 1
    RENAME = 2
    DROP = 3


class RowState(IntEnum):
    """Of the DDL that a row belongs to; GONE: the row was replayed and removed (spec: clean)."""

    GONE = 0
    ACTIVE = 1
    COMMITTED = 2
    ROLLED_BACK = 3


@frozen(order=True)
class Table:
    """A table of the dictionary, and its tablespace."""

    name: TableName
    space_id: int


@frozen
class Row:
    """A row of the DDL log: what to undo, or for DROP to do; `to` is RENAME's new name, else `name`."""

    row_id: int
    kind: Kind
    space_id: int
    name: TableName
    to: TableName
    state: RowState = RowState.ACTIVE

    def visible(self, rules: DdlRules) -> bool:
        """Whether a replay sees it (spec: Visible)."""
        if self.state is RowState.GONE:
            return False
        if self.kind is Kind.DROP:
            return rules.shows_drop_row(self.state is RowState.COMMITTED)
        undone = self.state is RowState.ROLLED_BACK
        return self.state is not RowState.COMMITTED and rules.shows_undo_row(undone)


@frozen
class _Counts:
    next_space: int
    next_row: int
    tables: int
    rows: int


ReadPage = Callable[[PageId], bytes]


class Dictionary:
    """Reads the pages as they are now, and says which writes make a change; it writes nothing itself.

    Every call raises what `read` raises (`Storage.read`).
    """

    def __init__(self, read: ReadPage, rules: DdlRules) -> None:
        self._read: Final = read
        self._rules: Final = rules

    # --- what is in it ---

    def tables(self) -> dict[TableName, Table]:
        """All tables (spec: Tables)."""
        return {table.name: table for _, table in self._tables() if table is not None}

    def rows(self) -> list[Row]:
        """The DDL-log rows that are not removed, by row id."""
        rows = [row for _, row in self._rows() if row.state is not RowState.GONE]
        return sorted(rows, key=lambda row: row.row_id)

    def visible_rows(self) -> list[Row]:
        """Those that a replay sees, by row id (spec: VisibleRows)."""
        return [row for row in self.rows() if row.visible(self._rules)]

    def unfinished(self) -> list[Row]:
        """Rows of DDLs that neither committed nor rolled back, by row id (spec: Unfinished)."""
        return [row for row in self.rows() if row.state is RowState.ACTIVE]

    # --- changes: each is one mtr ---

    def insert(
        self, kind: Kind, name: TableName, to: TableName, space_id: int | None
    ) -> tuple[Row, list[PageWrite]]:
        """A row; with no space id the next free one is taken, in the same mtr (H2).

        Raises DictionaryFull.
        """
        counts = self._counts()
        new = counts.next_space if space_id is None else space_id
        row = Row(counts.next_row, kind, new, name, to)
        free = next((slot for slot, old in self._rows() if self._reusable(old)), counts.rows)
        full = kind is Kind.CREATE and self._table_slot(counts) >= TABLES_MAX
        if free >= ROWS_MAX or full or new > LAST_SPACE:
            raise DictionaryFull(
                f"the dictionary has room for {TABLES_MAX} tables and {ROWS_MAX} DDL-log rows: drop a table"
                " first"
            )
        counts = evolve(
            counts,
            next_space=counts.next_space + (space_id is None),
            next_row=counts.next_row + 1,
            rows=max(counts.rows, free + 1),
        )
        return row, [_write(_ROW_PAGE, _ROW, free, _pack_row(row)), _header_write(counts)]

    def commit(self, row: Row) -> list[PageWrite]:
        """The DDL is committed: its row says so, and the tables are as it leaves them."""
        counts = self._counts()
        if row.kind is Kind.CREATE:
            slot, table = self._table_slot(counts), Table(row.name, row.space_id)
            counts = evolve(counts, tables=max(counts.tables, slot + 1))
        else:
            slot = next(at for at, one in self._tables() if one is not None and one.space_id == row.space_id)
            table = Table(row.to, row.space_id)
        packed = _TABLE.pack(row.kind is not Kind.DROP, table.space_id, *_name(table.name))
        return [
            self._state_write(row, RowState.COMMITTED),
            _write(_TABLE_PAGE, _TABLE, slot, packed),
            _header_write(counts),
        ]

    def roll_back(self, row: Row) -> list[PageWrite]:
        """The DDL is rolled back; the dictionary has nothing else of it."""
        return [self._state_write(row, RowState.ROLLED_BACK)]

    def clean(self, row: Row) -> list[PageWrite]:
        """The row is replayed, and removed."""
        return [self._state_write(row, RowState.GONE)]

    # --- pages ---

    def _reusable(self, row: Row) -> bool:
        return row.state is not RowState.ACTIVE and not row.visible(self._rules)

    def _counts(self) -> _Counts:
        page = self._read(PageId(DICTIONARY_SPACE, _HEADER_PAGE))
        next_space, next_row, tables, rows = _HEADER.unpack_from(page, BODY)
        return _Counts(max(next_space, FIRST_SPACE), max(next_row, 1), tables, rows)

    def _table_slot(self, counts: _Counts) -> int:
        return next((slot for slot, table in self._tables() if table is None), counts.tables)

    def _tables(self) -> Iterator[tuple[int, Table | None]]:
        for slot in range(self._counts().tables):
            there, space_id, size, name = _TABLE.unpack_from(*self._place(_TABLE_PAGE, _TABLE, slot))
            yield slot, Table(_unpack_name(size, name), space_id) if there else None

    def _rows(self) -> Iterator[tuple[int, Row]]:
        for slot in range(self._counts().rows):
            yield slot, _unpack_row(*self._place(_ROW_PAGE, _ROW, slot))

    def _place(self, first_page: int, form: Struct, slot: int) -> tuple[bytes, int]:
        page_no, at = _slot(first_page, form, slot)
        return self._read(PageId(DICTIONARY_SPACE, page_no)), at

    def _state_write(self, row: Row, state: RowState) -> PageWrite:
        slot = next(at for at, one in self._rows() if one.row_id == row.row_id)
        return _write(_ROW_PAGE, _ROW, slot, bytes([state]))


def changes_tables(records: Sequence[Record]) -> bool:
    """Whether an mtr changes which tables there are: the commit of a DDL does, and nothing else."""
    return any(
        isinstance(one, PageWrite)
        and one.space_id == DICTIONARY_SPACE
        and _TABLE_PAGE <= one.page_no < _ROW_PAGE
        for one in records
    )


def is_ddl(records: Sequence[Record]) -> bool:
    """Whether an mtr is of dictionary or files, and not of what is in tables."""
    return any(
        isinstance(one, FileRecord) or (isinstance(one, PageWrite) and one.space_id == DICTIONARY_SPACE)
        for one in records
    )


def row_change(write: PageWrite) -> tuple[int, Row | RowState] | None:
    """The slot of the DDL-log row that a write changes, with the new row, or its new state; None if it
    changes none."""
    if write.space_id != DICTIONARY_SPACE or not _ROW_PAGE <= write.page_no < _ROW_PAGE + PAGES:
        return None
    slots = (BODY_END - BODY) // _ROW.size
    slot = (write.page_no - _ROW_PAGE) * slots + (write.offset - BODY) // _ROW.size
    return slot, RowState(write.data[0]) if len(write.data) == 1 else _unpack_row(write.data, 0)


def _slot(first_page: int, form: Struct, slot: int) -> tuple[int, int]:
    page, nth = divmod(slot, (BODY_END - BODY) // form.size)
    return first_page + page, BODY + nth * form.size


def _write(first_page: int, form: Struct, slot: int, data: bytes) -> PageWrite:
    page_no, at = _slot(first_page, form, slot)
    return PageWrite(DICTIONARY_SPACE, page_no, at, data)


def _header_write(counts: _Counts) -> PageWrite:
    data = _HEADER.pack(counts.next_space, counts.next_row, counts.tables, counts.rows)
    return PageWrite(DICTIONARY_SPACE, _HEADER_PAGE, BODY, data)


def _pack_row(row: Row) -> bytes:
    return _ROW.pack(row.state, row.kind, row.row_id, row.space_id, *_name(row.name), *_name(row.to))


def _unpack_row(page: bytes, at: int) -> Row:
    state, kind, row_id, space_id, size, name, to_size, to = _ROW.unpack_from(page, at)
    names = _unpack_name(size, name), _unpack_name(to_size, to)
    return Row(row_id, Kind(kind), space_id, *names, RowState(state))


def _name(name: TableName) -> tuple[int, bytes]:
    raw = name.path.encode()
    return len(raw), raw


def _unpack_name(size: int, raw: bytes) -> TableName:
    return TableName.of_path(raw[:size].decode())
