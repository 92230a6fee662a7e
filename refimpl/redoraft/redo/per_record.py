"""LOG-10's alternative, for measuring only: term and index inside every record, and no meta record.

    type | term (8) | index (8) | what the stock record says behind its type

The number of an entry is that of its records; where it ends is where the index changes.  Nothing writes this.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final

import attrs

from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import META_SIZE, SINGLE, Record, RecordType, encode_record
from redoraft.types import LogIndex, Term

_TERM_INDEX: Final = Struct(">QQ")


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
