"""The order in which TLC meets names, by which it orders model values and strings (and so CHOOSE among them).

TLC reads the configuration first, then parses the root module, and only later takes string literals out of
the modules, those of extended modules first.  So: the words of the configuration, then the identifiers of
the root module, then, when the specification is one file, its string literals.  Of other names the order is
not known here, and a CHOOSE that hangs on it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from redoraft_check.oracle.values import Names
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.definitions import module_files

_TOKEN: Final = re.compile(
    r'\\\*[^\n]*|\(\*|\*\)|"((?:[^"\\]|\\.)*)"|\b([A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*)\b'
)


def reading_order(config: ModelConfig, module: Path, library: Sequence[Path]) -> Names:
    """The place of each name in that order, as far as it is known."""
    files = list(module_files(module, (module.parent, *library)))
    identifiers, literals = _words(files[0]) if files else ([], [])
    found = dict.fromkeys([*config.words, *identifiers, *(literals if len(files) == 1 else ())])
    return {name: at for at, name in enumerate(found)}


def _words(module: Path) -> tuple[list[str], list[str]]:
    """The identifiers and the string literals of a module, without its comments."""
    identifiers, literals = [], []
    for text, name in _outside_comments(module.read_text(encoding="utf-8", errors="replace")):
        if name:
            identifiers.append(name)
        else:
            literals.append(text)
    return identifiers, literals


def _outside_comments(text: str) -> Iterator[tuple[str, str]]:
    depth = 0
    for found in _TOKEN.finditer(text):
        if found[0] == "(*":
            depth += 1
        elif found[0] == "*)":
            depth = max(0, depth - 1)
        elif depth == 0 and not found[0].startswith("\\*"):
            yield found[1] or "", found[2] or ""
