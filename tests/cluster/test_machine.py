"""The cluster as a state machine: right as it is; and with a rule taken out it is found, made short and saved
as what the commands take again."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import settings
from tests.machines import Wrong

from redoraft.scenario.walk import Move
from redoraft_check.cli import main
from redoraft_check.fuzz.as_scenario import scenario_of
from redoraft_check.fuzz.example import Subject
from redoraft_check.fuzz.walks import TRIO, JudgedWalk, finding_of, judge_walk, read_walk
from redoraft_check.json_file import write_json
from redoraft_check.paths import spec_dir
from redoraft_check.validate.mapping import load_mapping
from redoraft_traces.scenario import read_scenario

from .machine import ClusterMachine, run_machine, save

SETTINGS = settings(deadline=None, max_examples=50, stateful_step_count=30, report_multiple_bugs=False)
FOUND = settings(SETTINGS, derandomize=True, database=None)
SHORT = 12
"""Steps of a scenario that is short: eight are needed, of which two may come twice."""


@pytest.fixture(scope="module", autouse=True)
def specification() -> None:
    """Compiled before Hypothesis runs: the oracle raises the recursion limit, which Hypothesis minds."""
    JudgedWalk(Subject())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Without LOG-5: the folder, and what the failure says."""
    folder = tmp_path_factory.mktemp("machine")
    with pytest.raises(Wrong) as wrong:
        run_machine(lambda: JudgedWalk(Subject("acks-before-fsync")), FOUND, folder=folder)
    return folder, str(wrong.value)


def words_of(said: str) -> list[str]:
    """The command that the failure names, without `redoraft`."""
    [again] = re.findall(r"take it again with: redoraft (.*)", said)
    return shlex.split(again)


def everybody(*moves: str) -> list[Move]:
    return [Move(do, node) for node in TRIO.nodes for do in moves]


ARRIVES = [Move("deliver")] * 12
LED = [
    Move("time out", "n1"),
    *ARRIVES,
    *everybody("fsync"),
    *ARRIVES,
    *everybody("apply"),
]
"""n1 leads, has committed its marker and serves."""
FLUSHED = [Move("commit", "n1"), Move("close", "n1"), Move("fsync", "n1"), Move("flush", "n1")]


def test_the_cluster_keeps_to_the_specification() -> None:
    run_machine(lambda: JudgedWalk(Subject()), SETTINGS)


def test_its_rules_lead_to_every_action_of_the_specification() -> None:
    found: list[JudgedWalk] = []
    machine = ClusterMachine(JudgedWalk(Subject()), found)
    machine.start(leader="n1", has_tail=True)
    for leader in ("n2", "n3", "n1"):
        machine.lead(leader, works=True)
    machine.transaction("n1", 0)
    machine.rounds("n1")
    machine.shut_down("n2")
    machine.rounds("n1")
    seen = {event.action for event in machine.judged.walk.events}
    assert seen == set(load_mapping(spec_dir()).rows)
    assert found == []


