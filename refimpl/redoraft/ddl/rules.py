"""The rules of DDL, one method each, so that one can be taken out (mutants.py).

Every method opens with its requirement and names the operator of the specification that says the same.
Decisions are pure: what they need is in their arguments.  Of H1, H2 and H3 there are two repairs each, a and
b: either is enough, and `repairs_rename`, `repairs_create`, `repairs_drop` have both.
"""

from __future__ import annotations

from redoraft.types import Lsn


class DdlRules:
    """All rules on."""

    # --- statements; DDL-1, DDL-2, H7 and H32 are no switches of the specification ---

    def accepts_engine(self, is_innodb: bool) -> bool:
        """DDL-1: tables of other engines are not in redo, so they are refused."""
        return is_innodb

    def commits_last(self) -> bool:
        """DDL-2 (Commit): CREATE and RENAME commit after their file redo and their file operation."""
        return True

    # --- the DDL log ---

    def shows_drop_row(self, committed: bool) -> bool:
        """DDL-7 (Visible): DROP's row is redo-type: it counts once the DDL has committed."""
        return committed

    def shows_undo_row(self, rolled_back: bool) -> bool:
        """DDL-8 (Visible): the row of CREATE and RENAME is undo-type: a rollback does not take it away."""
        del rolled_back
        return True

    def replays_ddl_log(self, leads: bool) -> bool:
        """DDL-4 (ReplayedAlone): only the leader recovers the DDL log; the others get its redo."""
        return leads

    def replays_after_rollback(self, rolled_back: bool) -> bool:
        """DDL-10 (RollBack): a DDL that rolls back replays its DDL log in post_ddl."""
        return rolled_back

    def deletes_unseen(self, found: bool) -> bool:
        """DDL-5 (Unconditional): the undo of a CREATE writes MLOG_FILE_DELETE for a file never seen."""
        del found
        return True

    def drops_unseen(self, found: bool) -> bool:
        """H4 (Unconditional): DROP's replay writes MLOG_FILE_DELETE though its own file is gone."""
        del found
        return True

    # --- RENAME ---

    def repairs_rename(self) -> bool:
        """H1 (WaitsForRenameRedo, ReversesAlways): redo or row on a majority before the file is renamed."""
        return True

    def waits_for_rename_redo(self) -> bool:
        """H1a (WaitsForRenameRedo): RENAME waits for its MLOG_FILE_RENAME, and so does its undo."""
        return True

    def reverses_unseen(self) -> bool:
        """H1b (ReversesAlways): RENAME waits for its DDL-log row, and recover always reverses it."""
        return True

    def waits_before_stop_ios(self) -> bool:
        """H1-io (WriteFileRedo, StopIos): the wait is over before the IO of the space is stopped."""
        return True

    # --- CREATE ---

    def repairs_create(self) -> bool:
        """H2 (WaitsForCreateRow, RedoFirst): row or redo on a majority before the file is made."""
        return True

    def waits_for_create_row(self) -> bool:
        """H2a (WaitsForCreateRow): CREATE waits for its DDL-log row."""
        return True

    def writes_redo_first(self) -> bool:
        """H2b (RedoFirst): CREATE and its undo write redo, and wait for it, before they touch the file."""
        return True

    # --- DROP ---

    def repairs_drop(self) -> bool:
        """H3 (WaitsInCommit, GatesPostDdl): the commit is on a majority before the file goes."""
        return True

    def waits_in_commit(self) -> bool:
        """H3a (WaitsInCommit): DROP waits inside its commit."""
        return True

    def gates_post_ddl(self) -> bool:
        """H3b (GatesPostDdl): DROP's post_ddl waits for the commit."""
        return True

    # --- applying ---

    def executes(self, is_file_operation: bool) -> bool:
        """DDL-3 (Executed): a follower executes MLOG_FILE_* when it applies it; stock recovery does not."""
        return is_file_operation

    def makes_folder(self, missing: bool) -> bool:
        """H7: executing file redo makes the directory that it misses."""
        del missing
        return True

    def refuses_undo_space(self, is_undo: bool) -> bool:
        """H32: file redo of an undo tablespace is not executed, and stops the node."""
        return is_undo

    def accepts_existing(self, same_space: bool) -> bool:
        """DDL-6 (Conflicts): MLOG_FILE_CREATE for a file that exists is no error."""
        return same_space

    def executes_from(self, noted: Lsn, checkpoint: Lsn) -> Lsn:
        """H5 (Crash): after a start, file operations are executed from the durable applied LSN on."""
        del checkpoint
        return noted

    def tolerates_missing_file(self, missing: int) -> bool:
        """H6 (Passes): a page record may have lost its file: the delete that took it may be still to come."""
        del missing
        return True

    def evicts(self, changed: bool) -> bool:
        """H31 (Kept): applying a commit evicts what it changes from the readers' caches."""
        return changed

    # --- start and promotion ---

    def validates(self, aligned: bool) -> bool:
        """DDL-9 (Validate): the tablespaces table is compared with the files after the log is aligned and
        applied."""
        return aligned

    def acts(self, established: bool) -> bool:
        """H14-ddl (OnFirmGround, ApplyLimit): a new leader touches no file before its own term's marker is
        committed."""
        return established

    def serves(self, recovered: bool) -> bool:
        """H30 (Serve): a new leader accepts writers only when the DDL log is recovered."""
        return recovered


ALL_DDL_RULES = DdlRules()
"""What a node runs with."""
