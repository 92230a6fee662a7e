"""What storage needs of the node around it: a view of the log, and a place for the checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from attrs import frozen

from redoraft.files import Disk as DataDisk
from redoraft.files import File as DataFile
from redoraft.redo.record import Record
from redoraft.storage.page import PageId
from redoraft.types import Lsn

__all__ = [
    "Append",
    "Checkpoints",
    "DataDisk",
    "DataFile",
    "LogView",
    "LoggedMtr",
    "NoPageSteps",
    "PageSteps",
    "SpaceFiles",
]


@frozen
class LoggedMtr:
    """A whole mtr in the log: the bytes in (start, end], both LSNs.  A meta record has no `records`."""

    start: Lsn
    end: Lsn
    records: tuple[Record, ...]


Append = Callable[[Sequence[Record]], LoggedMtr]
"""Writes one mtr into the log of a leader, and says where it stands."""


class LogView(Protocol):
    """The node's redo log, as storage sees it; LSNs in bytes."""

    @property
    def start_lsn(self) -> Lsn:
        """Where the log that is still there begins (LOG-8)."""

    @property
    def last_lsn(self) -> Lsn:
        """The end of everything written (spec: Len(log))."""

    @property
    def durable_lsn(self) -> Lsn:
        """The end of the last whole entry that is durable here (spec: durable; H33 counts whole entries)."""

    @property
    def majority_lsn(self) -> Lsn:
        """The majority LSN as far as this node knows (spec: known)."""

    @property
    def apply_limit(self) -> Lsn:
        """How far the node lets redo be applied (LIM-3, H14; redoraft.node.startup.apply_limit)."""

    def mtrs(self, from_lsn: Lsn, upto_lsn: Lsn) -> Iterator[LoggedMtr]:
        """The whole mtrs in (from_lsn, upto_lsn], in order; both are mtr ends."""


class Checkpoints(Protocol):
    """The checkpoint on disk: two slots in the header of the redo log."""

    @property
    def lsn(self) -> Lsn:
        """The checkpoint LSN: redo that ends at or below it is in the pages on disk."""

    def write(self, lsn: Lsn) -> None:
        """Make it durable; a crash leaves the old one or this one.  DiskError."""


class PageSteps(Protocol):
    """Who is told of the steps on pages that the engine takes by itself, each right after it."""

    def written(self, page_id: PageId, *, copy: bool) -> None:
        """The page is durable in its place, as it is, or as its private copy has it (H26)."""

    def copied(self, page_id: PageId, lsn: Lsn) -> None:
        """The page has a private copy, as of `lsn`, that waits for the flush limit (H26)."""


class NoPageSteps:
    """Hears nothing."""

    def written(self, page_id: PageId, *, copy: bool) -> None:
        """Do nothing."""

    def copied(self, page_id: PageId, lsn: Lsn) -> None:
        """Do nothing."""


class SpaceFiles(Protocol):
    """Which file has which tablespace, where that is for DDL to say (`redoraft.storage.tablespaces`)."""

    @property
    def spaces(self) -> Collection[int]:
        """The ids of the tablespaces that have a file."""

    def owns(self, space_id: int) -> bool:
        """Whether this is a space whose file DDL makes, names and removes."""

    def name_of(self, space_id: int) -> str | None:
        """The name of its file; None if there is none (H6)."""
