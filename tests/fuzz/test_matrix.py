"""The matrix of mutants: what its catchers see, and that the committed record is what the docs show."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.cluster.test_tables import ENDS, REFUSED, SCHEDULES

from redoraft.raft.mutants import MUTANTS
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz import matrix
from redoraft_check.fuzz.matrix import INVARIANTS, Row, Trial, read_matrix, row_of, table
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.config import load_config

from .test_command import fuzz

DOCS = Path(__file__).parents[2] / "docs"
RECORD = DOCS / "records" / "fuzz-mutants.json"
DDL_RECORD = DOCS / "records" / "fuzz-ddl-mutants.json"


@pytest.fixture(scope="module")
def answers_at_once() -> Row:
    return row_of("answers-at-once", Trial(seed=1, examples=10, steps=300))


def test_the_docs_show_the_record() -> None:
    assert table(read_matrix(RECORD)) in (DOCS / "fuzz.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("record", [RECORD, DDL_RECORD], ids=lambda path: path.stem)
def test_the_docs_say_of_which_implementation_a_record_is(record: Path) -> None:
    """A record of an older one is no lie, as long as it is told."""
    link = f"[records/{record.name}](records/{record.name}),"
    told = (DOCS / "fuzz.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"{link} of implementation `{read_matrix(record).implementation}`" in told


def test_the_record_has_every_mutant_each_caught_and_the_implementation_uncaught() -> None:
    rows = read_matrix(RECORD).rows
    assert tuple(row.mutant for row in rows) == Trial(seed=1, examples=1).subjects
    assert all(row.is_right for row in rows)


def test_the_docs_show_the_record_of_ddl() -> None:
    assert table(read_matrix(DDL_RECORD)) in (DOCS / "fuzz.md").read_text(encoding="utf-8")


def test_what_examples_do_not_show_of_ddl_is_shown_elsewhere() -> None:
    """But for one: see tests/cluster/test_tables.py."""
    rows = read_matrix(DDL_RECORD).rows
    assert tuple(row.mutant for row in rows) == Trial(seed=1, examples=1, ddl=True).subjects
    assert rows[0].is_right
    unseen = {row.mutant for row in rows if not row.is_right}
    assert unseen - REFUSED.keys() - ENDS.keys() - SCHEDULES.keys() == {"acts-on-the-tail"}


def test_a_mutant_of_ddl_is_caught_by_both_catchers() -> None:
    row = row_of("parses-files-only", Trial(seed=1, examples=6, steps=400, ddl=True))
    assert row.refusal is not None
    assert row.refusal.what == "DdlFileOps Applies"
    assert row.ending is not None
    assert row.invariant is None


def test_each_catcher_sees_an_answer_that_comes_too_early(answers_at_once: Row) -> None:
    seen = answers_at_once.refusal, answers_at_once.invariant, answers_at_once.ending
    assert [one.what if one else None for one in seen] == [
        "AckCommit",
        "AcknowledgedStays",
        "LIM-4: what was answered ok is committed",
    ]


def test_no_catcher_sees_anything_in_the_implementation() -> None:
    itself = row_of(None, Trial(seed=1, examples=4, steps=200))
    assert itself == Row(None, None)
    assert itself.is_right


def test_what_no_catcher_looks_for_is_not_seen(answers_at_once: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answers_at_once.invariant is not None
    monkeypatch.setattr(matrix, "INVARIANTS", tuple(set(INVARIANTS) - {"AcknowledgedStays"}))
    row = row_of("answers-at-once", Trial(seed=1, examples=answers_at_once.invariant.example, steps=300))
    assert row.invariant is None


def test_what_the_specification_cannot_follow_is_counted() -> None:
    """A follower that writes before it has recovered is refused by Startup whatever CL-1 says."""
    row = row_of("anybody-writes", Trial(seed=1, examples=2, steps=100))
    assert row.refusal is not None
    assert (row.invariant, row.unfollowed) == (None, 2)


def test_all_invariants_of_both_modules_are_looked_at() -> None:
    spec = spec_dir(None)
    defined = {
        name
        for module in ("RaftRedo", "Startup")
        for name in re.findall(r"^(\w+) ==", (spec / f"{module}.tla").read_text(), re.MULTILINE)
    }
    checked = {
        name
        for module in ("RaftRedo", "Startup")
        for path in (spec / "models").glob(f"{module}_*.cfg")
        for name in load_config(path).section("INVARIANTS")
    }
    assert set(INVARIANTS) == {name for name in checked & defined if not name.endswith("TypeOK")}


def test_the_command_writes_its_record_and_prints_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matrix, "MUTANTS", {"second-log": MUTANTS["second-log"]})
    words = ("--mutants", "--examples", "1", "--steps", "150", "--jobs", "1", "--out", tmp_path)
    assert fuzz(*words) == 0
    out = capsys.readouterr().out
    written = read_matrix(tmp_path / "mutants.json")
    assert out.startswith(table(written))
    assert "1 of 1 mutants caught in 1 examples" in out
    assert fuzz(*words, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["rows"][1]["mutant"] == "second-log"


def test_a_mutant_that_nothing_catches_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matrix, "MUTANTS", {"compares-lsn": MUTANTS["compares-lsn"]})
    words = ("--mutants", "--examples", "1", "--steps", "60", "--jobs", "1", "--out", tmp_path)
    assert fuzz(*words) == 1
    told = capsys.readouterr()
    assert "0 of 1 mutants caught" in told.out
    assert "compares-lsn: NOT AS IT MUST BE" in told.err


def test_the_matrix_takes_no_mutant(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz("--mutants", "--mutant", "H9") == 2
    assert "--mutants goes with" in capsys.readouterr().err


def test_a_file_that_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    with pytest.raises(CliError, match="No such file"):
        read_matrix(path)
    path.write_text("{}")
    with pytest.raises(CliError, match="not a record of mutants") as told:
        read_matrix(path)
    assert told.value.exit_code is Exit.BAD_INPUT
