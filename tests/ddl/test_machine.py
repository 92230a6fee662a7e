"""DDL in lockstep with spec/DdlFileOps.tla: every step an action of it, every state judged.

Two data nodes; a crash may come at any step, and in the middle of any operation of a disk, with any part of
what is pending; the next leader has any part of the uncommitted tail.  In the end everything is settled, and
files and dictionary of both nodes are compared.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from redoraft.ddl.mutants import MUTANTS
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules

from .lockstep import Lockstep, file_ops
from .walks import random_step
from .world import NAMES, NODES, World, losing_any

NODE = st.sampled_from(NODES)
NAME = st.sampled_from(NAMES)
POSITION = st.integers(0, 40)
SEED = st.integers(0, 2**32)


@pytest.fixture(scope="module", autouse=True)
def specification() -> None:
    """Compiled before Hypothesis runs: the oracle raises the recursion limit, which Hypothesis minds."""
    file_ops()


class DdlMachine(RuleBasedStateMachine):
    """A step that is not possible now does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.lockstep = Lockstep(self.world, file_ops())

    @property
    def idle(self) -> bool:
        return self.world.serving is not None

    @precondition(lambda self: self.idle)
    @rule(name=NAME)
    def create(self, name: str) -> None:
        self.world.statement("create", name)

    @precondition(lambda self: self.idle)
    @rule(name=NAME, to=NAME)
    def rename(self, name: str, to: str) -> None:
        self.world.statement("rename", name, to)

    @precondition(lambda self: self.idle)
    @rule(name=NAME)
    def drop(self, name: str) -> None:
        self.world.statement("drop", name)

    @precondition(lambda self: self.idle)
    @rule(name=NAME)
    def write_row(self, name: str) -> None:
        self.world.write_row(name)

    @rule()
    def step_down(self) -> None:
        self.world.step_down()

    @rule()
    def roll_back(self) -> None:
        self.world.roll_back()

    @rule(steps=st.integers(1, 4), majority=st.booleans())
    def steps(self, steps: int, majority: bool) -> None:
        """Some of the leader's, with the majority behind them or not."""
        for _ in range(steps):
            if not self.world.step() and majority:
                self.world.advance(self.world.end)
            self.the_specification_follows()

    @rule(upto=POSITION)
    def advance(self, upto: int) -> None:
        self.world.advance(min(upto, self.world.end))

    @rule(name=NODE, steps=st.integers(1, 5))
    def follow(self, name: str, steps: int) -> None:
        for _ in range(steps):
            if not (self.world.apply(name) or self.world.validate(name)):
                return
            self.the_specification_follows()

    @rule(name=NODE, what=NAME)
    def open_table(self, name: str, what: str) -> None:
        self.world.open_table(name, what)

    @rule(name=NODE)
    def flush(self, name: str) -> None:
        self.world.flush(name)

    @rule(name=NODE, back=st.integers(0, 4), establishes=st.booleans())
    def elect(self, name: str, back: int, establishes: bool) -> None:
        self.world.elect(name, max(self.world.majority, self.world.end - back))
        if establishes:
            self.world.establish()

    @rule(name=NODE)
    def late_call(self, name: str) -> None:
        self.world.late_call(name)

    @rule(name=NODE, seed=SEED)
    def crash(self, name: str, seed: int) -> None:
        self.world.crash(name, losing_any(Random(seed)))

    @rule(name=NODE, step=st.sampled_from(["step", "apply", "flush"]), after=st.integers(0, 8), seed=SEED)
    def power_fails_in(self, name: str, step: str, after: int, seed: int) -> None:
        world = self.world
        steps = {"apply": lambda: world.apply(name), "flush": lambda: world.flush(name)}
        if name == world.leader:
            steps["step"] = world.step
        if step in steps:
            world.power_fails_in(name, steps[step], after, losing_any(Random(seed)))

    @invariant()
    def the_specification_follows(self) -> None:
        self.world.check()
        self.lockstep.follow()

    def teardown(self) -> None:
        """Whatever has happened: it comes to rest, and the nodes agree."""
        self.world.settle()
        self.world.check_quiet()
        self.lockstep.follow()


TestDdlMachine = DdlMachine.TestCase
TestDdlMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

WALKS = 30
STEPS = 80


def walk(seed: int, rules: DdlRules = ALL_DDL_RULES) -> World:
    """A seeded walk that prefers steps which are possible; the invariants, without the specification."""
    rng = Random(seed)
    world = World(rules)
    for _ in range(STEPS):
        random_step(world, rng)
        world.check()
    world.settle()
    world.check_quiet()
    return world


def test_random_walks_are_walks_of_the_specification() -> None:
    seen: set[str] = set()
    actions = 0
    for seed in range(WALKS):
        rng = Random(seed)
        world = World()
        lockstep = Lockstep(world, file_ops())
        for _ in range(STEPS):
            random_step(world, rng)
            seen |= {name for name, _ in world.trail}
            world.check()
            lockstep.follow()
        world.settle()
        world.check_quiet()
        lockstep.follow()
        actions += lockstep.actions
    assert actions > 50 * WALKS
    assert seen >= {
        "Recover",
        "RollBackUnfinished",
        "WriteUndoRedo",
        "StopIos",
        "PowerLost",
        "OpensTable",
    } - {
        "Recover",
        "RollBackUnfinished",
    } | {"Recovers", "RollsBackUnfinished"}


CAUGHT_BY_WALKING = {
    "parses-files-only": 0,
    "recovers-everywhere": 0,
    "deletes-what-it-sees": 13,
    "refuses-existing": 3,
    "shows-drop-at-once": 12,
    "rolls-rows-back": 3,
    "validates-first": 18,
    "leaves-rolled-back": 0,
    "renames-at-once": 26,
    "renames-before-redo": 26,
    "reverses-what-it-sees": 26,
    "waits-with-io-stopped": 0,
    "creates-at-once": 37,
    "creates-before-row": 37,
    "creates-before-redo": 37,
    "drops-at-once": 4,
    "drops-in-commit": 4,
    "drops-ungated": 4,
    "drops-what-it-sees": 22,
    "executes-from-checkpoint": 2,
    "needs-every-file": 448,
    "serves-unrecovered": 244,
    "keeps-caches": 5,
}
"""Mutants that break an invariant in the world of the specification, and a seed that was seen to show it."""

MOST_SEEDS = 300


@pytest.mark.parametrize("name", CAUGHT_BY_WALKING)
def test_an_invariant_notices(name: str) -> None:
    """The seed that was seen first, then the others: the walk may have changed."""
    for seed in [CAUGHT_BY_WALKING[name], *range(MOST_SEEDS)]:
        try:
            walk(seed, MUTANTS[name].rules())
        except AssertionError as found:
            assert str(found), "an invariant says its name"
            return
    raise AssertionError(f"{name} was not noticed in {MOST_SEEDS} walks")
