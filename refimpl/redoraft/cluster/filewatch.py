"""What must hold of tables and their files at any moment, and when a cluster has come to rest (the invariants
of DdlFileOps).

Files are read from the disks as a stranger would, by the first bytes of what is called `schema/table.ibd`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from struct import unpack_from
from typing import Final

from attrs import define, field

from redoraft.cluster.host import Host
from redoraft.cluster.ledger import Ledger
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import PoolFull, RedoError
from redoraft.node.tables import Tables
from redoraft.node.watch import NoWatch, Watch
from redoraft.types import NodeId

_HEAD = 64
_SPACE_ID_AT = 34
"""Byte of a page where it says its space id (InnoDB: FIL_PAGE_SPACE_ID)."""

Watching = Callable[[Host, Ledger], Watch]
"""Who is told of what a machine does to tables, in a run whose committed log stands in the ledger."""


def _nobody(_host: Host, _ledger: Ledger) -> Watch:
    return NoWatch()


NOBODY: Final[Watching] = _nobody

Files = frozenset[tuple[str, int]]
"""Names and space ids."""


def files_on(disk: MemoryDisk) -> Files:
    """The tablespace files on a disk."""
    heads = {name: disk.peek(name, _HEAD) for name in disk.names if "/" in name}
    return frozenset(
        (name, unpack_from(">I", head, _SPACE_ID_AT)[0]) for name, head in heads.items() if len(head) == _HEAD
    )


@define
class FileWatch:
    """Looks at the tables of one node after the other; what may not be goes into the ledger."""

    ledger: Ledger
    _had: dict[NodeId, frozenset[int]] = field(factory=dict)

    def look_at(self, host: Host) -> None:
        """OneFilePerSpace, CommittedFilesStay, CachesAreFresh, FlushingGoesOn, on one machine."""
        if host.name not in host.members.data_nodes:
            return
        files = files_on(host.data_disk)
        spaces = frozenset(space for _, space in files)
        if len(spaces) < len(files):
            self.ledger.find("OneFilePerSpace", host.name, f"its files are {_said(files)}")
        gone = self._had.get(host.name, frozenset()) - spaces
        self._had[host.name] = spaces
        tables = {table.space_id: table for table in self.ledger.dictionary.tables().values()} if gone else {}
        for space in sorted(gone & tables.keys()):
            self.ledger.find(
                "CommittedFilesStay", host.name, f"the file of table {tables[space].name} is gone"
            )
        if host.node is not None and host.node.tables is not None:
            self._look_inside(host.name, host.node.tables)

    def _look_inside(self, me: NodeId, tables: Tables) -> None:
        leader, cache = tables.leader, tables.node.cache
        if leader is None and cache:
            # A pool without a frame to spare has no answer now; it is asked again after the next step.
            with suppress(PoolFull):
                self._look_at_readers(me, tables)
        if leader is not None and leader.job is not None and leader.job.at == "stopped" and not tables.due:
            what = f"no page of space {leader.job.row.space_id} is written while a RENAME waits"
            self.ledger.find("FlushingGoesOn", me, what)

    def _look_at_readers(self, me: NodeId, tables: Tables) -> None:
        stale = tables.node.cache - set(tables.node.dictionary.tables().values())
        for table in sorted(stale):
            self.ledger.find("CachesAreFresh", me, f"a reader has {table.name} open, which is there no more")

    def compare(self, host: Host) -> None:
        """FilesAgree, NothingPending: at rest the files are the tables that the committed log makes."""
        if host.node is None or host.node.tables is None:
            return
        ours = host.node.tables.node
        want = {(table.name.path, table.space_id) for table in self.ledger.dictionary.tables().values()}
        try:
            named = {(table.name.path, table.space_id) for table in ours.dictionary.tables().values()}
        except RedoError as error:
            self.ledger.find("pages can be read", host.name, str(error))
            return
        if named != want:
            what = f"its dictionary has {_said(named)}, the committed log makes {_said(want)}"
            self.ledger.find("FOL-1: the dictionary is what the committed log makes of it", host.name, what)
        files = files_on(host.data_disk)
        if files != want:
            what = f"its files are {_said(files)}, the tables {_said(want)}"
            self.ledger.find("FilesAgree", host.name, what)
        missing = ours.storage.missing_spaces
        if missing:
            self.ledger.find("NothingPending", host.name, f"spaces {sorted(missing)} have rows and no file")


def _said(files: frozenset[tuple[str, int]] | set[tuple[str, int]]) -> str:
    return ", ".join(f"{name} (space {space})" for name, space in sorted(files)) or "none"
