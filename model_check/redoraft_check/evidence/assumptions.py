"""What is taken as given: `spec/assumptions.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec

from redoraft_check.exits import CliError, Exit

FILE: Final = "assumptions.toml"


class Assumption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One assumption; without `modules` everything rests on it."""

    id: str
    text: str
    modules: tuple[str, ...] = ()
    mutants: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    assumption: tuple[Assumption, ...]


def load_assumptions(spec: Path) -> tuple[Assumption, ...]:
    """All of them, in the order of the file.  Raises `CliError` (65)."""
    path = spec / FILE
    try:
        with path.open("rb") as file:
            return msgspec.convert(tomllib.load(file), _File).assumption
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: {error}") from None
