"""What happens to a node, besides messages: timers, clients, the log writer, and the steps that follow from a
step."""

from __future__ import annotations

from attrs import frozen

from redoraft.raft.messages import Message
from redoraft.types import Lsn, NodeId


@frozen
class ElectionTimeout:
    """No sign of a leader for long enough."""


@frozen
class HeartbeatDue:
    """A leader's followers have heard nothing for long enough."""


@frozen
class ClientMtr:
    """A client's next mtr, its redo `records`; `commits` says that it is the last one of transaction
    `request`."""

    request: str
    records: bytes
    commits: bool


@frozen
class CommitWritten:
    """Follows from ClientMtr: the log now ends with the commit mtr of `request`."""

    request: str


@frozen
class CloseDue:
    """The open entry is to be closed and sent: it is old or large enough, or somebody waits for it."""


@frozen
class FsyncDone:
    """The log writer has made the log durable up to `lsn` (bytes), an mtr end."""

    lsn: Lsn


@frozen
class ReadAsked:
    """A client reads what the pages hold as of `lsn`, which may be beyond the majority LSN (H18)."""

    request: str
    lsn: Lsn


@frozen
class Replicate:
    """Follows from a write: the followers are to be sent what is new."""


@frozen
class Answer:
    """Follows from AppendEntries: `leader` is to be told what is durable, though it be nothing new."""

    leader: NodeId


@frozen
class Proceed:
    """Follows from anything: take a step that has become possible, if there is one."""


Input = (
    Message
    | ElectionTimeout
    | HeartbeatDue
    | ClientMtr
    | CommitWritten
    | CloseDue
    | FsyncDone
    | ReadAsked
    | Replicate
    | Answer
    | Proceed
)
