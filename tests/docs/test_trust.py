"""docs/trust.md claims what a record of the present specification shows, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from redoraft_check.evidence import gate
from redoraft_check.evidence.assumptions import load_assumptions
from redoraft_check.evidence.recording import keep
from redoraft_check.evidence.records import MODELS, PROOFS, Checked, Proved, read_records, write_records
from redoraft_check.evidence.scan import Tree
from redoraft_check.evidence.trust import NO_RECORD, Records, page
from redoraft_check.exits import CliError, Exit
from redoraft_check.report.record import spec_revision
from redoraft_check.smt.models import RULES

ROOT = Path(__file__).resolve().parents[2]
MODEL, RULE = "RaftRedo_t2_lognode", "CL-2"
ROW = re.compile(rf"^\| {RULE}: .*$", re.MULTILINE)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A tree that may be changed, without records."""
    for name in ("spec", "docs/parts", "refimpl"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(tmp_path / "spec" / "records", ignore_errors=True)
    for path in (tmp_path / "spec" / "findings").glob("*.zst"):
        path.unlink()
    (tmp_path / "tests").mkdir()
    (tmp_path / "docs" / "parts" / "shown.toml").write_text("shown = []\n", encoding="utf-8")
    return tmp_path


def tree(root: Path) -> Tree:
    return Tree(root, root / "spec")


def row(root: Path) -> str:
    found = ROW.search(page(tree(root)))
    assert found is not None
    return found[0]


def ran(root: Path, **changed: Any) -> dict[str, Any]:
    """What `redoraft check` leaves of one model."""
    one: dict[str, Any] = {
        "model": MODEL,
        "config": f"{MODEL}.cfg",
        "verdict": "ok",
        "outcome": "holds",
        "violated": None,
        "checked": ["LogNodesNeverServe"],
        "counts": {"distinct": 1562, "depth": 22},
        "workers": 1,
        "seconds": 3.25,
        "tools": {"tlc": {"version": "TLC 2.15"}},
        "spec": {"sha256": spec_revision(root / "spec").sha256},
        "command": f"redoraft check {MODEL}",
    }
    return {"kind": "check", "models": [one | changed]}


def kept(root: Path, record: dict[str, Any]) -> int:
    path = root / "run.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return keep(root / "spec", path, root / "spec")


def test_without_records_nothing_is_claimed(copied: Path) -> None:
    text = page(tree(copied))
    counts = re.findall(r"^\| [^|`]+ \| (\d+) \| \d+ \|$", text, re.MULTILINE)
    assert counts == ["0"] * 5
    assert row(copied).count(NO_RECORD) == 2
    assert "states |" not in text.partition("## Proved")[0]


def test_a_record_is_shown_until_the_model_changes(copied: Path) -> None:
    assert kept(copied, ran(copied)) == 1
    assert f"`{MODEL}`: 1,562 states" in row(copied)
    assert "| 1,562 | 22 | TLC 2.15, 3 s |" in page(tree(copied))
    module = copied / "spec" / "RaftRedo.tla"
    module.write_text(module.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert f"`{MODEL}`: {NO_RECORD}" in row(copied)


def test_the_time_of_a_record_counts_until_the_model_changes(copied: Path) -> None:
    assert gate.page(tree(copied)).count(NO_RECORD) == 4, "three parts, and the sentence that says so"
    assert kept(copied, ran(copied)) == 1
    told = gate.page(tree(copied))
    assert re.search(r"^\| `redoraft check` \| \d+ \| 1 \| 3 \|$", told, re.MULTILINE)
    assert re.search(rf"^\| `{MODEL}` \| .* \| holds \| 1,562 \| 1 \| 3\.2 \|$", told, re.MULTILINE)
    module = copied / "spec" / "RaftRedo.tla"
    module.write_text(module.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert gate.page(tree(copied)).count(NO_RECORD) == 4


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "RED"},
        {"verdict": "ERROR", "outcome": "error"},
        {"verdict": "unknown", "outcome": "unknown"},
        {"config": "mine.cfg"},
        {"model": "NoSuchModel"},
        {"command": f"redoraft check --simulate 10 {MODEL}"},
        {"command": f"redoraft check --backend oracle {MODEL}"},
    ],
    ids=lambda changed: " ".join(changed.values()),
)
def test_only_what_came_out_as_expected_is_kept(changed: dict[str, str], copied: Path) -> None:
    assert kept(copied, ran(copied, **changed)) == 0
    assert f"`{MODEL}`: {NO_RECORD}" in row(copied)


