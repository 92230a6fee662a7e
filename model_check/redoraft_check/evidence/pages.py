"""The generated pages, by file name: what `redoraft docs` writes and the tests compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import frozen

from redoraft_check.evidence import gate, matrix, runs, traceability, trust
from redoraft_check.evidence.requirements import Requirements, load_requirements
from redoraft_check.evidence.scan import Tree


@frozen
class Source:
    """What the pages are made of."""

    tree: Tree
    requirements: Requirements


def load_source(spec: Path) -> Source:
    """The tree around a specification and its requirements.  Raises `CliError` (65)."""
    return Source(Tree(spec.parent, spec), load_requirements(spec))


PAGES: Final[dict[str, Callable[[Source], str]]] = {
    "records.md": lambda source: runs.page(source.tree),
    "traceability.md": lambda source: traceability.page(source.tree, source.requirements),
    "trust.md": lambda source: trust.page(source.tree),
    "kill-matrix.md": lambda source: matrix.page(source.tree),
    "gate.md": lambda source: gate.page(source.tree),
}
