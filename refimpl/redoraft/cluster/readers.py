"""Clients that read what transactions write: one register, whose value is the last one that wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import count
from random import Random
from typing import Final

from attrs import define, field

from redoraft.cluster.agenda import Agenda
from redoraft.cluster.clients import HOT_PAGE, SPACE
from redoraft.cluster.history import History
from redoraft.cluster.host import Host
from redoraft.node import Effect
from redoraft.node.reads import Look, part_of
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Lease
from redoraft.storage.page import BODY, PageId
from redoraft.types import Lsn

REGISTER: Final = part_of(PageId(SPACE, HOT_PAGE), slice(BODY, BODY + 8))
"""Bytes of the hot page; zero while nothing is written."""
LOCAL: Final = 0.7
"""How many of the reads are at a follower, where clients have sessions."""
READERS: Final = 2
THINK_MS: Final = (4, 30)
SOON_MS: Final = (1, 9)
PATIENCE_MS: Final = 120
LEASE: Final = Lease(length_ms=100, skew_ms=20)
"""Shorter than an election timeout; `skew_ms` is how far clocks at the ends of DRIFT_PERCENT part in it."""
DRIFT_PERCENT: Final = (-9, 9)
"""How much faster a machine's clock may run."""


class Reading(StrEnum):
    """How a leader knows that it still leads (H19); and whether clients read at followers, too."""

    INDEX = "index"
    LEASE = "lease"
    SESSION = "session"
    """A read index, and at followers what the client has seen at least (H28-session)."""
    THROUGH = "through"
    """At followers, with a leader's read index (H28)."""


@define
class Readers:
    """The readers of one run, with randomness of their own."""

    rng: Random
    agenda: Agenda
    history: History
    hosts: Iterable[Host]
    perform: Callable[[Host, Iterator[Effect]], bool]
    reading: Reading | None = None
    register: Look = REGISTER
    _through: set[str] = field(factory=set)
    """The reads that wait for a leader's index."""
    _requests: count[int] = field(factory=lambda: count(1))
    _stopped: bool = False

    def start(self) -> None:
        """All of them begin."""
        for number in range(1, READERS + 1):
            self._thinks(f"reader{number}")

    def stop(self) -> None:
        """Nobody asks any more."""
        self._stopped = True

    def hears(self, reply: Reply) -> None:
        """A node answers a read, or the question for its index."""
        if reply.request in self._through:
            self._through.remove(reply.request)
            if reply.outcome is Outcome.OK and reply.lsn is not None:
                self._goes_on(reply.request, reply.lsn)
                return
        text = (reply.value or b"").rstrip(b"\0 ").decode()
        self.history.tells(reply.request, reply.outcome, text or None, reply.lsn)
        asked = self.history.calls[reply.request]
        if reply.outcome is Outcome.OK and asked.kind == "read":
            self.follows_up(asked.client)

    def follows_up(self, client: str) -> None:
        """A client that a leader has told something new reads at a follower, if it has a session."""
        if self.reading is Reading.SESSION and not self._stopped:
            self.agenda.after(self.rng.randint(*SOON_MS), lambda: self._asks_here(client))

    def _thinks(self, reader: str) -> None:
        self.agenda.after(self.rng.randint(*THINK_MS), lambda: self._asks(reader))

    def _asks(self, reader: str) -> bool:
        """Mostly a node that serves, be it deposed; sometimes one that will refuse."""
        if self._stopped:
            return False
        if self.reading is Reading.SESSION and self.rng.random() < LOCAL:
            self.agenda.after(PATIENCE_MS, lambda: self._asks(reader))
            return self._asks_here(reader)
        up = [host for host in self.hosts if host.node is not None]
        serving = [host for host in up if host.node is not None and host.node.serving]
        candidates = up if self.rng.random() < 0.2 else serving
        if not candidates:
            self._thinks(reader)
            return False
        host = self.rng.choice(candidates)
        assert host.node is not None
        request = f"r{next(self._requests)}"
        self.history.asks(reader, request, "read")
        self.agenda.after(PATIENCE_MS, lambda: self._gives_up(reader, request))
        if self.reading is Reading.THROUGH:
            self._through.add(request)
            return self.perform(host, host.node.read_index(request))
        return self.perform(host, host.node.read_for(request, self.register))

    def _goes_on(self, request: str, index: Lsn) -> None:
        def read() -> bool:
            host = self._any_with_pages()
            if host is None or host.node is None:
                return False
            return self.perform(host, host.node.read_here(request, self.register, index))

        self.agenda.after(self.rng.randint(*SOON_MS), read)

    def _asks_here(self, client: str) -> bool:
        """Any node with pages, with what the client has seen; it is given up when the client asks again."""
        host = self._any_with_pages()
        if host is None or host.node is None:
            return False
        request = f"r{next(self._requests)}"
        seen = self.history.seen(client)
        self.history.asks(client, request, "local")
        return self.perform(host, host.node.read_here(request, self.register, seen))

    def _any_with_pages(self) -> Host | None:
        hosts = [host for host in self.hosts if host.node is not None and host.node.storage is not None]
        return self.rng.choice(hosts) if hosts else None

    def _gives_up(self, reader: str, request: str) -> bool:
        self.history.tells(request, Outcome.UNKNOWN)
        return self._asks(reader)


def drifting(rng: Random, agenda: Agenda) -> Callable[[], int]:
    """A clock (ms) that runs a little faster or slower than virtual time."""
    percent = rng.randint(*DRIFT_PERCENT)
    return lambda: agenda.now_ms * (100 + percent) // 100
