"""The words of the field as distinct types, so that an index is never taken for an LSN."""

from __future__ import annotations

from typing import Final, NewType

from attrs import frozen

Lsn = NewType("Lsn", int)
"""Log sequence number, in bytes, block headers included: the first byte *after* what it counts."""

Sn = NewType("Sn", int)
"""Sequence number, in bytes of redo data only: LSN without block headers and trailers (InnoDB's sn_t)."""

Term = NewType("Term", int)
"""Raft's term; 0 before the first election (spec: term)."""

LogIndex = NewType("LogIndex", int)
"""Raft's index of an entry: the number of meta records up to it; 0 is the empty log (spec: LastIndex)."""

NodeId = NewType("NodeId", str)
"""The name of a node, as in the trace header."""

NO_ONE: Final = NodeId("none")
"""The vote of a node that has not voted in its term (spec: NoOne)."""

NO_TERM: Final = Term(0)
NO_INDEX: Final = LogIndex(0)


@frozen
class EntryEnd:
    """Where a received entry ends: its LSN, its term, and the bytes of its records up to there."""

    lsn: Lsn
    term: Term
    size: int
