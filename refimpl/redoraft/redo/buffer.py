"""The log buffer: mtrs are copied into it at the same time, and finish in any order (H29).

    log.last ......... contiguous ..... reserved
      given to the log     | a mtr that is not finished stands here

Each mtr reserves its place (SN) first and is copied into it later (InnoDB: log_buffer_reserve,
recent_written).
The meta record of an entry reserves its place like a mtr, behind all that was reserved before: so the one who
closes an entry knows its range at once, the record follows its data, and the entry is of whole mtrs only.
What a crash leaves without its meta record is an open entry, which the scan drops (LOG-1).
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Final, Protocol

import attrs

from redoraft.errors import LogFull, LogMisuse
from redoraft.redo.lsn import lsn_of, sn_of
from redoraft.redo.record import META_SIZE
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.types import Lsn, Sn, Term


class LogTail(Protocol):
    """What a buffer gives its mtrs to: a RedoLog, or whoever takes a step of its own for each (the node).

    It is given one mtr or meta record after the other, and none of them may fail for want of room (H25).
    """

    @property
    def last_lsn(self) -> Lsn:
        """The end of what it was given."""

    @property
    def closed_lsn(self) -> Lsn:
        """The end of the last whole entry."""

    def has_room(self, data_bytes: int) -> bool:
        """Whether so many bytes of data more fit behind `last_lsn`."""

    def append_mtr(self, records: bytes) -> Lsn:
        """Take a mtr into the open entry; its end."""

    def close_entry(self, term: Term) -> Lsn:
        """Take the meta record that closes the open entry; its end."""


@attrs.define(eq=False)
class Reservation:
    """The place of one mtr, SNs; `records` is None until it is finished.  `term`: of a meta record."""

    start: Sn
    end: Sn
    records: bytes | None = None
    term: Term | None = None

    @property
    def is_finished(self) -> bool:
        """Whether its bytes are there."""
        return self.records is not None or self.term is not None

    @property
    def start_lsn(self) -> Lsn:
        """The LSN where it begins."""
        return lsn_of(self.start)

    @property
    def end_lsn(self) -> Lsn:
        """The LSN behind it: what a commit waits for, if this is its last mtr."""
        return lsn_of(self.end)


class LogBuffer:
    """The way into a log for writers on several threads; nobody else may append to the log meanwhile.

    `entry_limit` is how many bytes of data an entry may have before it is closed by itself.
    """

    def __init__(
        self, log: LogTail, term: Term, *, entry_limit: int = 65536, rules: LogRules = ALL_LOG_RULES
    ) -> None:
        """For the leader of `term`; LogMisuse if an entry is open in the log."""
        if log.last_lsn != log.closed_lsn:
            raise LogMisuse(f"an entry is open from LSN {log.closed_lsn} on: close it, or truncate there")
        self._log: Final = log
        self._term: Final = term
        self._limit: Final = entry_limit
        self._rules: Final = rules
        self._lock: Final = Lock()
        self._places: Final[deque[Reservation]] = deque()
        self._reserved = self._contiguous = Sn(sn_of(log.last_lsn))
        self._entry_start = self._reserved

    @property
    def contiguous_lsn(self) -> Lsn:
        """Up to here the buffer is without gaps, and has been given to the log."""
        return lsn_of(self._contiguous)

    @property
    def reserved_lsn(self) -> Lsn:
        """The end of everything that was reserved."""
        return lsn_of(self._reserved)

    @property
    def entry_lsn(self) -> Lsn:
        """Where the entry begins that is open now: the end of the last meta record that has its place."""
        return lsn_of(self._entry_start)

    @property
    def is_whole(self) -> bool:
        """Whether every mtr that has a place is finished."""
        return not self._places

    @property
    def open_bytes(self) -> int:
        """Bytes of data that are reserved behind the last meta record."""
        return self._reserved - self._entry_start

    def reserve(self, size: int) -> Reservation:
        """A place for a mtr of `size` bytes; it has to be finished, or nothing behind it is ever written.

        Raises LogFull, with nothing reserved, if there is no room for it and its meta record (H25).
        """
        with self._lock:
            ahead = self._reserved - sn_of(self._log.last_lsn)
            is_long = self._rules.closes_entry(self.open_bytes, 0, self._limit)
            closing = META_SIZE if is_long else 0
            if not self._log.has_room(ahead + closing + self._rules.room_needed(size)):
                raise LogFull(f"no room for {size} more bytes: make a checkpoint, delete redo, and try again")
            if is_long:
                self._close()
            return self._reserve(size)

    def finish(self, place: Reservation, records: bytes) -> None:
        """Copy the mtr into its place; any order.  LogMisuse if it does not fill it, or was finished."""
        if len(records) != place.end - place.start or place.is_finished:
            raise LogMisuse(f"{len(records)} bytes do not fill a place of {place.end - place.start} once")
        with self._lock:
            place.records = records
            self._drain()

    def close_entry(self, waiting: int = 0) -> Lsn | None:
        """Close the entry if a rule says so; `waiting` commits in it wait for that (H29).

        The end of the entry, or None if it stays open.  It covers every mtr reserved before, and is in the
        log
        when all of them are finished.
        """
        with self._lock:
            if not self._rules.closes_entry(self.open_bytes, waiting, self._limit):
                return None
            return self._close().end_lsn

    def _close(self) -> Reservation:
        place = self._reserve(META_SIZE, self._term)
        self._entry_start = place.end
        self._drain()
        return place

    def _reserve(self, size: int, term: Term | None = None) -> Reservation:
        place = Reservation(self._reserved, Sn(self._reserved + size), term=term)
        self._places.append(place)
        self._reserved = place.end
        return place

    def _drain(self) -> None:
        """Give the log what is contiguous; the caller holds the lock."""
        finished = [(place.start, place.end) for place in self._places if place.is_finished]
        upto = self._rules.contiguous(finished, self._contiguous)
        while self._places and self._places[0].end <= upto:
            place = self._places.popleft()
            if place.term is not None:
                self._log.close_entry(place.term)
            elif place.records is not None:
                self._log.append_mtr(place.records)
        self._contiguous = upto
