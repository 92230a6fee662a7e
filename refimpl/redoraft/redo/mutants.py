"""Logs with one rule taken out, for showing that the tests notice.  Each class overrides one method."""
# A rule that is off looks at less than the rule does.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Sequence

from redoraft.mutant import Mutant, by_name
from redoraft.redo.rules import LogRules
from redoraft.types import Lsn, Sn


class _CutsAnywhere(LogRules):
    def may_cut_at(self, is_entry_end: bool) -> bool:
        return True


class _CutsBelow(LogRules):
    def may_cut_below(self, to: Lsn, floor: Lsn) -> bool:
        return True


class _MarksNothing(LogRules):
    def marks_cut(self) -> bool:
        return False


class _KeepsFiles(LogRules):
    def drops_files(self) -> bool:
        return False


class _KeepsTail(LogRules):
    def clears_tail(self) -> bool:
        return False


class _KeepsCutBlock(LogRules):
    def rewrites_cut_block(self) -> bool:
        return False


class _UnmarksAtOnce(LogRules):
    def syncs_cut(self) -> bool:
        return False


class _KeepsBehindHole(LogRules):
    def cuts_at_start(self) -> bool:
        return False


class _BelievesAnyCheckpoint(LogRules):
    def believes_checkpoint(self, is_inside: bool) -> bool:
        return True


class _OverwritesNewest(LogRules):
    def slot_to_write(self, newest: int) -> int:
        return newest


class _DeletesAtCheckpoint(LogRules):
    def deletable(self, checkpoint: Lsn, followers: Sequence[Lsn], oldest_kept: Lsn) -> Lsn:
        return checkpoint


class _WaitsForTheDead(LogRules):
    def waits_for(self, follower: Lsn, oldest_kept: Lsn) -> Lsn:
        return follower


class _FillsTheLog(LogRules):
    def room_needed(self, mtr_bytes: int) -> int:
        return mtr_bytes


class _SkipsHoles(LogRules):
    def contiguous(self, finished: Sequence[tuple[Sn, Sn]], start: Sn) -> Sn:
        return max([start, *(high for _, high in finished)])


class _ClosesBySizeOnly(LogRules):
    def closes_for_commit(self, waiting: int) -> bool:
        del waiting
        return False


class _ClosesEachMtr(LogRules):
    def closes_short(self, open_bytes: int, limit: int) -> bool:
        return True


class _ClosesAtCommitOnly(LogRules):
    def closes_long(self, open_bytes: int, limit: int) -> bool:
        del open_bytes, limit
        return False


class _ScansFromTheStart(LogRules):
    def scans_from(self, found: int) -> int:
        return 0


class _RemembersWhatWent(LogRules):
    def forgets_places(self) -> bool:
        return False


class _WritesBeforeSending(LogRules):
    def sends_unwritten(self) -> bool:
        return False


class _CachesNothing(LogRules):
    def caches_entries(self) -> bool:
        return False


class _ReadsEachPiece(LogRules):
    def reads_ahead(self, rest: int) -> bool:
        return False


class _SyncsWhatComes(LogRules):
    def buffers_received(self) -> bool:
        return False


class _CommitsWhenWritten(LogRules):
    def may_commit(self, commit_lsn: Lsn, written: Lsn, flushed: Lsn) -> bool:
        return commit_lsn <= written


class _TriesSyncAgain(LogRules):
    def stops_after_failed_sync(self) -> bool:
        return False


_TABLE: tuple[Mutant[LogRules], ...] = (
    Mutant("cuts-anywhere", "H10", "a truncation may end inside a record group", _CutsAnywhere),
    Mutant("cuts-below", "H11", "a truncation may go below checkpoint, page or local commit", _CutsBelow),
    Mutant("marks-nothing", "H12-mark", "no mark says that a truncation is under way", _MarksNothing),
    Mutant("keeps-files", "H12-files", "files beyond the cut stay", _KeepsFiles),
    Mutant("keeps-tail", "H12-tail", "blocks behind the cut stay in its file", _KeepsTail),
    Mutant("keeps-cut-block", "H12-block", "the block of the cut keeps what it had", _KeepsCutBlock),
    Mutant("unmarks-at-once", "H12-sync", "the mark goes before the cut is durable", _UnmarksAtOnce),
    Mutant("keeps-behind-hole", "H12-start", "a start keeps the blocks behind a hole", _KeepsBehindHole),
    Mutant("any-checkpoint", "LOG-8-inside", "a checkpoint outside its file counts", _BelievesAnyCheckpoint),
    Mutant("one-slot", "LOG-8-slots", "the newest checkpoint is written over", _OverwritesNewest),
    Mutant("forgets-followers", "LOG-8", "redo that a follower needs is deleted", _DeletesAtCheckpoint),
    Mutant("waits-for-the-dead", "H24", "redo is kept for a dead follower for ever", _WaitsForTheDead),
    Mutant("fills-the-log", "H25", "no room is left for the meta record", _FillsTheLog),
    Mutant("skips-holes", "H29", "an unfinished mtr is skipped", _SkipsHoles),
    Mutant("closes-by-size", "H29-commit", "a waiting commit closes no entry", _ClosesBySizeOnly),
    Mutant("closes-each-mtr", "LOG-2", "every mtr is an entry", _ClosesEachMtr),
    Mutant("ships-at-commit", "LOG-11", "an entry is closed by a commit only", _ClosesAtCommitOnly),
    Mutant("scans-from-the-start", "LOG-3", "an entry is looked for in every file", _ScansFromTheStart),
    Mutant(
        "remembers-what-went", "LOG-3-cache", "an entry of a cut branch is found again", _RemembersWhatWent
    ),
    Mutant(
        "writes-before-sending", "LOG-4", "nothing is sent before the own disk has it", _WritesBeforeSending
    ),
    Mutant("caches-nothing", "LOG-4-cache", "what was just made is read back from a file", _CachesNothing),
    Mutant("reads-each-piece", "LOG-7", "a batch is read anew for each piece of it", _ReadsEachPiece),
    Mutant(
        "syncs-what-comes", "LOG-9", "a follower writes and syncs each piece as it comes", _SyncsWhatComes
    ),
    Mutant("commits-when-written", "BIN-4", "a commit is answered before the fsync", _CommitsWhenWritten),
    Mutant("tries-sync-again", "LOG-5-fsync", "an fsync that failed is tried again", _TriesSyncAgain),
)

LOG_MUTANTS = by_name(_TABLE)
"""By name."""
