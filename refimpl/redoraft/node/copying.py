"""A node's disks as a copy of another node's: for one that needs redo which is deleted (H24; spec: Seed).

The target does not run.  What it had is void from the first step on; its term and its vote stay.  The source
goes on meanwhile, and keeps its log; pages are of different moments, and redo from the checkpoint that stood
before the first of them makes them one.  The copy ends at what is committed and durable at the source: beyond
all pages, and beyond all that the target had promised to a leader that may still count it.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from redoraft.disk.state import VoteStore
from redoraft.errors import StorageMisuse
from redoraft.files import Disk
from redoraft.node.driver import Node
from redoraft.node.opening import VOTE_FILE
from redoraft.storage.seed import SeedEnd, SeedSource, SeedTarget
from redoraft.types import NO_ONE, Lsn


def shared_end(source: Node, target: Node) -> Lsn | None:
    """The newest entry end from which the source can still send that both logs have; None: seed the
    target."""
    lsn = source.log.entry_end_at_or_below(target.log.closed_lsn)
    while lsn >= source.log.first_lsn:
        if target.log.first_lsn <= lsn and target.log.term_at(lsn) == source.log.term_at(lsn):
            return lsn
        lsn = source.log.entry_end_at_or_below(Lsn(lsn - 1))
    return None


class Copy:
    """A copy in the making: `step` until there are no more pages, then `finish`, or else `give_up`.

    The source serves, from the beginning to the end; the target has not heard of a newer term.
    """

    def __init__(self, source: Node, disk: Disk, data_disk: Disk | None) -> None:
        """Make the target's disks void, durably; `data_disk` is None for a log node.  DiskError;
        StorageMisuse if the source is no data node."""
        if source.storage is None:
            raise StorageMisuse(f"{source.raft.me} has no pages to copy: take a data node as the source")
        self._source: Final = source
        self._disk: Final = disk
        self._seed: Final = SeedSource(source.storage)
        self._target: Final = None if data_disk is None else SeedTarget(data_disk, source.storage.rules)
        self._pages: Final = iter(()) if data_disk is None else self._seed.pages()
        source.copies += 1

    def step(self, pages: int) -> bool:
        """Copy so many pages; whether there may be more.  Raises CorruptPage, DiskError."""
        some = list(islice(self._pages, pages))
        for page_id, raw in some:
            assert self._target is not None, "a log node gets no pages"
            self._target.put(page_id, raw)
        return len(some) == pages

    def finish(self) -> Lsn:
        """All pages are there: bring the log, and make the disks whole; where the log ends, in bytes.

        Raises CorruptRedo, DiskError.
        """
        end, log = self._seed.end(), self._source.log
        upto = log.entry_end_at_or_below(min(log.durable_lsn, self._source.majority_lsn))

        def start_log(end: SeedEnd) -> None:
            votes, term = VoteStore.open(self._disk.open(VOTE_FILE)), log.term_at(upto)
            assert term is not None, "the log is copied up to an entry end"
            if term > votes.vote.term:
                votes.store(term, NO_ONE)
            log.copy_to(self._disk, end.checkpoint, upto)

        if self._target is None:
            start_log(end)
        else:
            self._target.finish(end, start_log)
        self.give_up()
        return upto

    def give_up(self) -> None:
        """The source keeps its log no longer for this."""
        self._source.copies -= 1
