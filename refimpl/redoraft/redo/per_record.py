"""LOG-10's alternative, for measuring only: term and index inside every record, and no meta record.

    type | term (8) | index (8) | what the stock record says behind its type

The number of an entry is that of its records; where it ends is where the index changes.  Nothing writes this.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final

import attrs

from redoraft.redo.lsn import BLOCK_DATA, BLOCK_SIZE
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import (
    META_SIZE,
    SINGLE,
    Dummy,
    PageWrite,
    Record,
    RecordType,
    encode_record,
)
from redoraft.types import LogIndex, Term

_TERM_INDEX: Final = Struct(">QQ")


_ROW: Final[tuple[Record, ...]] = (
    PageWrite(5, 300, 100, bytes(120)),
    PageWrite(5, 4, 38, bytes(8)),
    PageWrite(7, 9, 60, bytes(24)),
)
_COMMIT: Final[tuple[Record, ...]] = (PageWrite(7, 9, 40, bytes(2)), Dummy())


def sample(rows: int) -> list[tuple[Record, ...]]:
    """The mtrs of a transaction: for each row its change, its page's header and its undo; then the commit."""
    return [*[_ROW] * rows, _COMMIT]


@attrs.frozen
class Bytes:
    """Redo of one transaction, in bytes: the records as they are, and with what replication adds."""

    stock: int
    with_meta: int
    with_term_in_records: int


def encode_mtr_with_term(records: Sequence[Record], term: Term, index: LogIndex) -> bytes:
    """One mtr in the rejected form; LogMisuse as `encode_mtr`.  The end of a group keeps its one byte."""
    stock = encode_mtr(records)
    single = bool(stock[0] & SINGLE)
    extra = _TERM_INDEX.pack(term, index)
    parts = [encode_record(record, single=single) for record in records]
    end = b"" if single else bytes([RecordType.GROUP_END])
    return b"".join(part[:1] + extra + part[1:] for part in parts) + end


def bytes_of(transaction: Sequence[Sequence[Record]], entries: float = 1) -> Bytes:
    """What the mtrs of a transaction take; `entries` are the meta records it needs (less than 1 if
    shared)."""
    stock = sum(len(encode_mtr(records)) for records in transaction)
    inside = sum(len(encode_mtr_with_term(records, Term(1), LogIndex(1))) for records in transaction)
    return Bytes(stock, round(stock + entries * META_SIZE), inside)


def bytes_written(ends: Sequence[int]) -> int:
    """Bytes that go to the log files when redo up to each of these SNs (from 0 on) is written by itself.

    The block in which it begins is written again, whole, as is the one in which it ends (`RedoLog.write`).
    """
    starts = [0, *ends[:-1]]
    blocks = (
        (end - 1) // BLOCK_DATA - start // BLOCK_DATA + 1 for start, end in zip(starts, ends, strict=True)
    )
    return BLOCK_SIZE * sum(blocks)


def amplification(transaction: Sequence[Sequence[Record]], together: int, commits: int = 1000) -> list[float]:
    """Write amplification: bytes to the files for a byte of stock redo; stock, with meta records, with term
    and index in records.

    Of so many commits `together` are written at a time, an entry.
    """
    found = bytes_of(transaction)
    stock = found.stock * together
    writes = range(1, commits // together + 1)
    sizes = (stock, stock + META_SIZE, found.with_term_in_records * together)
    return [bytes_written([size * at for at in writes]) / (stock * len(writes)) for size in sizes]
