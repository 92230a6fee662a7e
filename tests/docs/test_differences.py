"""docs/differences.md says of each of others' scenarios, once, what it is here; the tests that it names are
there, and say the same of themselves."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "raft"
PAGE = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
PLAYED = {"etcd-io/raft": "test_etcd.py", "CCF": "test_ccf.py"}
"""Whose scenarios a module of ours plays, and no others'."""


def rows_of(section: str) -> list[tuple[str, str]]:
    """The rows of a section's table: theirs, and ours."""
    lines = [line.split("|") for line in SECTIONS[section].splitlines() if line.startswith("| `")]
    return [(theirs, ours) for _, theirs, _, ours, _ in lines]


ROWS = [(section, theirs, ours) for section in PLAYED for theirs, ours in rows_of(section)]


def names_in(theirs: str) -> list[str]:
    """The names of their files, as they stand in a row."""
    return re.findall(r"`([^`]+)`", theirs)


def functions_of(path: Path) -> dict[str, str]:
    """The test functions of a module with their docstrings."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    return {
        one.name: ast.get_docstring(one) or ""
        for one in module.body
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    }


DOCSTRINGS = {name: text for path in FOLDER.glob("test_*.py") for name, text in functions_of(path).items()}


@pytest.mark.parametrize("section", PLAYED)
def test_every_file_of_theirs_stands_in_one_row(section: str) -> None:
    """As many as the page says; `name*` are two of them."""
    files = Counter(name for theirs, _ in rows_of(section) for name in names_in(theirs))
    assert set(files.values()) == {1}
    (said,) = re.findall(r"All (\d+) files", SECTIONS[section])
    assert sum(1 + name.endswith("*") for name in files) == int(said)


@pytest.mark.parametrize(("section", "theirs", "ours"), ROWS, ids=[theirs.strip() for _, theirs, _ in ROWS])
def test_every_row_names_a_test_or_says_why_there_is_none(section: str, theirs: str, ours: str) -> None:
    del section, theirs
    applies = re.search(r"do(es)? not apply|first steps of the others", ours) is None
    assert applies == ("`test_" in ours)


def test_every_test_that_the_page_names_is_there() -> None:
    ours = " ".join(row[-1] for row in ROWS)
    named = set(re.findall(r"`(test_\w+)`", ours))
    assert len(named) > 50
    assert named <= DOCSTRINGS.keys()
    files = set(re.findall(r"`(test_\w+\.py)`", ours))
    assert files == {"test_figure7.py", "test_figure8.py"}
    assert all((FOLDER / name).is_file() for name in files)


@pytest.mark.parametrize(
    ("section", "test", "text"),
    [
        (section, test, text)
        for section, module in PLAYED.items()
        for test, text in functions_of(FOLDER / module).items()
    ],
)
def test_what_a_test_says_it_plays_stands_in_its_row(section: str, test: str, text: str) -> None:
    names = re.split(r", ", re.split(r":|\.$", text.splitlines()[0])[0])
    (theirs,) = (theirs for theirs, ours in rows_of(section) if f"`{test}`" in ours)
    assert names == [name.rstrip("*") for name in names_in(theirs)]


ETCD = [(name, ours) for theirs, ours in rows_of("etcd-io/raft") for name in names_in(theirs)]


@pytest.mark.parametrize(("name", "ours"), ETCD, ids=[name for name, _ in ETCD])
def test_the_other_tests_of_a_row_say_so_themselves(name: str, ours: str) -> None:
    """Outside test_etcd.py a docstring begins with `etcd` and the files' names, up to a sign or the end."""
    players = {
        test
        for test, text in DOCSTRINGS.items()
        if (said := re.match(r"etcd ((?:\w+, )*\w+)", text)) and name in said[1].split(", ")
    }
    named = set(re.findall(r"`(test_\w+)`", ours))
    assert players == named - functions_of(FOLDER / "test_etcd.py").keys()
