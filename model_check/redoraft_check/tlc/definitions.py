"""Where a specification defines what: the text of a definition and the comment above it.

This reads modules line by line, for people to read what a property says; it is no parser.  A definition
begins in the first column with `Name ==` or `Name(a, b) ==` and goes on to the next line that begins
something else in the first column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

_HEAD = re.compile(r"^(?:LOCAL\s+)?(\w+)\s*(?:\([^)]*\)|\[[^\]]*\])?\s*==")
_NEXT = re.compile(
    r"^(?:-{4,}|={4,}|\\\*|\(\*|(?:VARIABLES?|CONSTANTS?|ASSUME|ASSUMPTION|THEOREM|LEMMA|INSTANCE|RECURSIVE)\b)"
)
_EXTENDS = re.compile(r"^\s*EXTENDS\s+(\w+(?:\s*,\s*\w+)*)", re.MULTILINE)
_INSTANCE = re.compile(r"\bINSTANCE\s+(\w+)")
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@frozen
class Definition:
    """One operator: `text` as it stands in `module` from `line` (from 1), `comment` without its marks."""

    name: str
    module: str
    line: int
    text: str
    comment: str


def definitions(module: Path, library: Sequence[Path]) -> dict[str, Definition]:
    """The definitions that a module and those it extends or instantiates make, by name.

    A module's own definition wins over one that it extends.  Modules that lie in no folder of `library`
    (the standard ones) are left out.
    """
    found: dict[str, Definition] = {}
    for path in module_files(module, (module.parent, *library)):
        for definition in _of_module(path):
            found.setdefault(definition.name, definition)
    return found


def extended_modules(module: Path, library: Sequence[Path]) -> frozenset[str]:
    """The names of all modules that a module extends or instantiates, standard ones too."""
    return frozenset(name for path in module_files(module, (module.parent, *library)) for name in _used(path))


def module_files(module: Path, folders: Sequence[Path]) -> Iterator[Path]:
    """The files of a module and of those it extends or instantiates, as far as they lie in `folders`."""
    waiting, seen = [module], {module.stem}
    while waiting:
        path = waiting.pop(0)
        if not path.is_file():
            continue
        yield path
        for name in _used(path):
            if name not in seen:
                seen.add(name)
                places = (folder / f"{name}.tla" for folder in folders)
                waiting += [place for place in places if place.is_file()][:1]


def _used(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    extended = [name for names in _EXTENDS.findall(text) for name in _WORD.findall(names)]
    return [*extended, *_INSTANCE.findall(text)]


def _of_module(path: Path) -> Iterator[Definition]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    heads = [(at, found[1]) for at, line in enumerate(lines) if (found := _HEAD.match(line))]
    for at, name in heads:
        end = next(
            (i for i in range(at + 1, len(lines)) if _HEAD.match(lines[i]) or _NEXT.match(lines[i])),
            len(lines),
        )
        text = "\n".join(lines[at:end]).rstrip()
        yield Definition(name, path.stem, at + 1, text, _comment_above(lines, at))


def _comment_above(lines: Sequence[str], at: int) -> str:
    """The comment that ends on the line before `at`: `\\*` lines, or a block."""
    start = at
    if start and lines[start - 1].rstrip().endswith("*)"):
        start -= 1
        while start > 0 and not lines[start].lstrip().startswith("(*"):
            start -= 1
        # A column of one-line blocks is one comment.
        while start > 0 and lines[start - 1].lstrip().startswith("(*") and "*)" in lines[start - 1]:
            start -= 1
    else:
        while start > 0 and lines[start - 1].lstrip().startswith("\\*"):
            start -= 1
    bare = [re.sub(r"^\s*(?:\\\*+|\(\*+|\*(?!\)))?\s?|\s*\*+\)\s*$", "", line) for line in lines[start:at]]
    return "\n".join(line.rstrip() for line in bare).strip()
