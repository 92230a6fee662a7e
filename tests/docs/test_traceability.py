"""The page of traceability is what the tree gives, and hides nothing that is open."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec
import pytest

from redoraft.mutants import ALL_MUTANTS
from redoraft_check.cli import main
from redoraft_check.evidence.pages import PAGES, Source, load_source
from redoraft_check.evidence.requirements import load_requirements, mentioned
from redoraft_check.evidence.scan import Tree
from redoraft_check.evidence.traceability import COLUMNS, page, trace
from redoraft_check.exits import CliError, Exit

ROOT = Path(__file__).resolve().parents[2]
SOURCE = load_source(ROOT / "spec")
ROW = re.compile(r"^\| ([A-Z]+-?\d+) \|.*\| (.*) \|$", re.MULTILINE)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A tree that may be changed."""
    for name in ("spec", "docs", "refimpl", "tests", "benchmarks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def of(root: Path) -> Source:
    return load_source(root / "spec")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_of_this_tree(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](SOURCE), f"docs/{name} is not of this tree; run: redoraft docs"


def test_an_old_page_is_found_and_written_anew(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["docs", "--spec", str(copied / "spec")]
    assert main([*words, "--check"]) == Exit.HELD
    rules = copied / "refimpl" / "redoraft" / "raft" / "rules.py"
    rules.write_text(
        rules.read_text(encoding="utf-8").replace("H34 (Learned)", "(Learned)"), encoding="utf-8"
    )
    assert main([*words, "--check"]) == Exit.DISAGREES
    assert "traceability.md; run: redoraft docs" in capsys.readouterr().err
    assert main([*words, "-q"]) == Exit.HELD
    assert main([*words, "--check"]) == Exit.HELD


def test_every_requirement_has_a_row_and_what_is_missing_stands_in_it() -> None:
    rows = dict(ROW.findall(page(SOURCE.tree, SOURCE.requirements)))
    assert list(rows) == [one.id for one in SOURCE.requirements.all]
    for one in SOURCE.requirements.all:
        missing = trace(SOURCE.tree, one).missing
        assert rows[one.id] == ("**open**" if len(missing) == len(COLUMNS) else ", ".join(missing))


def test_the_requirements_are_all_there() -> None:
    counts = {"CL": 3, "LOG": 12, "FOL": 1, "ST": 2, "LIM": 4, "DDL": 10, "BIN": 5, "CKPT": 1, "TORN": 2}
    counts |= {"ARCH": 5, "CMP": 1, "UPD": 3, "MGR": 1}
    first = {"BIN": 0}
    wanted = {
        f"{name}-{number + first.get(name, 1)}" for name, many in counts.items() for number in range(many)
    }
    assert SOURCE.requirements.ids == wanted | {f"H{number}" for number in range(1, 35)}


@pytest.mark.parametrize(
    ("column", "folder", "pattern"),
    [("specification", "spec", "*.tla"), ("implementation", "refimpl", "*.py"), ("tests", "tests", "*.py")],
)
def test_evidence_that_goes_makes_its_column_open(
    column: str, folder: str, pattern: str, copied: Path
) -> None:
    [one] = [one for one in SOURCE.requirements.all if one.id == "H33"]
    assert not trace(SOURCE.tree, one).missing
    for path in (copied / folder).rglob("*-H33.toml"):
        path.unlink()
    for path in (copied / folder).rglob(pattern):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub("H33|flushes-unsynced", "Nothing", text), encoding="utf-8")
    assert column in trace(Tree(copied, copied / "spec"), one).missing


def test_specification_and_implementation_name_only_what_there_is() -> None:
    places = (*SOURCE.tree.operators, *SOURCE.tree.code)
    unknown = {place.name: place.ids - SOURCE.requirements.ids for place in places}
    assert not {name: ids for name, ids in unknown.items() if ids}


def test_the_operators_that_are_said_to_have_a_requirement_are_there() -> None:
    said = {name for one in SOURCE.requirements.all for name in one.operators}
    assert said
    assert said <= SOURCE.tree.operator_names


def test_an_operator_that_is_not_there_is_no_evidence() -> None:
    [one] = [one for one in SOURCE.requirements.all if one.id == "LOG-9"]
    assert "specification" not in trace(SOURCE.tree, one).missing
    gone = msgspec.structs.replace(one, operators=("RaftRedo!Gone",))
    assert "specification" in trace(SOURCE.tree, gone).missing


def test_every_mutant_of_the_code_is_found() -> None:
    assert {one.name: one.rule for one in SOURCE.tree.code_mutants} == {
        one.name: one.rule for one in ALL_MUTANTS.values()
    }


def test_what_has_no_evidence_is_not_built_and_says_so_and_nothing_else_does() -> None:
    every = SOURCE.requirements.all
    nowhere = {one.id for one in every if len(trace(SOURCE.tree, one).missing) == len(COLUMNS)}
    assert {one.id for one in every if one.decided.startswith("Not built")} == nowhere
    told = (ROOT / "docs" / "parts" / "trust.md").read_text(encoding="utf-8")
    assert nowhere <= mentioned(told), "docs/parts/trust.md tells what is not built"


def test_every_switch_and_mutant_belongs_to_a_requirement() -> None:
    rules = [rule.id for rule in SOURCE.tree.models.rules]
    assert all(mentioned(rule) <= SOURCE.requirements.ids and mentioned(rule) for rule in rules)


def test_the_mutants_of_the_code_are_those_that_simulate_lists() -> None:
    assert {one.name for one in SOURCE.tree.code_mutants} == ALL_MUTANTS.keys()


def test_ids_in_all_their_forms() -> None:
    text = "H8, H9-vote and H1a of H12-mark_off; (LOG-5-term) LIM-4; not SHA-2a, XH8, MLOG-1X, H8x0 or R1"
    assert mentioned(text) == {"H8", "H9", "H1", "H12", "LOG-5", "LIM-4", "SHA-2"}


def test_a_requirement_that_stands_twice_is_refused(copied: Path) -> None:
    path = copied / "spec" / "requirements.toml"
    with path.open("a", encoding="utf-8") as file:
        file.write('\n[[part]]\ntitle = "E."\n[[part.requirement]]\nid = "CL-1"\ntitle = "again"\n')
    with pytest.raises(CliError, match="CL-1 stands 2 times"):
        load_requirements(copied / "spec")
