"""Where two logs agree, told by terms and LSNs at entry ends (R2; spec: SharedEnds, Parting)."""

from __future__ import annotations

from collections.abc import Sequence

from redoraft.raft.port import LogReader
from redoraft.types import EntryEnd, Lsn, Term


def last_end_within(log: LogReader, lsn: Lsn, term: Term) -> Lsn:
    """The last entry end at or below `lsn` (bytes) whose term is at most `term`; the start of the log if
    none.

    Where a follower and its leader each answer with this, whole terms are skipped on both sides at every
    refusal.
    """
    end = log.entry_end_at_or_below(lsn)
    while end > log.start_lsn and _term_of(log, end) > term:
        end = log.entry_end_at_or_below(Lsn(end - 1))
    return end


def parting(log: LogReader, from_lsn: Lsn, ends: Sequence[EntryEnd]) -> Lsn:
    """The last entry end that the log shares with a piece that begins at `from_lsn`, which it shares (spec:
    Parting)."""
    return max([from_lsn, *(end.lsn for end in ends if log.term_at(end.lsn) == end.term)])


def _term_of(log: LogReader, end: Lsn) -> Term:
    term = log.term_at(end)
    assert term is not None, "an entry ends here"
    return term
