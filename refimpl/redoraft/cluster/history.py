"""What clients asked and were told, as they saw it: nothing in it comes from a node's own events.

Moments are places in one order of all questions and answers of a run.
"""

from __future__ import annotations

from itertools import count
from typing import Literal

from attrs import define, field

from redoraft.raft.outputs import Outcome
from redoraft.redo.lsn import START_LSN
from redoraft.types import Lsn

Kind = Literal["read", "local", "write", "other"]
"""`local`: a read at a follower, which may be old (spec: Clients, ReadHere); `other`: a transaction that does
not write what is read."""


@define
class Call:
    """One question; `told` is None while there is no answer."""

    client: str
    kind: Kind
    value: str | None
    """What is written, or what a read has shown."""
    asked: int
    answered: int | None = None
    told: Outcome | None = None
    lsn: Lsn = START_LSN
    """What came with an answer that is ok (bytes): the client shows it when it next reads at a follower."""


@define
class History:
    """The calls of all clients by their request."""

    calls: dict[str, Call] = field(factory=dict)
    _last: dict[str, str] = field(factory=dict)
    """The last request of each client."""
    _moments: count[int] = field(factory=lambda: count(1))

    def asks(self, client: str, request: str, kind: Kind, value: str | None = None) -> None:
        """A client asks now; what it asked before and was not told, it has given up."""
        if (before := self._last.get(client)) is not None:
            self.tells(before, Outcome.UNKNOWN)
        self._last[client] = request
        self.calls[request] = Call(client, kind, value, next(self._moments))

    def seen(self, client: str) -> Lsn:
        """The newest LSN (bytes) of what this client was told (spec: Clients, Seen)."""
        told = (call for call in self.calls.values() if call.client == client and call.told is Outcome.OK)
        return max((call.lsn for call in told), default=START_LSN)

    def tells(self, request: str, outcome: Outcome, value: str | None = None, lsn: Lsn | None = None) -> None:
        """The client of `request` is told now, or gives up (unknown); only the first answer is heard."""
        call = self.calls[request]
        if call.told is not None:
            return
        call.answered, call.told = next(self._moments), outcome
        if lsn is not None:
            call.lsn = lsn
        if call.kind in {"read", "local"}:
            call.value = value
