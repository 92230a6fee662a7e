"""What is kept between runs, under the content that it was made from: where, and how it is written."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.definitions import module_files

_FORMAT: Final = "1"
"""Part of every key: another way of asking SANY must not find old answers."""


def key_of(module: Path, library: Sequence[Path] = ()) -> str:
    """The SHA-256 of a module and of those it extends or instantiates: names and contents, no paths.

    Raises `CliError` (65) when there is no such module.
    """
    if not module.is_file():
        raise CliError(Exit.BAD_INPUT, f"{module}: no such module")
    digest = hashlib.sha256(_FORMAT.encode())
    for path in module_files(module, module_folders(module, library)):
        content = path.read_bytes()
        digest.update(f"\0{path.stem}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def module_folders(module: Path, library: Sequence[Path]) -> tuple[Path, ...]:
    """Where modules are looked for, in this order, each once."""
    return tuple(dict.fromkeys(path.resolve() for path in (module.parent, *library)))


def cache_folder() -> Path:
    """Where answers are kept: `redoraft/oracle` under XDG_CACHE_HOME, or under ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or ""
    root = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    return root / "redoraft" / "oracle"


def write_whole(path: Path, content: bytes) -> None:
    """Write a cache file whole or not at all; a cache that cannot be written is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError:
        return
