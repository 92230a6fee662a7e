"""One node from start to serving (Startup.tla), with the bytes of its disk."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from attrs import define, field

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import LogFull, StorageMisuse
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft.node import VOTE_FILE, Dropped, Node, Posted, RestartProcess, Sizes, Stepped, Stopped
from redoraft.node.logview import whole_mtrs
from redoraft.observe import Action, NoObserver, Observed
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, Input
from redoraft.raft.messages import AppendEntries, AppendReply, RequestVote, Vote
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Members
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY, PageId
from redoraft.types import LogIndex, Lsn, NodeId, Term

N1, N2, N3 = (NodeId(f"n{number}") for number in (1, 2, 3))
MEMBERS = Members((N1, N2), (N3,))
START = Lsn(8204)


PAGE = PageId(1, 1)


def start(
    disk: MemoryDisk,
    after: Stopped = Stopped.NEVER_RAN,
    me: NodeId = N1,
    data_disk: MemoryDisk | None = None,
    rules: NodeRules = ALL_PARTS,
) -> Node:
    disks = disk, data_disk or MemoryDisk()
    return Node.start(me, MEMBERS, *disks, after=after, observer=NoObserver(), rules=rules)


def stored(node: Node, size: int = 1) -> bytes:
    """The first bytes of the page that `write` writes to."""
    assert node.storage is not None
    return node.storage.read(PAGE)[BODY : BODY + size]


def write(text: str, commits: bool = True) -> ClientMtr:
    return ClientMtr(text, encode_mtr([PageWrite(PAGE.space_id, PAGE.page_no, BODY, text.encode())]), commits)


def ack(term: int, lsn: Lsn) -> AppendReply:
    return AppendReply(Term(term), N2, lsn)


def elected(node: Node) -> None:
    """Make it the leader of its next term, its marker not yet committed."""
    list(node.handle(ElectionTimeout()))
    list(node.handle(Vote(node.term, N2, True)))
    assert node.role == "leader"


def is_due(node: Node) -> bool:
    """A function, because a checker of types takes a property for a constant."""
    return node.may_recover


def serves(node: Node) -> bool:
    return node.serving


def serving_node(disk: MemoryDisk) -> Node:
    node = start(disk)
    elected(node)
    list(node.fsync(node.last_lsn))
    list(node.handle(ack(1, node.last_lsn)))
    list(node.recover())
    assert node.serving
    return node


def from_leader(*texts: str, majority: bool) -> AppendEntries:
    """One entry of term 1 with these writes, sent by n2."""
    log = RedoLog.open(MemoryDisk())
    for text in texts:
        log.append_mtr(write(text).records)
    end = log.close_entry(Term(1))
    return AppendEntries(Term(1), N2, START, Term(0), end, log.read(START, end), end if majority else START)


def test_a_start_follows_and_has_applied_nothing() -> None:
    node = start(MemoryDisk())
    assert (node.role, node.phase, node.applied_lsn, node.serving) == ("follower", "aligning", START, False)


def test_a_leader_does_not_serve_before_its_marker_is_committed_and_applied() -> None:
    node = start(MemoryDisk())
    elected(node)
    assert list(node.handle(write("t"))) == [Reply("t", Outcome.FAILED)]
    assert not is_due(node)
    list(node.fsync(node.last_lsn))
    list(node.handle(ack(1, node.last_lsn)))
    assert is_due(node)
    assert not node.serving
    list(node.recover())
    assert serves(node)


def test_a_serving_leader_has_applied_what_it_writes() -> None:
    node = serving_node(MemoryDisk())
    list(node.handle(write("one", commits=False)))
    assert stored(node, 3) == b"one"
    list(node.handle(CloseDue()))
    assert node.applied_lsn == node.last_lsn
    assert node.applicable == ()


def test_a_follower_recovers_when_aligned_and_applies_up_to_the_majority_lsn() -> None:
    """FOL-1: mtr by mtr while it runs, behind the majority LSN (LIM-3)."""
    node = start(MemoryDisk())
    assert not is_due(node)
    list(node.handle(from_leader("a", "b", majority=False)))
    assert is_due(node)
    list(node.recover())
    assert (node.phase, node.applied_lsn, node.applicable, stored(node)) == ("ready", START, (), b"\0")
    list(node.handle(from_leader("a", "b", majority=True)))
    first, second, end = node.applicable
    assert end == node.last_lsn
    list(node.apply(first))
    assert (node.applied_lsn, stored(node)) == (first, b"a")
    list(node.apply(end))
    assert (node.applied_lsn, stored(node)) == (end, b"b")
    assert first < second


def test_a_caller_that_misuses_the_pages_is_told_loudly() -> None:
    """A serving leader whose pages lag behind its log has a bug: that is no full log."""
    node = serving_node(MemoryDisk())
    node.log.append_mtr(write("behind the pages").records)
    with pytest.raises(StorageMisuse, match="the pages are as of LSN"):
        list(node.handle(write("t")))


def test_a_client_that_writes_what_is_the_engines_own_is_refused() -> None:
    node = serving_node(MemoryDisk())
    end = node.last_lsn
    header = ClientMtr(
        "t", encode_mtr([PageWrite(PAGE.space_id, PAGE.page_no, 0, b"checksum")]), commits=True
    )
    assert list(node.handle(header)) == [Reply("t", Outcome.FAILED)]
    assert (node.last_lsn, node.serving) == (end, True)


def test_a_piece_of_log_without_room_is_said_to_be_dropped() -> None:
    """H25: nothing is taken of it, no answer is sent, and who runs the node knows."""
    full = Sizes(Layout(file_size=2048 + 512, capacity=1024), retain=0)
    node = Node.start(
        *(N1, MEMBERS, MemoryDisk(), MemoryDisk()),
        after=Stopped.NEVER_RAN,
        observer=NoObserver(),
        sizes=full,
    )
    piece = from_leader("a" * 600, "b" * 600, majority=False)
    *_, last = node.handle(piece)
    assert isinstance(last, Dropped)
    assert last.event == piece
    assert isinstance(last.reason, LogFull)
    assert node.last_lsn == START


def test_a_log_node_never_recovers() -> None:
    node = start(MemoryDisk(), me=N3)
    list(node.handle(from_leader("a", majority=True)))
    assert not node.may_recover
    assert (node.applicable, node.applied_lsn) == ((), None)


def test_a_deposed_leader_that_served_ends_and_has_changed_nothing() -> None:
    disk = MemoryDisk()
    node = serving_node(disk)
    effects = list(node.handle(RequestVote(Term(5), N2, Term(9), LogIndex(9), Lsn(99_999))))
    assert effects == [RestartProcess()]
    assert (node.term, node.role) == (1, "leader")
    assert start(disk, Stopped.CRASHED).term == 1


def test_a_deposed_leader_that_did_not_serve_steps_down() -> None:
    node = start(MemoryDisk())
    elected(node)
    list(node.handle(ack(5, START)))
    assert (node.term, node.role) == (5, "follower")


@pytest.mark.parametrize("clean", [True, False])
def test_every_start_goes_through_recovery(clean: bool) -> None:
    disk = MemoryDisk()
    node = serving_node(disk)
    list(node.handle(write("t")))
    list(node.handle(CloseDue()))
    list(node.fsync(node.last_lsn))
    end = node.last_lsn
    if clean:
        node.shutdown()
        assert (node.role, node.phase, node.majority_lsn, node.applied_lsn) == (
            "down",
            "stopped",
            START,
            START,
        )
    else:
        disk.crash(Random(1))
    again = start(disk, Stopped.CLEAN if clean else Stopped.CRASHED)
    assert (again.phase, again.applied_lsn, again.last_lsn) == ("aligning", START, end)
    assert (again.term, again.voted_for, again.majority_lsn) == (1, N1, START)


def test_an_unflushed_log_is_no_clean_shutdown() -> None:
    node = serving_node(MemoryDisk())
    list(node.handle(write("t")))
    with pytest.raises(AssertionError, match="flushes the log first"):
        node.shutdown()


def test_what_is_not_consumed_does_not_happen() -> None:
    """A crash between two steps: the higher term is followed and durable, the vote is not given."""
    disk = MemoryDisk()
    node = start(disk)
    effects = node.handle(RequestVote(Term(3), N2, Term(0), LogIndex(0), START))
    assert isinstance(next(effects), Stepped)
    del effects
    disk.crash(Random(1))
    again = start(disk, Stopped.CRASHED)
    assert (again.term, again.voted_for) == (3, "none")


def test_a_vote_is_durable_before_it_is_sent() -> None:
    """A crash at the moment of sending: the vote that may have been heard is remembered."""
    disk = MemoryDisk()
    node = start(disk)
    for effect in node.handle(RequestVote(Term(3), N2, Term(0), LogIndex(0), START)):
        if isinstance(effect, Posted):
            break
    disk.crash_keeping([False] * disk.pending)
    again = start(disk, Stopped.CRASHED)
    assert (again.term, again.voted_for) == (3, N2)


def test_all_that_survives_is_in_two_files() -> None:
    """LOG-12: the redo log, and term and vote beside it."""
    disk = MemoryDisk()
    serving_node(disk)
    assert set(disk.names) == {"#ib_redo0", VOTE_FILE}


def test_a_run_of_records_is_cut_at_its_mtr_ends() -> None:
    mtrs = [write("a").records, encode_mtr([PageWrite(1, 2, 3, b"b"), PageWrite(1, 2, 9, b"c")])]
    assert whole_mtrs(b"".join(mtrs)) == mtrs
    assert whole_mtrs(b"") == []


@define
class Recorder:
    """Keeps the name, the sent ids and the received id of every event."""

    events: list[tuple[str, int, str | None]] = field(factory=list)
    ids: int = 0
    sees_pages: bool = False
    sees_tables: bool = False

    def new_message_id(self) -> str:
        self.ids += 1
        return f"m{self.ids}"

    def record(self, action: Action, node: Observed, sent: Sequence[str], received: str | None) -> None:
        self.events.append((action.name, len(sent), received))


def recorded(*events: tuple[Input, str]) -> list[tuple[str, int, str | None]]:
    """The events of a new node that receives these messages."""
    recorder = Recorder()
    node = Node.start(N1, MEMBERS, MemoryDisk(), MemoryDisk(), after=Stopped.NEVER_RAN, observer=recorder)
    for event, message_id in events:
        list(node.handle(event, message_id))
        list(node.fsync(node.last_lsn))
    return recorder.events


def test_a_received_message_stands_on_the_steps_that_it_was_the_input_of() -> None:
    request = RequestVote(Term(1), N2, Term(0), LogIndex(0), START)
    assert recorded((request, "q1"), (from_leader("a", majority=False), "q2")) == [
        ("UpdateTerm", 0, "q1"),
        ("GrantVote", 1, "q1"),
        ("AppendEntries", 0, "q2"),
        ("Fsync", 0, None),
        ("Acknowledge", 1, None),
    ]
