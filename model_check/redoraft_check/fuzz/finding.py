"""A finding as a file: the plan that shows it, whose it is, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from attrs import frozen

from redoraft.mutants import ALL_MUTANTS, ALL_PARTS
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz.example import Trouble
from redoraft_check.fuzz.plan import DICE, Plan
from redoraft_check.json_file import decode_json, read_raw

VERSION: Final = 1


@frozen
class Finding:
    """What `redoraft fuzz --replay` reads.  `command` is the campaign, `example` its number there."""

    redoraft_finding: int
    plan: Plan
    mutant: str | None
    trouble: Trouble
    command: str
    example: int


T = TypeVar("T")


def read_finding(path: Path) -> Finding:
    """Read one.  Raises `CliError` (65) for a file that cannot be read, or is not one."""
    return decode_saved(path, read_raw(path), Finding, "finding", _wrong)


def decode_saved(path: Path, raw: bytes, kind: type[T], what: str, wrong: Callable[[T], str | None]) -> T:
    """The `what` of this kind in a file; `wrong` says what else keeps it from being run.

    Raises `CliError` (65).
    """
    found = decode_json(path, raw, kind, f"a {what} of redoraft fuzz")
    reason = wrong(found)
    if reason is not None:
        raise CliError(Exit.BAD_INPUT, f"{path}: {reason}")
    return found


def _wrong(found: Finding) -> str | None:
    if found.redoraft_finding != VERSION:
        return f"version {found.redoraft_finding} of findings; this redoraft reads {VERSION}"
    if found.mutant is not None and found.mutant not in ALL_MUTANTS:
        return f"no mutant is called {found.mutant!r}: see redoraft simulate --list-mutants"
    strange = [turn.die for turn in found.plan.turns if turn.die not in DICE]
    if strange:
        return f"no die is called {strange[0]!r}; there are {', '.join(DICE)}"
    try:
        found.plan.settings(ALL_PARTS)
    except ValueError as error:
        return str(error)
    return None
