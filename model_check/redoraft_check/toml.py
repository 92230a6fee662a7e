"""The tables of the specification's folder that are TOML: read, and held to their type."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from redoraft_check.exits import CliError, Exit

T = TypeVar("T")


def read_toml(path: Path, kind: type[T]) -> T:
    """What a TOML file holds, as `kind`.

    Raises `CliError` (65) with one line for a file that cannot be read, is no TOML, or is none of `kind`:
    then it names the entry and the key.
    """
    try:
        with path.open("rb") as file:
            return msgspec.convert(tomllib.load(file), kind)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = f"is no TOML: {error}"
    except msgspec.ValidationError as error:
        reason = _where(str(error))
    raise CliError(Exit.BAD_INPUT, f"{path}: {reason}")


def _where(message: str) -> str:
    """`... - at `$.model[2].depth`` as `[[model]] 3, key depth: ...`."""
    found = re.fullmatch(r"(.*) - at `\$\.(\w+)\[(\d+)\](.*)`", message, re.DOTALL)
    if found is None:
        return message
    inside = re.sub(r"\[(\d+)\]", lambda index: f" {int(index[1]) + 1}", found[4]).replace(".", ", key ")
    return f"[[{found[2]}]] {int(found[3]) + 1}{inside}: {found[1]}"
