"""A binlog in a file: transactions one after the other, each of two events, whole or not there.

    bytes  what
    4      0xFE "bin"
    then, for each transaction, a QUERY event (2) with the statement, and an XID event (16) with the XID

    an event:  4 timestamp (0: the same log is the same bytes), 1 type, 4 server id (0), 4 size of the event,
               4 its end in the file, 2 flags (0), the body, 4 CRC32 of all before; little-endian

The header of an event and its checksum are those of MySQL's version 4.  A QUERY body is the statement alone,
in UTF-8; MySQL has thread, time and status variables before it.  A transaction counts once its XID event is
whole (BIN-3).  A file is written at its end only; another history comes in a new file that takes its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from struct import Struct
from typing import Final, Self
from zlib import crc32

import attrs

from redoraft.binlog.rules import agreeing
from redoraft.errors import CorruptBinlog, LogMisuse
from redoraft.files import Disk, File

NAME: Final = "binlog"
NEW: Final = "binlog.new"
"""What is to become the binlog; of no meaning after a crash."""
_MAGIC: Final = b"\xfebin"
_QUERY: Final = 2
_XID: Final = 16
_HEAD: Final = Struct("<IBIIIH")
_U64: Final = Struct("<Q")
_CRC: Final = Struct("<I")


@attrs.frozen
class Event:
    """A committed transaction: its XID, 64 bits, and what it does."""

    xid: int
    statement: str


class Binlog:
    """The binlog of one node on one disk.  Whatever fails with a DiskError, the node has to start again."""

    def __init__(self, disk: Disk, file: File, events: Iterable[tuple[Event, int]]) -> None:
        """For `open`."""
        self._disk: Final = disk
        self._file = file
        self._events = list(events)

    @classmethod
    def open(cls, disk: Disk) -> Self:
        """Read the whole transactions, and take away what a crash has left of another one.

        Raises CorruptBinlog if the file is no binlog; DiskError.
        """
        if NEW in disk.names:
            disk.remove(NEW)
        file = disk.open(NAME)
        raw = file.read(0, file.size)
        if len(raw) < len(_MAGIC) or not any(raw):
            file.truncate(0)
            file.write(0, _MAGIC)
            raw = _MAGIC
        if not raw.startswith(_MAGIC):
            raise CorruptBinlog(f"{NAME} does not begin as a binlog: seed the node anew")
        events = list(_parse(raw))
        end = events[-1][1] if events else len(_MAGIC)
        if end < len(raw):
            file.truncate(end)
        # It was read, perhaps from a cache only: nobody may rely on it before it is durable.
        file.fsync()
        return cls(disk, file, events)

    @property
    def events(self) -> tuple[Event, ...]:
        """The transactions in their order."""
        return tuple(event for event, _ in self._events)

    @property
    def xids(self) -> tuple[int, ...]:
        """Their XIDs (spec: binlog[n])."""
        return tuple(event.xid for event, _ in self._events)

    def append(self, event: Event) -> None:
        """Write one transaction behind the last one; durable only after `fsync`.  DiskError."""
        end = self._events[-1][1] if self._events else len(_MAGIC)
        raw = _encode(event, end)
        self._file.write(end, raw)
        self._events.append((event, end + len(raw)))

    def fsync(self) -> None:
        """Make all that was appended or cut durable.  DiskError."""
        self._file.fsync()

    def cut(self, keep: int) -> None:
        """Take away all but the first `keep` transactions; durable only after `fsync`.  DiskError.

        Raises LogMisuse if there are fewer.
        """
        if keep > len(self._events):
            raise LogMisuse(f"the binlog has {len(self._events)} transactions, {keep} cannot be kept")
        if keep < len(self._events):
            del self._events[keep:]
            self._file.truncate(self._events[-1][1] if self._events else len(_MAGIC))

    def replace(self, events: Iterable[Event]) -> None:
        """Become another binlog, durably and in one step: a crash leaves the old one or the new one.

        Raises DiskError.
        """
        events = list(events)
        ends = list(accumulate((len(_encode(event, 0)) for event in events), initial=len(_MAGIC)))
        parts = [_encode(event, start) for event, start in zip(events, ends, strict=False)]
        file = self._disk.create(NEW)
        file.write(0, _MAGIC + b"".join(parts))
        file.fsync()
        self._disk.rename(NEW, NAME)
        self._disk.sync()
        self._file.close()
        self._file = file
        self._events = list(zip(events, ends[1:], strict=True))

    def become(self, events: Sequence[Event], *, at_once: bool) -> None:
        """Become another binlog, durably: `at_once`, or (H20-take out) piece by piece.  DiskError."""
        if at_once:
            self.replace(events)
            return
        same = agreeing(self.xids, [event.xid for event in events])
        self.cut(same)
        for event in events[same:]:
            self.append(event)
        self.fsync()

    def close(self) -> None:
        """Give the file back, without fsync."""
        self._file.close()


def _encode(event: Event, at: int) -> bytes:
    query = _event(_QUERY, event.statement.encode(), at)
    return query + _event(_XID, _U64.pack(event.xid), at + len(query))


def _event(kind: int, body: bytes, at: int) -> bytes:
    size = _HEAD.size + len(body) + _CRC.size
    raw = _HEAD.pack(0, kind, 0, size, at + size, 0) + body
    return raw + _CRC.pack(crc32(raw))


def _parse(raw: bytes) -> Iterator[tuple[Event, int]]:
    """The whole transactions, each with its end, up to the first event that is not whole."""
    at = len(_MAGIC)
    statement: str | None = None
    while (found := _event_at(raw, at)) is not None:
        kind, body, at = found
        if kind == _QUERY and statement is None:
            statement = body.decode(errors="replace")
        elif kind == _XID and statement is not None and len(body) == _U64.size:
            yield Event(_U64.unpack(body)[0], statement), at
            statement = None
        else:
            return


def _event_at(raw: bytes, at: int) -> tuple[int, bytes, int] | None:
    if len(raw) < at + _HEAD.size + _CRC.size:
        return None
    _, kind, _, size, end, _ = _HEAD.unpack_from(raw, at)
    if size < _HEAD.size + _CRC.size or end != at + size or end > len(raw):
        return None
    if crc32(raw[at : end - _CRC.size]) != _CRC.unpack_from(raw, end - _CRC.size)[0]:
        return None
    return kind, raw[at + _HEAD.size : end - _CRC.size], end
