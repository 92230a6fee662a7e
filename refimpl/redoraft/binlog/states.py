"""What redo says of a transaction: physical writes of its state into a page of undo headers.

As in InnoDB, the state stands beside the XID in the header of the undo log (TRX_UNDO_STATE, TRX_UNDO_XID):

    byte  bytes  what
    0     2      2 prepared, 3 committed, 4 rolled back (InnoDB frees the undo log instead); big-endian
    2     8      XID

Transaction XID has slot XID mod 1024 of page XID div 1024.  Where redo carries the binlog, the mtr of a
commit has its event too, the statement in UTF-8 in a page of its own in a space that is ours.  LSNs are in
bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from struct import Struct
from typing import Final

import attrs

from redoraft.binlog.file import Event
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import MtrParser, decode_mtr
from redoraft.redo.record import Meta, PageWrite, Record
from redoraft.storage.page import BODY
from redoraft.types import Lsn, Term

SPACE: Final = 0xFFFFFFEF
"""InnoDB's first undo tablespace."""
EVENTS: Final = 0xFFFFFF00
"""The space of the events that redo carries; page XID is that of transaction XID."""
SLOTS: Final = 1024
_SLOT: Final = Struct(">HQ")


class State(IntEnum):
    """The states that redo has a record of."""

    PREPARED = 2
    COMMITTED = 3
    ROLLED_BACK = 4


def state_record(xid: int, state: State) -> PageWrite:
    """The redo record that puts a transaction into that state."""
    page, slot = divmod(xid, SLOTS)
    return PageWrite(SPACE, page, BODY + slot * _SLOT.size, _SLOT.pack(state, xid))


def event_record(event: Event) -> PageWrite:
    """The redo record that carries a transaction's event."""
    return PageWrite(EVENTS, event.xid, BODY, event.statement.encode())


def commit_records(xid: int, carried: Iterable[Event]) -> list[Record]:
    """The redo records that commit a transaction, and its event if it is one of those to be `carried`."""
    return [state_record(xid, State.COMMITTED), *(event_record(one) for one in carried if one.xid == xid)]


@attrs.frozen
class Logged:
    """A whole entry of the redo log: its end (bytes), its term, and the states it writes; none, and no other
    record either, is a term's marker."""

    end: Lsn
    term: Term
    states: tuple[tuple[int, State], ...]
    is_marker: bool
    events: tuple[Event, ...] = ()
    """The events that it carries."""

    @property
    def commits(self) -> tuple[int, ...]:
        """The transactions that it commits (spec: op)."""
        return tuple(xid for xid, state in self.states if state is State.COMMITTED)


def entries_of(log: RedoLog, after: Lsn | None = None) -> Iterator[Logged]:
    """The whole entries of a log that nothing was deleted from, behind the entry end `after` if it is given.

    Raises CorruptRedo, DiskError.
    """
    at = log.start_lsn if after is None else after
    end = log.entry_end_after(at)
    while end is not None:
        term = log.term_at(end)
        assert term is not None, "an entry ends there"
        yield logged(end, term, log.read(at, end))
        at, end = end, log.entry_end_after(end)


def logged(end: Lsn, term: Term, entry: bytes) -> Logged:
    """What a whole entry says.  Raises CorruptRedo."""
    records = tuple(_records(entry))
    return Logged(end, term, tuple(_states(records)), not records, tuple(_events(records)))


def committed_by(records: Sequence[Record]) -> int:
    """The XID of the transaction that the records of an mtr commit, 0 if they commit none."""
    return next((xid for xid, state in _states(records) if state is State.COMMITTED), 0)


def commits_of(entries: Iterator[Logged] | Sequence[Logged], upto: Lsn | None = None) -> tuple[int, ...]:
    """The transactions committed in entries that end at or below `upto`, all by default (spec: Ops)."""
    return tuple(xid for entry in entries if upto is None or entry.end <= upto for xid in entry.commits)


def unresolved(entries: Sequence[Logged]) -> tuple[int, ...]:
    """The transactions that are prepared, and neither committed nor rolled back."""
    last = dict(change for entry in entries for change in entry.states)
    return tuple(xid for xid, state in last.items() if state is State.PREPARED)


def _records(run: bytes) -> Iterator[Record]:
    start = 0
    for mtr in MtrParser().feed(run):
        found = decode_mtr(run[start : mtr.end])
        start = mtr.end
        if not isinstance(found, Meta):
            yield from found


def _events(records: Sequence[Record]) -> Iterator[Event]:
    for record in records:
        if isinstance(record, PageWrite) and record.space_id == EVENTS:
            yield Event(record.page_no, record.data.decode())


def _states(records: Sequence[Record]) -> Iterator[tuple[int, State]]:
    for record in records:
        if isinstance(record, PageWrite) and record.space_id == SPACE:
            state, xid = _SLOT.unpack(record.data)
            yield xid, State(state)
