"""What a validation came to, trace by trace."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TypeAlias

from attrs import field, frozen

from redoraft_check.exits import Exit
from redoraft_check.validate.explanation import Explanation

NodeStates: TypeAlias = tuple[tuple[str, dict[str, object]], ...]
"""Node by node, what the specification says of it under the names of a trace's `vars`."""


class Status(Enum):
    """The verdict on one trace."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    UNKNOWN = "unknown"


EXIT_OF = {
    Status.ACCEPTED: Exit.HELD,
    Status.REFUSED: Exit.REJECTED,
    Status.UNREADABLE: Exit.BAD_INPUT,
    Status.EMPTY: Exit.NOTHING,
    Status.UNKNOWN: Exit.UNKNOWN,
}


@frozen
class Verdict:
    """The verdict on one trace.

    `events` counts what was read of it; `line` is the line of the refused event in the file, from 1; `reason`
    says why (it may quote the file: show it through `report.traces`); `event` is the refused event as a line
    of JSON; `last_good` what the specification says of every node before it, under the names of a trace's
    `vars`; `torn` the number of an incomplete last line that was left out; `explanation` says why a refused
    trace was, where that was asked for; `largest_frontier` is how many states were possible
    after an event at most, where the oracle has searched (TLC counts none, so equality does not look at it).
    """

    path: Path
    status: Status
    events: int = 0
    line: int | None = None
    reason: str = ""
    event: str | None = None
    last_good: NodeStates = field(factory=tuple)
    torn: int | None = None
    explanation: Explanation | None = None
    largest_frontier: int | None = field(default=None, eq=False)

    @property
    def exit_code(self) -> Exit:
        """What this verdict alone makes `redoraft validate` exit with."""
        return EXIT_OF[self.status]

    @property
    def place(self) -> str:
        """File, and line where there is one."""
        return f"{self.path}:{self.line}" if self.line is not None else str(self.path)
