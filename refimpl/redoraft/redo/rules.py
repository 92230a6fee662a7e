"""The rules of the log, one method each, so that one can be taken out alone (mutants.py).

Every method opens with its requirement.  LSNs are in bytes; decisions are pure: what they need is in their
arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

from redoraft.redo.lsn import START_LSN
from redoraft.redo.record import META_SIZE
from redoraft.types import Lsn, Sn


class LogRules:
    """All rules on."""

    # --- truncation ---

    def may_cut_at(self, is_entry_end: bool) -> bool:
        """H10: the log is cut only where an entry ends, so never inside a record group."""
        return is_entry_end

    def may_cut_below(self, to: Lsn, floor: Lsn) -> bool:
        """H11: never below the checkpoint, a page on disk or the local commit; `floor` is the largest."""
        return to >= floor

    def marks_cut(self) -> bool:
        """H12-mark: that a truncation is under way is durable before anything goes."""
        return True

    def drops_files(self) -> bool:
        """H12-files: whole files beyond the cut go."""
        return True

    def clears_tail(self) -> bool:
        """H12-tail: nothing stands behind the block of the cut."""
        return True

    def rewrites_cut_block(self) -> bool:
        """H12-block: the block of the cut holds nothing beyond it."""
        return True

    def syncs_cut(self) -> bool:
        """H12-sync: all this is durable before the mark goes, and before anything is written."""
        return True

    def cuts_at_start(self) -> bool:
        """H12-start: every start cuts the log behind what the scan found, though no truncation was under way:
        a crash may leave right blocks behind a hole."""
        return True

    # --- checkpoints and deletion ---

    def believes_checkpoint(self, is_inside: bool) -> bool:
        """LOG-8-inside: a checkpoint counts only if its LSN lies inside its file."""
        return is_inside

    def slot_to_write(self, newest: int) -> int:
        """LOG-8-slots: the checkpoint is written over the older of the two slots."""
        return 1 - newest

    def deletable(self, checkpoint: Lsn, followers: Sequence[Lsn], oldest_kept: Lsn) -> Lsn:
        """LOG-8, H24: redo goes below the checkpoint and below what every follower has; but a follower that
        is
        behind `oldest_kept` is waited for no longer."""
        return min([checkpoint, *(self.waits_for(follower, oldest_kept) for follower in followers)])

    def waits_for(self, follower: Lsn, oldest_kept: Lsn) -> Lsn:
        """H24: retention is bounded."""
        return max(follower, oldest_kept)

    # --- the log buffer and entries ---

    def room_needed(self, mtr_bytes: int) -> int:
        """H25: with every mtr goes the room for the meta record that closes its entry (bytes of data)."""
        return mtr_bytes + META_SIZE

    def contiguous(self, finished: Sequence[tuple[Sn, Sn]], start: Sn) -> Sn:
        """H29: the log buffer is good up to the first mtr that is not finished; pairs are (start, end)."""
        for low, high in finished:
            if low != start:
                break
            start = high
        return start

    def closes_entry(self, open_bytes: int, waiting: int, limit: int) -> bool:
        """Whether an entry of so many bytes ends here; `waiting` commits in it wait for that."""
        if open_bytes == 0:
            return False
        by_size = self.closes_long(open_bytes, limit) or self.closes_short(open_bytes, limit)
        return by_size or self.closes_for_commit(waiting)

    def closes_for_commit(self, waiting: int) -> bool:
        """H29-commit: an entry is closed when a commit in it waits for it."""
        return waiting > 0

    def closes_long(self, open_bytes: int, limit: int) -> bool:
        """LOG-11: an entry is closed, and so can be sent, when it is long, though no commit in it waits."""
        return open_bytes >= limit

    def closes_short(self, open_bytes: int, limit: int) -> bool:
        """LOG-2: an entry holds many mtrs, so it is not closed before it is long."""
        del open_bytes, limit
        return False

    # --- looking up, sending and receiving ---

    def scans_from(self, found: int) -> int:
        """LOG-3: the scan for a meta record begins in the file whose (min, max) has its index."""
        return found

    def forgets_places(self) -> bool:
        """LOG-3-cache: where an entry stands is looked up again when the log was cut or its beginning
        deleted."""
        return True

    def sends_unwritten(self) -> bool:
        """LOG-4: what is sent comes from the log buffer, whether the own files have it yet or not."""
        return True

    def caches_entries(self) -> bool:
        """LOG-4-cache: an entry that was just made is kept for the followers."""
        return True

    def reads_ahead(self, rest: int) -> bool:
        """LOG-7: of a batch from the files, `rest` bytes are beyond what was asked for; they are kept for the
        next call."""
        return rest > 0

    def buffers_received(self) -> bool:
        """LOG-9: what a follower receives is in its log buffer until its log writer comes."""
        return True

    # --- commit ---

    def may_commit(self, commit_lsn: Lsn, written: Lsn, flushed: Lsn) -> bool:
        """BIN-4: a transaction is durable once the flushed LSN covers it; that it was written is not
        enough."""
        del written
        return commit_lsn <= flushed

    def stops_after_failed_sync(self) -> bool:
        """LOG-5-fsync: after an fsync that failed nothing is tried again; what was not durable counts as
        lost."""
        return True


ALL_LOG_RULES = LogRules()
"""What a log runs with."""

NO_FLOOR = START_LSN
"""A bound that refuses no truncation (H11)."""
