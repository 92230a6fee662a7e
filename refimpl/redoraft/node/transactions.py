"""Transactions of a leader that serves: rows with undo, written through the log buffer, committed in groups.

    mtr reserves its place, and is in the pages    begin, put, commit, undo_one
    mtr is finished; what is whole now is written  finish (spec: WriteMtr, CloseEntry, one step each)
    waiting commits share a flush                  begin_flush, end_flush (spec: Fsync)
    promotion                                      step: one mtr of the rollback (H30), then clients come

One step at a time, as the node is asked for them: between any two another mtr may reserve its place or
finish, or power may fail.  Pages in the pool are ahead of the log by what is reserved, as in InnoDB; what is
not finished is in no page on disk, as the WAL rule stops where the log is durable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import define, frozen

from redoraft.errors import LogFull, PoolFull
from redoraft.node.effects import Effect
from redoraft.raft.inputs import ClientMtr, CloseDue, FsyncDone
from redoraft.redo.buffer import LogBuffer, Reservation
from redoraft.redo.group_commit import GroupCommit
from redoraft.redo.log import RedoLog
from redoraft.redo.lsn import next_lsn
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Record
from redoraft.redo.rules import LogRules
from redoraft.storage.engine import Storage
from redoraft.storage.port import LoggedMtr
from redoraft.storage.rows import Rows
from redoraft.types import Lsn, Term

if TYPE_CHECKING:
    from redoraft.node.driver import Node

ENTRY_LIMIT: Final = 600
"""Bytes of data after which an entry is closed by itself: few, so that it happens in a run of some hundred
steps."""


@frozen
class OpenMtr:
    """An mtr that has its place, is in the pages, and is not finished."""

    place: Reservation
    records: bytes


@define
class _Outlet:
    """`redo.buffer.LogTail` of a node: what the buffer gives waits here until the node takes its steps, which
    is before anybody else does anything."""

    log: RedoLog
    given: deque[bytes | Term]

    @property
    def last_lsn(self) -> Lsn:
        return self.log.last_lsn

    @property
    def closed_lsn(self) -> Lsn:
        return self.log.closed_lsn

    def has_room(self, data_bytes: int) -> bool:
        return self.log.has_room(data_bytes)

    def append_mtr(self, records: bytes) -> Lsn:
        self.given.append(records)
        return self.last_lsn

    def close_entry(self, term: Term) -> Lsn:
        self.given.append(term)
        return self.last_lsn


class Transactions:
    """The transactions of one data node."""

    def __init__(self, node: Node, storage: Storage, rules: LogRules) -> None:
        self._node: Final = node
        self._storage: Final = storage
        self._rules: Final = rules
        self._leading: Leading | None = None

    @property
    def leading(self) -> Leading | None:
        """What this node leads with, if it serves; another one in each term."""
        node = self._node
        if not node.serving:
            self._leading = None
        elif self._leading is None or self._leading.term != node.term:
            self._leading = Leading(node, self._storage, self._rules)
        return self._leading

    @property
    def gives(self) -> bool:
        """Whether what the node is to write comes from its log buffer: all else would be out of place."""
        return self._leading is not None and self._leading.gives

    @property
    def reserved_lsn(self) -> Lsn:
        """The end of what has its place in the log buffer; the start of the log where there is none."""
        return self._node.log.start_lsn if self._leading is None else self._leading.reserved_lsn

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do here but what clients ask for."""
        leading = self.leading
        return leading is None or leading.idle

    def purge_behind(self) -> None:
        """The purge thread wakes on a node that does not lead: it is redo, so nothing is done (H23).

        Raises what `Rows.purge_one` raises.
        """
        if self.leading is None and self._storage.applied_lsn == self._node.log.last_lsn:
            Rows(self._storage, self._append_behind).purge_one(leads=False)

    def _append_behind(self, records: Sequence[Record]) -> LoggedMtr:
        start = self._node.log.last_lsn
        return LoggedMtr(start, self._node.log.append_mtr(encode_mtr(records)), tuple(records))


