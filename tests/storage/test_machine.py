"""The storage engine in lockstep with spec/StorageLimits.tla: every step an action of it, every state judged.

A crash may come at any step, and in the middle of any operation of the disk; before each change of the disk
every crash that may come then is tried.  What is found is made small, and saved as a scenario.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.machines import SETTINGS, JudgedMachine, found_without, run_machine

from redoraft.mutant import Mutant
from redoraft.raft.mutants import MUTANTS as RAFT
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.storage.mutants import MUTANTS
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft_check.machines.scenario import StorageStep
from redoraft_check.machines.storage_lockstep import Lockstep, limits
from redoraft_check.machines.storage_machine import ON_DISK, OPERATIONS, StorageMachine
from redoraft_check.machines.storage_world import KINDS, PAGES, TERMS, World

from .walks import random_step

KIND = st.sampled_from(KINDS)
ENTRY = st.lists(KIND, max_size=3).map(tuple)
TERM = st.sampled_from(TERMS)
POSITION = st.integers(0, 60)
COUNT = st.integers(1, 5)
BITS = st.integers(-1, 2**64)
WITH_ARGUMENTS = {
    *("committed grows", "receive", "fsync", "truncate", "apply", "flush page", "write mtr"),
    *("crash", "deposed"),
}
PLAIN = tuple(do for do in OPERATIONS if do not in WITH_ARGUMENTS)

COMMITS = ("close entry", "fsync", "commit own", "learn")


def whole(do: str) -> StorageStep:
    """An operation on all that there is."""
    return StorageStep(do=do, upto=60 if do == "fsync" else 0)


class Storage(JudgedMachine[StorageStep]):
    """The list of operations is flat: what the rules do is what a scenario has."""

    @rule(do=st.sampled_from(("committed grows", "receive")), term=TERM, kinds=ENTRY)
    def entry(self, do: str, term: int, kinds: tuple[str, ...]) -> None:
        self.steps([StorageStep(do=do, term=term, kinds=kinds)])

    @rule(do=st.sampled_from(PLAIN))
    def plain(self, do: str) -> None:
        self.steps([StorageStep(do=do)])

    @rule(upto=POSITION)
    def fsync(self, upto: int) -> None:
        self.steps([StorageStep(do="fsync", upto=upto)])

    @rule(do=st.sampled_from(["truncate", "apply"]), count=COUNT)
    def some(self, do: str, count: int) -> None:
        self.steps([StorageStep(do=do, count=count)])

    @rule(page=st.sampled_from(list(PAGES)))
    def flush_page(self, page: str) -> None:
        self.steps([StorageStep(do="flush page", page=page)])

    @rule(kind=KIND)
    def write_mtr(self, kind: str) -> None:
        self.steps([StorageStep(do="write mtr", kinds=(kind,))])

    @rule(do=st.sampled_from(["crash", "deposed"]), survives=POSITION, keep=BITS)
    def stop(self, do: str, survives: int, keep: int) -> None:
        self.steps([StorageStep(do=do, survives=survives, keep=keep)])

    @rule(do=st.sampled_from(ON_DISK), after=st.integers(0, 6), survives=POSITION, keep=BITS)
    def power_fails(self, do: str, after: int, survives: int, keep: int) -> None:
        self.steps([StorageStep(do=do, count=5, after=after, survives=survives, keep=keep)])

    # --- many, as when nothing goes wrong ---

    @rule(term=TERM, kinds=ENTRY, durably=st.booleans())
    def replicate(self, term: int, kinds: tuple[str, ...], durably: bool) -> None:
        """An entry is committed, comes to this node, and is applied."""
        grows = StorageStep(do="committed grows", term=term, kinds=kinds)
        self.steps([grows, *(step for step in self.caught_up() if durably or step.do != "fsync")])

    @rule(kinds=st.lists(KIND, min_size=1, max_size=3), far=st.integers(0, len(COMMITS)))
    def serve(self, kinds: list[str], far: int) -> None:
        """The node leads and writes; the entry comes so far on its way to be committed."""
        self.steps([*self.caught_up(), StorageStep(do="start serving")])
        self.steps(StorageStep(do="write mtr", kinds=(kind,)) for kind in kinds)
        self.steps(map(whole, COMMITS[:far]))

    @rule()
    def flush_and_checkpoint(self) -> None:
        self.steps(StorageStep(do=do) for do in ("flush list", "checkpoint", "delete redo"))

    @staticmethod
    def caught_up() -> list[StorageStep]:
        return [*map(whole, ("receive committed", "fsync", "learn")), StorageStep(do="apply", count=60)]


ACTIONS = {
    "CommittedGrows",
    "Receive",
    "Fsync",
    "Learn",
    "Truncate",
    "StartServing",
    "WriteMtr",
    "CloseEntry",
    "Apply",
    "FlushLru",
    "TakeCopy",
    "FlushCopy",
    "Checkpoint",
    "PeerGains",
    "DeleteRedo",
    "Crash",
}
"""FlushLru stands for every way of a page to the disk: the others ask for more."""
SHORT = 12
"""Operations of a scenario that is short."""


@pytest.fixture(scope="module", autouse=True)
def specification() -> None:
    """Compiled before Hypothesis runs: the oracle raises the recursion limit, which Hypothesis minds."""
    limits()


def test_the_engine_keeps_to_the_specification() -> None:
    run_machine(Storage, StorageMachine, SETTINGS)


@pytest.mark.parametrize(
    ("name", "said"),
    [("writes-in-place", ("crash: ",)), ("applies-all", ("Apply: ", "ReadersSeeCommitted: "))],
)
def test_a_missing_rule_is_found_and_said_in_a_short_scenario(
    name: str, said: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a crash that was tried; by a step that the specification does not have, or an invariant."""
    what, scenario = found_without(name, Storage, StorageMachine, tmp_path, capsys)
    assert what.startswith(said)
    assert len(scenario.steps) <= SHORT


def test_its_operations_lead_to_every_action_of_the_specification() -> None:
    """All but those that only a missing rule allows, and the copy of another node's disk (H24)."""
    judged = StorageMachine()
    machine = Storage(judged, [])
    machine.replicate(1, ("p1", "note", "p2"), durably=True)
    machine.flush_and_checkpoint()
    machine.steps([StorageStep(do="receive", term=2, kinds=("p3",)), StorageStep(do="truncate")])
    machine.steps(
        [StorageStep(do="committed grows", term=2), StorageStep(do="truncate"), *machine.caught_up()]
    )
    machine.serve(["p1", "dict"], len(COMMITS))
    machine.steps([StorageStep(do="write mtr", kinds=("p1",)), StorageStep(do="flush page")])
    machine.steps(map(whole, COMMITS))
    machine.steps(StorageStep(do=do) for do in ("flush page", "flush list", "checkpoint", "deposed"))
    assert judged.trouble is None
    assert {action for _, action in judged.seen.pairs} == ACTIONS


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
