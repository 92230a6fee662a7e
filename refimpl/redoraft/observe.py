"""What a node says of itself: one record a step, for the trace, and a twin that says nothing.

The core names the action that it took; everything else on the event is read from the node *after* the step,
through `Observed`, because an event that repeats an intent hides exactly the bugs that a trace is for
(docs/traces.md).

Which message ids an event carries, one rule: `sent` has the ids of the messages of that very step, and
`received` has the id of the message that was the input of the step, provided that its sending stands on an
event.  So whatever is received in a trace has its sender in the trace, before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from attrs import define, field, frozen

from redoraft.types import LogIndex, Lsn, NodeId, Term
from redoraft_traces import Event

ArgValue = int | str | list[str] | dict[str, Lsn] | dict[str, int | str]
VarValue = int | str | Mapping[str, int]


@frozen
class Action:
    """One action of the specification, by its name, and its arguments; LSNs in bytes."""

    name: str
    args: Mapping[str, ArgValue] = field(factory=dict)


class Observed(Protocol):
    """What every event shows of a node (spec: nodeVars, startupVars); LSNs in bytes."""

    @property
    def term(self) -> Term:
        """Current term (spec: term)."""

    @property
    def voted_for(self) -> NodeId:
        """The vote of that term, "none" if there is none (spec: votedFor)."""

    @property
    def role(self) -> str:
        """ "down", "follower", "candidate" or "leader" (spec: role)."""

    @property
    def phase(self) -> str:
        """ "down", "stopped", "aligning" or "ready" (spec: phase)."""

    @property
    def last_lsn(self) -> Lsn:
        """End of everything written (spec: Len(log))."""

    @property
    def flushed_lsn(self) -> Lsn:
        """End of what is durable (spec: durable)."""

    @property
    def majority_lsn(self) -> Lsn:
        """Majority LSN as far as the node knows (spec: known)."""

    @property
    def agreed_lsn(self) -> Lsn:
        """End of what is known to be the leader's log (spec: agreed)."""

    @property
    def applied_lsn(self) -> Lsn | None:
        """End of what is applied to pages (spec: applied); None on a log node."""

    @property
    def last_term(self) -> Term:
        """Term of the last whole entry (spec: LastTerm)."""

    @property
    def last_index(self) -> LogIndex:
        """Index of the last whole entry (spec: LastIndex)."""

    @property
    def checkpoint_lsn(self) -> Lsn | None:
        """The checkpoint on disk (spec: checkpoint); None on a log node."""

    @property
    def deleted_lsn(self) -> Lsn | None:
        """Redo up to here is deleted (spec: oldest); None on a log node."""

    @property
    def page_lsns(self) -> Mapping[str, Lsn] | None:
        """The LSN of every page on disk (spec: disk), from the disk; None on a log node."""

    @property
    def binlog_size(self) -> int | None:
        """How many transactions the binlog has (spec: Len(binlog)); None where there is none."""

    @property
    def binlog_xid(self) -> int | None:
        """The XID of the last of them, 0 if it has none; None where there is no binlog."""

    @property
    def files(self) -> Mapping[str, int] | None:
        """Names and space ids of the tablespace files (spec: files); None where no DDL is done."""

    @property
    def files_lsn(self) -> Lsn | None:
        """The LSN of file operations applied (spec: DdlFileOps!applied); None where no DDL is done."""

    @property
    def files_phase(self) -> str | None:
        """ "starting", "up" or "aborted" (spec: DdlFileOps!phase); None where no DDL is done."""

    @property
    def open_tables(self) -> Mapping[str, int] | None:
        """The tables that readers have open, by their files' names, with their space ids (spec: cache); None
        where no DDL is done."""

    @property
    def ddl_stage(self) -> str | None:
        """ "elected", "established" or "serving" (spec: stage); a leader's, else None."""

    @property
    def ddl_step(self) -> str | None:
        """How far the DDL under way is, "idle" if there is none (spec: job.pc); a leader's, else None."""


OBSERVED: tuple[str, ...] = (
    "term",
    "voted_for",
    "role",
    "phase",
    "last_lsn",
    "flushed_lsn",
    "majority_lsn",
    "agreed_lsn",
    "applied_lsn",
    "last_term",
    "last_index",
)
"""The `vars` of every event: these properties of `Observed`, those left out that are None."""


STORAGE_OBSERVED = ("checkpoint_lsn", "deleted_lsn")
"""What every event of a data node shows besides where its storage is observed."""

BINLOG_OBSERVED = ("binlog_size", "binlog_xid")
"""What every event of a data node with a binlog shows besides."""

TABLES_OBSERVED = ("files_phase", "files_lsn", "files", "open_tables", "ddl_stage", "ddl_step")
"""What every event of a data node that does DDL shows besides."""

FOUND_AT_START = "page_lsns"
"""What a Restart shows besides: a crash may have come between a page write and its event."""


def vars_of(observed: Observed, names: Sequence[str] = OBSERVED) -> dict[str, VarValue]:
    """The `vars` of an event: what the node is now."""
    read = {name: getattr(observed, name) for name in names}
    return {name: value for name, value in read.items() if value is not None}


class Observer(Protocol):
    """Who is told of a node's steps."""

    @property
    def sees_pages(self) -> bool:
        """Whether the actions of StorageLimits are to be told, too."""

    @property
    def sees_tables(self) -> bool:
        """Whether those of DdlFileOps are."""

    def new_message_id(self) -> str:
        """An id for a message that is about to be sent, unique in the run."""

    def record(self, action: Action, node: Observed, sent: Sequence[str], received: str | None) -> None:
        """The node has just taken `action`."""


@define
class TraceObserver:
    """Writes an `Event` for every action of one node into `sink`; lives on when the node restarts."""

    node: NodeId
    sink: Callable[[Event], None]
    message_ids: Iterator[str]
    sees_pages: bool = False
    sees_binlog: bool = False
    sees_tables: bool = False
    _seq: int = field(default=0, init=False)

    def new_message_id(self) -> str:
        """The next of `message_ids`."""
        return next(self.message_ids)

    def record(self, action: Action, node: Observed, sent: Sequence[str], received: str | None) -> None:
        """Number the event and hand it on; raises what `sink` raises."""
        self._seq += 1
        names = OBSERVED
        if self.sees_pages:
            names += STORAGE_OBSERVED + ((FOUND_AT_START,) if action.name == "Restart" else ())
        if self.sees_binlog:
            names += BINLOG_OBSERVED
        if self.sees_tables:
            names += TABLES_OBSERVED
        self.sink(
            Event(
                node=self.node,
                seq=self._seq,
                action=action.name,
                args=dict(action.args),
                vars=vars_of(node, names),
                sent=list(sent),
                received=received,
            )
        )


class NoObserver:
    """Hears nothing: for runs that are not traced."""

    sees_pages = False
    sees_tables = False

    def new_message_id(self) -> str:
        """Always empty."""
        return ""

    def record(self, action: Action, node: Observed, sent: Sequence[str], received: str | None) -> None:
        """Do nothing."""
