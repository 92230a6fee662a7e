"""docs/reading-the-spec.md is of the specification as it stands: operators, variables, quotations, signs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redoraft_check.oracle.spec import load
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.definitions import definitions

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec"
PAGE = (ROOT / "docs" / "reading-the-spec.md").read_text(encoding="utf-8")
MODULES = ("DdlDictionary", "DdlFiles", "DdlSteps", "DdlFileOps")
NAME = re.compile(r"`(\w+)`")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def explained(text: str) -> list[str]:
    """The names in the first column of a table, in order."""
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in NAME.findall(row.partition(" | ")[0])]


@pytest.mark.parametrize("module", MODULES)
def test_every_operator_is_explained_in_the_order_of_the_module(module: str) -> None:
    found = definitions(SPEC / "DdlFileOps.tla", (SPEC,))
    defined = [name for name, one in found.items() if one.module == module]
    assert explained(section(f"`{module}`")) == defined


def test_every_variable_is_explained() -> None:
    models = SPEC / "models"
    spec = load(models / "MCDdlFileOps.tla", models / "Ddl_t2_d2.cfg", library_dirs(SPEC))
    assert set(explained(section("The state"))) == set(spec.variables)


def test_what_is_quoted_stands_in_the_modules() -> None:
    quoted = re.findall(r"```tla\n(.*?)```", PAGE, re.DOTALL)
    texts = [(SPEC / f"{module}.tla").read_text(encoding="utf-8") for module in MODULES]
    assert len(quoted) == 3
    for part in quoted:
        assert any(part in text for text in texts), part


def test_every_sign_of_the_modules_is_explained() -> None:
    signs = section("The signs").replace("\\|", "|")
    body = "".join(
        re.sub(
            r"\(\*.*?\*\)|\\\*[^\n]*",
            "",
            (SPEC / f"{module}.tla").read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        for module in MODULES
    )
    used = set(re.findall(r"\\[a-zA-Z]+|/\\|\\/|=>|~>|\|->|<<|\.\.|#|~|@", body))
    keywords = {
        "CHOOSE",
        "CASE",
        "OTHER",
        "LET",
        "IN",
        "IF",
        "EXCEPT",
        "UNCHANGED",
        "SubSeq",
        "Append",
        "Len",
    }
    used |= {word for word in keywords | {"Cardinality", "WF_"} if re.search(rf"\b{word}", body)}
    assert used > {"\\E", "=>", "CHOOSE"}
    assert not {sign for sign in used if sign not in signs}
