"""The text of a specification, where a message quotes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import define, field

from redoraft_check.oracle.errors import Place


@define
class Sources:
    """Module files, looked for in `folders` in this order; read once."""

    folders: Sequence[Path]
    _lines: dict[str, list[str]] = field(init=False, factory=dict)

    def file(self, module: str) -> Path | None:
        """The file of a module; None when it lies in none of the folders."""
        found = (folder / f"{module}.tla" for folder in self.folders)
        return next((path for path in found if path.is_file()), None)

    def text(self, place: Place) -> str:
        """What stands there, on one line; empty when the file or the columns are not known."""
        lines = self._of(place.module)
        if not place.column or place.end_line > len(lines):
            return ""
        cut = lines[place.line - 1 : place.end_line]
        cut[-1] = cut[-1][: place.end_column]
        cut[0] = cut[0][place.column - 1 :]
        return " ".join(" ".join(line.partition("\\*")[0] for line in cut).split())

    def comment_above(self, place: Place) -> str:
        """The comment that ends directly above a definition, or above those directly above it; else empty."""
        lines = self._of(place.module)
        at = place.line - 2
        while at >= 0 and lines[at].strip() and not lines[at].rstrip().endswith("*)"):
            at -= 1
        out: list[str] = []
        while at >= 0 and lines[at].lstrip().startswith("(*") and lines[at].rstrip().endswith("*)"):
            out.insert(0, lines[at].strip(" (*)"))
            at -= 1
        return " ".join(out)

    def _of(self, module: str) -> list[str]:
        if module not in self._lines:
            path = self.file(module)
            text = path.read_text(encoding="utf-8", errors="replace") if path is not None else ""
            self._lines[module] = text.splitlines()
        return self._lines[module]
