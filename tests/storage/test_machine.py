"""The storage engine in lockstep with spec/StorageLimits.tla: every step an action of it, every state judged.

A crash may come at any step, and in the middle of any operation of the disk.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from redoraft.mutant import Mutant
from redoraft.raft.mutants import MUTANTS as RAFT
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.storage.mutants import MUTANTS
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules

from .lockstep import Lockstep, limits
from .world import KINDS, PAGES, TERMS, World, random_step

ENTRY = st.lists(st.sampled_from(KINDS), max_size=3)
POSITION = st.integers(0, 60)


@pytest.fixture(scope="module", autouse=True)
def specification() -> None:
    """Compiled before Hypothesis runs: the oracle raises the recursion limit, which Hypothesis minds."""
    limits()


class StorageMachine(RuleBasedStateMachine):
    """A step that the promises of the log do not allow does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.lockstep = Lockstep(self.world, limits())

    @rule(term=st.sampled_from(TERMS), kinds=ENTRY)
    def committed_grows(self, term: int, kinds: list[str]) -> None:
        self.world.committed_grows(term, kinds)

    @rule(term=st.sampled_from(TERMS), kinds=ENTRY)
    def receive(self, term: int, kinds: list[str]) -> None:
        self.world.receive(term, kinds)

    @rule()
    def receive_committed(self) -> None:
        self.world.receive_committed()

    @rule()
    def commit_own(self) -> None:
        self.world.commit_own()

    @rule(position=POSITION)
    def fsync(self, position: int) -> None:
        self.world.fsync(position)

    @rule()
    def learn(self) -> None:
        self.world.learn()

    @rule(entries=st.integers(1, 3))
    def truncate(self, entries: int) -> None:
        self.world.truncate(entries)

    @rule()
    def start_serving(self) -> None:
        self.world.start_serving()

    @rule(kind=st.sampled_from(KINDS))
    def write_mtr(self, kind: str) -> None:
        self.world.write_mtr(kind)

    @rule()
    def close_entry(self) -> None:
        self.world.close_entry()

    @rule()
    def deposed(self) -> None:
        self.world.deposed()

    @rule(mtrs=st.integers(1, 5))
    def apply(self, mtrs: int) -> None:
        self.world.apply(mtrs)

    @rule()
    def flush_list(self) -> None:
        self.world.flush_list()

    @rule()
    def flush_lru(self) -> None:
        self.world.flush_lru()

    @rule(name=st.sampled_from(list(PAGES)))
    def flush_page(self, name: str) -> None:
        self.world.flush_page(name)

    @rule()
    def checkpoint(self) -> None:
        self.world.checkpoint()

    @rule()
    def delete_redo(self) -> None:
        self.world.delete_redo()

    @rule(survives=POSITION, seed=st.integers(0, 2**32))
    def crash(self, survives: int, seed: int) -> None:
        self.world.crash(min(survives, len(self.world.log.items)), Random(seed))

    @rule(
        step=st.sampled_from(["flush_list", "flush_lru", "checkpoint", "apply"]),
        after_ops=st.integers(0, 6),
        seed=st.integers(0, 2**32),
    )
    def power_fails_in(self, step: str, after_ops: int, seed: int) -> None:
        steps = {
            "flush_list": self.world.flush_list,
            "flush_lru": self.world.flush_lru,
            "checkpoint": self.world.checkpoint,
            "apply": lambda: self.world.apply(5),
        }
        self.world.power_fails_in(steps[step], after_ops, Random(seed))

    @invariant()
    def the_specification_follows(self) -> None:
        self.world.check()
        self.lockstep.follow()


TestStorageMachine = StorageMachine.TestCase
TestStorageMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

WALKS = 20
STEPS = 80


def walk(seed: int, rules: StorageRules = ALL_STORAGE_RULES, raft: Rules = ALL_RULES) -> World:
    """A seeded walk that prefers steps which are allowed; the invariants, without the specification."""
    rng = Random(seed)
    world = World(rules, raft)
    for _ in range(STEPS):
        random_step(world, rng)
        world.check()
    return world


def test_random_walks_are_walks_of_the_specification() -> None:
    seen: set[str] = set()
    actions = 0
    for seed in range(WALKS):
        rng = Random(seed)
        world = World()
        lockstep = Lockstep(world, limits())
        for _ in range(STEPS):
            seen.add(random_step(world, rng))
            world.check()
            lockstep.follow()
        actions += lockstep.actions
    assert actions > 50 * WALKS
    assert {"StartServing", "WriteMtr", "Truncate", "Checkpoint", "Deposed", "PowerFailsIn"} <= seen


CAUGHT_BY_WALKING = {
    "checkpoints-ahead": 129,
    "flushes-ahead": 11,
    "flushes-unsynced": 0,
    "writes-in-place": 51,
    "trusts-torn-pages": 22,
    "forgets-dirty-pages": 0,
    "checkpoint-falls": 0,
    "passes-dictionary": 1,
    "applies-twice": 34,
    "applies-all": 0,
    "steps-down": 10,
}
"""Mutants that break an invariant in the world of the specification, and a seed that was seen to show it."""

MOST_SEEDS = 400


@pytest.mark.parametrize("name", CAUGHT_BY_WALKING)
def test_an_invariant_notices(name: str) -> None:
    """The seed that was seen first, then the others: the walk may have changed."""
    mutant: Mutant[StorageRules] | Mutant[Rules] = MUTANTS[name] if name in MUTANTS else RAFT[name]
    for seed in [CAUGHT_BY_WALKING[name], *range(MOST_SEEDS)]:
        rules = mutant.rules()
        try:
            if isinstance(rules, StorageRules):
                walk(seed, rules)
            else:
                walk(seed, raft=rules)
        except AssertionError as found:
            assert str(found), "an invariant says its name"
            return
    raise AssertionError(f"{name} was not noticed in {MOST_SEEDS} walks")
