"""A history: what clients asked and were told, in the order in which they saw it (spec: Clients, `history`).

Times are positions in one order of all invocations and responses; only which of two is earlier counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import frozen


class Kind(StrEnum):
    """What is asked of the register."""

    READ = "read"
    LOCAL = "local"
    """A read that may be old: of committed writes, and not older than what its client was told before
    (H28-session; spec: Clients, LocalReadsAreInSession)."""
    WRITE = "write"


class Told(StrEnum):
    """What the client was told (H17)."""

    OK = "ok"
    FAILED = "failed"
    """It never happened, and never will."""
    UNKNOWN = "unknown"
    """Nobody has said; a write may take effect at any later time, or never."""


@frozen
class Call:
    """One operation of one client; `value` is what was written, or what a read that was told ok has shown."""

    client: str
    kind: Kind
    value: str | None
    invoked: int
    returned: int | None
    """None while nothing was told."""
    told: Told


def checked_history(calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls in the order of their invocations.

    Raises ValueError for what no client can have seen: an answer at or before its question, an `ok` without a
    time, or a client that asked before it was told.
    """
    history = tuple(sorted(calls, key=lambda call: call.invoked))
    last: dict[str, Call] = {}
    for call in history:
        if call.returned is not None and call.returned <= call.invoked:
            raise ValueError(f"{call.client}: answered at {call.returned}, asked at {call.invoked}")
        if call.returned is None and call.told is not Told.UNKNOWN:
            raise ValueError(f"{call.client}: {call.told} needs the time of the answer")
        before = last.get(call.client)
        if before is not None and (before.returned is None or before.returned > call.invoked):
            raise ValueError(f"{call.client}: asked at {call.invoked} while an earlier call was open")
        last[call.client] = call
    return history
