"""Records that the documentation refers to: JSON files in `docs/records`, beside the specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redoraft_check.exits import CliError, Exit
from redoraft_check.json_file import read_json, write_json


def documented_path(spec: Path, name: str) -> Path:
    """Where a record lies.  Raises CliError (2) where there is no docs/ beside the specification."""
    docs = spec.parent / "docs"
    if not docs.is_dir():
        raise CliError(Exit.USAGE, f"{spec.parent}: there is no docs/ beside the specification")
    return docs / "records" / name


def read_documented(spec: Path, name: str) -> Any:
    """A record; None where there is none yet.  Raises CliError (65) for one that is no JSON."""
    path = documented_path(spec, name)
    if not path.is_file():
        return None
    return read_json(path, Any, "a record")


def write_documented(spec: Path, name: str, content: object) -> Path:
    """Write a record, whole or not at all; its path."""
    path = documented_path(spec, name)
    write_json(path, content)
    return path
