"""A finding as a file: the plan that shows it, whose it is, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

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


T = TypeVar("T")


def read_finding(path: Path) -> Finding:
    """Read one.  Raises `CliError` (65) for a file that cannot be read, or is not one."""
    return decode_saved(path, read_saved(path), Finding, "finding", _wrong)


def read_saved(path: Path) -> bytes:
    """What a campaign has saved.  Raises `CliError` (65) for a file that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: {error.strerror}") from None


def decode_saved(path: Path, raw: bytes, kind: type[T], what: str, wrong: Callable[[T], str | None]) -> T:
    """The `what` of this kind in a file; `wrong` says what else keeps it from being run.

    Raises `CliError` (65).
    """
    try:
        found = msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: not a {what} of redoraft fuzz: {error}") from None
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
