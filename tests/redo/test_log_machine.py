"""The files of a log in lockstep with spec/LogBlocks.tla: every operation is steps of it, every state judged.

A crash may come at any step, and in the middle of any operation of the disk; before each change of the disk
every crash that may come then is tried.  What is found is made small, and saved as a scenario.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.machines import SETTINGS, JudgedMachine, found_without, run_machine

from redoraft_check.machines.log_lockstep import blocks
from redoraft_check.machines.log_machine import OPERATIONS, LogMachine
from redoraft_check.machines.log_world import BRANCHES
from redoraft_check.machines.scenario import LogStep

BRANCH = st.integers(1, len(BRANCHES))
COUNT = st.integers(0, 3)
BITS = st.integers(-1, 2**16)
AFTER = st.none() | st.integers(0, 8)
PLAIN = tuple(do for do in OPERATIONS if do not in {"crash", "restart"})


class Log(JudgedMachine[LogStep]):
    """The list of operations is flat: what the rules do is what a scenario has."""

    @property
    def runs(self) -> bool:
        judged = self.judged
        assert isinstance(judged, LogMachine)
        return judged.world.log is not None

    @precondition(lambda self: self.runs)
    @rule(do=st.sampled_from(PLAIN), branch=BRANCH, count=COUNT)
    def plain(self, do: str, branch: int, count: int) -> None:
        self.steps([LogStep(do=do, branch=branch, count=count)])

    @precondition(lambda self: self.runs)
    @rule(do=st.sampled_from(PLAIN), branch=BRANCH, count=COUNT, after=st.integers(0, 8), keep=BITS)
    def power_fails(self, do: str, branch: int, count: int, after: int, keep: int) -> None:
        self.steps([LogStep(do=do, branch=branch, count=count, after=after, keep=keep)])

    @precondition(lambda self: self.runs)
    @rule(keep=BITS)
    def crash(self, keep: int) -> None:
        self.steps([LogStep(do="crash", keep=keep)])

    @precondition(lambda self: not self.runs)
    @rule(after=AFTER, keep=BITS)
    def restart(self, after: int | None, keep: int) -> None:
        self.steps([LogStep(do="restart", after=after, keep=keep if after is not None else 0)])

    @precondition(lambda self: self.runs)
    @rule(branch=BRANCH, durably=st.booleans())
    def take_a_leaders_log(self, branch: int, durably: bool) -> None:
        """Cut where it parts from this log, then all of it."""
        steps = [LogStep(do="cut", branch=branch), LogStep(do="append", branch=branch, count=8)]
        self.steps([*steps, LogStep(do="fsync" if durably else "write")])


LONGER = settings(SETTINGS, max_examples=40, stateful_step_count=25)
SHORT = 6
"""Operations of a scenario that is short."""


@pytest.fixture(scope="module", autouse=True)
def specification() -> None:
    """Compiled before Hypothesis runs: the oracle raises the recursion limit, which Hypothesis minds."""
    blocks()


def test_the_files_keep_to_the_specification() -> None:
    run_machine(Log, LogMachine, LONGER)


@pytest.mark.parametrize(("name", "said"), [("keeps-cut-block", "crash: "), ("keeps-tail", "mapped state: ")])
def test_a_missing_rule_is_found_and_said_in_a_short_scenario(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a crash that was tried, by a state that no step leads to."""
    what, scenario = found_without(name, Log, LogMachine, tmp_path, capsys)
    assert what.startswith(said)
    assert len(scenario.steps) <= SHORT


def test_its_operations_lead_to_every_action_of_the_specification() -> None:
    judged = LogMachine()
    machine = Log(judged, [])
    machine.take_a_leaders_log(2, durably=True)
    machine.steps([LogStep(do="cut", branch=1), LogStep(do="append", branch=1, count=1), LogStep(do="write")])
    machine.take_a_leaders_log(3, durably=False)
    machine.take_a_leaders_log(4, durably=True)
    machine.steps([LogStep(do="crash", keep=-1), LogStep(do="restart")])
    assert judged.trouble is None
    seen = {action for _, action in judged.seen.pairs}
    assert seen == {*judged.lockstep.spec.action_names} - {"Crashes"} | {"Crash"}
