"""Rules of DDL that the models leave out, or have as their shape: each holds, and without it this is found.

What finds the mutants of the others stands in `test_rules`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import frozen
from tests.redo.every_crash import picture

from redoraft.ddl.mutants import OUTSIDE_MUTANTS
from redoraft.ddl.operations import execute
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules
from redoraft.errors import FileConflict, ForeignEngine
from redoraft.redo.file_record import FileCreate
from redoraft_check.fuzz.ddl_reading import table

from .lockstep import arrived, file_ops, mapped
from .stage import Stage
from .test_rules import HOLDS, Schedule, a_follower_applies_a_create, verdict


def a_table_of_another_engine(stage: Stage) -> None:
    leader = stage.members["n1"].leader
    assert leader is not None
    end = stage.end
    try:
        leader.create(table("a"), "MyISAM")
    except ForeignEngine:
        assert stage.end == end, "LogUnchanged: the statement is refused, and has written"
        return
    raise AssertionError("ForeignEngine: a table of MyISAM is created")


def a_commit_alone_is_safe(stage: Stage) -> None:
    """The next leader has the commit of a CREATE, if that came first, and nothing behind it."""
    assert stage.statement("create", "a")
    row = stage.end
    stage.run("filed")
    stage.take_over("n2", row + 1)


def redo_of_an_undo_tablespace(stage: Stage) -> None:
    stage.made()
    node = stage.members["n2"].node
    assert node is not None
    before = picture(stage.members["n2"].disk)
    try:
        execute(FileCreate(0xFFFFFFEF, "undo_001.ibu"), node.storage, node.tablespaces, stage.rules)
    except FileConflict:
        assert picture(stage.members["n2"].disk) == before, "FilesUnchanged: it is refused, and done"
        return
    raise AssertionError("FileConflict: file redo of an undo tablespace is executed")


@frozen
class Found:
    """Without the rule of `mutant` the schedule ends with `finding`.

    `refused` is the action of it that DdlFileOps does not allow then.
    """

    mutant: str
    schedule: Schedule
    finding: str
    refused: str = ""


OUTSIDE = (
    Found("takes-any-engine", a_table_of_another_engine, "ForeignEngine"),
    Found("commits-before-redo", a_commit_alone_is_safe, "NoNodeStops", "Serve"),
    Found("makes-no-folder", a_follower_applies_a_create, "NoNodeStops", "Applies"),
    Found("executes-undo-files", redo_of_an_undo_tablespace, "FileConflict"),
)
EACH = pytest.mark.parametrize("found", OUTSIDE, ids=lambda found: found.mutant)


@EACH
def test_with_the_rule(found: Found) -> None:
    assert verdict(ALL_DDL_RULES, found.schedule) == HOLDS


@EACH
def test_without_the_rule(found: Found) -> None:
    assert verdict(OUTSIDE_MUTANTS[found.mutant].rules(), found.schedule) == found.finding


def followed(rules: DdlRules, schedule: Callable[[Stage], None]) -> str:
    """What DdlFileOps says of a run of the schedule, wherever that ends; empty if it allows it."""
    stage = Stage(rules)
    start = mapped(stage, file_ops())
    try:
        schedule(stage)
    except AssertionError as broken:
        assert "NoNodeStops" in str(broken)
    try:
        arrived(stage, file_ops(), start, stage.trail)
    except AssertionError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("found", [one for one in OUTSIDE if one.refused], ids=lambda found: found.mutant)
def test_the_specification_refuses_it_without_the_rule(found: Found) -> None:
    """DDL-2 is the order of the specification's steps, and to it a file is made wherever its name is."""
    assert followed(ALL_DDL_RULES, found.schedule) == ""
    assert found.refused in followed(OUTSIDE_MUTANTS[found.mutant].rules(), found.schedule)


def test_every_mutant_has_its_finding() -> None:
    assert [found.mutant for found in OUTSIDE] == list(OUTSIDE_MUTANTS)
