"""Scenarios of CCF's raft in our own terms: our nodes take them, and the specification accepts each trace.

They name no rule.  Where the last step is one that must not be taken, `NOT_TAKEN` says so.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft.raft.mutants import MUTANTS
from redoraft_check.commands.replay import Ending, Report, run_scenarios
from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces.scenario import read_scenario

FOLDER = Path(__file__).parent / "ccf"
SCENARIOS = sorted(FOLDER.glob("*.toml"))
NOT_TAKEN = {"branches-in-turns": "AdvanceMajority", "late-vote-request": "GrantVote"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Every scenario, taken by the implementation."""
    wanted = [(path, None) for path in SCENARIOS]
    found = run_scenarios(wanted, OracleEngine(spec=spec_dir()), tmp_path_factory.mktemp("ccf"))
    return {path.stem: report for path, report in zip(SCENARIOS, found, strict=True)}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_it_is_taken_and_the_specification_accepts_it(path: Path, reports: dict[str, Report]) -> None:
    run, ending = reports[path.stem].run, reports[path.stem].ending
    assert ending is Ending.ALLOWED
    steps = len(run.scenario.steps)
    left_out = run.parting.step.do if run.parting is not None else None
    assert left_out == NOT_TAKEN.get(path.stem)
    assert len(run.taken) == steps - (left_out is not None)


def test_without_the_rule_the_entry_of_an_old_term_is_committed(tmp_path: Path) -> None:
    wanted = [(FOLDER / "branches-in-turns.toml", MUTANTS["commits-old-terms"])]
    (report,) = run_scenarios(wanted, OracleEngine(spec=spec_dir()), tmp_path)
    assert report.run.parting is None
    assert report.verdict.status is Status.REFUSED


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_page_names_the_scenario_beside_theirs(path: Path) -> None:
    page = (FOLDER.parents[2] / "docs" / "differences.md").read_text(encoding="utf-8")
    theirs = read_scenario(path).source.removeprefix("CCF ").split(", ")
    rows = [row for row in page.splitlines() if f"`{path.name}`" in row]
    assert rows
    beside = " ".join(row.split("|")[1] for row in rows)
    assert all(f"`{name}" in beside for name in theirs)
