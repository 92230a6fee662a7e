"""Mini-transactions (LOG-1): records of which all count or none.

    one record       type | 0x80 ...
    several records  type ... type ... MLOG_MULTI_REC_END
    an entry's end   the meta record, always by itself: so no entry cuts a group in two (H10)

A group of one record, an empty group and a single record inside a group are refused: an mtr has one form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from redoraft.errors import CorruptRedo, LogMisuse
from redoraft.redo.file_record import decode_file_record
from redoraft.redo.record import (
    FILE_TYPES,
    SINGLE,
    Dummy,
    Meta,
    Record,
    RecordType,
    decode_meta,
    decode_page_init,
    decode_page_write,
    encode_record,
    measure,
)

_META_BYTE = RecordType.RAFT_META | SINGLE


def encode_mtr(records: Sequence[Record]) -> bytes:
    """The bytes of one mtr; LogMisuse if there is no record, or one does not fit (InnoDB: prepare_write)."""
    if not records:
        raise LogMisuse("an mtr without records writes nothing: give it at least one (Dummy will do)")
    if len(records) == 1:
        return encode_record(records[0], single=True)
    parts = [encode_record(record, single=False) for record in records]
    return b"".join(parts) + bytes([RecordType.GROUP_END])


def decode_mtr(data: bytes) -> tuple[Record, ...] | Meta:
    """The records of exactly one mtr, or its meta record; CorruptRedo (offset in `data`) if it is none."""
    parser = MtrParser()
    ends = list(parser.feed(data))
    if len(ends) != 1 or ends[0].end != len(data):
        raise CorruptRedo(
            f"{len(data)} bytes hold {len(ends)} whole mtrs and {parser.unfinished} bytes more, not one mtr",
            offset=ends[0].end if ends else 0,
            remedy="cut the run of records at its mtr ends",
        )
    meta = ends[0].meta
    return meta if meta is not None else tuple(_records(data))


def _records(data: bytes) -> Iterator[Record]:
    at = 0
    while (step := measure(data, at)) is not None:
        type_byte, end = step
        if type_byte & ~SINGLE == RecordType.PAGE_WRITE:
            yield decode_page_write(data, at)
        elif type_byte & ~SINGLE == RecordType.PAGE_INIT:
            yield decode_page_init(data, at)
        elif type_byte & ~SINGLE == RecordType.DUMMY:
            yield Dummy()
        elif type_byte & ~SINGLE in FILE_TYPES:
            yield decode_file_record(data, at)
        at = end


@attrs.frozen
class MtrEnd:
    """A whole mtr: where it ends (SN, bytes of the stream), and its meta record if it closes an entry."""

    end: int
    meta: Meta | None


class MtrParser:
    """Finds the ends of mtrs in a stream that comes in pieces (InnoDB: recv_parse_log_recs).

    Time is linear in what is fed, whatever the pieces; it keeps no more than one unfinished record.
    """

    def __init__(self, start: int = 0) -> None:
        self._rest = bytearray()
        self._rest_at = start
        self._in_group = 0
        self._whole = start

    @property
    def unfinished(self) -> int:
        """Bytes that were fed behind the end of the last whole mtr."""
        return self._rest_at + len(self._rest) - self._whole

    def feed(self, data: bytes) -> Iterator[MtrEnd]:
        """Yield the ends of the mtrs that `data` completes; exhaust it before the next call.

        Raises CorruptRedo (offset: bytes from the start of the stream), after what stands before was yielded.
        """
        self._rest += data
        at = 0
        try:
            while (step := self._step(at)) is not None:
                at, ended = step
                if ended is not None:
                    yield ended
        finally:
            del self._rest[:at]
            self._rest_at += at

    def _step(self, at: int) -> tuple[int, MtrEnd | None] | None:
        try:
            measured = measure(self._rest, at)
        except CorruptRedo as wrong:
            raise CorruptRedo(wrong.what, offset=self._rest_at + wrong.offset, remedy=wrong.remedy) from None
        if measured is None:
            return None
        type_byte, end = measured
        self._check_grouping(type_byte, self._rest_at + at)
        if not type_byte & SINGLE and type_byte != RecordType.GROUP_END:
            self._in_group += 1
            return end, None
        self._in_group = 0
        self._whole = self._rest_at + end
        return end, MtrEnd(self._whole, decode_meta(self._rest, at) if type_byte == _META_BYTE else None)

    def _check_grouping(self, type_byte: int, position: int) -> None:
        if type_byte & SINGLE and self._in_group:
            what = f"a single record ({type_byte:#04x}) inside a group of {self._in_group}"
        elif type_byte == RecordType.GROUP_END and self._in_group < 2:
            what = f"the end of a group that has {self._in_group} records"
        else:
            return
        raise CorruptRedo(what, offset=position, remedy="the log ends before this group")
