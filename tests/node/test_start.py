"""A node that cannot start says so in one line with file and place, and leaves all its files as they were."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from attrs import define, field
from tests.redo.every_crash import picture

from redoraft.cluster.host import Host
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trio import Fuse, PowerLost
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import RedoError
from redoraft.mutants import ALL_PARTS
from redoraft.node import VOTE_FILE
from redoraft.observe import NoObserver
from redoraft.redo.header import Note
from redoraft.types import NO_ONE, NodeId


@define
class Disks:
    """The disks of a node that was killed in a run with pages, checkpoints and deleted files."""

    log: MemoryDisk = field(factory=MemoryDisk)
    pages: MemoryDisk = field(factory=MemoryDisk)


def killed() -> Disks:
    simulator = Simulator(Settings(3, members_of(3, 1), frozenset()), lambda _: None)
    simulator.run(2500)
    host = simulator.hosts[NodeId("n2")]
    host.kill_process()
    return Disks(host.disk, host.data_disk)


KILLED = killed()
LOGS = sorted((name for name in KILLED.log.names if name.startswith("#")), key=lambda name: int(name[8:]))
COPIES = "doublewrite"


def put(name: str, at: int, data: bytes) -> Callable[[Disks], None]:
    def do(disks: Disks) -> None:
        disk = disks.log if name in disks.log.names else disks.pages
        disk.open(name).write(at, data)

    return do


def no_vote(disks: Disks) -> None:
    disks.log.open(VOTE_FILE).write(0, b"?" * disks.log.open(VOTE_FILE).size)


def removed_vote(disks: Disks) -> None:
    disks.log.remove(VOTE_FILE)


def emptied_vote(disks: Disks) -> None:
    disks.log.open(VOTE_FILE).truncate(0)


def seeding(disks: Disks) -> None:
    disks.pages.open("seeding").write(0, b"1")


def no_log(disks: Disks) -> None:
    for name in LOGS:
        disks.log.remove(name)


def on(disks: Disks) -> Host:
    members = members_of(3, 1)
    return Host(NodeId("n2"), members, ALL_PARTS, NoObserver(), disk=disks.log, data_disk=disks.pages)


NO_VOTE = f"the vote is gone: there is a log, in {VOTE_FILE} at byte 0"

DAMAGE: dict[str, tuple[Callable[[Disks], None], str]] = {
    "unreadable log": (put(LOGS[0], 0, b"?" * 512), f"{LOGS[0]}, byte 0"),
    "newer log": (put(LOGS[0], 0, b"\x52\x52\x00\x09"), f"{LOGS[0]}, byte 0"),
    "unreadable vote": (no_vote, "byte 0"),
    "log without a vote": (removed_vote, NO_VOTE),
    "log and an empty vote file": (emptied_vote, NO_VOTE),
    "copy under way": (seeding, "seeding"),
    "vote and pages without a log": (no_log, "the log is gone"),
    "doublewrite": (put(COPIES, 0, b"?" * 1024), COPIES),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_nothing_is_changed(name: str) -> None:
    damage, said = DAMAGE[name]
    disks = Disks(KILLED.log.copy(), KILLED.pages.copy())
    damage(disks)
    before = picture(disks.log), picture(disks.pages)
    host = on(disks)
    with pytest.raises(RedoError) as caught:
        host.start()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (picture(disks.log), picture(disks.pages)) == before


def test_power_may_fail_at_any_operation_of_the_first_start() -> None:
    """What is left is no lost log and no lost vote: the node starts, and has voted for nobody."""
    starts, operations = 0, 0
    while True:
        fuse = Fuse(operations)
        disks = Disks()
        disks.log.fault = fuse
        try:
            on(disks).start()
        except PowerLost:
            pass
        else:
            break
        disks.log.fault = None
        for keep in product((False, True), repeat=disks.log.pending):
            left = Disks(disks.log.copy())
            left.log.crash_keeping(keep)
            node = on(left).start()
            assert (node.term, node.voted_for, node.last_lsn) == (0, NO_ONE, node.log.start_lsn)
            starts += 1
        operations += 1
    assert operations >= 8
    assert starts > operations


def test_of_two_checkpoints_one_may_be_torn() -> None:
    """The other one holds, and the node starts."""
    started = 0
    for name in LOGS:
        for note in (Note.CHECKPOINT_1, Note.CHECKPOINT_2):
            disks = Disks(KILLED.log.copy(), KILLED.pages.copy())
            if not any(disks.log.open(name).read(note, 512)):
                continue
            put(name, note, b"?" * 256)(disks)
            node = on(disks).start()
            assert node.log.notices == (f"{name}, byte {int(note)}: a torn checkpoint; the other ones hold",)
            started += 1
    assert started >= 2
