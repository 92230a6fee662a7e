"""JSON in files: written whole or not at all, and read as what it has to be."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TypeVar

import msgspec

from redoraft_check.exits import CliError, Exit

T = TypeVar("T")


def write_json(path: Path, content: object) -> None:
    """Write what `msgspec` knows, and the folder where it goes.  A reader sees the old file or the new one,
    never half of it.

    Raises OSError.
    """
    text = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".record-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def read_json(path: Path, kind: type[T], what: str) -> T:
    """The `what` in a file, as `kind`.  Raises `CliError` (65) for a file that cannot be read, or is none."""
    return decode_json(path, read_raw(path), kind, what)


def read_raw(path: Path) -> bytes:
    """Raises `CliError` (65) for a file that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: cannot be read: {error.strerror}") from None


def decode_json(path: Path, raw: bytes, kind: type[T], what: str) -> T:
    """What was read from `path`, as `kind`.  Raises `CliError` (65) if it is no `what`."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: not {what}: {error}") from None
