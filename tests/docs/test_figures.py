"""What pages that are written by hand say of the tree, where the tree can tell."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from redoraft_check.tlc.manifest import load_manifest

ROOT = Path(__file__).resolve().parents[2]


def figures(page: str, pattern: str) -> list[tuple[str, ...]]:
    """What `pattern` finds in a page, its groups without commas."""
    found = re.findall(pattern, (ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert found, f"docs/{page} no longer says {pattern}"
    return [(one,) if isinstance(one, str) else one for one in found]


def test_every_mutant_is_counted_where_the_matrix_is_shown() -> None:
    mutants = str(len(load_manifest(ROOT / "spec" / "mutants").models))
    assert figures("check.md", r"(\d+) of (\d+) mutants have a row") == [(mutants, mutants)]


def test_every_rule_is_counted_where_the_findings_are_shown() -> None:
    rules = str(len(load_manifest(ROOT / "spec" / "models").rules))
    assert figures("check.md", r"docs/findings\.md: (\d+) rules") == [(rules,)]


def named(source: str) -> set[str]:
    """What a module of ours imports, as `redo.buffer.LogBuffer`, and the attributes that it asks for."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").removeprefix("redoraft.")
            found |= {module, *(f"{module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


def test_what_simulated_nodes_do_not_use_is_not_used() -> None:
    page = (ROOT / "docs" / "implementation.md").read_text(encoding="utf-8")
    section = page.split("### What simulated nodes do not use")[1].split("\n## ")[0]
    rows = [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `")]
    parts = {part for row in rows for part in re.findall(r"`(\w+\.[\w.]+)`", row)}
    methods = ("SendSource.", "GroupCommit.")
    parts = {part.split(".")[-1] if any(one in part for one in methods) else part for part in parts}
    assert {"read_ahead", "wait", "storage.bulk"} <= parts
    folders = [ROOT / "refimpl" / "redoraft" / folder for folder in ("node", "cluster")]
    used = {
        path.name: names
        for folder in folders
        for path in folder.glob("*.py")
        if (names := parts & named(path.read_text(encoding="utf-8")))
    }
    assert used == {}, "take the row out of docs/implementation.md"
