"""What a node answers who reads its pages: as the newest leader has them, or as they are at a follower.

Reads at a leader wait for proof that it leads (`redoraft.raft.reading`).  Reads at a follower may be old;
they wait until redo is applied as far as their client has seen (H28-session; spec: Clients, ReadHere).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from redoraft.errors import PoolFull, StorageStopped
from redoraft.node.effects import Effect, RestartProcess
from redoraft.raft.inputs import ReadAsked
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Role
from redoraft.storage.engine import Storage
from redoraft.storage.page import PageId
from redoraft.types import Lsn

if TYPE_CHECKING:
    from redoraft.node.driver import Node


Look = Callable[[Storage], bytes]
"""What a reader sees of pages that are of one moment.  Raises as `Storage.read`."""


def part_of(page_id: PageId, where: slice) -> Look:
    """These bytes of a page."""
    return lambda storage: storage.read(page_id)[where]


@frozen
class _Asked:
    """A read at a follower that waits; `seen` is an LSN in bytes."""

    request: str
    look: Look
    seen: Lsn


@define
class Reads:
    """The reads of one node."""

    node: Node
    _shown: dict[str, bytes] = field(factory=dict)
    """What reads at a leader that are not answered have read."""
    _waiting: list[_Asked] = field(factory=list)

    def at_leader(self, request: str, look: Look) -> Iterator[Effect]:
        """Read now, and answer when that is right (H18, H19; spec: Clients, Read).

        Pages have what mtrs have their places for in the log buffer: the answer waits for all of that.  A
        node that does not serve refuses (H14, H28), and so does one without a page or a frame to spare.
        Raises CorruptPage, DiskError; the node is not to be used any more then.
        """
        node = self.node
        if not (node.serving or self._shows_anything):
            yield Reply(request, Outcome.FAILED)
            return
        value = yield from self._value(request, look)
        if value is None:
            return
        if node.serving:
            self._shown[request] = value
            yield from node.handle(ReadAsked(request, node.reserved_lsn))
        else:
            yield Reply(request, Outcome.OK, value)

    def index(self, request: str) -> Iterator[Effect]:
        """Say, with proof that this node leads, which LSN a reader elsewhere has to see (H28; spec: Clients,
        ReadThrough): the answer's `lsn`.  Refused where nobody serves."""
        if not self.node.serving:
            yield Reply(request, Outcome.FAILED)
            return
        yield from self.node.handle(ReadAsked(request, self.node.majority_lsn))

    def with_value(self, reply: Reply) -> Reply:
        """The answer to a read at the leader with what it has read."""
        value = self._shown.pop(reply.request, None)
        return evolve(reply, value=value) if reply.outcome is Outcome.OK else reply

    def here(self, request: str, look: Look, seen: Lsn) -> Iterator[Effect]:
        """Read at this node what its client may see, as soon as redo is applied up to `seen` (H28-session).

        Refused by a node that has applied nothing since it started (H28), and by a leader: its pages are
        ahead of the majority.  Raises as `at_leader`.
        """
        self._waiting.append(_Asked(request, look, seen))
        return self.answered()

    def answered(self) -> Iterator[Effect]:
        """Answer the reads at this follower that are due."""
        waiting, self._waiting = self._waiting, []
        for asked in waiting:
            storage = self.node.storage
            readable = self.node.readable or self._shows_anything
            if storage is None or not readable or self.node.raft.role is Role.LEADER:
                yield Reply(asked.request, Outcome.FAILED)
            elif self.node.rules.clients.in_session(storage.applied_lsn, asked.seen):
                value = yield from self._value(asked.request, asked.look)
                if value is not None:
                    yield Reply(asked.request, Outcome.OK, value, storage.applied_lsn)
            else:
                self._waiting.append(asked)

    @property
    def _shows_anything(self) -> bool:
        return self.node.rules.clients.reads_unaligned()

    def _value(self, request: str, look: Look) -> Generator[Effect, None, bytes | None]:
        """The bytes; None if the answer is given already."""
        storage = self.node.storage
        if storage is None or not storage.readable:
            yield Reply(request, Outcome.FAILED)
            return None
        try:
            return look(storage)
        except PoolFull:
            yield Reply(request, Outcome.FAILED)
        except StorageStopped:
            yield RestartProcess()
        return None