def test_a_record_of_another_specification_is_refused(copied: Path) -> None:
    with pytest.raises(CliError, match="is of another specification") as error:
        kept(copied, ran(copied, spec={"sha256": "0" * 64}))
    assert error.value.exit_code is Exit.BAD_INPUT


def test_what_is_no_record_is_refused(copied: Path) -> None:
    with pytest.raises(CliError, match="is no record of a run"):
        kept(copied, {"models": []})
    (copied / "spec" / "records").mkdir(exist_ok=True)
    (copied / "spec" / "records" / MODELS).write_text('{"name": 3}\n', encoding="utf-8")
    with pytest.raises(CliError, match="is no file of run records"):
        page(tree(copied))


def proof(*answers: str) -> dict[str, Any]:
    steps = (
        "CommitRule/Init/OneVote",
        "CommitRule/GrantVote/OneVote",
        "CommitRule/always/LogNodesNeverServe",
    )
    listed = [
        {"name": name, "answer": answer, "seconds": 1.0} for name, answer in zip(steps, answers, strict=True)
    ]
    return {"kind": "prove", "verdict": "held", "obligations": listed}


def test_a_rule_is_proved_when_all_of_the_proof_is(copied: Path) -> None:
    assert kept(copied, proof("proved", "unknown", "proved")) == 0
    assert "`CommitRule`" not in row(copied)
    assert kept(copied, proof("proved", "proved", "proved")) == 1
    assert "| `CommitRule` |" in row(copied)


def test_what_is_proved_of_every_step_is_a_property_and_another_fact_is_none(copied: Path) -> None:
    names = (
        "Ddl/Init/OneRowIsOpen",
        "Ddl/CallsOs (drop)/CommittedFilesStay",
        "Ddl/CallsOs (drop)/PathIsFree",
    )
    listed = [{"name": name, "answer": "proved", "seconds": 1.0} for name in names]
    assert kept(copied, {"kind": "prove", "verdict": "held", "obligations": listed}) == 1
    assert read_records(copied / "spec", PROOFS, Proved)["Ddl"].properties == (
        "CommittedFilesStay",
        "OneRowIsOpen",
    )
    rows = {line.split(":")[0]: line for line in page(tree(copied)).splitlines() if line.startswith("| H3")}
    assert "| `Ddl` |" in rows["| H3"]
    assert "| `Ddl` |" not in rows["| H3a"]


def test_an_invariant_proved_in_parts_counts_when_every_part_is(copied: Path) -> None:
    """`Reconstructible`, which is false without LIM-1 or H33, has three conjuncts."""
    parts = ("CheckpointIsShared", "RecoveredIsCommitted", "RedoIsThere")

    def rows(*proved: str) -> list[str]:
        listed = [
            {"name": f"StorageLimits/always/{one}", "answer": "proved", "seconds": 1.0} for one in proved
        ]
        assert kept(copied, {"kind": "prove", "verdict": "held", "obligations": listed}) == 1
        lines = page(tree(copied)).splitlines()
        return [line for line in lines if line.startswith(("| LIM-1:", "| H33:"))]

    assert not any("| `StorageLimits` |" in line for line in rows(*parts[1:]))
    assert sum("| `StorageLimits` |" in line for line in rows(*parts)) == 2


