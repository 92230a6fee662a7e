"""Tables in the cluster: clean as it is, and found out with a rule taken out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from redoraft_check.fuzz.example import Subject
from redoraft_check.fuzz.walks import JudgedWalk

from .machine import run_machine
from .tables import TablesMachine

SETTINGS = settings(deadline=None, max_examples=20, stateful_step_count=25, report_multiple_bugs=False)


def begin(mutant: str | None = None) -> JudgedWalk:
    return JudgedWalk(Subject(mutant), ddl=True)


@pytest.fixture(scope="module", autouse=True)
def specification() -> None:
    """Compiled before Hypothesis runs: the oracle raises the recursion limit, which Hypothesis minds."""
    begin()


def test_ddl_and_rows_with_anything_between_two_steps(tmp_path: Path) -> None:
    run_machine(begin, tmp_path, SETTINGS, TablesMachine)
