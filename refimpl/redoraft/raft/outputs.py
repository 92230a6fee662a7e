"""What the driver is to do after a step, in this order, and what a step is.

PersistVote, TruncateLog, AppendRecords, AppendMtr and CloseEntry change what survives or what later steps
read: the driver does them first, and a message is sent only when they are done (H9: term and vote are durable
before anything is sent).
"""

from __future__ import annotations

from attrs import frozen

from redoraft.observe import Action
from redoraft.raft.inputs import Input
from redoraft.raft.messages import Message
from redoraft.raft.outcome import Outcome
from redoraft.raft.state import RaftState
from redoraft.types import Lsn, NodeId, Term


@frozen
class PersistVote:
    """Make term and vote durable."""

    term: Term
    voted_for: NodeId


@frozen
class TruncateLog:
    """Cut the log behind `to_lsn` (bytes), an entry end."""

    to_lsn: Lsn


@frozen
class AppendRecords:
    """Write whole entries received from the leader behind the end of the log."""

    records: bytes


@frozen
class AppendMtr:
    """Write one mtr into the open entry."""

    records: bytes


@frozen
class CloseEntry:
    """Write the meta record of `term`: it closes the open entry, or is a term marker where none is open."""

    term: Term


@frozen
class Send:
    """Send `message` to the node `to`."""

    to: NodeId
    message: Message


@frozen
class Reply:
    """Tell the client of transaction or read `request`; `value` is what a read that is ok shows (the driver
    knows), `lsn` (bytes) what an answer that is ok has seen or written: no later one of its session may show
    less (H28-session; spec: Clients, `at`)."""

    request: str
    outcome: Outcome
    value: bytes | None = None
    lsn: Lsn | None = None


@frozen
class ResetElectionTimer:
    """Wait a whole election timeout again."""


__all__ = [
    "AppendMtr",
    "AppendRecords",
    "CloseEntry",
    "LogOrVote",
    "Outcome",
    "Output",
    "PersistVote",
    "Reply",
    "ResetElectionTimer",
    "Send",
    "Transition",
    "TruncateLog",
]

LogOrVote = PersistVote | TruncateLog | AppendRecords | AppendMtr | CloseEntry
Output = LogOrVote | Send | Reply | ResetElectionTimer


@frozen
class Transition:
    """The result of a step: the new state, what to do, the one action it was (or None), and the input that
    follows."""

    state: RaftState
    outputs: tuple[Output, ...] = ()
    action: Action | None = None
    again: Input | None = None
