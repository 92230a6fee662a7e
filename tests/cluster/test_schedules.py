"""`redoraft schedules`: it judges, it goes on where it was, and it says what is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from redoraft_check.cli import main
from redoraft_check.commands import schedules


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
    assert out.read_bytes().count(b"\n") == 3
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


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    other = tmp_path / "notes"
    other.write_text("mine\n")
    assert run(other) == 65
    assert other.read_text() == "mine\n"
    assert run(tmp_path / "x", "--faults", "rain") == 2
