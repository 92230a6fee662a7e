"""A binlog beside redo with one rule taken out, for showing that the tests notice.

Each class overrides exactly one method of `BinlogRules`.
"""
# A rule that is off looks at less than the rule does.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Sequence

from redoraft.binlog.rules import BinlogRules
from redoraft.mutant import Mutant, by_name


class _KeepsItsBinlog(BinlogRules):
    def keeps(self, binlog: Sequence[int], redo: Sequence[int]) -> int:
        return len(binlog)


class _TakesRedoFirst(BinlogRules):
    def may_stand(self, redo: Sequence[int], binlog: Sequence[int]) -> bool:
        return True


class _SendsAtOnce(BinlogRules):
    def sendable(self, committed: int, written: int) -> int:
        return written


class _ShowsWhatIsWritten(BinlogRules):
    def visible(self, committed: int, written: int) -> int:
        return written


class _CommitsPrepared(BinlogRules):
    def commits_prepared(self, in_binlog: bool) -> bool:
        return True


class _SyncsNoBinlog(BinlogRules):
    def flushes_binlog(self) -> bool:
        return False


class _CutsLazily(BinlogRules):
    def flushes_cut(self) -> bool:
        return False


class _ForgetsTheCut(BinlogRules):
    def finishes_cut(self, has_marker: bool) -> bool:
        return False


class _OverwritesItsBinlog(BinlogRules):
    def replaces(self) -> bool:
        return False


class _LeavesTheEventOut(BinlogRules):
    def carries_event(self) -> bool:
        return False


class _KeepsWhatRedoLoses(BinlogRules):
    def cut_with_redo(self) -> bool:
        return False


_TABLE: tuple[Mutant[BinlogRules], ...] = (
    Mutant("keeps-its-binlog", "H20", "a new leader keeps binlog that its redo has not", _KeepsItsBinlog),
    Mutant("takes-redo-first", "H20-order", "a follower has redo without its binlog", _TakesRedoFirst),
    Mutant("sends-at-once", "H20-dump", "downstream gets what is on no majority", _SendsAtOnce),
    Mutant(
        "shows-what-is-written",
        "H18-binlog",
        "readers see what group commit has written",
        _ShowsWhatIsWritten,
    ),
    Mutant("commits-prepared", "BIN-3", "a new leader commits all that is prepared", _CommitsPrepared),
    Mutant("syncs-no-binlog", "BIN-3-sync", "redo commits before the binlog is durable", _SyncsNoBinlog),
    Mutant("cuts-lazily", "H20-sync", "a new leader serves before its cut is durable", _CutsLazily),
    Mutant("forgets-the-cut", "H20-start", "a crash in a promotion leaves the binlog uncut", _ForgetsTheCut),
    Mutant(
        "overwrites-its-binlog",
        "H20-take",
        "a follower overwrites its binlog piece by piece",
        _OverwritesItsBinlog,
    ),
)

_CARRIED_TABLE: tuple[Mutant[BinlogRules], ...] = (
    Mutant(
        "leaves-the-event-out",
        "H20-carry",
        "redo commits without the transaction's event",
        _LeavesTheEventOut,
    ),
    Mutant("keeps-what-redo-loses", "H20-redo", "a binlog keeps what its redo loses", _KeepsWhatRedoLoses),
)

BINLOG_MUTANTS: dict[str, Mutant[BinlogRules]] = by_name(_TABLE)
"""By name; those that show with a binlog on a way of its own."""
CARRIED_MUTANTS: dict[str, Mutant[BinlogRules]] = by_name(_CARRIED_TABLE)
"""Those that show where redo carries the binlog, which the examples of a campaign do not have."""
ALL_BINLOG_MUTANTS: dict[str, Mutant[BinlogRules]] = {**BINLOG_MUTANTS, **CARRIED_MUTANTS}
