"""Every committed scenario: the implementation refuses it by its rule, and its mutant does not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from redoraft.raft.mutants import MUTANTS
from redoraft_check.commands.replay import Ending, Report, run_scenarios
from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces.scenario import read_scenario, write_scenario

FOLDER = Path(__file__).parent
SCENARIOS = sorted(FOLDER.glob("*.toml"))
MUTANT_OF = {mutant.rule: mutant for mutant in MUTANTS.values()}

# A rule that the first step of its scenario breaks: nothing is recorded, so nothing can be judged.
REFUSED_AT_ONCE = {"CL-1"}


def judge() -> OracleEngine:
    return OracleEngine(spec=spec_dir())


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Every scenario, without a mutant."""
    reports = run_scenarios(SCENARIOS, None, judge(), tmp_path_factory.mktemp("right"))
    return {report.run.scenario.rule: report for report in reports}


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Every scenario, with the mutant of its rule."""
    reports = [
        run_scenarios([path], MUTANT_OF[path.stem], judge(), tmp_path_factory.mktemp("wrong"))[0]
        for path in SCENARIOS
    ]
    return {report.run.scenario.rule: report for report in reports}


def test_every_mutant_has_its_scenario() -> None:
    assert {read_scenario(path).rule for path in SCENARIOS} == set(MUTANT_OF)
    assert all(path.stem == read_scenario(path).rule for path in SCENARIOS)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_implementation_refuses_a_step_by_the_rule(path: Path, right: dict[str, Report]) -> None:
    report = right[path.stem]
    parting = report.run.parting
    assert parting is not None
    assert parting.decisions, "nothing that the rule decides was asked in that step"
    (method,) = (name for name in vars(MUTANT_OF[path.stem].rules) if not name.startswith("_"))
    assert {one.question for one in parting.decisions} == {method}
    wanted = Status.EMPTY if path.stem in REFUSED_AT_ONCE else Status.ACCEPTED
    assert report.verdict.status is wanted, report.verdict.reason
    assert report.ending is Ending.REFUSED


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_mutant_takes_every_step_and_its_trace_is_refused(path: Path, wrong: dict[str, Report]) -> None:
    report = wrong[path.stem]
    assert report.run.parting is None
    assert len(report.run.taken) == len(report.run.scenario.steps)
    assert report.verdict.status is Status.REFUSED
    assert report.ending is Ending.FOLLOWED


@pytest.mark.parametrize("rule", sorted(MUTANT_OF))
def test_the_trace_goes_wrong_where_the_rule_refuses(
    rule: str, right: dict[str, Report], wrong: dict[str, Report]
) -> None:
    parting = right[rule].run.parting
    assert parting is not None
    refused = msgspec.json.decode(wrong[rule].verdict.event or "{}")
    assert (refused["node"], refused["action"]) == (parting.step.node, parting.step.do)


def test_another_mutant_is_refused_by_the_rule_too(tmp_path: Path) -> None:
    (report,) = run_scenarios([FOLDER / "H8.toml"], MUTANT_OF["H9"], judge(), tmp_path)
    assert report.ending is Ending.REFUSED
    assert report.run.parting is not None


def test_a_scenario_that_goes_astray_is_no_pass(tmp_path: Path) -> None:
    """A step that nothing can take is not the rule's doing."""
    scenario = read_scenario(FOLDER / "H8.toml")
    steps = [one for one in scenario.steps if one.do != "GrantVote"]
    write_scenario(tmp_path / "astray.toml", msgspec.structs.replace(scenario, steps=steps))
    (report,) = run_scenarios([tmp_path / "astray.toml"], None, judge(), tmp_path)
    assert report.ending is Ending.STRAYED
    assert report.run.parting is not None
    assert report.run.parting.decisions == ()


def test_a_replay_is_the_same_every_time(tmp_path: Path) -> None:
    runs = [run_scenarios([FOLDER / "H9.toml"], None, judge(), tmp_path)[0].run for _ in range(2)]
    assert runs[0].events == runs[1].events
