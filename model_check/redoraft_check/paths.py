"""Where the specification lies.

In this order: the folder named on the command line, the environment variable `REDORAFT_SPEC`, `spec/`
packaged in an installed wheel, `spec/` of the repository around an editable install.
"""

from __future__ import annotations

import os
from pathlib import Path

from redoraft_check.exits import CliError, Exit

SPEC_ENV = "REDORAFT_SPEC"
_PACKAGE = Path(__file__).resolve().parent


def spec_dir(override: Path | None = None) -> Path:
    """The folder of the specification, resolved.

    Raises `CliError` (2, usage) when a named folder does not exist, and (65) when none is found.
    A named folder is never replaced by another one in silence.
    """
    named = [("--spec", override), (SPEC_ENV, _from_environment())]
    for source, path in named:
        if path is None:
            continue
        if not path.is_dir():
            raise CliError(Exit.USAGE, f"{source}: {path} is no folder; name one laid out like spec/")
        return path.resolve()
    for path in (_PACKAGE / "spec", _PACKAGE.parent.parent / "spec"):
        if path.is_dir():
            return path
    raise CliError(
        Exit.BAD_INPUT,
        f"no specification found; name its folder with --spec DIR or {SPEC_ENV}",
    )


def library_dirs(spec: Path) -> tuple[Path, ...]:
    """The folders in which TLC looks for modules, in order; those that exist."""
    return tuple(path for path in (spec, spec / "models", spec / "trace", spec / "mutants") if path.is_dir())


def _from_environment() -> Path | None:
    value = os.environ.get(SPEC_ENV)
    return Path(value) if value else None
