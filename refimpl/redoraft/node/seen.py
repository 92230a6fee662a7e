"""What is seen of a node from outside, in traces and by whoever looks at it (observe.Observed)."""

from __future__ import annotations

from collections.abc import Mapping

from redoraft.node.pages import lsns_on_disk
from redoraft.node.startup import Startup, serving
from redoraft.node.tables import Tables
from redoraft.node.twophase import TwoPhase
from redoraft.raft.state import RaftState, Role
from redoraft.redo.log import RedoLog
from redoraft.storage.engine import Storage
from redoraft.types import LogIndex, Lsn, NodeId, Term


class Seen:
    """A node's variables under the specification's names; LSNs in bytes."""

    log: RedoLog
    raft: RaftState
    startup: Startup
    storage: Storage | None
    two_phase: TwoPhase | None
    tables: Tables | None

    @property
    def term(self) -> Term:
        """Current term (spec: term)."""
        return self.raft.term

    @property
    def voted_for(self) -> NodeId:
        """The vote of that term (spec: votedFor)."""
        return self.raft.voted_for

    @property
    def role(self) -> str:
        """spec: role."""
        return self.raft.role.value

    @property
    def phase(self) -> str:
        """spec: phase."""
        return self.startup.phase.value

    @property
    def last_lsn(self) -> Lsn:
        """End of everything written, in bytes (spec: Len(log))."""
        return self.log.last_lsn

    @property
    def flushed_lsn(self) -> Lsn:
        """End of what is durable, in bytes (spec: durable)."""
        return self.log.durable_lsn

    @property
    def majority_lsn(self) -> Lsn:
        """Majority LSN as far as known, in bytes (spec: known)."""
        return self.raft.known

    @property
    def agreed_lsn(self) -> Lsn:
        """End of what is known to be the leader's log, in bytes (spec: agreed)."""
        return self.raft.agreed

    @property
    def applied_lsn(self) -> Lsn | None:
        """End of what is applied, in bytes (spec: applied); None on a log node."""
        return self.startup.applied if self.raft.is_data_node else None

    @property
    def last_term(self) -> Term:
        """Term of the last whole entry (spec: LastTerm)."""
        return self.log.last_term

    @property
    def last_index(self) -> LogIndex:
        """Index of the last whole entry (spec: LastIndex)."""
        return self.log.last_index

    @property
    def checkpoint_lsn(self) -> Lsn | None:
        """The checkpoint on disk, in bytes (spec: checkpoint); None on a log node."""
        return None if self.storage is None else self.storage.checkpoint_lsn

    @property
    def deleted_lsn(self) -> Lsn | None:
        """End of the redo that is deleted, in bytes (spec: oldest); None on a log node."""
        return None if self.storage is None else self.log.first_lsn

    @property
    def page_lsns(self) -> Mapping[str, Lsn] | None:
        """The LSN of every page on disk, in bytes (spec: disk); None on a log node.  Raises DiskError."""
        return None if self.storage is None else lsns_on_disk(self.storage)

    @property
    def binlog_size(self) -> int | None:
        """How many transactions the binlog has (spec: Len(binlog)); None where there is none."""
        return None if self.two_phase is None else len(self.two_phase.xids)

    @property
    def binlog_xid(self) -> int | None:
        """The XID of the last of them, 0 if it has none; None where there is no binlog."""
        return None if self.two_phase is None else next(reversed(self.two_phase.xids), 0)

    @property
    def files(self) -> Mapping[str, int] | None:
        """The files as the node knows them, after a start from the scan, with their space ids
        (spec: files)."""
        return None if self.tables is None else self.tables.files

    @property
    def files_lsn(self) -> Lsn | None:
        """File operations up to here are executed, in bytes (spec: DdlFileOps!applied); the start of the log
        if none is."""
        return None if self.tables is None else max(self.tables.node.executed_lsn, self.log.start_lsn)

    @property
    def files_phase(self) -> str | None:
        """spec: DdlFileOps!phase."""
        return None if self.tables is None else self.tables.node.phase.value

    @property
    def open_tables(self) -> Mapping[str, int] | None:
        """What readers have open, with their space ids (spec: cache)."""
        return None if self.tables is None else self.tables.open_tables

    @property
    def ddl_stage(self) -> str | None:
        """spec: stage; None of a node that does not lead."""
        return self.tables.stage if self.tables is not None and self.raft.role is Role.LEADER else None

    @property
    def ddl_step(self) -> str | None:
        """spec: job.pc; None of a node that does not lead."""
        return self.tables.at if self.tables is not None and self.raft.role is Role.LEADER else None

    @property
    def serving(self) -> bool:
        """Whether clients may write here (spec: Serving)."""
        return serving(self.raft, self.startup, self.log)
