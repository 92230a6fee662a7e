"""DDL with one rule taken out, for showing that the tests notice.

Each class overrides exactly one method of `DdlRules`.  Of H1, H2 and H3 either repair is enough: a mutant of
one of the two stands on rules that lack the other one.
"""
# A rule that is off looks at less than the rule does.
# ruff: noqa: ARG002

from __future__ import annotations

from redoraft.ddl.rules import DdlRules
from redoraft.mutant import Mutant, by_name
from redoraft.types import Lsn


class RenameRepairA(DdlRules):
    """H1 repaired by its wait alone (H1b is off); safe as long as no RENAME rolls back without a crash."""

    def reverses_unseen(self) -> bool:
        """Off."""
        return False


class RenameRepairB(DdlRules):
    """H1 repaired by the unconditional reverse alone (H1a is off)."""

    def waits_for_rename_redo(self) -> bool:
        """Off."""
        return False


class CreateRepairA(DdlRules):
    """H2 repaired by the wait for the row alone (H2b is off)."""

    def writes_redo_first(self) -> bool:
        """Off."""
        return False


class CreateRepairB(DdlRules):
    """H2 repaired by redo first alone (H2a is off)."""

    def waits_for_create_row(self) -> bool:
        """Off."""
        return False


class DropRepairA(DdlRules):
    """H3 repaired by the wait inside the commit alone (H3b is off)."""

    def gates_post_ddl(self) -> bool:
        """Off."""
        return False


class DropRepairB(DdlRules):
    """H3 repaired by the gate of post_ddl alone (H3a is off)."""

    def waits_in_commit(self) -> bool:
        """Off."""
        return False


class _TakesAnyEngine(DdlRules):
    def accepts_engine(self, is_innodb: bool) -> bool:
        return True


class _CommitsBeforeRedo(DdlRules):
    def commits_last(self) -> bool:
        return False


class _MakesNoFolder(DdlRules):
    def makes_folder(self, missing: bool) -> bool:
        return not missing


class _ExecutesUndoFiles(DdlRules):
    def refuses_undo_space(self, is_undo: bool) -> bool:
        return False


class _ShowsDropRowAtOnce(DdlRules):
    def shows_drop_row(self, committed: bool) -> bool:
        return True


class _RollsRowsBack(DdlRules):
    def shows_undo_row(self, rolled_back: bool) -> bool:
        return not rolled_back


class _RecoversEverywhere(DdlRules):
    def replays_ddl_log(self, leads: bool) -> bool:
        return True


class _LeavesRolledBack(DdlRules):
    def replays_after_rollback(self, rolled_back: bool) -> bool:
        return False


class _DeletesWhatItSees(CreateRepairA):
    def deletes_unseen(self, found: bool) -> bool:
        return found


class _DropsWhatItSees(DdlRules):
    def drops_unseen(self, found: bool) -> bool:
        return found


class _RenamesAtOnce(DdlRules):
    def repairs_rename(self) -> bool:
        return False


class _RenamesBeforeRedo(RenameRepairA):
    def waits_for_rename_redo(self) -> bool:
        return False


class _ReversesWhatItSees(RenameRepairB):
    def reverses_unseen(self) -> bool:
        return False


class _WaitsWithIoStopped(DdlRules):
    def waits_before_stop_ios(self) -> bool:
        return False


class _CreatesAtOnce(DdlRules):
    def repairs_create(self) -> bool:
        return False


class _CreatesBeforeRow(CreateRepairA):
    def waits_for_create_row(self) -> bool:
        return False


class _CreatesBeforeRedo(CreateRepairB):
    def writes_redo_first(self) -> bool:
        return False


class _DropsAtOnce(DdlRules):
    def repairs_drop(self) -> bool:
        return False


class _DropsInCommit(DropRepairA):
    def waits_in_commit(self) -> bool:
        return False


class _DropsUngated(DropRepairB):
    def gates_post_ddl(self) -> bool:
        return False


class _ParsesOnly(DdlRules):
    def executes(self, is_file_operation: bool) -> bool:
        return False


class _RefusesExisting(DdlRules):
    def accepts_existing(self, same_space: bool) -> bool:
        return False


class _ExecutesFromCheckpoint(DdlRules):
    def executes_from(self, noted: Lsn, checkpoint: Lsn) -> Lsn:
        return checkpoint


class _NeedsEveryFile(DdlRules):
    def tolerates_missing_file(self, missing: int) -> bool:
        return missing == 0


