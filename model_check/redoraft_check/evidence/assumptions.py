"""What is taken as given: `spec/assumptions.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from redoraft_check.toml import read_toml

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
    return read_toml(path, _File).assumption
