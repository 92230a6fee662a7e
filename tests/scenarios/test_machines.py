"""Scenarios of log files and of storage: what a machine finds without a rule; with the rule they pass."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryFile
from redoraft.mutants import find_mutant
from redoraft_check.cli import main
from redoraft_check.machines.judged import Judged
from redoraft_check.machines.log_machine import OPERATIONS as ON_LOG
from redoraft_check.machines.log_machine import LogMachine
from redoraft_check.machines.player import play_scenario, shortened
from redoraft_check.machines.scenario import (
    LogScenario,
    LogStep,
    MachineScenario,
    StorageScenario,
    StorageStep,
    machine_scenario_text,
    read_machine_scenario,
    write_machine_scenario,
)
from redoraft_check.machines.storage_machine import OPERATIONS as ON_STORAGE
from redoraft_check.machines.storage_machine import StorageMachine

FOLDER = Path(__file__).parent / "machines"
SCENARIOS = sorted(path for path in FOLDER.glob("*.toml") if not path.stem.startswith("found-"))
H12_TAIL = FOLDER / "log-H12-tail.toml"
SHORT = 13

LOG_RULES = {"H11", "H12-block", "H12-files", "H12-mark", "H12-start", "H12-sync", "H12-tail", "LOG-8"}
STORAGE_RULES = {
    "APPLY",
    "CKPT-fuzzy",
    "CKPT-grows",
    "H13",
    "H22",
    "H33",
    "LIM-1",
    "LIM-2",
    "LIM-3",
    "TORN-1",
}


def read(path: Path) -> MachineScenario:
    scenario = read_machine_scenario(path)
    assert scenario is not None
    return scenario


def mutant_of(path: Path) -> str:
    """The one that takes the scenario's rule out of the part that it plays."""
    names = {"log-H11": "cuts-below", "log-LOG-8": "forgets-followers"}
    mutant = find_mutant(names.get(path.stem, read(path).rule))
    assert mutant is not None
    return mutant.name


def test_every_rule_that_a_machine_shows_has_its_scenario() -> None:
    wanted = {f"log-{rule}" for rule in LOG_RULES} | {f"storage-{rule}" for rule in STORAGE_RULES}
    assert {path.stem for path in SCENARIOS} == wanted
    assert all(path.stem.endswith(f"-{read(path).rule}") for path in SCENARIOS)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_without_its_rule_it_fails_and_with_it_it_passes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario, mutant = read(path), mutant_of(path)
    assert len(scenario.steps) <= SHORT
    assert main(["replay", str(path), "--mutant", mutant]) == 21
    said = capsys.readouterr().out
    assert "FAILS: it does what the specification forbids" in said
    assert f"    the mutant {mutant}, step {len(scenario.steps)}, " in said
    assert main(["replay", str(path)]) == 0
    assert "passes: the specification allows all that was done" in capsys.readouterr().out


def test_a_playing_is_the_same_every_time() -> None:
    scenario = read(FOLDER / "storage-TORN-1.toml")
    mutant = find_mutant("writes-in-place")
    assert play_scenario(scenario, mutant).trouble == play_scenario(scenario, mutant).trouble is not None


