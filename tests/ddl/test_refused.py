"""Bad input: one clear error each, and nothing changed on any node."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from attrs import frozen

from redoraft.ddl.dictionary import TABLES_MAX
from redoraft.ddl.leader import Leader
from redoraft.ddl.names import TableName
from redoraft.ddl.node import Phase
from redoraft.ddl.operations import execute
from redoraft.ddl.rules import ALL_DDL_RULES
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import (
    BadName,
    DdlRefused,
    DictionaryFull,
    DiskError,
    FileConflict,
    FileInTheWay,
    ForeignEngine,
    NoSuchTable,
    NotServing,
    StorageStopped,
    TableExists,
    TablespaceMissing,
    TwoFilesOneSpace,
)
from redoraft.redo.file_record import FileCreate, FileDelete, FileExtend, FileRecord
from redoraft.redo.record import PAGE_SIZE
from redoraft.storage.tablespaces import first_page
from redoraft_check.fuzz.ddl_reading import table
from redoraft_check.machines.storage_parts import lsn_at

from .stage import Stage
from .world import World, keeping_all

A, B = table("a"), table("b")


def leader_of(world: World) -> Leader:
    leader = world.members[world.leader or ""].leader
    assert leader is not None
    return leader


def content(disk: MemoryDisk) -> dict[str, bytes]:
    return {name: disk.open(name).read(0, 1 << 20) for name in disk.names}


def everything(stage: Stage) -> object:
    disks = [content(one.disk) for one in stage.members.values()]
    return disks, list(stage.log), stage.at, [one.phase for one in stage.members.values()]


def put(disk: MemoryDisk, name: str, data: bytes = b"") -> None:
    file = disk.open(name)
    file.write(0, data)
    file.fsync()
    file.close()


@frozen
class Bad:
    """`says` is in the error; `before` prepares the cluster, in which table a exists."""

    error: type[DdlRefused]
    says: str
    statement: Callable[[Leader], None]
    before: Callable[[Stage], object] = lambda _stage: None


BAD = {
    "a name with a slash": Bad(BadName, "'/' cannot be in the name", lambda on: on.create(table("a/b"))),
    "a schema that goes up": Bad(BadName, "'.' cannot", lambda on: on.create(TableName("..", "a"))),
    "a name of 65 characters": Bad(
        BadName, "65 characters, not 1 to 64", lambda on: on.create(table("x" * 65))
    ),
    "a name too long for a file": Bad(
        BadName, "256 bytes, more than 251", lambda on: on.create(table("\N{CUT OF MEAT}" * 64))
    ),
    "an empty name": Bad(BadName, "0 characters", lambda on: on.rename(A, table(""))),
    "half a character": Bad(BadName, "no form in UTF-8", lambda on: on.create(table("\ud800"))),
    "create what exists": Bad(TableExists, "a table db.a already", lambda on: on.create(A)),
    "rename to what exists": Bad(TableExists, "a table db.a already", lambda on: on.rename(A, A)),
    "drop what does not exist": Bad(NoSuchTable, "no table db.b", lambda on: on.drop(B)),
    "rename what does not exist": Bad(NoSuchTable, "no table db.b", lambda on: on.rename(B, A)),
    "extend what does not exist": Bad(NoSuchTable, "no table db.b", lambda on: on.extend(B, 4)),
    "a foreign engine (DDL-1)": Bad(
        ForeignEngine, "MyISAM are not replicated; use InnoDB", lambda on: on.create(B, "MyISAM")
    ),
    "a file in the way of create": Bad(
        FileInTheWay,
        "db/b.ibd is there, and no table's: move it",
        lambda on: on.create(B),
        lambda stage: put(stage.members["n1"].disk, "db/b.ibd", b"mine"),
    ),
    "a file in the way of rename": Bad(
        FileInTheWay,
        "db/b.ibd is there",
        lambda on: on.rename(A, B),
        lambda stage: put(stage.members["n1"].disk, "db/b.ibd", b"mine"),
    ),
    "a file where the folder belongs": Bad(
        FileInTheWay,
        "other/a.ibd",
        lambda on: on.create(TableName("other", "a")),
        lambda stage: put(stage.members["n1"].disk, "other"),
    ),
    "another DDL under way": Bad(
        NotServing,
        "another DDL is under way",
        lambda on: on.drop(A),
        lambda stage: stage.statement("create", "b"),
    ),
    "a leader that does not serve yet": Bad(
        NotServing,
        "no leader that serves yet",
        lambda on: on.drop(A),
        lambda stage: stage.elect("n2", stage.end),
    ),
    "nothing to roll back": Bad(NotServing, "no DDL is under way that can be", lambda on: on.roll_back()),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_statement_is_refused(bad: Bad) -> None:
    stage = Stage()
    stage.made()
    bad.before(stage)
    before = everything(stage)
    with pytest.raises(bad.error, match=bad.says) as found:
        bad.statement(leader_of(stage))
    assert "\n" not in str(found.value)
    assert everything(stage) == before


def test_a_follower_takes_no_statement() -> None:
    stage = Stage()
    stage.made()
    follower = stage.members["n2"].node
    assert follower is not None
    with pytest.raises(NotServing):
        Leader(follower, stage.members["n2"].view.append).create(B)


def test_a_full_dictionary_takes_no_more_and_a_drop_makes_room() -> None:
    stage = Stage()
    leader = leader_of(stage)
    for number in range(TABLES_MAX):
        leader.create(table(f"t{number}"))
        stage.run()
    before = len(stage.log)
    with pytest.raises(DictionaryFull, match=f"room for {TABLES_MAX} tables"):
        leader.create(A)
    assert (len(stage.log), len(leader.node.dictionary.tables())) == (before, TABLES_MAX)
    leader.drop(table("t7"))
    stage.run()
    leader.create(A)
    stage.run()
    assert A in leader.node.dictionary.tables()


def test_a_file_comes_in_the_way_while_create_waits() -> None:
    """It is rolled back, on every node, and says why."""
    stage = Stage()
    assert stage.statement("create", "a")
    stage.run("filed")
    put(stage.members["n1"].disk, "db/a.ibd", b"mine")
    stage.run()
    assert isinstance(leader_of(stage).last_failure, FileInTheWay)
    assert content(stage.members["n1"].disk)["db/a.ibd"] == b"mine"
    stage.members["n1"].disk.remove("db/a.ibd")
    stage.settle()
    stage.check_quiet()


def test_a_temporary_table_stays_where_it_is() -> None:
    """It is local: no redo, no file, no row on any node (DDL-1)."""
    stage = Stage()
    leader, before = leader_of(stage), everything(stage)
    leader.create(A, temporary=True)
    with pytest.raises(TableExists, match="temporary"):
        leader.create(A, temporary=True)
    leader.drop(A)
    assert everything(stage) == before


def test_a_stray_file_of_a_follower_stops_it_and_is_kept() -> None:
    stage = Stage()
    put(stage.members["n2"].disk, "db/a.ibd", b"mine")
    with pytest.raises(AssertionError, match="NoNodeStops"):
        stage.made()
    follower = stage.members["n2"]
    assert (follower.phase, content(follower.disk)["db/a.ibd"]) == ("aborted", b"mine")
    assert "FileCreate of space 100 cannot be executed: db/a.ibd" in stage.failures[0]


def test_a_stray_file_of_a_follower_does_not_hold_the_leader_up() -> None:
    """It cannot see it: the statement ends, and the follower goes on once the file is moved away."""
    stage = Stage()
    put(stage.members["n2"].disk, "db/a.ibd", b"mine")
    with pytest.raises(AssertionError, match="NoNodeStops"):
        stage.made()
    assert leader_of(stage).job is None
    assert leader_of(stage).last_failure is None
    assert A in leader_of(stage).node.dictionary.tables()
    stage.members["n2"].disk.remove("db/a.ibd")
    stage._open(stage.members["n2"])
    stage.failures.clear()
    stage.settle()
    stage.check_quiet()


def test_two_files_with_one_space_id_do_not_start() -> None:
    stage = Stage()
    stage.made()
    disk = stage.members["n2"].disk
    put(disk, "db/copy.ibd", first_page(100, 0))
    before = content(disk)
    assert stage.crash("n2", keeping_all)
    assert stage.members["n2"].phase == "aborted"
    assert "db/a.ibd and db/copy.ibd both say space id 100: find out which" in stage.failures[0]
    assert content(disk) == before
    disk.remove("db/copy.ibd")
    stage._open(stage.members["n2"])
    stage.failures.clear()
    stage.settle()
    stage.check_quiet()


def test_a_table_without_its_file_stops_the_start() -> None:
    stage = Stage()
    stage.made()
    stage.members["n2"].disk.remove("db/a.ibd")
    assert stage.crash("n2", keeping_all)
    node = stage.members["n2"].node
    assert node is not None
    while node.apply_next():
        assert not node.validate()
    with pytest.raises(
        TablespaceMissing, match=r"db/a\.ibd, the file of table db.a, is not there: put it back"
    ):
        node.validate()
    assert node.phase is Phase.STOPPED


def test_a_replay_that_finds_a_stray_file_stops_the_leader() -> None:
    """RENAME is undone, and its old name is taken meanwhile."""
    stage = Stage()
    stage.made()
    assert stage.statement("rename", "a", "b")
    stage.run("done")
    put(stage.members["n1"].disk, "db/a.ibd", b"mine")
    assert stage.roll_back()
    with pytest.raises(AssertionError, match=r"a DDL cannot be undone: db/a\.ibd is there already"):
        stage.run()
    assert stage.members["n1"].phase == "aborted"


@pytest.mark.parametrize("what", ["create", "write", "fsync", "rename", "sync"])
def test_the_disk_fails_in_a_create_and_the_node_stops(what: str) -> None:
    """What is durable is unknown: nothing is tried again, and a start finds out."""
    stage = Stage()
    assert stage.statement("create", "a")
    stage.run("filed")
    stage.advance(stage.end)
    member = stage.members["n1"]
    member.disk.fault = lambda asked, _name: DiskError("EIO") if asked == what else None
    with pytest.raises(DiskError, match="EIO"):
        stage.step()
    member.disk.fault = None
    with pytest.raises(StorageStopped, match="open the storage again"):
        stage.step()
    assert stage.crash("n1", lambda disk: disk.crash(Random(1)))
    stage.settle()
    stage.check_quiet()


@pytest.mark.parametrize(
    "record",
    [
        FileCreate(0xFFFFFFEF, "undo_001.ibu"),
        FileDelete(0xFFFFFFF0 - 127 * 400_000, "undo_001.ibu"),
        FileExtend(0xFFFFFFEF, 0, PAGE_SIZE),
    ],
    ids=lambda record: type(record).__name__,
)
def test_undo_tablespaces_are_refused(record: FileRecord) -> None:
    """Their truncation keeps files outside redo (H32): a follower does nothing, and says so."""
    stage = Stage()
    stage.made()
    node = stage.members["n2"].node
    assert node is not None
    before = everything(stage)
    with pytest.raises(FileConflict, match=r"undo tablespaces are not replicated.*H32"):
        execute(record, node.storage, node.tablespaces, ALL_DDL_RULES)
    assert everything(stage) == before


def test_file_redo_for_a_taken_space_id_stops() -> None:
    stage = Stage()
    stage.made()
    node = stage.members["n2"].node
    assert node is not None
    before = everything(stage)
    with pytest.raises(FileConflict, match="space 100 cannot be executed"):
        execute(FileCreate(100, "db/b.ibd"), node.storage, node.tablespaces, ALL_DDL_RULES)
    with pytest.raises(TwoFilesOneSpace, match=r"cannot be made again as db/b\.ibd"):
        node.tablespaces.create("db/b.ibd", 100)
    assert everything(stage) == before
    assert node.executed_lsn == lsn_at(stage.end)
