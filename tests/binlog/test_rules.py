"""A schedule for every rule: it goes well with the rule, and without it breaks an invariant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import frozen

from redoraft.binlog import Carrier
from redoraft.binlog.mutants import ALL_BINLOG_MUTANTS, BINLOG_MUTANTS

from .every_crash import act, every_crash, steps_of
from .lockstep import Lockstep, broken
from .world import NODES, World, lose_all

N1, N2 = NODES
SERVES = "elect n1, take_redo n2, commit, learn n1"


def play(world: World, steps: str) -> World:
    for name, node in steps_of(steps):
        act(world, name, node)()
    return world


@frozen
class Scene:
    """`schedule` ends well under all rules, and breaks `property` of the specification without `rule`."""

    rule: str
    property: str
    schedule: Callable[[World], object]
    carrier: Carrier = Carrier.OWN


def a_follower_is_elected_that_has_more_binlog_than_redo(world: World) -> object:
    play(world, f"{SERVES}, prepare n1, write_binlog n1, write_redo n1, prepare n1, write_binlog n1")
    return play(world, "take_binlog n2, elect n2")


def a_follower_is_elected_that_has_more_redo_than_binlog(world: World) -> object:
    play(world, f"{SERVES}, prepare n1, write_binlog n1, write_redo n1, take_redo n2")
    return play(world, "elect n2")


def downstream_asks_before_the_majority_has_it(world: World) -> object:
    return play(world, f"{SERVES}, prepare n1, write_binlog n1, write_redo n1, dump n1")


def a_reader_asks_before_the_majority_has_it(world: World) -> object:
    play(world, f"{SERVES}, prepare n1, write_binlog n1, take_binlog n2, write_redo n1, read n1")
    return play(world, "elect n2, commit, learn n2")


def a_new_leader_has_a_prepared_transaction(world: World) -> object:
    return play(world, f"{SERVES}, prepare n1, take_redo n2, elect n2, commit, learn n2, resolve n2")


def a_leader_loses_power_after_a_commit(world: World) -> object:
    play(world, f"{SERVES}, prepare n1, write_binlog n1, write_redo n1")
    return world.restart(N1, lose_all)


def a_follower_is_elected_that_has_redo_only(world: World) -> object:
    play(world, f"{SERVES}, prepare n1, write_binlog n1, write_redo n1, take_redo n2")
    return play(world, "elect n2")


def a_leader_is_elected_again_whose_redo_was_cut(world: World) -> object:
    play(world, f"{SERVES}, prepare n1, write_binlog n1, write_redo n1, elect n2, commit, learn n2")
    play(world, "prepare n2, write_binlog n2, write_redo n2, restart n1, take_redo n1")
    return play(world, "commit, elect n1")


SCENES = (
    Scene("H20", "BinlogIsRedo", a_follower_is_elected_that_has_more_binlog_than_redo),
    Scene("H20-order", "BinlogIsRedo", a_follower_is_elected_that_has_more_redo_than_binlog),
    Scene("H20-dump", "DownstreamIsCommitted", downstream_asks_before_the_majority_has_it),
    Scene("H18-binlog", "SeenStays", a_reader_asks_before_the_majority_has_it),
    Scene("BIN-3", "BinlogIsRedo", a_new_leader_has_a_prepared_transaction),
    Scene("BIN-3-sync", "NoNodeStops", a_leader_loses_power_after_a_commit),
    Scene("H20-carry", "BinlogIsRedo", a_follower_is_elected_that_has_redo_only, Carrier.REDO),
    Scene("H20-redo", "BinlogIsRedo", a_leader_is_elected_again_whose_redo_was_cut, Carrier.REDO),
)
CUT_AGAIN = f"{SERVES}, prepare n1, write_binlog n1, restart n1, elect n1"
TWO_FOR_ONE = f"""{SERVES}, prepare n1, write_binlog n1, take_binlog n2
restart n1, elect n1, commit, learn n1
prepare n1, write_binlog n1, write_redo n1, prepare n1, write_binlog n1, write_redo n1, take_binlog n2"""
ATOMIC = {
    "cuts-lazily": ("Elect", CUT_AGAIN),
    "forgets-the-cut": ("Elect", CUT_AGAIN),
    "overwrites-its-binlog": ("TakeBinlog", TWO_FOR_ONE),
}
"""Rules that make a step of the specification one step; without them a crash leaves what it does not have."""


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_with_the_rule(scene: Scene) -> None:
    world = World(carrier=scene.carrier)
    lockstep = Lockstep(world)
    scene.schedule(world)
    lockstep.follow()
    world.settle()
    lockstep.follow()
    world.check_at_rest()


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_without_the_rule(scene: Scene) -> None:
    (mutant,) = [one for one in ALL_BINLOG_MUTANTS.values() if one.rule == scene.rule]
    world = World(mutant.rules(), scene.carrier)
    scene.schedule(world)
    assert broken(world)[0] == scene.property


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_the_specification_does_not_follow_without_the_rule(scene: Scene) -> None:
    (mutant,) = [one for one in ALL_BINLOG_MUTANTS.values() if one.rule == scene.rule]
    world = World(mutant.rules(), scene.carrier)
    lockstep = Lockstep(world)
    scene.schedule(world)
    with pytest.raises(AssertionError, match=r"NotAllowed|NotThere|NoNodeStops"):
        lockstep.follow()


@pytest.mark.parametrize("name", ATOMIC)
def test_without_a_rule_that_makes_a_step_one_a_crash_leaves_half_of_it(name: str) -> None:
    _, scenario = ATOMIC[name]
    assert every_crash(scenario=scenario).crashes > 0
    with pytest.raises(AssertionError, match="NotThere"):
        every_crash(BINLOG_MUTANTS[name].rules(), scenario)


def test_every_mutant_is_caught_here() -> None:
    rules = {scene.rule for scene in SCENES}
    assert rules | {BINLOG_MUTANTS[name].rule for name in ATOMIC} == {
        one.rule for one in ALL_BINLOG_MUTANTS.values()
    }


def test_what_was_prepared_and_not_in_the_binlog_is_rolled_back() -> None:
    world = World()
    a_new_leader_has_a_prepared_transaction(world)
    n2 = world.nodes[N2]
    assert n2.commits == ()
    assert [state.name for entry in n2.entries for _, state in entry.states] == ["PREPARED", "ROLLED_BACK"]
