"""How a node makes room: pages to disk, checkpoint, deletion of redo, and who is left behind by that (LOG-8,
H24).

LSNs are in bytes.
"""

from __future__ import annotations

from attrs import evolve

from redoraft.node.deleted import deleted_forgotten
from redoraft.node.effects import Sizes
from redoraft.node.logview import RedoView
from redoraft.node.pages import PageTeller
from redoraft.node.seen import Seen
from redoraft.observe import Action
from redoraft.raft.state import Progress
from redoraft.types import Lsn, NodeId


class Room(Seen):
    """The part of a node that makes room; what it tells of that, `_pages` knows."""

    sizes: Sizes
    copies: int
    """Copies of this node that are under way (Copy): no redo is deleted meanwhile (H24)."""
    _view: RedoView
    _pages: PageTeller

    @property
    def has_room_to_make(self) -> bool:
        """Whether pages are dirty, or the checkpoint may rise."""
        if self.storage is not None:
            return self.storage.pool.dirty > 0 or self.storage.checkpoint_limit > self.log.checkpoint_lsn
        return min(self._view.durable_lsn, self.raft.known) > self.log.checkpoint_lsn

    def flush_pages(self, pages: int | None = None) -> int:
        """Write dirty pages, the oldest first, as far as the limits allow; how many (LIM-2, H26, H33).

        Raises CorruptPage, DiskError, StorageStopped.
        """
        return 0 if self.storage is None else self.storage.flush_list(pages)

    def checkpoint(self) -> Lsn:
        """Raise the checkpoint as far as it may go (LIM-1); where it is then.

        A log node needs nothing below what is durable here and on a majority.  Raises DiskError,
        StorageStopped, LogMisuse.
        """
        if self.storage is not None:
            before = self.storage.checkpoint_lsn
            if self.storage.checkpoint() != before:
                self._pages.tell(Action("Checkpoint", {"lsn": self.storage.checkpoint_lsn}))
            return self.storage.checkpoint_lsn
        limit = min(self._view.durable_lsn, self.raft.known)
        if limit > self.log.checkpoint_lsn:
            self.log.checkpoint(limit)
        return self.log.checkpoint_lsn

    def delete_redo(self) -> int:
        """Delete the redo files that nobody needs; how many (LOG-8, H24).

        Only a leader knows what the others have; who does not keeps what `sizes.retain` says.  DiskError.
        """
        if self.copies:
            return 0
        have = dict.fromkeys(self.raft.others, self.log.start_lsn)
        have |= {node: progress.acked for node, progress in self.raft.progress.items()}
        before = self.log.first_lsn
        deleted = self.log.delete(list(have.values()), self.sizes.retain)
        if deleted:
            self.raft = deleted_forgotten(self.raft, self.log)
            if self.storage is not None and self.log.first_lsn > before:
                self._pages.tell(Action("DeleteRedo", {"lsn": self.log.first_lsn}))
        return deleted

    @property
    def to_seed(self) -> tuple[NodeId, ...]:
        """The followers that need what is deleted from this leader's log: they have to be seeded (H24)."""
        first = self.log.first_lsn
        return tuple(
            node
            for node, progress in self.raft.progress.items()
            if progress.answered and progress.next_lsn < first
        )

    def has_seeded(self, follower: NodeId, upto_lsn: Lsn) -> None:
        """The follower has this leader's log up to there, an entry end: what comes behind is sent next."""
        progress = {**self.raft.progress, follower: Progress(self.log.start_lsn, upto_lsn)}
        self.raft = evolve(self.raft, progress=progress)
