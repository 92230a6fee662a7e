"""What clients asked and were told, as they saw it: nothing in it comes from a node's own events.

Moments are places in one order of all questions and answers of a run.
"""

from __future__ import annotations

from itertools import count
from typing import Literal

from attrs import define, field

from redoraft.raft.outputs import Outcome

Kind = Literal["read", "write"]


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


@define
class History:
    """The calls of all clients by their request."""

    calls: dict[str, Call] = field(factory=dict)
    _moments: count[int] = field(factory=lambda: count(1))

    def asks(self, client: str, request: str, kind: Kind, value: str | None = None) -> None:
        """A client asks now."""
        self.calls[request] = Call(client, kind, value, next(self._moments))

    def tells(self, request: str, outcome: Outcome, value: str | None = None) -> None:
        """The client of `request` is told now, or gives up (unknown); only the first answer is heard."""
        call = self.calls[request]
        if call.told is not None:
            return
        call.answered, call.told = next(self._moments), outcome
        if call.kind == "read":
            call.value = value
