"""One schedule for every rule of DDL: it ends well with the rule, and breaks a named invariant without it.

The schedules are those of TLC's counterexamples (`redoraft why RULE`), on real files and real redo.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from attrs import frozen

from redoraft.ddl.mutants import MUTANTS
from redoraft.ddl.rules import DdlRules
from redoraft.mutant import Mutant
from redoraft.storage.page import PageId

from .lockstep import arrived, file_ops, mapped
from .stage import Stage

HOLDS = "holds"


Schedule = Callable[[Stage], None]


def verdict(rules: DdlRules, schedule: Schedule) -> str:
    """The invariant that the schedule breaks; what is left to do is done at its end."""
    stage = Stage(rules)
    try:
        schedule(stage)
        stage.settle()
        stage.check_quiet()
    except AssertionError as broken:
        return str(broken).split(":", maxsplit=1)[0]
    return HOLDS


# --- a leader goes as far as it may without a majority, and another one takes over ---


def left_alone(stage: Stage) -> None:
    stage.run(majority=False)
    stage.take_over("n2")
    stage.late()
    stage.restart("n1")


def a_lonely_create(stage: Stage) -> None:
    assert stage.statement("create", "a")
    left_alone(stage)
    assert stage.statement("create", "b")


def a_lonely_rename(stage: Stage) -> None:
    stage.made()
    assert stage.statement("rename", "a", "b")
    left_alone(stage)


def a_lonely_drop(stage: Stage) -> None:
    stage.made()
    assert stage.statement("drop", "a")
    left_alone(stage)


def a_rename_whose_row_alone_is_safe(stage: Stage) -> None:
    stage.made()
    assert stage.statement("rename", "a", "b")
    stage.advance(stage.end)
    left_alone(stage)


def a_create_whose_row_alone_is_safe(stage: Stage) -> None:
    assert stage.statement("create", "a")
    stage.advance(stage.end)
    left_alone(stage)


# --- applying, and starting ---


def a_follower_applies_a_create(stage: Stage) -> None:
    stage.made()


def a_follower_starts_during_a_create(stage: Stage) -> None:
    assert stage.statement("create", "a")
    stage.run("done")
    stage.follow("n2")
    stage.restart("n2")
    stage.follow("n2")


def a_file_is_made_again(stage: Stage) -> None:
    """The leader made it, and starts again before that was noted."""
    assert stage.statement("create", "a")
    stage.run("committed")
    stage.advance(stage.end)
    stage.restart("n1")
    stage.take_over("n2")
    stage.follow("n1")


def a_drop_dies_before_its_commit(stage: Stage) -> None:
    stage.made()
    assert stage.statement("drop", "a")
    stage.advance(stage.end)
    stage.restart("n1")
    stage.take_over("n2")


def a_create_dies_with_its_file_made(stage: Stage) -> None:
    assert stage.statement("create", "a")
    stage.run("done")
    stage.advance(stage.end)
    stage.restart("n1")
    stage.take_over("n2")


def a_leader_starts_with_a_file_gone(stage: Stage) -> None:
    """It has unlinked the file of a table that was dropped, and has not noted that yet."""
    stage.made()
    assert stage.statement("drop", "a")
    stage.run("remade")
    stage.restart("n1")
    stage.validate("n1")


def a_create_is_rolled_back(stage: Stage) -> None:
    assert stage.statement("create", "a")
    stage.run("done")
    assert stage.roll_back()
    stage.run()


def names_are_used_again(stage: Stage) -> None:
    """The checkpoint is older than all of it; H5."""
    stage.made()
    assert stage.statement("rename", "a", "b")
    stage.run()
    stage.made()
    stage.restart("n2")
    stage.follow("n2")


def rows_of_a_table_whose_delete_is_lost(stage: Stage) -> None:
    """The leader's file is gone, the delete's redo too, and the checkpoint is older than the rows (H6)."""
    stage.made()
    assert stage.write_row("a")
    assert stage.statement("drop", "a")
    stage.run("replay")
    stage.run("remade", majority=False)
    assert stage.elect("n2", stage.majority)
    stage.restart("n1")
    stage.establish()
    stage.follow("n1")


def a_leader_dies_twice_in_a_drop(stage: Stage) -> None:
    """It has unlinked its file, and is elected again without the delete's redo (H4)."""
    stage.made()
    assert stage.statement("drop", "a")
    stage.run("replay")
    stage.run("remade", majority=False)
    stage.restart("n1")
    stage.take_over("n1")


def a_leader_serves_again(stage: Stage) -> None:
    """As before, and it gives the name away while the other node still has the file (H30)."""
    a_leader_dies_twice_in_a_drop(stage)
    assert stage.statement("create", "a")
    stage.run()
    stage.follow("n2")


