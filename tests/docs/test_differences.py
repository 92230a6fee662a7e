"""docs/differences.md names a test for what it says of others' scenarios, and that test is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "raft"
ROWS = [
    line
    for line in (ROOT / "docs" / "differences.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]


def functions_of(path: Path) -> dict[str, str]:
    """The test functions of a module with their docstrings."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    return {
        one.name: ast.get_docstring(one) or ""
        for one in module.body
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    }


def test_every_test_that_the_page_names_is_there() -> None:
    known = {name for path in FOLDER.glob("test_*.py") for name in functions_of(path)}
    named = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row)}
    assert len(named) > 30
    assert named <= known
    files = {name for row in ROWS for name in re.findall(r"`(test_\w+\.py)`", row)}
    assert files == {"test_figure7.py", "test_figure8.py"}
    assert all((FOLDER / name).is_file() for name in files)


@pytest.mark.parametrize(("test", "text"), functions_of(FOLDER / "test_ccf.py").items())
def test_what_a_test_says_it_plays_stands_in_its_row(test: str, text: str) -> None:
    names = re.split(r", ", re.split(r":|\.$", text.splitlines()[0])[0])
    (row,) = (row for row in ROWS if f"`{test}`" in row)
    theirs = row.split("|")[1]
    assert names == [name.rstrip("*") for name in re.findall(r"`([^`]+)`", theirs)]
