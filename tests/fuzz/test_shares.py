"""Examples with more than a log and writers: how they are made, judged, saved and made small."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

import msgspec
import pytest
from attrs import asdict, evolve

from redoraft.cluster.faults import ALL_FAULTS, parse_faults
from redoraft.cluster.readers import Reading
from redoraft.mutants import ALL_PARTS
from redoraft_check.fuzz import example
from redoraft_check.fuzz.campaign import SHARES
from redoraft_check.fuzz.example import Subject, examine, run_example
from redoraft_check.fuzz.finding import read_finding
from redoraft_check.fuzz.plan import PARTITIONS, Plan, Shares, continued, fresh
from redoraft_check.linearizability import Call, is_linearizable
from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status

from .test_command import fuzz

PLAN = Plan(seed=5, nodes=3, log_nodes=1, faults="all", clients=2, steps=300)
READING = evolve(PLAN, reads=Reading.SESSION)
EXAMPLES = 400


def made(shares: Shares) -> list[Plan]:
    return [fresh(Random(number), ALL_FAULTS, 500, shares) for number in range(EXAMPLES)]


# --- plans ---


def test_examples_have_what_their_shares_say() -> None:
    plans = made(SHARES)
    others = {"undo": ("ddl", "binlog"), "small_files": ("pages", "binlog")}
    for name, share in asdict(SHARES).items():
        may = [plan for plan in plans if not any(getattr(plan, other) for other in others.get(name, ()))]
        assert abs(sum(bool(getattr(plan, name)) for plan in may) / len(may) - share) < 0.07, name
    assert max(plan.ddl + plan.binlog + plan.pages for plan in plans) == 1
    assert {plan.reads for plan in plans} == {None, *Reading}


def test_what_an_example_has_beside_its_log_changes_nothing_else() -> None:
    others = made(Shares(0.3, 0.3, undo=0.5, small_files=0.5))
    plain = [evolve(plan, binlog=False, pages=False, ddl=False) for plan in others]
    assert made(Shares()) == [evolve(plan, undo=False, small_files=False) for plan in plain]


def test_half_of_the_examples_with_readers_have_one_writer_and_partitions_only() -> None:
    plans = made(Shares(reads=1))
    lonely = [plan for plan in plans if plan.clients == 1 and parse_faults(plan.faults) <= PARTITIONS]
    assert 0.4 < len(lonely) / len(plans) < 0.6


def test_an_example_that_goes_on_stays_what_it_is() -> None:
    plan = evolve(READING, binlog=True)
    going_on = continued(plan, 100, Random(1), 500)
    assert evolve(going_on, turns=(), steps=plan.steps) == plan
    assert going_on.turns


def test_an_example_tells_of_one_thing_beside_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="one thing beside its log"):
        evolve(PLAN, binlog=True, pages=True).settings(ALL_PARTS)
    assert fuzz("--examples", "1", "--binlog", "0.6", "--pages", "0.6") == 2
    assert "together 1 at most" in capsys.readouterr().err


def test_who_writes_beside_the_log_buffer_is_in_no_example_of_transactions() -> None:
    for plan in (evolve(PLAN, undo=True, ddl=True), evolve(PLAN, undo=True, binlog=True)):
        with pytest.raises(ValueError, match="beside the log buffer of --undo"):
            plan.settings(ALL_PARTS)
    for shares in (Shares(ddl=1, undo=1), Shares(binlog=1, undo=1)):
        assert not any(plan.undo for plan in made(shares))


# --- what clients saw ---


def test_what_clients_see_is_judged_and_counts_as_a_finding() -> None:
    assert run_example(READING, Subject()).trouble is None
    trouble = run_example(READING, Subject("forgets-the-session")).trouble
    assert trouble is not None
    assert trouble.cause == ("history", "local")
    assert "no order of one register explains it" in trouble.text
    assert run_example(PLAN, Subject("forgets-the-session")).trouble is None, "nobody reads"


def test_a_history_that_takes_too_long_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "HISTORY_STATES", 1)
    trouble = run_example(READING, Subject()).trouble
    assert trouble is not None
    assert trouble.cause == ("undecided", "history")


def test_a_transaction_that_touches_no_page_is_no_write_of_what_is_read() -> None:
    plan = evolve(READING, pages=True)
    run = examine(plan, Subject())
    assert run.outcome.trouble is None
    others = [call for call in run.history.calls.values() if call.kind == "other"]
    assert any(call.told == "ok" for call in others)


# --- findings ---


def found(folder: Path, mutant: str) -> str:
    """What a campaign prints that has found this mutant; its files are in the folder."""
    printed = StringIO()
    with redirect_stdout(printed):
        words = ("--examples", "60", "--steps", "300", "--jobs", "1", "-q", "--stop-at-first")
        assert fuzz(*words, "--mutant", mutant, "--out", folder) == 21
    return printed.getvalue()


def replayed(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert fuzz("--replay", folder / "finding-1.json", "--out", folder) == 21
    return capsys.readouterr().out


def test_a_finding_of_clients_is_saved_small_and_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = found(tmp_path, "forgets-the-session")
    assert "--reads 1" in out
    assert f"what clients saw: {tmp_path / 'finding-1.history.json'}" in out
    plan = read_finding(tmp_path / "finding-1.json").plan
    assert plan.reads is not None
    assert (plan.clients, plan.faults) == (1, "none")
    assert "the same: history: " in replayed(tmp_path, capsys)
    # What was saved is what the judge refuses; the run itself breaks no rule of Startup.
    calls = msgspec.json.decode((tmp_path / "finding-1.history.json").read_bytes(), type=tuple[Call, ...])
    assert not is_linearizable(calls)
    [verdict] = OracleEngine(spec_dir()).validate([tmp_path / "finding-1.ndjson"])
    assert verdict.status is Status.ACCEPTED
    assert not (tmp_path / "finding-1.min.ndjson").exists()


@pytest.mark.parametrize(
    ("mutant", "kind", "action"),
    [("sends-at-once", "binlog", "Dump"), ("forgets-dirty-pages", "pages", "Checkpoint")],
)
def test_a_finding_beside_the_log_is_saved_small_and_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mutant: str, kind: str, action: str
) -> None:
    out = found(tmp_path, mutant)
    assert f"--{kind} 1" in out
    assert getattr(read_finding(tmp_path / "finding-1.json").plan, kind)
    assert f"{action}: the specification does not allow it" in replayed(tmp_path, capsys)
    traces = tmp_path / "finding-1.ndjson", tmp_path / "finding-1.min.ndjson"
    verdicts = OracleEngine(spec_dir()).validate(traces)
    assert [one.status for one in verdicts] == [Status.REFUSED] * 2
    assert verdicts[1].events < verdicts[0].events


def test_a_finding_of_before_readers_is_read(tmp_path: Path) -> None:
    plan = {"seed": 1, "nodes": 3, "log_nodes": 1, "faults": "all", "clients": 1, "steps": 9}
    trouble = {"cause": ["refused"], "text": "", "step": 1}
    old = {
        "redoraft_finding": 1,
        "plan": plan,
        "mutant": None,
        "trouble": trouble,
        "command": "",
        "example": 1,
    }
    path = tmp_path / "f.json"
    path.write_text(json.dumps(old))
    assert read_finding(path).plan == Plan(**plan)  # type: ignore[arg-type]
