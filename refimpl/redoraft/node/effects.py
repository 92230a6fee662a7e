"""What a node is started with, and what comes of its steps for whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from attrs import frozen

from redoraft.errors import LogFull, LogMisuse, PoolFull, UnwritableBytes
from redoraft.observe import Action
from redoraft.raft.inputs import ClientMtr, Input
from redoraft.raft.messages import Message
from redoraft.raft.outputs import Outcome, Reply, ResetElectionTimer
from redoraft.raft.state import Lease
from redoraft.redo.files import Layout
from redoraft.redo.header import HEADER_SIZE
from redoraft.redo.log import DEFAULT_LAYOUT
from redoraft.storage.engine import POOL_PAGES
from redoraft.types import NodeId

Refusal = LogFull | PoolFull | UnwritableBytes
"""Why a step is not taken, and nothing is wrong with the node."""


class Stopped(Enum):
    """How a node's process ended before it is started."""

    NEVER_RAN = "never ran"
    CRASHED = "crashed"
    CLEAN = "clean"
    COPIED = "copied"
    """It runs on a copy of another node's disks for the first time (H24)."""


@frozen
class Sizes:
    """How much a node keeps: how its log lies in files, frames of its buffer pool, and how many bytes of log
    it keeps for a follower that is behind (H24; None: as many as it takes).

    A log that is bounded needs a retention that is: who does not lead does not know what the others have, and
    keeps that much for each of them.  Kept for ever, it fills the log, and the node takes no more of it
    (spec: StorageSpace, Capacity and Retention).  Raises LogMisuse where the rest is not two files: one that
    is complete and can go, and one that grows.
    """

    layout: Layout = DEFAULT_LAYOUT
    pool_pages: int = POOL_PAGES
    retain: int | None = None

    def __attrs_post_init__(self) -> None:
        capacity, of_a_file = self.layout.capacity, self.layout.file_size - HEADER_SIZE
        if capacity is not None and (self.retain is None or self.retain + 2 * of_a_file > capacity):
            kept = "all redo" if self.retain is None else f"{self.retain} bytes of redo"
            raise LogMisuse(
                f"a log of at most {capacity} bytes, {of_a_file} in a file, is full for good where {kept} is"
                " kept for a follower that is behind: bound what is kept to less, or let the log grow (H24)"
            )


@frozen
class Stepped:
    """A step was taken; `action` is None if it was none of the specification's."""

    action: Action | None


@frozen
class Posted:
    """A message for `to`; `recorded` says that its id stands on an event."""

    message_id: str
    to: NodeId
    message: Message
    recorded: bool


@frozen
class RestartProcess:
    """A leader that served was deposed, or the pool holds what was truncated: the process must end now, and
    start again (H13)."""


@frozen
class Dropped:
    """An input that no client waits for, whose step was not taken for `reason` (H25): as if it had been lost
    on its way, it may come again."""

    event: Input
    reason: Refusal


Effect = Stepped | Posted | Reply | ResetElectionTimer | RestartProcess | Dropped


def refused(event: Input, reason: Refusal) -> Reply | Dropped:
    """What comes of an input whose step finds no room, or is not to be done: whoever waits for it is told."""
    return Reply(event.request, Outcome.FAILED) if isinstance(event, ClientMtr) else Dropped(event, reason)


@frozen
class Timing:
    """A node's clock (ms since any moment), and the lease that reads go by; none is a read index."""

    clock: Callable[[], int] = int
    lease: Lease | None = None


NO_LEASE: Final = Timing()
DEFAULT_SIZES: Final = Sizes()
