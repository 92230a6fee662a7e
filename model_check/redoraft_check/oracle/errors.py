"""What can go wrong between a specification and its evaluation."""

from __future__ import annotations

from typing import NoReturn

from attrs import field, frozen

from redoraft_check.exits import CliError, Exit


@frozen
class Place:
    """Where something stands: a module and a line from 1.

    `column`, `end_line` and `end_column` bound its text, from 1 and inclusive; 0 where they are not known.
    """

    module: str
    line: int
    column: int = field(default=0, eq=False)
    end_line: int = field(default=0, eq=False)
    end_column: int = field(default=0, eq=False)

    def __str__(self) -> str:
        return f"{self.module}:{self.line}"


class OutsideSubset(CliError):
    """A construct that the oracle does not compile; it refuses and never guesses.  Exit code 20: use TLC."""

    def __init__(self, place: Place, construct: str) -> None:
        super().__init__(Exit.UNKNOWN, f"{place}: the oracle does not compile {construct}; use --engine tlc")
        self.place = place
        self.construct = construct


def refused(place: Place, construct: str) -> NoReturn:
    """Raise `OutsideSubset`, where code for an expression would stand."""
    raise OutsideSubset(place, construct)


class EvaluationError(CliError):
    """An expression without a value, such as a function applied outside its domain.

    `stack` names the operators that were being evaluated, outermost first, each with its place.
    """

    def __init__(self, reason: str, stack: tuple[str, ...] = ()) -> None:
        inside = f" in {' > '.join(stack)}" if stack else ""
        super().__init__(Exit.UNKNOWN, f"evaluation error: {reason}{inside}")
        self.reason = reason
        self.stack = stack
