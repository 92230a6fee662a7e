"""Storage engines with one rule taken out, for showing that the tests notice.

Each class overrides exactly one method of `StorageRules`.
"""
# A rule that is off looks at less than the rule does.
# ruff: noqa: ARG002

from __future__ import annotations

from redoraft.mutant import Mutant, by_name
from redoraft.storage.rules import StorageRules
from redoraft.types import Lsn


class _FlushesBeyondMajority(StorageRules):
    def flush_majority_bound(self, majority: Lsn, last: Lsn) -> Lsn:
        return last


class _FlushesBeyondOwnLog(StorageRules):
    def durable_bound(self, durable: Lsn, last: Lsn) -> Lsn:
        return last


class _SkipsHotPages(StorageRules):
    def copies_hot_page(self, beyond_limit: bool) -> bool:
        return False


class _WaitsForMajority(StorageRules):
    def passes_over(self, beyond_limit: bool) -> bool:
        return False


class _WaitsForCleanPage(StorageRules):
    def writes_to_evict(self, is_dirty: bool) -> bool:
        return False


class _WritesInPlace(StorageRules):
    def writes_twice(self, pages: int) -> bool:
        return False


class _TrustsTornPages(StorageRules):
    def trusts_page(self, torn: bool) -> bool:
        return True


class _TriesFsyncAgain(StorageRules):
    def goes_on_after(self, disk_failed: bool) -> bool:
        return True


class _ChecksBeyondMajority(StorageRules):
    def checkpoint_majority_bound(self, majority: Lsn, last: Lsn) -> Lsn:
        return last


class _IgnoresDirtyPages(StorageRules):
    def checkpoint_flush_bound(self, oldest: Lsn, applied: Lsn) -> Lsn:
        return applied


class _PassesDictionary(StorageRules):
    def checkpoint_dictionary_bound(self, dictionary: Lsn, last: Lsn) -> Lsn:
        return last


class _CheckpointFalls(StorageRules):
    def next_checkpoint(self, current: Lsn, allowed: Lsn) -> Lsn:
        return allowed


class _AppliesToLead(StorageRules):
    def applies_behind(self, leads: bool) -> bool:
        return leads


class _AppliesTwice(StorageRules):
    def applies(self, start: Lsn, page: Lsn) -> bool:
        return True


class _InitIsAWrite(StorageRules):
    def lsn_at_init(self, modified_in_pool: Lsn, page: Lsn) -> Lsn:
        return page


class _TruncatesBelowPages(StorageRules):
    def may_truncate(self, to: Lsn, page_bound: Lsn, checkpoint: Lsn) -> bool:
        return True


class _KeepsStalePool(StorageRules):
    def keeps_pool(self, to: Lsn, applied: Lsn) -> bool:
        return True


class _LoadsUnlogged(StorageRules):
    def logs_bulk(self, pages: int) -> bool:
        return False


class _DisablesRedo(StorageRules):
    def may_disable_redo(self, asked: bool) -> bool:
        return asked


class _WorksOnFollowers(StorageRules):
    def works_in_background(self, leads: bool) -> bool:
        return True


class _LeavesUnfinished(StorageRules):
    def rolls_back(self, promoted: bool) -> bool:
        return False


class _SeedsFromTheEnd(StorageRules):
    def seed_starts_at(self, before_copy: Lsn, after_copy: Lsn) -> Lsn:
        return after_copy


_TABLE: tuple[Mutant[StorageRules], ...] = (
    Mutant("checkpoints-ahead", "LIM-1", "the checkpoint passes the majority LSN", _ChecksBeyondMajority),
    Mutant("flushes-ahead", "LIM-2", "pages beyond the majority LSN are written", _FlushesBeyondMajority),
    Mutant(
        "flushes-unsynced", "H33", "pages beyond the node's own durable log are written", _FlushesBeyondOwnLog
    ),
    Mutant(
        "skips-hot-pages", "H26", "a page that is always beyond the limit is never written", _SkipsHotPages
    ),
    Mutant(
        "waits-for-majority", "H26-wait", "nothing is written behind a page that waits", _WaitsForMajority
    ),
    Mutant("waits-for-clean-page", "CKPT-1", "a pool of dirty pages is full", _WaitsForCleanPage),
    Mutant("writes-in-place", "TORN-1", "pages are written without a copy beside them", _WritesInPlace),
    Mutant("trusts-torn-pages", "TORN-1-detect", "a torn page is read as it is", _TrustsTornPages),
    Mutant("tries-fsync-again", "FSYNC", "the engine goes on after a failed fsync", _TriesFsyncAgain),
    Mutant(
        "forgets-dirty-pages",
        "CKPT-fuzzy",
        "the checkpoint passes what a dirty page needs",
        _IgnoresDirtyPages,
    ),
    Mutant("checkpoint-falls", "CKPT-grows", "the checkpoint goes back after a restart", _CheckpointFalls),
    Mutant("passes-dictionary", "H22", "the checkpoint passes unpersisted metadata", _PassesDictionary),
    Mutant("applies-to-lead", "FOL-1", "a follower applies nothing until it leads", _AppliesToLead),
    Mutant("applies-twice", "APPLY", "a record is applied to a page that has it", _AppliesTwice),
    Mutant("init-is-a-write", "APPLY-init", "a page init is compared with what lay on disk", _InitIsAWrite),
    Mutant("truncates-pages", "H11", "the log is cut below a page on disk", _TruncatesBelowPages),
    Mutant(
        "keeps-stale-pool", "H13-pool", "the pool outlives the truncation of what it holds", _KeepsStalePool
    ),
    Mutant("loads-unlogged", "H21", "pages made in bulk are not logged", _LoadsUnlogged),
    Mutant("disables-redo", "H21-disable", "redo can be disabled", _DisablesRedo),
    Mutant("purges-on-followers", "H23", "a follower purges undo, and writes redo", _WorksOnFollowers),
    Mutant(
        "leaves-unfinished", "H30", "a new leader leaves open transactions as they are", _LeavesUnfinished
    ),
    Mutant("seeds-from-the-end", "H24", "a copy starts at the checkpoint after it", _SeedsFromTheEnd),
)

MUTANTS: dict[str, Mutant[StorageRules]] = by_name(_TABLE)
"""By name."""
