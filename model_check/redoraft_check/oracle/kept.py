"""Compiled steps, kept between runs: Python's code objects, so that nothing is compiled twice.

A file is found by the SHA-256 of all that its content hangs on: the modules, the configuration, the sources
of the compiler, and the Python that runs.  What is in it will be executed, so it is used only when it is
this user's and nobody else could write it, and when it is whole: under its own key and the SHA-256 of its
content.  Anything else is as if it were not there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from redoraft_check.oracle.cache import cache_folder, key_of, write_whole
from redoraft_check.oracle.errors import Place
from redoraft_check.oracle.steps import FILE, Origin, Steps, vocabulary
from redoraft_check.oracle.values import Names, Value

if TYPE_CHECKING:
    from redoraft_check.oracle.spec import Spec

MOST: Final = 64
"""Files that are kept; the oldest go first."""

_HERE: Final = Path(__file__).parent
_SOURCES: Final = (_HERE, _HERE.parent / "tlc", _HERE.parent / "rows.py")
"""What the code that is made hangs on: the compiler, readers of modules and configurations, large values."""

_PLAIN: Final = (bool, int, str)
_DIGEST: Final = hashlib.sha256().digest_size


@frozen
class Source:
    """The Python source and the operators behind its functions (`steps.Written`)."""

    lines: list[str]
    origins: dict[str, Origin]


def key_of_code(module: Path, library: Sequence[Path], configuration: str, constants: object) -> str:
    """The SHA-256 of everything that compiled steps hang on; `constants` by how they are printed.

    Raises `CliError` (65) when there is no such module.
    """
    digest = hashlib.sha256(key_of(module, library).encode())
    for part in (configuration, repr(constants), _compiler()):
        digest.update(f"\0{len(part)}\0{part}".encode())
    return digest.hexdigest()


@cache
def _compiler() -> str:
    """The SHA-256 of the compiler and of the Python that it runs on."""
    python = (sys.version, sys.implementation.cache_tag, importlib.util.MAGIC_NUMBER, sys.flags.optimize)
    digest = hashlib.sha256(repr(python).encode())
    for place in _SOURCES:
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            content = path.read_bytes()
            digest.update(f"\0{path.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _folder() -> Path:
    return cache_folder() / "code"


# --- writing -----------------------------------------------------------------------------------------


def keep(key: str, spec: Spec, steps: Iterable[str], definitions: Mapping[str, Value]) -> None:
    """Keep a specification's initial states and these steps; not when its constants cannot be written.

    `definitions` are values that whoever takes them out gives again.
    """
    compiler = spec.compiler
    # Naming the steps compiles them: only then is everything there that they need.
    initial, taken = spec.written_as(steps)
    given = _written(compiler.given, definitions)
    if given is None:
        return
    content = marshal.dumps(
        (
            key,
            (spec.root, spec.variables, initial, taken),
            (dict(compiler.names["NAMES"]), given),
            [one if isinstance(one, CodeType) else _assignment(*one) for one in compiler.pieces],
            (compiler.lines, [_row(name, one) for name, one in compiler.origins.items()]),
        )
    )
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / f"{key}.bin", hashlib.sha256(content).digest() + content)
        for old in sorted(folder.glob("*.bin"), key=lambda path: path.stat().st_mtime)[:-MOST]:
            old.unlink(missing_ok=True)


def _assignment(name: str, code: str) -> CodeType:
    return compile(f"{name} = {code}", FILE, "exec")


def _row(name: str, origin: Origin) -> tuple[str, str, str, int]:
    return name, origin.operator, origin.place.module, origin.place.line


def _written(given: Mapping[str, Value], definitions: Mapping[str, Value]) -> dict[str, Any] | None:
    """Each value as the name of its definition, or as itself; None when one is neither."""
    names = {id(value): name for name, value in definitions.items()}
    out: dict[str, Any] = {}
    for code, value in given.items():
        if id(value) in names:
            out[code] = (names[id(value)],)
        elif _is_plain(value):
            out[code] = (None, value)
        else:
            return None
    return out


def _is_plain(value: Value) -> bool:
    if value.__class__ in (tuple, frozenset):
        return all(map(_is_plain, value))
    return value.__class__ in _PLAIN


# --- reading -----------------------------------------------------------------------------------------


def kept_steps(key: str, definitions: Mapping[str, Value]) -> Steps | None:
    """What was kept under this key, with these definitions; None when there is nothing to be trusted."""
    content = _trusted(_folder(), f"{key}.bin")
    if content is None or hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        return None
    own, behaviour, (order, given), pieces, written = marshal.loads(content[_DIGEST:])
    if own != key:
        return None
    root, variables, initial, steps = behaviour
    names = _executed(pieces, order, given, definitions)
    lines, rows = written
    origins = {name: Origin(operator, Place(module, line)) for name, operator, module, line in rows}
    return Steps(
        root=root,
        variables=variables,
        initial=None if initial is None else names[initial],
        written=Source(lines, origins),
        steps={action: names[name] for action, name in steps.items()},
    )


def _executed(
    pieces: Iterable[CodeType], order: Names, given: Mapping[str, Any], definitions: Mapping[str, Value]
) -> dict[str, Any]:
    names = vocabulary(order)
    for code, (name, *value) in given.items():
        names[code] = value[0] if name is None else definitions[name]
    for piece in pieces:
        exec(piece, names)
    return names


def _trusted(folder: Path, name: str) -> bytes | None:
    """The content of a file that only this user can have written; None for any other, or for none."""
    try:
        if not _only_ours(os.lstat(folder), stat.S_ISDIR):
            return None
        with os.fdopen(os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return file.read() if _only_ours(os.fstat(file.fileno()), stat.S_ISREG) else None
    except OSError:
        return None


def _only_ours(found: os.stat_result, kind: Any) -> bool:
    others = stat.S_IWGRP | stat.S_IWOTH
    return bool(kind(found.st_mode)) and found.st_uid == os.geteuid() and not found.st_mode & others
