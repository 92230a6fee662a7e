"""`redoraft replay` of a machine's scenario: the files of a log, or a storage engine, judged step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from attrs import frozen

from redoraft.mutants import AnyMutant
from redoraft_check.exits import CliError, Exit
from redoraft_check.machines.judged import Judged
from redoraft_check.machines.player import has_rule_of, play_scenario, wrong_step
from redoraft_check.machines.scenario import AnyStep, MachineScenario, kind_of
from redoraft_check.report.record import command_line
from redoraft_traces.scenario import toml_pairs

SPEC_OF: Final = {"storage": "StorageLimits", "log": "LogBlocks"}


@frozen
class MachineReport:
    """A machine's scenario, and what came of it."""

    path: Path
    scenario: MachineScenario
    mutant: AnyMutant | None
    played: Judged[Any]

    @property
    def exit(self) -> Exit:
        """0: the specification allows all of it; 21: it does not; 1: nothing of it was possible."""
        if self.played.trouble is not None:
            return Exit.REJECTED
        return Exit.HELD if self.played.taken else Exit.DISAGREES

    @property
    def ending(self) -> str:
        """The word for it, as of the other scenarios."""
        return {Exit.REJECTED: "followed", Exit.HELD: "allowed"}.get(self.exit, "strayed")

    def as_dict(self) -> dict[str, object]:
        """For `--format json`."""
        played, trouble = self.played, self.played.trouble
        return {
            "scenario": str(self.path),
            "kind": played.kind,
            "rule": self.scenario.rule,
            "mutant": self.mutant.name if self.mutant else None,
            "ending": self.ending,
            "exit_code": int(self.exit),
            "taken": played.taken,
            "steps": len(self.scenario.steps),
            "trouble": {"step": trouble.step, "cause": list(trouble.cause), "text": trouble.text}
            if trouble
            else None,
            "seen": {"states": len(played.seen.states), "pairs": len(played.seen.pairs)},
        }

    def text(self, *, verbose: bool) -> str:
        """For a reader."""
        played, scenario, trouble = self.played, self.scenario, self.played.trouble
        who = f"the mutant {self.mutant.name}" if self.mutant else "the implementation"
        lines = [f"{self.path}: {_SENTENCES[self.ending]}"]
        about = ": ".join(filter(None, (scenario.rule, scenario.title)))
        lines += [f"    {about}"] if about else []
        if trouble is None:
            lines.append(f"    {who} took {played.taken} of {len(scenario.steps)} steps")
        if verbose:
            lines += [f"    {number:>3}  {_step(one)}" for number, one in enumerate(played.steps, 1)]
        if trouble is not None:
            lines.append(f"    {who}, step {trouble.step}, {_step(scenario.steps[trouble.step - 1])}:")
            lines.append(f"    {trouble.text}")
        seen = f"{len(played.seen.states)} shapes of states, {len(played.seen.pairs)} pairs of actions"
        lines.append(f"    judged by {SPEC_OF[played.kind]}: {seen}")
        words = ["--mutant", self.mutant.name] if self.mutant else []
        return "\n".join([*lines, f"    repeat with: {command_line('replay', str(self.path), *words)}"])


def replay_machine(
    path: Path, scenario: MachineScenario, mutant: AnyMutant | None, spec: Path
) -> MachineReport:
    """Play it.  Raises `CliError` (65) for a step that nobody can take, (2) for a mutant of another part."""
    wrong = wrong_step(scenario)
    if wrong is not None:
        raise CliError(Exit.BAD_INPUT, f"{path}: {wrong}")
    if mutant is not None and not has_rule_of(scenario, mutant):
        raise CliError(
            Exit.USAGE,
            f"{mutant.name} takes {mutant.rule} out of another part than a scenario of kind"
            f" {kind_of(scenario)} plays: see redoraft simulate --list-mutants",
        )
    return MachineReport(path, scenario, mutant, play_scenario(scenario, mutant, str(spec)))


def _step(step: AnyStep) -> str:
    words: dict[str, object] = msgspec.to_builtins(step)
    args = ", ".join(toml_pairs({name: value for name, value in words.items() if name != "do"}))
    return f"{words['do']}" + (f" ({args})" if args else "")


_SENTENCES: Final = {
    "followed": "FAILS: it does what the specification forbids",
    "allowed": "passes: the specification allows all that was done",
    "strayed": "NOT FOLLOWED: none of its steps was possible",
}
