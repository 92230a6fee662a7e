"""A finding as a file: the plan that shows it, whose it is, and what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from redoraft.mutants import ALL_MUTANTS, ALL_PARTS
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz.example import Trouble
from redoraft_check.fuzz.plan import DICE, Plan

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

    def write(self, path: Path) -> None:
        """Put it into a file.  Raises OSError."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2)
        path.write_bytes(text + b"\n")


def read_finding(path: Path) -> Finding:
    """Read one.  Raises `CliError` (65) for a file that cannot be read, or is not one."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Finding)
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: not a finding of redoraft fuzz: {error}") from None
    wrong = _wrong(found)
    if wrong is not None:
        raise CliError(Exit.BAD_INPUT, f"{path}: {wrong}")
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
