"""Entries (LOG-2): a run of mtrs that a meta record closes, and the rules by which one follows another."""

from __future__ import annotations

from typing import Final

import attrs

from redoraft.redo.lsn import START_LSN, sn_of
from redoraft.redo.record import META_SIZE, Meta
from redoraft.types import NO_INDEX, NO_TERM, LogIndex, Lsn, Term


@attrs.frozen
class Entry:
    """A whole entry: the bytes in (start, end], both LSNs."""

    term: Term
    index: LogIndex
    start: Lsn
    end: Lsn


EMPTY_LOG: Final = Entry(NO_TERM, NO_INDEX, START_LSN, START_LSN)
"""What the first entry follows."""


def why_not_next(meta: Meta, meta_end: int, last: Entry) -> str | None:
    """Why a meta record that ends at SN `meta_end` cannot close the entry behind `last`; None if it can.

    A meta record knows its place: one of another branch, left behind a cut, shows here (H12).
    """
    data_size = meta_end - META_SIZE - sn_of(last.end)
    if meta.start_lsn != last.end:
        return f"its entry starts at LSN {meta.start_lsn}, the one before ends at {last.end}"
    if meta.data_size != data_size:
        return f"it counts {meta.data_size} bytes of data, there are {data_size}"
    if meta.index != last.index + 1:
        return f"it has index {meta.index} behind index {last.index}"
    if meta.term < last.term or meta.term == NO_TERM:
        return f"it has term {meta.term} behind term {last.term}"
    return None
