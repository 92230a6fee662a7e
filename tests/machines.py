"""A state machine of Hypothesis around one of `redoraft_check.machines`: what it finds is made small, written
as a scenario, and the failure says how to take it again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic

import pytest
from hypothesis import Phase, settings, target
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from redoraft.mutants import ALL_MUTANTS, rules_of
from redoraft_check.cli import main
from redoraft_check.machines.judged import Judged, StepT
from redoraft_check.machines.player import play_scenario, scenario_of, shortened
from redoraft_check.machines.scenario import MachineScenario, read_machine_scenario, write_machine_scenario
from redoraft_check.report.record import command_line

FOLDER = Path(__file__).parent / "scenarios" / "machines"
"""Where a finding in the implementation as it is goes, and the committed ones are."""


SETTINGS = settings(deadline=None, max_examples=60, stateful_step_count=20, report_multiple_bugs=False)
"""Of a search for something wrong in the implementation as it is."""
FOUND = settings(
    SETTINGS,
    derandomize=True,
    database=None,
    max_examples=200,
    stateful_step_count=15,
    phases=(Phase.generate, Phase.shrink),
)
"""Of a search that has to end with something."""


class Wrong(AssertionError):
    """Something was found; where it can be taken again is added when it is small."""


class JudgedMachine(RuleBasedStateMachine, Generic[StepT]):
    """A step that is not possible now does nothing."""

    def __init__(self, judged: Judged[StepT], found: list[Judged[StepT]]) -> None:
        super().__init__()
        self.judged, self.found = judged, found

    def steps(self, steps: Iterable[StepT]) -> None:
        for step in steps:
            self.judged.take(step)
            if self.judged.trouble is not None:
                self.found.append(self.judged)
                raise Wrong(self.judged.trouble.text)

    def teardown(self) -> None:
        if self.judged.trouble is None:
            target(float(len(self.judged.seen.states)), label="states of the specification")
            target(float(len(self.judged.seen.pairs)), label="pairs of actions")


def save(judged: Judged[StepT], mutant: str | None, folder: Path) -> str:
    """Write what was found; the line that takes it again, which was seen to show the same."""
    taken_out = ALL_MUTANTS[mutant] if mutant else None
    scenario = scenario_of(judged, taken_out, f"a state machine ({judged.kind})")
    again = play_scenario(scenario, taken_out).trouble
    assert again == judged.trouble, "its scenario shows something else: a machine has no dice"
    path = folder / f"found-{judged.kind}.toml"
    write_machine_scenario(path, shortened(scenario, taken_out))
    return command_line("replay", str(path), *(("--mutant", mutant) if mutant else ()))


def run_machine(
    machine: type[JudgedMachine[StepT]],
    begin: Callable[..., Judged[StepT]],
    how: settings,
    mutant: str | None = None,
    folder: Path = FOLDER,
) -> None:
    """Raises Wrong for what is found, once it is small and saved."""
    found: list[Judged[StepT]] = []
    rules = rules_of(ALL_MUTANTS[mutant] if mutant else None)

    class Machine(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__(begin(rules), found)

    try:
        run_state_machine_as_test(Machine, settings=how)
    except Wrong as wrong:
        again = save(found[-1], mutant, folder)
        raise Wrong(f"{wrong}\ntake it again with: {again}") from None


def found_without(
    mutant: str,
    machine: type[JudgedMachine[StepT]],
    begin: Callable[..., Judged[StepT]],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> tuple[str, MachineScenario]:
    """What is said when a rule is out, and its scenario, which shows it again."""
    with pytest.raises(Wrong) as wrong:
        run_machine(machine, begin, FOUND, mutant, folder)
    [path] = folder.glob("found-*.toml")
    scenario = read_machine_scenario(path)
    assert scenario is not None
    assert scenario.rule == ALL_MUTANTS[mutant].rule
    replayed(str(wrong.value), capsys)
    return str(wrong.value), scenario


def replayed(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that a failure names shows it again with the mutant, and nothing without."""
    [again] = re.findall(r"take it again with: redoraft (.*)", said)
    words = shlex.split(again)
    assert main(words) == 21
    assert "FAILS: it does what the specification forbids" in capsys.readouterr().out
    assert main(words[: words.index("--mutant")]) == 0
    assert "passes: the specification allows all that was done" in capsys.readouterr().out
