"""The exit codes of `redoraft`, and the one exception that carries one.

Scripts and CI read the exit code before they read anything else, so each meaning has its own number
and a pass is never shared with "could not tell".  11 to 13 are TLC's own numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; the docstring of each member is what `docs/check.md` says of it."""

    HELD = 0
    """Everything came out as the manifest says."""

    DISAGREES = 1
    """The gate disagrees with its manifest: a count, a witness, an action, a property, a refutation."""

    USAGE = 2
    """The command line was wrong."""

    DEADLOCK = 11
    """A model that must hold reached a state without a successor."""

    SAFETY = 12
    """A model that must hold violated an invariant or an action property."""

    LIVENESS = 13
    """A model that must hold violated a temporal property."""

    UNKNOWN = 20
    """Could not be told: a tool is missing, time or memory ran out.  Never a pass."""

    REJECTED = 21
    """A trace was refused by the specification."""

    NOTHING = 22
    """Nothing was checked: no model chosen, no initial state."""

    CONTRADICTED = 23
    """Two solvers contradict each other on an obligation of a proof."""

    BAD_INPUT = 65
    """A file (specification, manifest, trace) is not what it must be, or cannot be read or written."""

    INTERNAL = 70
    """An error in redoraft itself."""

    INTERRUPTED = 130
    """Stopped by the user; what was finished is saved."""

    UNREAD = 141
    """Whoever read the output has closed it, as `head` does: 128 and SIGPIPE, as of any other tool."""


SEVERITY: tuple[Exit, ...] = (
    Exit.INTERNAL,
    Exit.CONTRADICTED,
    Exit.SAFETY,
    Exit.LIVENESS,
    Exit.DEADLOCK,
    Exit.REJECTED,
    Exit.BAD_INPUT,
    Exit.DISAGREES,
    Exit.NOTHING,
    Exit.UNKNOWN,
    Exit.HELD,
)
"""Worst first: the exit code of several runs is the first of these that any of them had."""


def worst(codes: Iterable[Exit]) -> Exit:
    """The exit code that speaks for several runs; `Exit.NOTHING` when there were none."""
    seen = set(codes)
    return next((code for code in SEVERITY if code in seen), Exit.NOTHING)


class CliError(Exception):
    """An error the user can act on: `main` prints its one line on stderr and leaves with `exit_code`."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message

    def __reduce__(self) -> tuple[type[CliError], tuple[Exit, str]]:
        """It comes whole out of another process."""
        return CliError, (self.exit_code, self.message)