def test_a_missing_rule_is_found_and_said_in_a_short_scenario(
    found: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, said = found
    assert "Acknowledge: the specification does not allow it" in said
    words = words_of(said)
    assert words == ["replay", str(folder / "found-cluster.toml"), "--mutant", "acks-before-fsync"]
    scenario = read_scenario(folder / "found-cluster.toml")
    assert (scenario.rule, scenario.steps[-1].do) == ("LOG-5", "Acknowledge")
    assert len(scenario.steps) <= SHORT
    assert main([*words, "--out", str(tmp_path)]) == 21
    assert "FAILS: it does what the specification forbids" in capsys.readouterr().out
    assert main([*words[:2], "--out", str(tmp_path)]) == 0
    assert "passes: refused by rule LOG-5" in capsys.readouterr().out


def test_a_scenario_without_a_rule_passes_where_the_specification_allows_it(
    found: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the machine writes it when nobody knows which rule is broken."""
    text = (found[0] / "found-cluster.toml").read_text().replace('rule = "LOG-5"\n', "")
    path = tmp_path / "found.toml"
    path.write_text(text)
    words = ["replay", str(path), "--out", str(tmp_path)]
    assert main(words) == 0
    assert "passes: the specification allows all that was done" in capsys.readouterr().out
    assert main([*words, "--mutant", "acks-before-fsync"]) == 21
    # It parts from a step in the middle, so it shows nothing.
    path.write_text(text.replace('node = "n2", do = "GrantVote"', 'node = "n2", do = "BecomeLeader"'))
    assert main(words) == 1


def test_a_walk_is_taken_again_from_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a scenario has no words for: here the mutant is one of the pages."""
    judged = judge_walk([*LED, *FLUSHED], Subject("flushes-ahead"))
    assert judged.trouble is not None
    assert judged.trouble.cause == ("diverged", "LIM-2")
    assert scenario_of(judged, "") is None
    saved = save(judged, tmp_path)
    words = shlex.split(saved.again.removeprefix("redoraft "))
    assert words == ["fuzz", "--replay", str(tmp_path / "found-cluster.json")]
    assert main([*words, "--out", str(tmp_path)]) == 21
    assert "found-cluster.json: the same: LIM-2" in capsys.readouterr().out
    whole = json.loads(saved.path.read_text())
    saved.path.write_text(json.dumps(whole | {"mutant": None}))
    assert main([*words, "--out", str(tmp_path)]) == 0
    assert "not found any more" in capsys.readouterr().out


def test_a_crash_stands_in_the_scenario_with_what_the_restart_has_found(tmp_path: Path) -> None:
    """Sectors are chosen in the walk; the scenario has whole mtrs, and leads to the same refusal."""
    crash = [Move("write", "n1"), Move("crash", "n1", log=-1, pages=-1), Move("restart", "n1")]
    moves = [*LED, Move("commit", "n1"), *crash, Move("time out", "n2"), Move("duplicate")]
    judged = judge_walk([*moves, Move("crash", "n2"), Move("restart", "n2")], Subject("forgets-vote"))
    assert judged.trouble is not None
    assert judged.trouble.cause == ("refused", "Restart")
    saved = save(judged, tmp_path)
    assert saved.path.suffix == ".toml"
    steps = read_scenario(saved.path).steps
    assert [step.node for step in steps if step.do == "Crash"] == ["n1"]
    assert main([*shlex.split(saved.again.removeprefix("redoraft ")), "--out", str(tmp_path)]) == 21


def test_which_sectors_survive_decides_what_a_restart_finds() -> None:
    lengths = []
    for kept in (-1, 0):
        moves = [*LED, Move("mtr", "n1"), Move("close", "n1"), Move("write", "n1")]
        judged = judge_walk([*moves, Move("crash", "n1", log=kept), Move("restart", "n1")], Subject())
        assert judged.trouble is None
        node = judged.walk.stage.actors[TRIO.nodes[0]].node
        assert node is not None
        lengths.append(node.last_lsn)
    assert lengths[0] > lengths[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"redoraft_walk": 9}, "version 9 of walks"),
        ({"mutant": "H99"}, "no mutant is called 'H99'"),
        ({"moves": [{"do": "dance"}]}, "move 1: no move is called 'dance'"),
        ({"moves": [{"do": "crash"}]}, "move 1: no node of this cluster is called ''"),
        ({"moves": [{"do": "fsync", "node": "n9"}]}, "move 1: no node of this cluster is called 'n9'"),
        ({"moves": [{"do": "drop", "at": -1}]}, "move 1: a number below 0"),
        ({"log_nodes": ["n1"]}, "each named once"),
        ({"moves": 3}, "not a walk of redoraft fuzz"),
    ],
)
def test_a_file_that_is_no_walk(
    change: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = judge_walk([*LED, *FLUSHED], Subject("flushes-ahead"))
    path = tmp_path / "walk.json"
    write_json(path, finding_of(judged))
    assert read_walk(path) == finding_of(judged)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert main(["fuzz", "--replay", str(path), "--out", str(tmp_path)]) == 65
    assert said in capsys.readouterr().err