def test_a_proof_by_another_prover_shows_nothing(copied: Path) -> None:
    kept(copied, proof("proved", "proved", "proved"))
    spec = copied / "spec"
    old = [
        Proved(name=one.name, sha256="0" * 64, obligations=3, properties=one.properties)
        for one in read_records(spec, PROOFS, Proved).values()
    ]
    write_records(spec, PROOFS, old)
    assert "`CommitRule`" not in row(copied)


def test_a_rule_that_the_proof_does_not_know_is_not_proved(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(copied, proof("proved", "proved", "proved"))
    monkeypatch.setitem(RULES, "CommitRule", RULES["CommitRule"] - {RULE})
    assert "| `CommitRule` |" not in row(copied)


def test_a_rule_counts_the_tests_of_its_requirement(copied: Path) -> None:
    """LOG-5-term is a switch of LOG-5, H1a one of H1."""
    (copied / "tests" / "test_one.py").write_text("def test_it() -> None:\n    assert 'LOG-5 and H1'\n")
    found = page(tree(copied))
    assert "`old-leader-heard`, 1 file |" in found and "`renames-before-redo`, 1 file |" in found


def test_assumptions_speak_of_what_there_is() -> None:
    here = tree(ROOT)
    mutants = {one.name for one in here.mutants.models}
    for one in load_assumptions(here.spec):
        assert all((here.spec / f"{module}.tla").is_file() for module in one.modules)
        assert set(one.mutants) <= mutants


def test_the_records_that_are_kept_can_be_read() -> None:
    records = Records(tree(ROOT))
    assert all(isinstance(one, Checked) for one in (*records.models.values(), *records.mutants.values()))


def shown(root: Path, **line: object) -> str:
    """The page's last table when `shown.toml` has this one line."""
    whole = {"what": "crashes lose nothing", "how": "all of them", "bounds": "few"} | line
    text = "[[shown]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in whole.items())
    (root / "docs" / "parts" / "shown.toml").write_text(text, encoding="utf-8")
    return page(tree(root)).split("## What is shown besides the rules")[1]


def test_what_is_shown_besides_the_rules_is_what_its_record_says(copied: Path) -> None:
    records = copied / "docs" / "records"
    records.mkdir()
    found = {"points": 7, "outcomes": 8, "runs": 1234, "wrong": 1}
    (records / "crashes-1.json").write_text(json.dumps(found), encoding="utf-8")
    assert "7 points, 8 outcomes, 1,234 runs, 1 wrong" in shown(copied, records=["crashes-1.json"])
    (records / "schedules-9.ndjson").write_text(
        "".join(
            json.dumps({"seed": seed, "steps": 10, "events": 5, "crashes": 1, "trouble": trouble}) + "\n"
            for seed, trouble in ((1, None), (2, "refused"))
        ),
        encoding="utf-8",
    )
    said = shown(copied, records=["schedules-9.ndjson"])
    assert "2 runs, 20 steps, 10 events, 2 crashes, 1 not accepted" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"records": ["crashes-1.json"]}, "there is no docs/records/crashes-1.json"),
        ({"tests": ["tests/test_none.py"]}, "there is no tests/test_none.py"),
    ],
)
def test_a_line_that_names_what_is_not_there_is_refused(
    copied: Path, line: dict[str, object], said: str
) -> None:
    with pytest.raises(CliError, match=said) as caught:
        shown(copied, **line)
    assert caught.value.exit_code is Exit.BAD_INPUT


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notes.json", "{}", "nothing reads the figures of notes.json"),
        ("crashes-1.json", "{", "is no record"),
    ],
)
def test_a_record_that_nothing_can_read_is_refused(copied: Path, name: str, text: str, said: str) -> None:
    (copied / "docs" / "records").mkdir()
    (copied / "docs" / "records" / name).write_text(text, encoding="utf-8")
    with pytest.raises(CliError, match=said):
        shown(copied, records=[name])


def test_every_record_that_is_kept_is_shown() -> None:
    named = (ROOT / "docs" / "parts" / "shown.toml").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "docs" / "records").iterdir() if path.name not in named] == []
