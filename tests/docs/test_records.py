"""A record of a long run says by which sources it was made, and the page says whether that is this tree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from redoraft_check.evidence.runs import (
    CRASHES,
    DDL_CRASHES,
    FOLDER,
    RUNS,
    SCHEDULES,
    RunRecord,
    is_fresh,
    made,
    page,
)
from redoraft_check.evidence.scan import Tree
from redoraft_check.evidence.sources import Sources, implementation_revision, modules_of
from redoraft_check.exits import CliError, Exit
from redoraft_check.report.record import spec_revision

ROOT = Path(__file__).resolve().parents[2]
TREE = Tree(ROOT, ROOT / "spec")
QUICK = [run for run in RUNS if run.is_quick]
ELSEWHERE = {
    "oracle-agreement.json": "tests/oracle/test_models.py",
    "prove-both.json": "docs/prove.md",
    "refutations-tlc.json": "tests/smt/test_refutations.py",
}
"""Records of what judges, by the test that holds them, or the page that tells of them."""


@pytest.mark.parametrize("run", QUICK, ids=lambda run: run.file)
def test_a_record_that_takes_minutes_is_of_this_tree(run: RunRecord) -> None:
    assert is_fresh(TREE, run), f"docs/records/{run.file} is stale: run {run.command}{run.then}"
    assert json.loads((ROOT / FOLDER / run.file).read_text(encoding="utf-8"))["wrong"] == 0


def test_every_record_stands_on_the_page_or_is_held_elsewhere() -> None:
    files = {path.name for path in (ROOT / FOLDER).iterdir()}
    assert files == {run.file for run in RUNS} | ELSEWHERE.keys()
    for file, test in ELSEWHERE.items():
        assert file in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.file)
def test_a_record_is_made_by_its_command(run: RunRecord) -> None:
    told = made(ROOT, run).command
    assert told.startswith(run.command) or not told


@pytest.fixture
def copied(tmp_path: Path) -> Tree:
    """A tree of which records, implementation and specification may be changed."""
    unused = shutil.ignore_patterns("__pycache__", "findings", "records", "mutants", "models")
    for name in ("spec", "refimpl"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unused)
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    return Tree(tmp_path, tmp_path / "spec")


def rows(tree: Tree) -> dict[str, str]:
    """What the page says of each record."""
    cells = [line.split(" | ") for line in page(tree).splitlines() if line.startswith("| [")]
    return {cell[0].split("]")[0][3:]: cell[2] for cell in cells}


def test_the_page_says_what_has_changed_since(copied: Tree) -> None:
    this, older = "this implementation", "an older implementation"
    for run in QUICK:
        path = copied.root / FOLDER / run.file
        told = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(told | {"sources": CRASHES.revision(copied.spec)}), encoding="utf-8")
    assert {rows(copied)[run.file] for run in QUICK} == {this}
    changed = copied.root / "refimpl" / "redoraft" / "redo" / "mutants.py"
    changed.write_bytes(changed.read_bytes() + b"# more\n")
    assert {rows(copied)[run.file] for run in QUICK} == {this}, "a table of mutants"
    changed = copied.root / "refimpl" / "redoraft" / "redo" / "cut.py"
    changed.write_bytes(changed.read_bytes() + b"# more\n")
    assert set(rows(copied).values()) == {older}


def test_a_record_of_all_sources_is_fresh_by_both_hashes(copied: Tree) -> None:
    """Those of fuzz: what they say themselves is compared."""
    (run,) = [run for run in RUNS if run.file == "fuzz-mutants.json"]
    path = copied.root / FOLDER / run.file
    told = json.loads(path.read_text(encoding="utf-8"))
    for implementation, specification, fresh in (
        (implementation_revision(), spec_revision(copied.spec).sha256, True),
        (implementation_revision(), "0" * 64, False),
        ("0" * 12, spec_revision(copied.spec).sha256, False),
    ):
        path.write_text(
            json.dumps({**told, "implementation": implementation, "specification": specification})
        )
        assert is_fresh(copied, run) == fresh


def test_a_record_that_is_none_is_told(copied: Tree) -> None:
    path = copied.root / FOLDER / QUICK[0].file
    path.write_text("no JSON")
    with pytest.raises(CliError, match=r"make it again: redoraft crashes --every 2") as told:
        page(copied)
    assert told.value.exit_code is Exit.BAD_INPUT
    path.unlink()
    with pytest.raises(CliError, match="make it: redoraft crashes"):
        page(copied)


def test_what_a_run_depends_on() -> None:
    crashes = modules_of(CRASHES.begins)
    assert {"redoraft.cluster.trio", "redoraft.node.driver", "redoraft.redo.cut", "redoraft.mutants"} <= {
        *crashes
    }
    assert not {"redoraft.redo.mutants", "redoraft.cluster.simulator", "redoraft.scenario"} & {*crashes}
    assert {"redoraft.cluster.weather", "redoraft.cluster.ledger"} <= {*modules_of(SCHEDULES.begins)}
    packages = {"redoraft": ROOT / "refimpl" / "redoraft", "tests": ROOT / "tests"}
    assert {"tests.ddl.world", "tests.redo.kit", "redoraft.ddl.node"} <= {
        *modules_of(DDL_CRASHES.begins, packages)
    }


def test_imports_are_followed_in_every_form(tmp_path: Path) -> None:
    texts = {
        "p/__init__.py": "",
        "p/a.py": "import p.b\nfrom p import c\nimport os",
        "p/b.py": "def late():\n    from .inner.deep import x",
        "p/c.py": "",
        "p/inner/__init__.py": "from .. import d",
        "p/inner/deep.py": "from ..e import y\nfrom . import f",
        "p/inner/f.py": "from p.inner.mutants import z",
        "p/inner/mutants.py": "",
        "p/d.py": "",
        "p/e.py": "",
        "p/unused.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = modules_of(("p.a",), {"p": tmp_path / "p"})
    assert sorted(found) == ["p", "p.a", "p.b", "p.c", "p.d", "p.e", "p.inner", "p.inner.deep", "p.inner.f"]


def test_the_specification_that_judges_counts(copied: Tree) -> None:
    judged, unjudged = Sources((), ("trace/TraceStartup.tla",)), Sources(())
    before = judged.revision(copied.spec), unjudged.revision(copied.spec)
    changed = copied.spec / "RaftRedo.tla"
    changed.write_bytes(changed.read_bytes() + b"\n")
    after = judged.revision(copied.spec), unjudged.revision(copied.spec)
    assert before[0] != after[0]
    assert before[1] == after[1]
