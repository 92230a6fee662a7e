"""The rules that keep pages within the limits, one method each, so that one can be taken out (mutants.py).

Every method opens with its requirement and names the operator of the specification, or the function of
InnoDB, that says the same.  LSNs are in bytes.  Decisions are pure: what they need is in their arguments.

LIM-3 and H14 (how far redo is applied) are the node's: `redoraft.raft.rules`.
"""

from __future__ import annotations

from redoraft.types import Lsn


class StorageRules:
    """All rules on."""

    # --- writing pages ---

    def flush_majority_bound(self, majority: Lsn, last: Lsn) -> Lsn:
        """LIM-2 (FlushLimit): no page whose newest modification is beyond the majority LSN is written."""
        del last
        return majority

    def durable_bound(self, durable: Lsn, last: Lsn) -> Lsn:
        """H33 (FlushLimit): nor beyond the node's own whole durable entries; the same for the checkpoint."""
        del last
        return durable

    def copies_hot_page(self, beyond_limit: bool) -> bool:
        """H26 (FlushCopy): a page beyond the limit is neither skipped nor waited for: a private copy is kept
        and written when the limit has reached it."""
        return beyond_limit

    def passes_over(self, beyond_limit: bool) -> bool:
        """H26-wait (FlushList): the cleaner holds no page that may not be written yet; it goes on with the
        next one."""
        return beyond_limit

    def writes_to_evict(self, is_dirty: bool) -> bool:
        """CKPT-1 (buf_LRU_get_free_block): when memory is short and no clean page can go, the least recently
        used dirty one is written, and goes."""
        return is_dirty

    def writes_twice(self, pages: int) -> bool:
        """TORN-1 (buf_dblwr): a page is durable in the doublewrite file before its place is written."""
        return pages > 0

    def trusts_page(self, torn: bool) -> bool:
        """TORN-1-detect (BlockReporter::is_corrupted): a page that is not whole is not read as one."""
        return not torn

    def goes_on_after(self, disk_failed: bool) -> bool:
        """FSYNC (fil_flush): after a failed write or fsync nothing is known of the data, and nothing is tried
        again."""
        return not disk_failed

    # --- checkpoint ---

    def checkpoint_majority_bound(self, majority: Lsn, last: Lsn) -> Lsn:
        """LIM-1 (Checkpoint): the checkpoint is at or below the majority LSN."""
        del last
        return majority

    def checkpoint_flush_bound(self, oldest: Lsn, applied: Lsn) -> Lsn:
        """CKPT-fuzzy (Checkpoint; log_buf_pool_get_oldest_modification): nor beyond what a dirty page still
        needs."""
        del applied
        return oldest

    def checkpoint_dictionary_bound(self, dictionary: Lsn, last: Lsn) -> Lsn:
        """H22 (Checkpoint; dict_max_allowed_checkpoint_lsn): nor past dictionary metadata that is not
        persisted."""
        del last
        return dictionary

    def next_checkpoint(self, current: Lsn, allowed: Lsn) -> Lsn:
        """CKPT-grows (Checkpoint): it never decreases, also when a restart has forgotten the majority LSN."""
        return max(current, allowed)

    # --- applying redo ---

    def applies_behind(self, leads: bool) -> bool:
        """FOL-1 (Apply): redo is applied all the time while the node runs, not only when it is to lead."""
        del leads
        return True

    def applies(self, start: Lsn, page: Lsn) -> bool:
        """APPLY (Apply; recv_recover_page): a record is applied iff its start LSN >= the page LSN."""
        return start >= page

    def lsn_at_init(self, modified_in_pool: Lsn, page: Lsn) -> Lsn:
        """APPLY-init (recv_recover_page): a page init resets the LSN compared with to what the buffer pool
        has made of the page, 0 if nothing: whatever lay on disk does not count."""
        del page
        return modified_in_pool

    # --- truncation ---

    def may_truncate(self, to: Lsn, page_bound: Lsn, checkpoint: Lsn) -> bool:
        """H11 (Truncate): never below a page on disk or the checkpoint."""
        return to >= max(page_bound, checkpoint)

    def keeps_pool(self, to: Lsn, applied: Lsn) -> bool:
        """H13-pool (Deposed): a buffer pool with truncated effects is discarded; redo has no inverse."""
        return to >= applied

    # --- everything that changes pages is in the log ---

    def logs_bulk(self, pages: int) -> bool:
        """H21 (BulkLoad; BtrBulk): pages made in bulk are logged like any other."""
        return pages > 0

    def may_disable_redo(self, asked: bool) -> bool:
        """H21-disable (ALTER INSTANCE DISABLE INNODB REDO_LOG): refused."""
        del asked
        return False

    def works_in_background(self, leads: bool) -> bool:
        """H23 (BackgroundWork): purge and its like write redo, so only the leader does them."""
        return leads

    def rolls_back(self, promoted: bool) -> bool:
        """H30 (trx_rollback_or_clean_recovered): a new leader rolls back what nobody will finish, before it
        accepts writes."""
        return promoted

    # --- re-seeding ---

    def seed_starts_at(self, before_copy: Lsn, after_copy: Lsn) -> Lsn:
        """H24 (Seed): a copy of pages starts at the checkpoint from *before* the first page was copied."""
        del after_copy
        return before_copy


ALL_STORAGE_RULES = StorageRules()
"""What a node runs with."""
