"""`redoraft simulate`, as it is typed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from redoraft.cluster.simulator import Simulator
from redoraft.mutants import ALL_MUTANTS
from redoraft_check.cli import main
from redoraft_traces import Event, read_trace


def simulate(*words: str) -> int:
    return main(["simulate", *words])


def test_it_writes_a_trace_and_says_how_to_repeat_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "a.ndjson"
    assert simulate("--seed", "7", "--steps", "300", "--out", str(target)) == 0
    out = capsys.readouterr().out
    trace = read_trace(target)
    assert out.startswith(f"recorded: {len(trace.events)} events of 300 steps, seed 7, in {target}\n")
    first = target.read_bytes()
    again = out.splitlines()[-1].removeprefix("repeat with: redoraft ")
    target.unlink()
    assert main(shlex.split(again)) == 0
    assert target.read_bytes() == first


def test_the_trace_says_where_it_is_from_and_no_more(tmp_path: Path) -> None:
    target = tmp_path / "a.ndjson"
    assert simulate("--seed", "7", "--steps", "50", "--mutant", "H8", "-q", "--out", str(target)) == 0
    source = read_trace(target).header.source
    said = "redoraft simulate --seed 7 --steps 50 --faults all --nodes 3 --log-nodes 1"
    assert source.startswith(f"{said} --mutant commits-old-terms (code ")
    assert str(tmp_path) not in target.read_text()


def test_the_options_reach_the_run(tmp_path: Path) -> None:
    target = tmp_path / "a.ndjson"
    words = ("--faults", "none", "--nodes", "5", "--log-nodes", "2", "--steps", "400", "--out", str(target))
    assert simulate(*words) == 0
    trace = read_trace(target)
    assert trace.header.constants == {"data_nodes": ["n1", "n2", "n3"], "log_nodes": ["n4", "n5"]}
    assert all(located.event.action != "Restart" for located in trace.events)


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.ndjson.zst"
    assert simulate("--format", "json", "--out", str(target)) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["seed"], report["counts"]["steps"]) == ("recorded", 1, 500)
    assert report["counts"]["events"] == len(read_trace(target).events)


def test_the_mutants_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--list-mutants") == 0
    out = capsys.readouterr().out
    assert all(one.name in out and one.rule in out and one.summary in out for one in ALL_MUTANTS.values())
    assert simulate("--list-mutants", "--format", "json") == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(ALL_MUTANTS)


def test_transactions_and_deleted_redo_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "--undo",
        "--small-files",
        "--end-check",
        "--steps",
        "700",
        "-q",
        "--out",
        str(tmp_path / "a.ndjson"),
    )
    assert simulate(*words) == 0
    out = capsys.readouterr().out
    assert " commits shared " in out and " files deleted\n" in out
    assert "end check: all is as it has to be" in out
    assert "--end-check --undo --small-files --out" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--faults", "rain"), "no fault is called 'rain'"),
        (("--mutant", "H99"), "no mutant is called 'H99'"),
        (("--nodes", "2", "--log-nodes", "2"), "at least one has to keep data"),
        (("--nodes", "100000"), "--nodes 100000: simulate runs at most 100 nodes"),
        (("--format", "junit"), "judges nothing"),
        (("--pages", "--ddl"), "one thing beside its log"),
        (("--undo", "--ddl"), "write their redo beside the log buffer of --undo"),
        (("--undo", "--binlog"), "write their redo beside the log buffer of --undo"),
        (("--small-files", "--pages"), "leave --small-files out"),
    ],
)
def test_wrong_words_are_usage(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(*words) == 2
    assert said in capsys.readouterr().err


def test_an_interrupted_run_keeps_its_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = Simulator._on_event
    count = 0

    def interrupted(self: Simulator, event: Event) -> None:
        nonlocal count
        count += 1
        if count > 100:
            raise KeyboardInterrupt
        real(self, event)

    monkeypatch.setattr(Simulator, "_on_event", interrupted)
    target = tmp_path / "a.ndjson"
    assert simulate("--out", str(target)) == 130
    assert not target.exists()
    assert len(read_trace(tmp_path / "a.ndjson.partial").events) == 100
    assert "a.ndjson.partial" in capsys.readouterr().err