@pytest.mark.parametrize("page", ["scenarios.md", "redo-format.md"])
def test_the_pages_show_real_output(
    page: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = FOLDER.parents[2]
    monkeypatch.chdir(root)
    text = (root / "docs" / page).read_text(encoding="utf-8")
    shown = re.findall(r"^    \$ redoraft (replay .*machines/.*)\n((?:    .*\n)+)", text, re.M)
    assert len(shown) == 2
    for words, output in shown:
        main(shlex.split(words))
        assert textwrap.dedent(output) == capsys.readouterr().out


@pytest.mark.parametrize(
    ("judged", "steps", "said"),
    [
        (LogMachine, [LogStep(do="append"), LogStep(do="fsync")], "LOG-5: 1 entries are told"),
        (LogMachine, [LogStep(do="append", count=5), LogStep(do="write")], "crash: the node cannot start"),
        (
            StorageMachine,
            [
                StorageStep(do="committed grows", kinds=("p1",)),
                StorageStep(do="receive committed"),
                StorageStep(do="fsync", upto=2),
                StorageStep(do="learn"),
                StorageStep(do="apply", count=2),
                StorageStep(do="flush list"),
            ],
            "crash: p1: went back",
        ),
    ],
)
def test_a_disk_that_only_says_that_it_has_synced_is_noticed(
    judged: Callable[[], Judged[Any]], steps: list[Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told to be durable, a file that the next one needs, a page."""
    right, wrong = judged(), judged()
    right.play(steps)
    assert right.trouble is None
    monkeypatch.setattr(MemoryFile, "fsync", lambda _self: None)
    wrong.play(steps)
    assert wrong.trouble is not None
    assert wrong.trouble.text.startswith(said)


def test_steps_that_are_not_needed_go() -> None:
    scenario, mutant = read(H12_TAIL), find_mutant("keeps-tail")
    assert isinstance(scenario, LogScenario)
    longer = msgspec.structs.replace(scenario, steps=(LogStep(do="delete"), *scenario.steps))
    assert shortened(longer, mutant) == scenario


def test_kinds_can_be_mixed_and_told_in_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [H12_TAIL, FOLDER.parent / "H8.toml", FOLDER / "storage-LIM-3.toml"]
    assert main(["replay", *map(str, files), "--format", "json", "--out", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["scenario"] for one in told] == list(map(str, files))
    assert [one["ending"] for one in told] == ["allowed", "refused", "allowed"]


def test_a_scenario_of_which_nothing_is_possible_shows_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_machine_scenario(tmp_path / "none.toml", StorageScenario(steps=(StorageStep(do="learn"),)))
    assert main(["replay", str(tmp_path / "none.toml")]) == 1
    assert "NOT FOLLOWED: none of its steps was possible" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "tlc"], "judged by the oracle only"),
        (["--mutant", "flushes-ahead"], "out of another part than a scenario of kind log plays"),
        (["--mutant", "forgets-vote"], "out of another part than a scenario of kind log plays"),
    ],
)
def test_what_a_machine_cannot_do(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(H12_TAIL), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("redoraft_scenario = 1", "redoraft_scenario = 2", "redoraft_scenario is 2, this program reads 1"),
        ('kind = "log"', 'kind = "raft"', "Invalid value 'raft' - at `$.kind`"),
        ('do = "append"', 'do = "dance"', "no operation is called 'dance': append, write,"),
        ('do = "append"', 'do = "append", branch = 9', "branch 9 is none of 1 to 5"),
        ('do = "append"', 'do = "append", count = -1', "Expected `int` >= 0"),
        ('do = "append"', 'do = "append", page = "p1"', "unknown field `page`"),
        ('do = "append"', 'do = "crash", after = 1', "power has failed already"),
        ("steps = [", "steps = []\nothers = [", "Expected `array` of length >= 1"),
    ],
)
def test_a_file_that_is_no_scenario(
    before: str, after: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = machine_scenario_text(LogScenario(steps=(LogStep(do="append"), LogStep(do="write"))))
    assert before in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(before, after))
    assert main(["replay", str(path)]) == 65
    captured = capsys.readouterr()
    assert said in captured.err
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (StorageStep(do="receive", term=9), "step 1: term 9 is none of 1, 2, 3"),
        (StorageStep(do="receive", kinds=("p9",)), "step 1: no mtr is of kind 'p9'"),
        (StorageStep(do="flush page", page="p9"), "step 1: no page is called 'p9'"),
        (StorageStep(do="write mtr"), "step 1: kinds of write mtr names one kind"),
        (StorageStep(do="learn", after=1), "step 1: learn does not write"),
    ],
)
def test_a_step_that_nobody_can_take(
    step: StorageStep, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_machine_scenario(tmp_path / "wrong.toml", StorageScenario(steps=(step,)))
    assert main(["replay", str(tmp_path / "wrong.toml")]) == 65
    assert said in capsys.readouterr().err


LOG_STEPS = st.builds(
    LogStep,
    do=st.sampled_from(list(ON_LOG)),
    branch=st.integers(1, 5),
    count=st.integers(0, 9),
    keep=st.integers(-1, 2**62),
    after=st.none() | st.integers(0, 9),
)
STORAGE_STEPS = st.builds(
    StorageStep,
    do=st.sampled_from(list(ON_STORAGE)),
    kinds=st.lists(st.sampled_from(["p1", "note"]), max_size=3).map(tuple),
    keep=st.integers(-1, 2**62),
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(
    scenario=st.builds(LogScenario, title=WORDS, steps=st.lists(LOG_STEPS, min_size=1).map(tuple))
    | st.builds(StorageScenario, rule=WORDS, steps=st.lists(STORAGE_STEPS, min_size=1).map(tuple))
)
def test_what_is_written_is_read(scenario: MachineScenario, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("scenario") / "one.toml"
    write_machine_scenario(path, scenario)
    assert read(path) == scenario
