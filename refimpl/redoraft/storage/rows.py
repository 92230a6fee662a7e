"""Rows of a fixed size, and transactions with undo in pages (InnoDB: row_upd, trx_undo_report_row_operation).

    row, 64 bytes, in space 10                undo page, one a transaction, in space 11
    byte  bytes  what                         byte  bytes  what
    0     1      1 if there is one            0     1      0 free, 1 active, 2 committed
    1     8      transaction that wrote it    1     8      transaction id
    9     1      length of the value          9     2      changes that are not undone
    10    54     the value                    11    72 each: key (8), the row before the change (64)

Bytes count from the body of the page; row k is the (k mod 255)th of page k / 255.  A change is one mtr: undo
record, count, row.  Undoing one is one mtr too: row, count.  So a crash or a new leader finds every change
either with its undo or not at all, and goes on where a rollback has stopped (H30).  Both are redo like any
other: followers need no undo of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final

from attrs import frozen

from redoraft.errors import StorageMisuse
from redoraft.redo.record import PageWrite, Record
from redoraft.storage.engine import Storage
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft.storage.port import Append, LoggedMtr

ROW_SPACE: Final = 10
UNDO_SPACE: Final = 11
UNDO_PAGES: Final = 16
"""Transactions that may be unfinished or unpurged at once."""
VALUE_MAX: Final = 54
"""Bytes of a value."""

_ROW: Final = Struct(">BQB54s")
_ROWS_PER_PAGE: Final = (BODY_END - BODY) // _ROW.size
_HEADER: Final = Struct(">BQH")
_CHANGE: Final = Struct(">Q64s")
CHANGES_MAX: Final = (BODY_END - BODY - _HEADER.size) // _CHANGE.size
"""Changes of one transaction."""
_FREE, _ACTIVE, _COMMITTED = 0, 1, 2


@frozen
class _Undo:
    """The head of an undo page."""

    slot: int
    state: int
    transaction: int
    changes: int


class Rows:
    """Transactions of a leader on one storage engine; `append` writes an mtr into its log.

    Every call raises what `Storage.write` and `Storage.read` raise.
    """

    def __init__(self, storage: Storage, append: Append) -> None:
        self._storage: Final = storage
        self._append: Final = append

    # --- transactions ---

    def begin(self) -> int:
        """A new transaction's id; StorageMisuse if no undo page is free."""
        heads = list(self._heads())
        free = next((head for head in heads if head.state == _FREE), None)
        if free is None:
            raise StorageMisuse(f"all {UNDO_PAGES} undo pages are in use: commit, roll back or purge first")
        transaction = 1 + max(head.transaction for head in heads)
        self._write([_head_write(_Undo(free.slot, _ACTIVE, transaction, 0))])
        return transaction

    def put(self, transaction: int, key: int, value: bytes | None) -> None:
        """Write a row, or delete it (None).

        Raises StorageMisuse if another transaction has changed it and is not finished, for too long a value,
        and for too many changes.
        """
        head = self._active(transaction)
        if len(value or b"") > VALUE_MAX or head.changes == CHANGES_MAX:
            raise StorageMisuse(
                f"a value has at most {VALUE_MAX} bytes, a transaction at most {CHANGES_MAX} changes"
            )
        before = self._row(key)
        writer = _ROW.unpack(before)[1]
        if writer != transaction and any(one.transaction == writer for one in self._unfinished()):
            raise StorageMisuse(f"row {key} is locked by transaction {writer}: wait until it has ended")
        row = _ROW.pack(value is not None, transaction, len(value or b""), value or b"")
        at = BODY + _HEADER.size + head.changes * _CHANGE.size
        self._write(
            [
                PageWrite(UNDO_SPACE, head.slot, at, _CHANGE.pack(key, before)),
                _head_write(_Undo(head.slot, _ACTIVE, transaction, head.changes + 1)),
                _row_write(key, row),
            ]
        )

    def commit(self, transaction: int) -> None:
        """Write the commit mtr; whether it is committed the majority decides (LIM-4, H17)."""
        head = self._active(transaction)
        self._write([_head_write(_Undo(head.slot, _COMMITTED, transaction, head.changes))])

    def roll_back(self, transaction: int) -> None:
        """Undo its changes, the last first."""
        while self.undo_one(transaction):
            pass

    def undo_one(self, transaction: int) -> bool:
        """One mtr of a rollback: undo the last change that is not undone, or end the transaction if there is
        none; whether there is more to do."""
        head = self._active(transaction)
        if head.changes == 0:
            self._write([_head_write(_Undo(head.slot, _FREE, transaction, 0))])
            return False
        left = head.changes - 1
        key, before = self._changes(head)[left]
        self._write([_row_write(key, before), _head_write(_Undo(head.slot, _ACTIVE, transaction, left))])
        return True

    @property
    def unfinished(self) -> tuple[int, ...]:
        """The transactions that are neither committed nor rolled back."""
        return tuple(head.transaction for head in self._unfinished())

    # --- a new leader ---

    def roll_back_unfinished(self) -> tuple[int, ...]:
        """What a new leader does before it accepts writes (H30): nobody will end those; which they were."""
        found = self.to_roll_back
        for transaction in found:
            self.roll_back(transaction)
        return found

    @property
    def to_roll_back(self) -> tuple[int, ...]:
        """What a new leader still has to roll back (H30)."""
        return self.unfinished if self._storage.rules.rolls_back(promoted=True) else ()

    def purge(self, *, leads: bool) -> int:
        """Free the undo of committed transactions; how many.  It is redo: a follower does not (H23)."""
        done = 0
        while self.purge_one(leads=leads):
            done += 1
        return done

    def purge_one(self, *, leads: bool) -> bool:
        """One mtr of a purge: free the undo of one committed transaction; False if there is none."""
        heads = self._heads() if self._storage.rules.works_in_background(leads) else iter(())
        head = next((head for head in heads if head.state == _COMMITTED), None)
        if head is not None:
            self._write([_head_write(_Undo(head.slot, _FREE, head.transaction, 0))])
        return head is not None

    # --- readers ---

    def get(self, key: int) -> bytes | None:
        """The row as finished transactions have left it; None if there is none."""
        row = self._row(key)
        writer = _ROW.unpack(row)[1]
        head = next((one for one in self._unfinished() if one.transaction == writer), None)
        if head is not None:
            row = next(before for changed, before in self._changes(head) if changed == key)
        return _value(row)

    def stored(self, key: int) -> bytes | None:
        """The row as it stands, whoever has written it; None if there is none."""
        return _value(self._row(key))

    # --- pages ---

    def _active(self, transaction: int) -> _Undo:
        head = next((one for one in self._unfinished() if one.transaction == transaction), None)
        if head is None:
            raise StorageMisuse(f"transaction {transaction} is not active here: begin another one")
        return head

    def _unfinished(self) -> list[_Undo]:
        return [head for head in self._heads() if head.state == _ACTIVE]

    def _heads(self) -> Iterator[_Undo]:
        for slot in range(UNDO_PAGES):
            yield _Undo(slot, *_HEADER.unpack_from(self._storage.read(PageId(UNDO_SPACE, slot)), BODY))

    def _changes(self, head: _Undo) -> list[tuple[int, bytes]]:
        page = self._storage.read(PageId(UNDO_SPACE, head.slot))
        at = BODY + _HEADER.size
        return [_CHANGE.unpack_from(page, at + number * _CHANGE.size) for number in range(head.changes)]

    def _row(self, key: int) -> bytes:
        page_id, at = _place(key)
        return self._storage.read(page_id)[at : at + _ROW.size]

    def _write(self, records: list[PageWrite]) -> None:
        self._storage.write(records, self._append)


def reader_of(storage: Storage) -> Rows:
    """The rows of a node for who only looks at them: what writes raises StorageMisuse."""

    def writes_nothing(records: Sequence[Record]) -> LoggedMtr:
        raise StorageMisuse(f"{len(records)} records: who looks at rows writes none")

    return Rows(storage, writes_nothing)


def _value(row: bytes) -> bytes | None:
    there, _, length, value = _ROW.unpack(row)
    return bytes(value[:length]) if there else None


def _place(key: int) -> tuple[PageId, int]:
    page_no, number = divmod(key, _ROWS_PER_PAGE)
    return PageId(ROW_SPACE, page_no), BODY + number * _ROW.size


def _row_write(key: int, row: bytes) -> PageWrite:
    page_id, at = _place(key)
    return PageWrite(page_id.space_id, page_id.page_no, at, row)


def _head_write(head: _Undo) -> PageWrite:
    data = _HEADER.pack(head.state, head.transaction, head.changes)
    return PageWrite(UNDO_SPACE, head.slot, BODY, data)
