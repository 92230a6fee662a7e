"""The committed log of a run, kept beside it: what all data nodes must come to, and what nobody may be ahead
of.

It grows when a leader finds more on a majority (spec: AdvanceMajority), and is read from that leader's log
then, before any of it may be deleted.  Its pages are a replay into empty ones that knows no pool and no disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from redoraft.binlog.states import committed_by
from redoraft.ddl.dictionary import Dictionary, Row, RowState, changes_tables, is_ddl
from redoraft.ddl.rules import ALL_DDL_RULES
from redoraft.errors import RedoError
from redoraft.node import Node
from redoraft.node.logview import RedoView
from redoraft.redo.file_record import FileCreate, FileDelete
from redoraft.redo.lsn import START_LSN
from redoraft.redo.record import PAGE_SIZE, PageInit, PageWrite, Record
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft.storage.port import LoggedMtr
from redoraft.storage.tablespaces import first_page
from redoraft.types import NO_TERM, Lsn, Term


@define
class Ledger:
    """`end` is the majority LSN of the whole run; `findings` is what was seen that may not be."""

    end: Lsn = START_LSN
    term: Term = NO_TERM
    pages: dict[PageId, bytearray] = field(factory=dict)
    findings: dict[tuple[str, str], str] = field(factory=dict)
    """Which promise is broken, on which node or of which transaction; and what was seen first."""
    deleted: set[int] = field(factory=set)
    """Spaces whose files are gone, and all that was in them."""
    committed: set[Row] = field(factory=set)
    """The DDLs that are committed, by their rows in the DDL log."""
    ddl: list[LoggedMtr] = field(factory=list)
    """The mtrs of the committed log that are of dictionary and files."""
    transactions: list[int] = field(factory=list)
    """The transactions of the committed log by their XIDs, in the order of their commits; none where nodes
    have no binlog."""
    mtrs: dict[Lsn, Term] = field(factory=dict)
    """Where the mtrs of the committed log end, and the terms of their entries."""
    _checkpoints: dict[str, Lsn] = field(factory=dict)

    @property
    def dictionary(self) -> Dictionary:
        """The dictionary that the committed log makes."""
        blank = bytearray(PAGE_SIZE)
        return Dictionary(lambda page_id: bytes(self.pages.get(page_id, blank)), ALL_DDL_RULES)

    def grow(self, leader: Node) -> None:
        """A leader has found more on a majority; it must have all that was committed before (R1, R5)."""
        upto = leader.majority_lsn
        if leader.log.term_at(self.end) != self.term:
            what = f"it commits LSN {upto} without what was committed up to {self.end}"
            self.find("R1: the committed log only grows", leader.raft.me, what)
            return
        try:
            view = RedoView(leader.log, lambda: upto)
            mtrs = list(view.mtrs(self.end, upto))
        except RedoError as error:
            self.find("what is committed can be read", leader.raft.me, str(error))
            return
        for mtr in mtrs:
            self._apply(mtr.records)
            closes = leader.log.entry_end_after(Lsn(mtr.end - 1))
            self.mtrs[mtr.end] = NO_TERM if closes is None else leader.log.term_at(closes) or NO_TERM
            if is_ddl(mtr.records):
                self.ddl.append(mtr)
            if xid := committed_by(mtr.records):
                self.transactions.append(xid)
        self.end, self.term = upto, leader.log.term_at(upto) or self.term

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            match record:
                case PageInit(space_id, page_no):
                    self.pages[PageId(space_id, page_no)] = bytearray(PAGE_SIZE)
                case PageWrite(space_id, page_no, offset, data):
                    page = self.pages.setdefault(PageId(space_id, page_no), bytearray(PAGE_SIZE))
                    page[offset : offset + len(data)] = data
                case FileCreate(space_id, _, flags):
                    self.pages.setdefault(PageId(space_id, 0), bytearray(first_page(space_id, flags)))
                case FileDelete(space_id):
                    self.pages = {one: page for one, page in self.pages.items() if one.space_id != space_id}
                    self.deleted.add(space_id)
                case _:
                    pass
        if changes_tables(records):
            self.committed |= {row for row in self.dictionary.rows() if row.state is RowState.COMMITTED}

    def find(self, promise: str, whose: str, what: str) -> None:
        """Note a broken promise, the first time."""
        self.findings.setdefault((promise, whose), what)

    def look_at(self, node: Node) -> None:
        """LIM-1, LIM-2, LIM-3, CKPT-grows, on the state of one node, at any time."""
        me, checkpoint = node.raft.me, node.log.checkpoint_lsn
        if checkpoint > self.end:
            self.find("LIM-1", me, f"checkpoint {checkpoint} is beyond the majority LSN {self.end}")
        if checkpoint < self._checkpoints.get(me, START_LSN):
            was = self._checkpoints[me]
            self.find("CKPT-grows", me, f"the checkpoint fell from {was} to {checkpoint}")
        self._checkpoints[me] = checkpoint
        if node.storage is None:
            return
        if node.storage.page_bound > self.end:
            bound = node.storage.page_bound
            self.find("LIM-2", me, f"a page on disk has LSN {bound}, beyond the majority LSN {self.end}")
        if node.readable and not node.serving and node.storage.applied_lsn > self.end:
            seen = node.storage.applied_lsn
            self.find("LIM-3", me, f"a reader sees LSN {seen}, the majority LSN is {self.end}")

    def compare(self, node: Node) -> None:
        """A data node at rest has exactly what is committed.  Raises CorruptPage, DiskError, StorageStopped,
        StorageMisuse if it is not readable."""
        found = {page_id: node.read(page_id) for page_id in node.pages}
        for page_id in sorted(self.pages.keys() | found.keys()):
            want = self.pages.get(page_id, bytearray(PAGE_SIZE))[BODY:BODY_END]
            have = found.get(page_id, bytes(PAGE_SIZE))[BODY:BODY_END]
            if want != have:
                at = next(at for at, pair in enumerate(zip(want, have, strict=True)) if pair[0] != pair[1])
                where = f"page {page_id.page_no} of space {page_id.space_id}, byte {BODY + at}"
                self.find("FOL-1: pages are what the committed log makes of them", node.raft.me, where)

    def has(self, page_id: PageId, offset: int, data: bytes) -> bool:
        """Whether the committed log puts these bytes there."""
        page = self.pages.get(page_id)
        return page is not None and page[offset : offset + len(data)] == data
