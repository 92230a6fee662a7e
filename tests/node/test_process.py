"""A node process is killed with SIGKILL at any operation on its files, starts again, and nothing is lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.disk.real import RealDisk
from redoraft.node import Sizes, process
from redoraft.node.process import Done, Ends, Lost, Stop, Tend, Write, deliver, main
from redoraft.raft.messages import AppendEntries
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY
from redoraft.types import Lsn, NodeId, Term

from .kit import MEMBERS, N1, N2, Died, There, Trio, put_vote

TRANSACTIONS = 3
NEVER = 10**9


def work(trio: Trio, leader: NodeId) -> None:
    trio.lead(leader)
    for number in range(TRANSACTIONS):
        trio.write(leader, f"t{number}")


def killed_at(folder: Path, leader: NodeId, operation: int) -> tuple[Trio, int, str]:
    """n1 works until it dies; its exit code, and what it said."""
    trio = Trio(folder, There(N1, folder / N1, operation))
    try:
        work(trio, leader)
    except Died:
        trio.queue.clear()
    code, said = trio.victim.finish()
    return trio, code, said


def heal(trio: Trio) -> None:
    """The others go on without n1; then it starts again and catches up."""
    trio.members.pop(N1)
    trio.state.pop(N1, None)
    trio.lead(N2)
    trio.write(N2, "without n1")
    trio.members[N1] = There(N1, trio.folder / N1)
    trio.write(N2, "with n1")
    trio.rest(N2)
    trio.judge()
    trio.members[N1].end()


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> dict[NodeId, int]:
    """How many operations n1 has on its disks, when it leads and when n2 does."""
    counts = {}
    for leader in (N1, N2):
        trio, code, said = killed_at(tmp_path_factory.mktemp(f"led-by-{leader}"), leader, NEVER)
        assert code == 0
        assert len(trio.acknowledged) == TRANSACTIONS
        counts[leader] = int(said.split(" ")[0])
    return counts


@pytest.mark.parametrize("part", range(6))
@pytest.mark.parametrize("leader", [N1, N2])
def test_killed_at_an_operation(
    leader: NodeId, part: int, operations: dict[NodeId, int], tmp_path: Path
) -> None:
    """Six operations of each role, evenly spread: a write of them is cut in half."""
    operation = operations[leader] * (2 * part + 1) // 12
    trio, code, _ = killed_at(tmp_path, leader, operation)
    assert code == -signal.SIGKILL
    heal(trio)
    assert {"without n1", "with n1"} <= trio.acknowledged


def test_killed_from_outside_with_orders_under_way(tmp_path: Path) -> None:
    trio = Trio(tmp_path, There(N1, tmp_path / N1))
    work(trio, N1)
    # Fewer bytes than a pipe holds, either way: nobody reads the answers.
    for number in range(24):
        records = encode_mtr([PageWrite(1, 30 + number % 3, BODY + number, b"x" * 300)])
        trio.victim.tell(Write("open", records, commits=False))
        if number % 10 == 9:
            trio.victim.tell(Tend())
    trio.victim.process.kill()
    code, _ = trio.victim.finish()
    assert code == -signal.SIGKILL
    heal(trio)


@pytest.mark.parametrize("leader", [N1, N2])
def test_stopped_cleanly_with_orders_not_done(leader: NodeId, tmp_path: Path) -> None:
    """n1 stops, as leader with an mtr that nobody has heard of, and the process ends; it starts as ever."""
    trio = Trio(tmp_path, There(N1, tmp_path / N1))
    work(trio, leader)
    if leader == N1:
        list(trio.victim.ask(Write("unheard", encode_mtr([PageWrite(1, 0, BODY, b"unheard")]), commits=True)))
    *_, last = trio.victim.ask(Stop())
    assert last == Ends()
    assert trio.victim.finish() == (0, "")
    heal(trio)
    assert "unheard" not in trio.acknowledged


def test_what_cannot_be_started_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    put_vote(RealDisk(log))
    (log / "#ib_redo0").write_bytes(b"?" * 4096)
    assert main([str(tmp_path), "n1", "--data", "n1"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("n1: ")
    assert said.count("\n") == 1
    assert "#ib_redo0, byte 0" in said
    assert (log / "#ib_redo0").read_bytes() == b"?" * 4096


def test_who_orders_is_told_what_found_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    source = RedoLog.open(MemoryDisk())
    source.append_mtr(encode_mtr([PageWrite(1, 1, BODY, bytes(1200))]))
    start, end = Lsn(source.start_lsn), source.close_entry(Term(1))
    piece = AppendEntries(Term(1), N2, start, Term(0), end, source.read(start, end), start)
    monkeypatch.setattr(process, "SIZES", Sizes(Layout(file_size=2048 + 512, capacity=1024), retain=0))
    *_, lost, done = process.NodeProcess(N1, MEMBERS, MemoryDisk(), MemoryDisk()).carry_out(deliver(piece))
    assert isinstance(lost, Lost)
    assert lost.kind == "AppendEntries"
    assert "more bytes do not fit" in lost.reason
    assert isinstance(done, Done)
    assert done.last_lsn == start
