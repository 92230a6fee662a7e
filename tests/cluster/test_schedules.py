"""`redoraft schedules`: it judges, it goes on where it was, and it says what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from redoraft_check.cli import main
from redoraft_check.commands import schedules
from redoraft_check.evidence.runs import SCHEDULES
from redoraft_check.evidence.sources import implementation_revision
from redoraft_check.paths import spec_dir


def run(out: Path, *words: str) -> int:
    return main(["schedules", "-q", "--steps", "120", "--out", str(out), *words])


def test_it_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, real, seeds = tmp_path / "a" / "runs.ndjson", schedules._run, []

    def noted(seed: int, faults: str, steps: int) -> schedules.Judged:
        seeds.append(seed)
        if seeds == [1, 2, 3]:
            raise KeyboardInterrupt
        return real(seed, faults, steps)

    monkeypatch.setattr(schedules, "_run", noted)
    assert run(out, "--runs", "3") == 130
    whole = out.read_bytes()
    out.write_bytes(whole + b'{"seed": 3, "st')
    assert run(out, "--runs", "3") == 0
    assert seeds == [1, 2, 3, 3]
    assert out.read_bytes().startswith(whole)
    assert out.read_bytes().count(b"\n") == 4
    said = capsys.readouterr().out
    assert "3 accepted, 0 not" in said
    assert "runs with bytes: 1, undo: 2\n" in said


def test_pages_are_told_of_in_one_run_of_ten() -> None:
    assert Counter(map(schedules._kind, range(1, 1001))) == {"bytes": 400, "undo": 500, "pages": 100}
    judged = schedules._run(10, "all", 150)
    assert (judged.kind, judged.trouble) == ("pages", None)
    assert judged.deleted > 0


def test_what_is_not_accepted_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = schedules.Judged(1, "all", 120, 7, 5, 0, "step 7: refused")
    monkeypatch.setattr(schedules, "_run", lambda *_: wrong)
    assert run(tmp_path / "runs.ndjson", "--runs", "1") == 12
    assert "0 accepted, 1 not\nseed 1: step 7: refused\n" in capsys.readouterr().out


def test_runs_of_other_sources_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs of two implementations in one file would be of neither."""
    out = tmp_path / "runs.ndjson"
    monkeypatch.setattr(schedules, "_run", lambda *_: schedules.Judged(1, "all", 120, 7, 5, 0, None))
    assert run(out, "--runs", "1") == 0
    head, line = out.read_bytes().splitlines()
    told = json.loads(head)
    assert told["command"] == "redoraft schedules --runs 1 --steps 120 --faults all"
    assert told["sources"] == SCHEDULES.revision(spec_dir())
    assert told["implementation"] == implementation_revision()
    old = json.dumps({**told, "sources": "0123456789ab"}).encode() + b"\n" + line + b"\n"
    out.write_bytes(old)
    assert run(out, "--runs", "1") == 2
    assert "its runs are of sources 0123456789ab, these would be of" in capsys.readouterr().err
    assert out.read_bytes() == old


@pytest.mark.parametrize("text", ["mine\n", "mine", '{"command": "x", "impl'])
def test_another_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    other = tmp_path / "notes"
    other.write_text(text)
    assert run(other) == 65
    assert other.read_text() == text
    assert run(tmp_path / "x", "--faults", "rain") == 2
