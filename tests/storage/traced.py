"""The engine of `World` writes a trace of what it does: one node's storage, judged by StorageLimits alone."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random

from redoraft.mutant import Mutant
from redoraft.raft.mutants import MUTANTS as RAFT
from redoraft.raft.rules import Rules
from redoraft.storage.mutants import MUTANTS
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft_check.counterexample.one_node import Words, header_of
from redoraft_check.machines.storage_lockstep import Lockstep, limits
from redoraft_check.machines.storage_parts import START, lsn_at
from redoraft_check.machines.storage_world import Step, World
from redoraft_check.oracle.spec import Spec, State
from redoraft_check.paths import spec_dir
from redoraft_check.validate.mapping import LIMITS, load_mapping
from redoraft_traces import TraceWriter

from .walks import random_step

ROWS = load_mapping(spec_dir(None)).alone[LIMITS]

STEPS = 80
"""Of a walk that is judged."""

REFUSED = {
    "flushes-ahead": (37, "FlushCopy"),
    "flushes-unsynced": (10, "Checkpoint"),
    "applies-all": (0, "Apply"),
    "passes-dictionary": (16, "Checkpoint"),
    "steps-down": (41, "StepDown"),
}
"""Mutants of the engine: the seed of a walk that shows it, and the event that is refused."""

_AROUND = {"CommittedGrows", "PeerGains"}
"""What the cluster does around the node."""


class Traced(Lockstep):
    """Every action of the specification that the engine takes, with the states around it."""

    def __init__(self, world: World, spec: Spec) -> None:
        super().__init__(world, spec)
        self.steps: list[tuple[str, State, State]] = []
        self._begun = 0

    def follow(self) -> None:
        self._begun = len(self.steps)
        super().follow()

    def _take(self, step: Step) -> None:
        before = self.state
        super()._take(step)
        if step[0] == "Crash":
            # A process that loses power writes nothing; what was done then is what its Restart finds.
            self.steps[self._begun :] = [one for one in self.steps[self._begun :] if one[0] in _AROUND]
        self.steps.append((step[0], before, self.state))

    def write(self, path: Path, source: str) -> Path:
        """Put its trace into a file."""
        words, states = Words(ROWS, lsn=lsn_at), self.spec.as_dict
        first = next(iter(self.spec.initial_states()))
        with TraceWriter(path, header_of(states(first), source, START)) as trace:
            for seq, (action, before, after) in enumerate(self.steps, start=1):
                trace.write(words.event(action, seq, states(before), states(after)))
        return path


def mutant_of(name: str) -> Mutant[StorageRules] | Mutant[Rules]:
    return MUTANTS[name] if name in MUTANTS else RAFT[name]


@cache
def without(rule: str) -> Spec:
    """StorageLimits with the pages of `World` and one rule off."""
    return limits(off=(rule,))


def walk(
    path: Path, seed: int, steps: int, mutant: Mutant[StorageRules] | Mutant[Rules] | None = None
) -> Path:
    """The trace of a seeded random walk; of a mutant's up to what breaks an invariant."""
    rules = mutant.rules() if mutant else ALL_STORAGE_RULES
    world = World(rules) if isinstance(rules, StorageRules) else World(raft=rules)
    traced, rng = Traced(world, without(mutant.rule) if mutant else limits()), Random(seed)
    with suppress(*((AssertionError,) if mutant else ())):
        for _ in range(steps):
            random_step(world, rng)
            traced.follow()
    named = f", mutant {mutant.name}" if mutant else ""
    return traced.write(path, f"a walk of tests/storage, seed {seed}, {steps} steps{named}")