def a_new_leader_has_a_tail(stage: Stage) -> None:
    """It is never established, and its tail is lost."""
    assert stage.statement("create", "a")
    stage.run(majority=False)
    assert stage.elect("n2", stage.end)
    stage.follow("n2")
    stage.restart("n1")
    assert stage.elect("n1", stage.majority)
    stage.restart("n2")
    stage.lead("n1")


def a_reader_has_a_table_open(stage: Stage) -> None:
    stage.made()
    assert stage.open_table("n2", "a")
    assert stage.statement("rename", "a", "b")
    stage.run()
    stage.follow("n2")


def flushing_without_a_quorum(stage: Stage) -> None:
    """The quorum is lost in a RENAME; a page that is on a majority has to reach the disk (H1-io)."""
    stage.made()
    assert stage.write_row("a")
    stage.advance(stage.end)
    assert stage.statement("rename", "a", "b")
    stage.advance(stage.end)
    stage.run(majority=False)
    node = stage.members["n1"].node
    assert node is not None
    (space,) = node.tablespaces.spaces
    node.storage.flush_list()
    frame = node.storage.pool.get(PageId(space, 1))
    assert frame is None or frame.oldest is None, "FlushingGoesOn: a page of the space stays dirty"


@frozen
class Scene:
    """Without `rule` the schedule breaks `property`."""

    rule: str
    property: str
    schedule: Schedule


SCENES = (
    Scene("DDL-3", "FilesAgree", a_follower_applies_a_create),
    Scene("DDL-4", "FilesAgree", a_follower_starts_during_a_create),
    Scene("DDL-5", "FilesAgree", a_create_whose_row_alone_is_safe),
    Scene("DDL-6", "NoNodeStops", a_file_is_made_again),
    Scene("DDL-7", "CommittedFilesStay", a_drop_dies_before_its_commit),
    Scene("DDL-8", "FilesAgree", a_create_dies_with_its_file_made),
    Scene("DDL-9", "NoNodeStops", a_leader_starts_with_a_file_gone),
    Scene("DDL-10", "FilesAgree", a_create_is_rolled_back),
    Scene("H1", "NoNodeStops", a_lonely_rename),
    Scene("H1a", "NoNodeStops", a_lonely_rename),
    Scene("H1b", "NoNodeStops", a_rename_whose_row_alone_is_safe),
    Scene("H1-io", "FlushingGoesOn", flushing_without_a_quorum),
    Scene("H2", "NoNodeStops", a_lonely_create),
    Scene("H2a", "NoNodeStops", a_lonely_create),
    Scene("H2b", "NoNodeStops", a_lonely_create),
    Scene("H3", "CommittedFilesStay", a_lonely_drop),
    Scene("H3a", "CommittedFilesStay", a_lonely_drop),
    Scene("H3b", "CommittedFilesStay", a_lonely_drop),
    Scene("H4", "FilesAgree", a_leader_dies_twice_in_a_drop),
    Scene("H5", "NoNodeStops", names_are_used_again),
    Scene("H6", "NoNodeStops", rows_of_a_table_whose_delete_is_lost),
    Scene("H14-ddl", "FilesAgree", a_new_leader_has_a_tail),
    Scene("H30", "NoNodeStops", a_leader_serves_again),
    Scene("H31", "CachesAreFresh", a_reader_has_a_table_open),
)
RULE = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)


def mutant_of(scene: Scene) -> Mutant[DdlRules]:
    (found,) = [one for one in MUTANTS.values() if one.rule == scene.rule]
    return found


@RULE
def test_with_the_rule(scene: Scene) -> None:
    """Also with the other one of two repairs alone, which is what the mutant stands on."""
    for rules in (DdlRules, *mutant_of(scene).rules.__bases__):
        assert verdict(rules(), scene.schedule) == HOLDS


@RULE
def test_without_the_rule(scene: Scene) -> None:
    assert verdict(mutant_of(scene).rules(), scene.schedule) == scene.property


@RULE
def test_the_specification_allows_the_schedule(scene: Scene) -> None:
    stage = Stage()
    start = mapped(stage, file_ops())
    scene.schedule(stage)
    arrived(stage, file_ops(), start, stage.trail)


@RULE
def test_the_specification_refuses_it_without_the_rule(scene: Scene) -> None:
    """Where the schedule went: to its end, or to what broke the invariant."""
    stage = Stage(mutant_of(scene).rules())
    start = mapped(stage, file_ops())
    with suppress(AssertionError):
        scene.schedule(stage)
        stage.settle()
    with pytest.raises(AssertionError, match=r"NotAllowed|NotThere"):
        arrived(stage, file_ops(), start, stage.trail)


def test_every_mutant_has_a_scene() -> None:
    assert sorted(scene.rule for scene in SCENES) == sorted(mutant.rule for mutant in MUTANTS.values())
