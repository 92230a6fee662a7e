"""Every committed scenario: the implementation refuses it by its rule, and its mutant does not."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.raft.mutants import MUTANTS
from redoraft.scenario import replay
from redoraft_check.cli import main
from redoraft_check.commands.replay import Ending, Report, run_scenarios
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.manifest import load_manifest
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces.scenario import Scenario, Step, read_scenario, write_scenario

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
    reports = run_scenarios([(path, None) for path in SCENARIOS], judge(), tmp_path_factory.mktemp("right"))
    return {report.run.scenario.rule: report for report in reports}


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Every scenario, with the mutant of its rule."""
    wanted = [(path, MUTANT_OF[path.stem]) for path in SCENARIOS]
    reports = run_scenarios(wanted, judge(), tmp_path_factory.mktemp("wrong"))
    return {report.run.scenario.rule: report for report in reports}


def test_every_mutant_has_its_scenario() -> None:
    assert {read_scenario(path).rule for path in SCENARIOS} == set(MUTANT_OF)
    assert all(path.stem == read_scenario(path).rule for path in SCENARIOS)


def test_the_page_has_every_rule_without_a_scenario() -> None:
    """A rule that is refuted in another module than RaftRedo or Startup stands in the row of that module."""
    manifest = load_manifest(spec_dir() / "models")
    module_of = {
        rule.id: manifest.model(rule.model).module.removeprefix("MC").removesuffix("Terms")
        for rule in manifest.rules
    }
    driven = {rule for rule, module in module_of.items() if module in ("RaftRedo", "Startup")}
    assert driven == {path.stem for path in SCENARIOS}

    page = (FOLDER.parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*) \| ([A-Z][^|]*) \| [^|]*tests[^|]* \|$", page, re.MULTILINE)
    ids = list(module_of)
    told: dict[str, set[str]] = {}
    for modules, rules in rows:
        for item in rules.split(", "):
            first, _, last = item.partition(" to ")
            if item.endswith("*"):
                found = {rule for rule in ids if rule.startswith(item[:-1])}
            else:
                found = set(ids[ids.index(first) : ids.index(last or first) + 1])
            for rule in found:
                told.setdefault(rule, set()).update(re.findall(r"`(\w+)`", modules))
    assert told.keys() == module_of.keys() - driven
    assert [rule for rule, modules in told.items() if module_of[rule] not in modules] == []


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
    (report,) = run_scenarios([(FOLDER / "H8.toml", MUTANT_OF["H9"])], judge(), tmp_path)
    assert report.ending is Ending.REFUSED
    assert report.run.parting is not None


def test_a_scenario_that_goes_astray_is_no_pass(tmp_path: Path) -> None:
    """A step that nothing can take is not the rule's doing."""
    scenario = read_scenario(FOLDER / "H8.toml")
    steps = [one for one in scenario.steps if one.do != "GrantVote"]
    write_scenario(tmp_path / "astray.toml", msgspec.structs.replace(scenario, steps=steps))
    (report,) = run_scenarios([(tmp_path / "astray.toml", None)], judge(), tmp_path)
    assert report.ending is Ending.STRAYED
    assert report.run.parting is not None
    assert report.run.parting.decisions == ()


def test_a_replay_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = run_scenarios([(FOLDER / "H9.toml", None)] * 2, judge(), tmp_path)
    assert first.run.events == second.run.events
    assert first.verdict.path != second.verdict.path


def test_the_page_says_what_happens(right: dict[str, Report]) -> None:
    page = (FOLDER.parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([\w-]+) \| (\d+) of (\d+) \| (\w+): .*\| (\w+)\(.*\): (.+), (.+) \|$", page, re.M
    )
    for rule, taken, steps, action, question, answer, other in rows:
        run = right[rule].run
        assert run.parting is not None
        (decision,) = run.parting.decisions[:1]
        assert (int(taken), int(steps)) == (len(run.taken), len(run.scenario.steps))
        assert (action, question) == (run.parting.step.do, decision.question)
        assert (answer, other) == (str(decision.answer), str(decision.other))
    assert {found[0] for found in rows} == set(MUTANT_OF)


_STEPS = [step for path in SCENARIOS for step in read_scenario(path).steps]


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(st.sampled_from(_STEPS), min_size=1, max_size=25),
    nodes=st.lists(st.sampled_from(["n1", "n2", "n3"]), min_size=25, max_size=25),
    numbers=st.lists(st.integers(-2, 5), min_size=25, max_size=25),
    mutant=st.sampled_from(sorted(MUTANT_OF)),
)
def test_no_scenario_breaks_the_stage(
    steps: list[Step], nodes: list[str], numbers: list[int], mutant: str
) -> None:
    """Steps in any order, of any node, with any numbers: taken or not taken, and nothing else."""
    changed = [
        Step(
            node=node,
            do=step.do,
            args={name: number if isinstance(value, int) else value for name, value in step.args.items()},
        )
        for step, node, number in zip(steps, nodes, numbers, strict=False)
    ]
    rules = MUTANT_OF[mutant].rules()
    scenario = Scenario(rule=mutant, data_nodes=["n1", "n2"], log_nodes=["n3"], steps=changed)
    run = replay(scenario, rules, rules)
    assert len(run.taken) + (run.parting is not None) <= len(changed)
    assert (run.parting is None) == (len(run.taken) == len(changed))


@pytest.mark.tlc
@pytest.mark.parametrize("rule", ["H16", "LIM-4"])
def test_the_committed_scenario_is_what_why_writes(rule: str, tmp_path: Path) -> None:
    made, trace = tmp_path / "made.toml", tmp_path / "made.ndjson"
    words = ["why", rule, "--no-repaired", "-q", "--scenario", str(made), "--trace", str(trace)]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert made.read_text(encoding="utf-8") == (FOLDER / f"{rule}.toml").read_text(encoding="utf-8")
    (on,) = judge().validate([trace])
    (off,) = OracleEngine(spec=spec_dir(), off=(rule,)).validate([trace])
    assert (on.status, off.status) == (Status.REFUSED, Status.ACCEPTED)
