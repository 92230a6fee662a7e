"""The matrix of mutants: what its catchers see, and that the committed record is what the docs show."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from attrs import evolve, fields
from tests.cluster.test_tables import ENDS, REFUSED, SCHEDULES

from redoraft.binlog.mutants import CARRIED_MUTANTS
from redoraft.ddl.mutants import OUTSIDE_MUTANTS
from redoraft.mutants import ALL_MUTANTS, Asked, NodeRules, taken_out, watched_rules
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz import catchers, matrix
from redoraft_check.fuzz.catchers import INVARIANTS
from redoraft_check.fuzz.families import DDL, FAMILIES, page_of
from redoraft_check.fuzz.matrix import Row, Trial, read_matrix, row_of, table, tables
from redoraft_check.fuzz.why import WHY, Seen, Why
from redoraft_check.json_file import write_json
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.config import load_config

from .test_command import fuzz

DOCS = Path(__file__).parents[2] / "docs"
RECORD = DOCS / "records" / "fuzz-mutants.json"
DDL_RECORD = DOCS / "records" / "fuzz-ddl-mutants.json"


RAFT, CLIENTS, LOG, STORAGE, TRANSACTIONS, BINLOG = (one.name for one in FAMILIES)


def shown(record: Path) -> str:
    return "\n".join(text for _, text in tables(read_matrix(record)))


def names(*rows: Row) -> list[tuple[str, str | None]]:
    return [(row.family, row.mutant) for row in rows]


@pytest.fixture(scope="module")
def answers_at_once() -> Row:
    return row_of(RAFT, "answers-at-once", Trial(seed=1, examples=10, steps=300))


@pytest.mark.parametrize("record", [RECORD, DDL_RECORD], ids=lambda path: path.stem)
def test_the_docs_show_the_record(record: Path) -> None:
    told = (DOCS / "fuzz.md").read_text(encoding="utf-8")
    for name, text in tables(read_matrix(record)):
        assert text in told, name


@pytest.mark.parametrize("record", [RECORD, DDL_RECORD], ids=lambda path: path.stem)
def test_the_docs_say_of_which_implementation_a_record_is(record: Path) -> None:
    """A record of an older one is no lie, as long as it is told."""
    link = f"[records/{record.name}](records/{record.name}),"
    told = (DOCS / "fuzz.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"{link} of implementation `{read_matrix(record).implementation}`" in told


def test_the_record_has_every_mutant_each_caught_and_the_implementation_uncaught() -> None:
    rows = read_matrix(RECORD).rows
    assert names(*rows) == [*Trial(seed=1, examples=1).subjects]
    assert [row.mutant for row in rows if not row.is_right] == []
    assert {row.implementation for row in rows} == {read_matrix(RECORD).implementation}


def test_all_mutants_are_in_one_of_the_two_matrices() -> None:
    tried = [name for family in (*FAMILIES, DDL) for name in family.mutants]
    assert len(tried) == len(set(tried))
    assert set(tried) == ALL_MUTANTS.keys() - OUTSIDE_MUTANTS.keys() - CARRIED_MUTANTS.keys()


def test_what_is_caught_elsewhere_is_in_that_page() -> None:
    for name in (name for family in FAMILIES for name in family.mutants):
        page = page_of(name)
        assert page is None or f"| `{name}` |" in (DOCS / page).read_text(encoding="utf-8"), name


def test_it_is_said_why_the_record_does_not_show_a_mutant() -> None:
    unseen = {row.mutant for row in read_matrix(RECORD).rows if row.mutant and not row.is_caught}
    assert unseen <= WHY.keys() <= ALL_MUTANTS.keys()


def test_the_record_of_ddl_has_every_mutant_and_what_it_does_not_show_is_shown_elsewhere() -> None:
    """But for one: see tests/cluster/test_tables.py."""
    rows = read_matrix(DDL_RECORD).rows
    assert names(*rows) == [*Trial(seed=1, examples=1, ddl=True).subjects]
    assert rows[0].is_right
    unseen = {row.mutant for row in rows if not row.is_right}
    assert unseen - REFUSED.keys() - ENDS.keys() - SCHEDULES.keys() == {"acts-on-the-tail"}


# --- catchers ---


def test_a_mutant_of_ddl_is_caught_by_both_catchers() -> None:
    row = row_of(DDL.name, "parses-files-only", Trial(seed=1, examples=6, steps=400, ddl=True))
    assert row.refusal is not None
    assert row.refusal.what == "DdlFileOps Applies"
    assert row.ending is not None
    assert (row.invariant, row.history) == (None, None)


def test_catchers_see_an_answer_that_comes_too_early(answers_at_once: Row) -> None:
    seen = answers_at_once.refusal, answers_at_once.invariant, answers_at_once.ending
    assert [one.what if one else None for one in seen] == [
        "AckCommit",
        "AcknowledgedStays",
        "LIM-4: what was answered ok is committed",
    ]
    assert 0 < answers_at_once.otherwise <= answers_at_once.asked


def test_a_row_of_fewer_examples_says_so() -> None:
    rows = (Row("compares-lsn", "H9", family=RAFT, examples=5, unfollowed=2), Row(None, None, examples=9))
    text = table(rows, FAMILIES[0], 9)
    assert "| `compares-lsn` | H9 | not in 5 | not in 5 (2 not followed) | not in 5 | not in 5 |" in text
    assert "| none |  | no | no | no | no |" in text


def test_only_the_history_shows_a_read_that_is_too_old() -> None:
    row = row_of(CLIENTS, "forgets-the-session", Trial(seed=1, examples=10, steps=100))
    assert row.history is not None
    assert (row.refusal, row.invariant, row.ending) == (None, None, None)


def test_the_binlog_is_judged_beside_the_log() -> None:
    row = row_of(BINLOG, "sends-at-once", Trial(seed=1, examples=8))
    assert row.refusal is not None
    assert row.refusal.what == "Dump"


def test_pages_are_judged_beside_the_log() -> None:
    row = row_of(STORAGE, "forgets-dirty-pages", Trial(seed=1, examples=8))
    assert row.refusal is not None
    assert row.refusal.what == "Checkpoint"


@pytest.mark.parametrize("name", [one.name for one in FAMILIES])
def test_no_catcher_sees_anything_in_the_implementation(name: str) -> None:
    itself = row_of(name, None, Trial(seed=1, examples=3, steps=200))
    assert itself == Row(None, None, family=name, examples=3)
    assert itself.is_right


def test_a_rule_that_is_never_asked_is_told_from_one_that_harms_nobody() -> None:
    trial = Trial(seed=1, examples=2, steps=150)
    unasked = row_of(STORAGE, "loads-unlogged", trial)
    assert (unasked.asked, unasked.is_caught) == (0, False)
    unharmed = row_of(LOG, "one-slot", trial)
    assert unharmed.otherwise == unharmed.asked > 0


def test_the_rules_of_every_mutant_can_be_watched() -> None:
    for mutant in ALL_MUTANTS.values():
        [(rules, method)] = taken_out(mutant)
        asked = Asked()
        parts = watched_rules(mutant, asked)
        own = [getattr(parts, each.name) for each in fields(NodeRules)]
        [watched] = [
            one
            for one in (*own, parts.raft.clients)
            if isinstance(one, rules) and method in vars(type(one)) and rules is not type(one)
        ]
        assert getattr(watched, method).__func__ is not getattr(rules, method)


def test_what_no_catcher_looks_for_is_not_seen(answers_at_once: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answers_at_once.invariant is not None
    monkeypatch.setattr(catchers, "INVARIANTS", tuple(set(INVARIANTS) - {"AcknowledgedStays"}))
    trial = Trial(seed=1, examples=answers_at_once.invariant.example, steps=300)
    assert row_of(RAFT, "answers-at-once", trial).invariant is None


def test_what_the_specification_cannot_follow_is_counted() -> None:
    """A follower that writes before it has recovered is refused by Startup whatever CL-1 says."""
    row = row_of(RAFT, "anybody-writes", Trial(seed=1, examples=2, steps=100))
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


# --- the command ---

FEW = ("--mutants", "--examples", "1", "--steps", "150", "--jobs", "1")


def test_the_command_writes_its_record_and_prints_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*FEW, "--mutant", "second-log", "--out", tmp_path)
    assert fuzz(*words) == 0
    out = capsys.readouterr().out
    written = read_matrix(tmp_path / "mutants.json")
    assert all(text in out for _, text in tables(written))
    assert "1 of 1 mutants caught in 1 examples" in out
    assert fuzz(*words, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["mutant"] == "second-log"


def test_a_mutant_that_nothing_catches_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz(*FEW, "--mutant", "compares-lsn", "--out", tmp_path) == 1
    told = capsys.readouterr()
    assert "0 of 1 mutants caught" in told.out
    assert "compares-lsn is caught by nothing, here or elsewhere" in told.out
    assert "compares-lsn: NOT AS IT MUST BE" in told.err


def test_a_mutant_that_is_caught_elsewhere_is_told_with_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(WHY, "loads-unlogged", Why("nothing is loaded in bulk", Seen.NEVER))
    assert fuzz(*FEW, "--mutant", "loads-unlogged", "--out", tmp_path) == 0
    line = "| `loads-unlogged` | H21 | never | nothing is loaded in bulk | [storage.md](storage.md) |"
    assert line in capsys.readouterr().out


def test_a_matrix_goes_on_from_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (*FEW, "--out", tmp_path)
    path = tmp_path / "mutants.json"
    assert fuzz(*words, "--mutant", "second-log,LOG-5") == 0
    first = read_matrix(path)
    assert names(*first.rows) == [(RAFT, "acks-before-fsync"), (RAFT, "second-log")]
    # A row that no example could give: it stays, as it is not tried again.
    marked = [evolve(row, asked=-1) for row in first.rows]
    write_json(path, evolve(first, rows=tuple(marked)))
    assert fuzz(*words, "--mutant", "LOG-5,answers-at-once", "--resume") == 0
    rows = {row.mutant: row.asked for row in read_matrix(path).rows}
    assert rows.keys() == {"acks-before-fsync", "second-log", "answers-at-once"}
    assert rows["second-log"] == -1 < rows["acks-before-fsync"]
    capsys.readouterr()
    assert fuzz(*FEW[:-4], "--steps", "100", "--out", tmp_path, "--resume") == 2
    assert "is of another trial" in capsys.readouterr().err


def test_rows_of_another_implementation_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "FAMILIES", (evolve(FAMILIES[0], mutants={}),))
    words = (*FEW, "--out", tmp_path)
    assert fuzz(*words) == 0
    path = tmp_path / "mutants.json"
    itself = read_matrix(path).rows[0]
    for implementation, wanted in ((itself.implementation, 7), ("another", 0)):
        changed = evolve(itself, asked=7, implementation=implementation)
        write_json(path, evolve(read_matrix(path), rows=(changed,)))
        assert fuzz(*words, "--resume") == 0
        assert [row.asked for row in read_matrix(path).rows] == [wanted]


@pytest.mark.parametrize("words", [("--time", "1"), ("--reads", "1"), ("--compare",)])
def test_what_the_matrix_does_not_take(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz("--mutants", *words) == 2
    assert "--mutants goes with" in capsys.readouterr().err


def test_a_file_that_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    with pytest.raises(CliError, match="No such file"):
        read_matrix(path)
    path.write_text("{}")
    with pytest.raises(CliError, match="not a record of mutants") as told:
        read_matrix(path)
    assert told.value.exit_code is Exit.BAD_INPUT
