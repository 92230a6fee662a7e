"""Clients that read what every transaction writes: one register, whose value is the last transaction."""

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
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Lease
from redoraft.storage.page import BODY, PageId

REGISTER: Final = slice(BODY, BODY + 8)
"""Bytes of the hot page; zero while nothing is written."""
READERS: Final = 2
THINK_MS: Final = (4, 30)
PATIENCE_MS: Final = 120
LEASE: Final = Lease(length_ms=100, skew_ms=20)
"""Shorter than an election timeout; `skew_ms` is how far clocks at the ends of DRIFT_PERCENT part in it."""
DRIFT_PERCENT: Final = (-9, 9)
"""How much faster a machine's clock may run."""


class Reading(StrEnum):
    """How a leader knows that it still leads (H19)."""

    INDEX = "index"
    LEASE = "lease"


@define
class Readers:
    """The readers of one run, with randomness of their own."""

    rng: Random
    agenda: Agenda
    history: History
    hosts: Iterable[Host]
    perform: Callable[[Host, Iterator[Effect]], bool]
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
        """A node answers a read."""
        text = (reply.value or b"").rstrip(b"\0 ").decode()
        self.history.tells(reply.request, reply.outcome, text or None)

    def _thinks(self, reader: str) -> None:
        self.agenda.after(self.rng.randint(*THINK_MS), lambda: self._asks(reader))

    def _asks(self, reader: str) -> bool:
        """Mostly a node that serves, be it deposed; sometimes one that will refuse."""
        up = [host for host in self.hosts if host.node is not None]
        serving = [host for host in up if host.node is not None and host.node.serving]
        candidates = up if self.rng.random() < 0.2 else serving
        if self._stopped:
            return False
        if not candidates:
            self._thinks(reader)
            return False
        host = self.rng.choice(candidates)
        assert host.node is not None
        request = f"r{next(self._requests)}"
        self.history.asks(reader, request, "read")
        self.agenda.after(PATIENCE_MS, lambda: self._gives_up(reader, request))
        return self.perform(host, host.node.read_for(request, PageId(SPACE, HOT_PAGE), REGISTER))

    def _gives_up(self, reader: str, request: str) -> bool:
        self.history.tells(request, Outcome.UNKNOWN)
        return self._asks(reader)


def drifting(rng: Random, agenda: Agenda) -> Callable[[], int]:
    """A clock (ms) that runs a little faster or slower than virtual time."""
    percent = rng.randint(*DRIFT_PERCENT)
    return lambda: agenda.now_ms * (100 + percent) // 100
