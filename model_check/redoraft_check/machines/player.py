"""A machine's scenario, played: by the implementation as it is, or with a rule taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from redoraft.mutants import AnyMutant, rules_of
from redoraft.raft.rules import Rules
from redoraft.redo.rules import LogRules
from redoraft.storage.rules import StorageRules
from redoraft_check.machines.judged import Judged
from redoraft_check.machines.log_machine import LogMachine, wrong_log_step
from redoraft_check.machines.scenario import LogScenario, MachineScenario, StorageScenario, kind_of
from redoraft_check.machines.storage_machine import StorageMachine, wrong_storage_step

PARTS: Final[dict[str, tuple[type, ...]]] = {"storage": (StorageRules, Rules), "log": (LogRules,)}
"""Of which parts of a node a scenario of each kind has the rules."""


def wrong_step(scenario: MachineScenario) -> str | None:
    """Why nobody can take a scenario, in one line; None if somebody can."""
    wrong: Iterator[str | None]
    match scenario:
        case StorageScenario():
            wrong = map(wrong_storage_step, scenario.steps)
        case LogScenario():
            wrong = map(wrong_log_step, scenario.steps)
    return next((f"step {number}: {what}" for number, what in enumerate(wrong, 1) if what is not None), None)


def has_rule_of(scenario: MachineScenario, mutant: AnyMutant) -> bool:
    """Whether what a scenario plays has the rule that the mutant takes out."""
    return issubclass(mutant.rules, PARTS[kind_of(scenario)])


def play_scenario(
    scenario: MachineScenario, mutant: AnyMutant | None = None, spec: str | None = None
) -> Judged[Any]:
    """Play it up to its end, or to what is wrong.  Raises `CliError` (65) for a specification that cannot be
    read."""
    rules = rules_of(mutant)
    judged: Judged[Any] = (
        StorageMachine(rules, spec) if isinstance(scenario, StorageScenario) else LogMachine(rules, spec)
    )
    judged.play(scenario.steps)
    return judged


def shortened(scenario: MachineScenario, mutant: AnyMutant | None = None) -> MachineScenario:
    """The same without the steps that what it shows does not need."""
    found = play_scenario(scenario, mutant).trouble
    assert found is not None, "a scenario that shows something"
    at = len(scenario.steps)
    while at > 0:
        at -= 1
        fewer = scenario.steps[:at] + scenario.steps[at + 1 :]
        tried = msgspec.structs.replace(scenario, steps=fewer)
        trouble = play_scenario(tried, mutant).trouble if fewer else None
        if trouble is not None and trouble.cause == found.cause:
            scenario = tried
    return scenario


def scenario_of(judged: Judged[Any], mutant: AnyMutant | None, source: str) -> MachineScenario:
    """What a machine was given, as a scenario: of the rule that its mutant takes out."""
    title = mutant.summary if mutant else "" if judged.trouble is None else judged.trouble.text
    rule = mutant.rule if mutant else ""
    steps = tuple(judged.steps)
    if isinstance(judged, StorageMachine):
        return StorageScenario(rule=rule, title=title, source=source, steps=steps)
    return LogScenario(rule=rule, title=title, source=source, steps=steps)