class _KeepsCaches(DdlRules):
    def evicts(self, changed: bool) -> bool:
        return False


class _ValidatesFirst(DdlRules):
    def validates(self, aligned: bool) -> bool:
        return True


class _ActsOnTheTail(DdlRules):
    def acts(self, established: bool) -> bool:
        return True


class _ServesUnrecovered(DdlRules):
    def serves(self, recovered: bool) -> bool:
        return True


_TABLE: tuple[Mutant[DdlRules], ...] = (
    Mutant("parses-files-only", "DDL-3", "a follower executes no file redo, as stock", _ParsesOnly),
    Mutant(
        "recovers-everywhere", "DDL-4", "every node replays the DDL log that it finds", _RecoversEverywhere
    ),
    Mutant("deletes-what-it-sees", "DDL-5", "no delete for a file never seen (H2b off)", _DeletesWhatItSees),
    Mutant("refuses-existing", "DDL-6", "a file to be made that is there is an error", _RefusesExisting),
    Mutant("shows-drop-at-once", "DDL-7", "DROP's row is undo-type", _ShowsDropRowAtOnce),
    Mutant("rolls-rows-back", "DDL-8", "a rollback takes the DDL-log row away", _RollsRowsBack),
    Mutant("validates-first", "DDL-9", "files are validated right after the scan", _ValidatesFirst),
    Mutant("leaves-rolled-back", "DDL-10", "a rollback does not replay its row", _LeavesRolledBack),
    Mutant("renames-at-once", "H1", "RENAME waits for nothing, as stock", _RenamesAtOnce),
    Mutant("renames-before-redo", "H1a", "RENAME waits for nothing (H1b off)", _RenamesBeforeRedo),
    Mutant("reverses-what-it-sees", "H1b", "no reverse for a file never seen (H1a off)", _ReversesWhatItSees),
    Mutant("waits-with-io-stopped", "H1-io", "RENAME's wait stands behind stop_ios", _WaitsWithIoStopped),
    Mutant("creates-at-once", "H2", "CREATE waits for nothing, as stock", _CreatesAtOnce),
    Mutant("creates-before-row", "H2a", "CREATE waits for nothing (H2b off)", _CreatesBeforeRow),
    Mutant("creates-before-redo", "H2b", "CREATE makes its file first (H2a off)", _CreatesBeforeRedo),
    Mutant("drops-at-once", "H3", "DROP's post_ddl waits for nothing, as stock", _DropsAtOnce),
    Mutant("drops-in-commit", "H3a", "DROP does not wait in its commit (H3b off)", _DropsInCommit),
    Mutant("drops-ungated", "H3b", "DROP's post_ddl is not gated (H3a off)", _DropsUngated),
    Mutant("drops-what-it-sees", "H4", "no delete for a file that is gone already", _DropsWhatItSees),
    Mutant("executes-from-checkpoint", "H5", "file redo is executed again", _ExecutesFromCheckpoint),
    Mutant("needs-every-file", "H6", "a page record without its file is an error", _NeedsEveryFile),
    Mutant("acts-on-the-tail", "H14-ddl", "a new leader acts on what may be lost", _ActsOnTheTail),
    Mutant("serves-unrecovered", "H30", "writers come before the DDL log is recovered", _ServesUnrecovered),
    Mutant("keeps-caches", "H31", "a follower's readers keep what has changed", _KeepsCaches),
)

_OUTSIDE_TABLE: tuple[Mutant[DdlRules], ...] = (
    Mutant("takes-any-engine", "DDL-1", "CREATE takes a table of any engine", _TakesAnyEngine),
    Mutant("commits-before-redo", "DDL-2", "the commit is written before the file redo", _CommitsBeforeRedo),
    Mutant("makes-no-folder", "H7", "a follower makes no directory for a file", _MakesNoFolder),
    Mutant("executes-undo-files", "H32", "file redo of undo tablespaces is executed", _ExecutesUndoFiles),
)

MUTANTS: dict[str, Mutant[DdlRules]] = by_name(_TABLE)
"""By name; those whose rule is a switch of DdlFileOps."""

OUTSIDE_MUTANTS: dict[str, Mutant[DdlRules]] = by_name(_OUTSIDE_TABLE)
"""By name; those whose rule the models leave out, or have as their shape."""

ALL_DDL_MUTANTS: dict[str, Mutant[DdlRules]] = {**MUTANTS, **OUTSIDE_MUTANTS}
"""Both."""
