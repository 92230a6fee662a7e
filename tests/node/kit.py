"""Three nodes on real files, one of them a process of its own that may be killed; the test is the network."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec
from attrs import define, field

from redoraft.disk.real import RealDisk
from redoraft.disk.state import Vote, VoteStore
from redoraft.files import Disk
from redoraft.node import VOTE_FILE
from redoraft.node.process import (
    Answer,
    Deliver,
    Done,
    Elect,
    Ends,
    Heartbeat,
    NodeProcess,
    Order,
    Page,
    ReadPages,
    Sent,
    Tend,
    Told,
    Write,
)
from redoraft.raft.state import Members
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY, BODY_END
from redoraft.types import NodeId, Term

N1, N2, N3 = NodeId("n1"), NodeId("n2"), NodeId("n3")
MEMBERS = Members((N1, N2), (N3,))
VOTED = Vote(Term(1), N2)
ROUNDS = 30
"""Heartbeats within which a healed cluster has come to rest."""
ANSWER = msgspec.json.Decoder(Answer)
ORDER = msgspec.json.Encoder()
ROOT = Path(__file__).parents[2]


def put_vote(disk: Disk, vote: Vote = VOTED) -> None:
    """Beside a log that a test has made by itself: a log without a vote does not start."""
    file = disk.open(VOTE_FILE)
    VoteStore.open(file).store(vote.term, vote.voted_for)
    file.close()


class Died(Exception):
    """The process that was asked is gone; what it said."""


class Member(Protocol):
    """A node, wherever it runs."""

    def ask(self, order: Order) -> Iterator[Answer]:
        """What comes of an order; Died."""

    def end(self) -> None:
        """Let it stop as it is."""


class Here:
    """A node in this process."""

    def __init__(self, me: NodeId, folder: Path) -> None:
        self._process = NodeProcess(me, MEMBERS, RealDisk(folder / "log"), RealDisk(folder / "pages"))

    def ask(self, order: Order) -> Iterator[Answer]:
        return self._process.carry_out(order)

    def end(self) -> None:
        self._process.node.log.close()


class There:
    """A node in a process of its own, which dies at operation `dies_at` of its disks if that is given."""

    def __init__(self, me: NodeId, folder: Path, dies_at: int | None = None) -> None:
        module = ["redoraft.node.process"] if dies_at is None else ["tests.node.dying", str(dies_at)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *module, str(folder), me, "--data", "n1,n2", "--log", "n3"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        self._said = ""

    def tell(self, order: Order) -> None:
        """Give an order, and do not wait."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(ORDER.encode(order) + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Died from None

    def ask(self, order: Order) -> Iterator[Answer]:
        assert self.process.stdout is not None
        self.tell(order)
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break
            answer = ANSWER.decode(line)
            yield answer
            if isinstance(answer, Done | Ends):
                return
        raise Died(self.finish()[1])

    def end(self) -> None:
        self.finish()

    def finish(self) -> tuple[int, str]:
        """No more orders; its exit code and what it said on stderr."""
        if not self._said:
            self._said = self.process.communicate(timeout=60)[1].decode()
        return self.process.returncode, self._said


@define
class Trio:
    """n1, which may die, n2 and the log node n3; what clients were told, and what they wrote."""

    folder: Path
    victim: There
    acknowledged: set[str] = field(factory=set)
    written: dict[str, int] = field(factory=dict)
    """Each transaction's page."""
    state: dict[NodeId, Done] = field(factory=dict)
    queue: deque[tuple[NodeId, Order]] = field(factory=deque)
    members: dict[NodeId, Member] = field(init=False)

    def __attrs_post_init__(self) -> None:
        here = {name: Here(name, self.folder / name) for name in (N2, N3)}
        self.members = {N1: self.victim, **here}

    def order(self, node: NodeId, order: Order) -> None:
        """Carry out an order and all that comes of it at others; Died if n1 does not live through it."""
        self.queue.append((node, order))
        while self.queue:
            at, one = self.queue.popleft()
            for answer in self.members[at].ask(one) if at in self.members else ():
                self._take(at, answer)

    def _take(self, at: NodeId, answer: Answer) -> None:
        match answer:
            case Sent(to=to, kind=kind, message=message):
                self.queue.append((NodeId(to), Deliver(kind, message)))
            case Told(request=request, outcome="ok"):
                self.acknowledged.add(request)
            case Done():
                self.state[at] = answer
            case Ends():
                self.members[at].end()
                self.members[at] = There(N1, self.folder / N1) if at == N1 else Here(at, self.folder / at)

    def tend(self, leader: NodeId) -> None:
        """A round of the chores of all, and a heartbeat."""
        for node in tuple(self.members):
            self.order(node, Tend())
        self.order(leader, Heartbeat())

    def lead(self, node: NodeId) -> None:
        """Let it win an election and serve."""
        for _ in range(ROUNDS):
            if node in self.state and self.state[node].serving:
                return
            self.order(node, Elect())
            for _ in range(4):
                self.tend(node)
        raise AssertionError(f"{node} does not come to serve in {ROUNDS} rounds")

    def write(self, leader: NodeId, request: str) -> None:
        """A transaction of two mtrs in a page of its own and one that all write to."""
        page_no = len(self.written) + 1
        self.written[request] = page_no
        own = encode_mtr([PageWrite(1, page_no, BODY, request.encode())])
        shared = encode_mtr([PageWrite(1, 0, BODY, request.encode().ljust(8))])
        self.order(leader, Write(request, own, commits=False))
        self.order(leader, Write(request, shared, commits=True))
        self.tend(leader)

    def rest(self, leader: NodeId) -> None:
        """Let all come to have, know and have applied what the leader has."""
        for _ in range(ROUNDS):
            self.tend(leader)
            ends = {(one.last_lsn, one.majority_lsn) for one in self.state.values()}
            applied = {one.applied_lsn for one in self.state.values()} - {None}
            if len(self.state) == 3 and len(ends) == 1 and len(set(*ends)) == 1 and applied == set(*ends):
                return
        raise AssertionError(f"no rest in {ROUNDS} rounds: {self.state}")

    def pages(self, node: NodeId) -> dict[tuple[int, int], bytes]:
        """The bodies of all pages."""
        found = [one for one in self.members[node].ask(ReadPages()) if isinstance(one, Page)]
        return {(one.space_id, one.page_no): one.data[BODY:BODY_END] for one in found}

    def judge(self) -> None:
        """Both data nodes have the same pages, and in them what was answered ok."""
        ours, theirs = self.pages(N1), self.pages(N2)
        assert ours == theirs
        for request in self.acknowledged:
            assert ours[1, self.written[request]].startswith(request.encode()), request
