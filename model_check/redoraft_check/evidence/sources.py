"""Which sources a run depends on, as one hash: by it a record tells whether it is of this tree.

A run depends on the modules of the implementation in which it begins and on all that they import, one through
another; and on the modules of the specification that judge it, with those that they extend.  It does not
depend on the tables of mutants, which are for `--mutant`; nor on what judges (oracle, fuzz), which is held to
TLC by records of its own; nor on configurations, tests and docs.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from attrs import frozen

from redoraft_check.paths import library_dirs
from redoraft_check.report.record import named_revision
from redoraft_check.tlc.definitions import module_files


def _folder_of(package: str) -> Path:
    """Where a package lies, without importing it: what is judged is not run here.  ImportError if nowhere."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ImportError(f"{package} is not installed")
    return Path(spec.origin).parent


INSTALLED: Final = {"redoraft": _folder_of("redoraft")}
"""The packages of Python that are followed, and their folders."""
_MUTANTS: Final = re.compile(r"\w+\.\w+\.(\w+_)?mutants")
"""The table of mutants of a part, as `redoraft.raft.client_mutants`."""
SHOWN: Final = 12
"""Digits that are kept of a hash, as in the header of a trace."""


@frozen
class Sources:
    """What a kind of run depends on: the modules in which it begins (`redoraft.cluster.crashes`), and those
    of the specification that judge it (`trace/TraceStartup.tla`)."""

    begins: tuple[str, ...]
    judges: tuple[str, ...] = ()

    def revision(self, spec: Path, packages: Mapping[str, Path] = INSTALLED) -> str:
        """The hash over all of them.  Raises OSError."""
        files = {f"{name}.py": path for name, path in modules_of(self.begins, packages).items()}
        for judge in self.judges:
            module = spec / judge
            found = module_files(module, (module.parent, *library_dirs(spec)))
            files |= {path.name: path for path in found}
        return named_revision(files)[:SHOWN]


def implementation_revision(package: Path = INSTALLED["redoraft"]) -> str:
    """A hash over the whole implementation: with the seed it says which run this was."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:SHOWN]


def modules_of(begins: tuple[str, ...], packages: Mapping[str, Path] = INSTALLED) -> dict[str, Path]:
    """These modules and those that they import, one through another, of `packages`, with their files; the
    tables of mutants are left out."""
    found: dict[str, Path] = {}
    left = list(begins)
    while left:
        name = left.pop()
        path = _file_of(name, packages)
        if path is not None and name not in found and not _MUTANTS.fullmatch(name):
            found[name] = path
            left += _imported(name, path)
    return found


def _file_of(name: str, packages: Mapping[str, Path]) -> Path | None:
    """Where a module stands; None for what is none, or of no package that is followed."""
    package, *inner = name.split(".")
    if package not in packages:
        return None
    folder = packages[package].joinpath(*inner)
    places = (folder / "__init__.py", folder.with_name(f"{folder.name}.py"))
    return next((path for path in places if path.is_file()), None)


def _imported(name: str, path: Path) -> Iterator[str]:
    """The names that a module may import, and the package that it is in; some are no modules."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    yield package if package != name else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = f"{_above(package, node.level)}{node.module or ''}".rstrip(".")
            yield module
            yield from (f"{module}.{one.name}" for one in node.names)


def _above(package: str, level: int) -> str:
    """What so many dots stand for in a module of a package, with a dot behind; nothing for none."""
    parts = package.split(".")
    return "".join(f"{part}." for part in parts[: len(parts) - level + 1]) if level else ""