class Leading:
    """The transactions of a leader in one term.  After a DiskError the node has to be started anew.  LSNs are
    in bytes."""

    def __init__(self, node: Node, storage: Storage, rules: LogRules) -> None:
        """The node has just come to serve: nobody has written in its term."""
        self.term: Final = node.term
        self.gives = False
        """Whether the node is taking steps for what the buffer gave it."""
        self.recovered = False
        """Whether clients may begin: what leaders before have left unfinished is rolled back (H30)."""
        self._node: Final = node
        self._storage: Final = storage
        self._given: Final[deque[bytes | Term]] = deque()
        self._commits: Final[dict[Lsn, str]] = {}
        self._waiting: list[Lsn] = []
        self._begun: Lsn | None = None
        self._opened: OpenMtr | None = None
        self._purged = False
        outlet = _Outlet(node.log, self._given)
        self._buffer: Final = LogBuffer(outlet, node.term, entry_limit=ENTRY_LIMIT, rules=rules)
        self.group: Final = GroupCommit(node.log, self._buffer, rules)
        self.rows: Final = Rows(storage, self._append)

    @property
    def reserved_lsn(self) -> Lsn:
        """The end of what has its place in the log buffer."""
        return self._buffer.reserved_lsn

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do here but what clients ask for."""
        return not self.due and self._buffer.is_whole and self._buffer.open_bytes == 0

    # --- mtrs ---

    def _append(self, records: Sequence[Record]) -> LoggedMtr:
        """`storage.port.Append`: reserve the place of an mtr; LogFull."""
        assert self._opened is None, "who has begun an mtr takes it at once"
        mtr = encode_mtr(records)
        place = self._buffer.reserve(len(mtr))
        self._storage.pass_over(place.start_lsn)
        self._opened = OpenMtr(place, mtr)
        return LoggedMtr(place.start_lsn, place.end_lsn, tuple(records))

    def _taken(self) -> OpenMtr:
        opened, self._opened = self._opened, None
        assert opened is not None, "the rows have written"
        return opened

    def begin(self) -> tuple[int, OpenMtr]:
        """A new transaction, and its first mtr.  Raises as `Rows.begin`, LogFull."""
        return self.rows.begin(), self._taken()

    def put(self, transaction: int, key: int, value: bytes | None) -> OpenMtr:
        """Write a row.  Raises as `Rows.put`, LogFull."""
        self.rows.put(transaction, key, value)
        return self._taken()

    def commit(self, transaction: int, request: str) -> OpenMtr:
        """The commit mtr; the answer to `request` comes once it is on a majority.  Raises as `Rows.commit`,
        LogFull."""
        self.rows.commit(transaction)
        opened = self._taken()
        self._commits[opened.place.end_lsn] = request
        self._purged = False
        return opened

    def undo_one(self, transaction: int) -> tuple[bool, OpenMtr]:
        """One mtr of a rollback, and whether there is more to do.  Raises as `Rows.undo_one`, LogFull."""
        return self.rows.undo_one(transaction), self._taken()

    def finish(self, mtr: OpenMtr) -> Iterator[Effect]:
        """The mtr is in its place: write what the buffer has without a gap.  Raises as `Node.handle`."""
        self._buffer.finish(mtr.place, mtr.records)
        yield from self.write_given()

    def write_given(self) -> Iterator[Effect]:
        """Take the steps for what the buffer gives (spec: WriteMtr, CloseEntry).  Raises as `Node.handle`."""
        self.gives = True
        while self._given:
            given = self._given.popleft()
            if isinstance(given, bytes):
                yield from self._write(given)
            else:
                yield from self._node.handle(CloseDue())
        self.gives = False

    def _write(self, records: bytes) -> Iterator[Effect]:
        end = next_lsn(self._node.log.last_lsn, len(records))
        request = self._commits.pop(end, "")
        yield from self._node.handle(ClientMtr(request, records, commits=bool(request)))
        if request:
            self._waiting.append(end)

    def close(self) -> Iterator[Effect]:
        """The open entry is old: close it, so that it is sent (LOG-11).  Raises as `Node.handle`."""
        self._passed(self._buffer.close_entry(waiting=1))
        yield from self.write_given()

    @property
    def has_open_entry(self) -> bool:
        """Whether mtrs have places in an entry that nobody has closed."""
        return self._buffer.open_bytes > 0

    def _passed(self, end: Lsn | None) -> None:
        if end is not None:
            self._storage.pass_over(end)

    # --- flushes ---

    @property
    def flush_due(self) -> bool:
        """Whether a flush is to begin: for a commit that waits, or for an entry that is not durable."""
        if self._begun is not None:
            return False
        log, open_from = self._node.log, self._buffer.entry_lsn
        waits = any(lsn > open_from or self.group.may_flush(lsn) for lsn in self._waiting)
        return waits or log.closed_lsn > log.durable_lsn

    @property
    def commit_waits(self) -> bool:
        """Whether it is a commit that waits for the next flush."""
        return bool(self._waiting)

    def begin_flush(self) -> Iterator[Effect]:
        """Close the entry of the commits that wait, and hand the log to the files, once the entry is whole.

        Raises as `Node.handle`.
        """
        before = self._node.log.durable_lsn
        for lsn in self._waiting:
            self._passed(self.group.close_for(lsn))
        yield from self.write_given()
        log = self._node.log
        if any(map(self.group.may_flush, self._waiting)) or log.closed_lsn > log.durable_lsn:
            self._begun = self.group.begins()
        yield from self._tell(before)

    @property
    def flushes(self) -> bool:
        """Whether a flush has begun and not ended."""
        return self._begun is not None

    def end_flush(self) -> Iterator[Effect]:
        """What was handed to the files is durable now (spec: Fsync).  Raises as `Node.handle`."""
        assert self._begun is not None, "it has begun"
        before = self._node.log.durable_lsn
        upto, self._begun = self._begun, None
        self.group.ends(upto)
        yield from self._tell(before)

    def _tell(self, before: Lsn) -> Iterator[Effect]:
        """Every commit that is done goes on: the core hears what is durable."""
        done = [lsn for lsn in self._waiting if self.group.is_done(lsn)]
        self._waiting = [lsn for lsn in self._waiting if lsn not in done]
        self.group.commits += len(done)
        durable = max([self._node.log.durable_lsn, *done])
        if durable > before:
            yield from self._node.handle(FsyncDone(durable))

    # --- promotion, and what a leader does by itself ---

    @property
    def due(self) -> bool:
        """Whether there is an mtr of a rollback or a purge to write."""
        return not (self.recovered and self._purged)

    def step(self) -> Iterator[Effect]:
        """Write it, if log and pool have room: what leaders before have left unfinished is rolled back first
        (H30).  Raises as `Node.handle`, and what `Rows.undo_one` raises.
        """
        with suppress(LogFull, PoolFull):
            yield from self._step()

    def _step(self) -> Iterator[Effect]:
        if not self.recovered:
            left = self.rows.to_roll_back
            if left:
                _, mtr = self.undo_one(left[0])
                yield from self.finish(mtr)
            self.recovered = not left
        elif self.rows.purge_one(leads=True):
            yield from self.finish(self._taken())
        else:
            self._purged = True
