"""A node as a process of its own, on real files: orders come in as lines, what it does goes out as lines.

Whoever starts the process is its network and its clock: it delivers what others have sent, says when a timer
has ended, and carries on what the node says.  An order is answered line by line, as things happen, and then
by `Done`; what is not in a line yet when the process is killed has not left it.

    python -m redoraft.node.process FOLDER n1 --data n1,n2 --log n3

FOLDER holds `log` (redo files, vote) and `pages`.  Lines are JSON, an object with its `type`.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from redoraft.disk.real import RealDisk
from redoraft.errors import RedoError
from redoraft.files import Disk
from redoraft.node.driver import Node
from redoraft.node.effects import Dropped, Effect, Posted, RestartProcess, Sizes, Stopped
from redoraft.node.stopping import stop
from redoraft.observe import NoObserver
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue
from redoraft.raft.messages import AppendEntries, AppendReply, Message, RequestVote, TimeoutNow, Vote
from redoraft.raft.outputs import Reply
from redoraft.raft.state import Members
from redoraft.redo.files import Layout
from redoraft.types import NodeId

SIZES: Final = Sizes(Layout(file_size=64 * 1024, capacity=4 * 1024 * 1024), retain=1024 * 1024)

_MESSAGES: Final[dict[str, type[Message]]] = {
    kind.__name__: kind for kind in (RequestVote, Vote, AppendEntries, AppendReply, TimeoutNow)
}


class Deliver(msgspec.Struct, tag=True, frozen=True):
    """A message arrives; `kind` is the name of its class."""

    kind: str
    message: msgspec.Raw


class Elect(msgspec.Struct, tag=True, frozen=True):
    """The election timer has ended."""


class Heartbeat(msgspec.Struct, tag=True, frozen=True):
    """A leader's followers have heard nothing for long enough."""


class Write(msgspec.Struct, tag=True, frozen=True):
    """A client's mtr, its redo records; `commits` if it is the last one of transaction `request`."""

    request: str
    records: bytes
    commits: bool


class Tend(msgspec.Struct, tag=True, frozen=True):
    """Close the open entry, fsync, recover or apply, write pages, raise the checkpoint, delete redo."""


class Stop(msgspec.Struct, tag=True, frozen=True):
    """Stop cleanly; answered by `Ends`."""


class ReadPages(msgspec.Struct, tag=True, frozen=True):
    """All pages, as a reader sees them."""


Order = Deliver | Elect | Heartbeat | Write | Tend | Stop | ReadPages


class Sent(msgspec.Struct, tag=True, frozen=True):
    """A message for `to`."""

    to: str
    kind: str
    message: msgspec.Raw


class Told(msgspec.Struct, tag=True, frozen=True):
    """A client's answer."""

    request: str
    outcome: str


class Lost(msgspec.Struct, tag=True, frozen=True):
    """What was delivered, or the node's own chore, found no room and was not done; `reason` says why."""

    kind: str
    reason: str


class Page(msgspec.Struct, tag=True, frozen=True):
    """A page; the address, LSN and checksum in it are those of its last write to disk."""

    space_id: int
    page_no: int
    data: bytes


class Ends(msgspec.Struct, tag=True, frozen=True):
    """The process ends now: it has stopped cleanly, or has to be started again (H13)."""


class Done(msgspec.Struct, tag=True, frozen=True):
    """The order is carried out; what the node is then.  LSNs are in bytes."""

    term: int
    serving: bool
    readable: bool
    last_lsn: int
    majority_lsn: int
    applied_lsn: int | None


Answer = Sent | Told | Lost | Page | Ends | Done


class NodeProcess:
    """A node that is told what to do; the same in a process of its own and in the one of its tests."""

    def __init__(self, me: NodeId, members: Members, disk: Disk, data_disk: Disk) -> None:
        """Start, or start again, on what the disks hold (ST-1).  Raises as Node.start."""
        after = Stopped.CRASHED if disk.names else Stopped.NEVER_RAN
        self.node: Final = Node.start(
            me, members, disk, data_disk, after=after, sizes=SIZES, observer=NoObserver()
        )

    def carry_out(self, order: Order) -> Iterator[Answer]:
        """What comes of an order, as it happens; `Done` or `Ends` comes last.  Raises RedoError: then the
        process has to end."""
        if isinstance(order, ReadPages):
            for one in self.node.pages:
                yield Page(one.space_id, one.page_no, self.node.read(one))
        else:
            for effect in self._effects(order):
                yield from _told(effect)
                if isinstance(effect, RestartProcess):
                    return
        node = self.node
        if isinstance(order, Stop):
            node.log.close()
            yield Ends()
            return
        yield Done(node.term, node.serving, node.readable, node.last_lsn, node.majority_lsn, node.applied_lsn)

    def _effects(self, order: Deliver | Elect | Heartbeat | Write | Tend | Stop) -> Iterator[Effect]:
        match order:
            case Tend():
                return self._tended()
            case Stop():
                return stop(self.node)
            case _:
                return self.node.handle(_input(order))

    def _tended(self) -> Iterator[Effect]:
        node = self.node
        if node.serving and node.log.last_lsn > node.log.closed_lsn:
            yield from node.handle(CloseDue())
        yield from node.fsync(node.last_lsn)
        if node.may_recover:
            yield from node.recover()
        if node.applicable:
            yield from node.apply(node.applicable[-1])
        node.flush_pages()
        if node.log.written_lsn == node.log.durable_lsn:
            node.checkpoint()
            node.delete_redo()


def deliver(message: Message) -> Deliver:
    """The order that delivers a message."""
    return Deliver(type(message).__name__, msgspec.Raw(msgspec.json.encode(message)))


def _input(
    order: Deliver | Elect | Heartbeat | Write,
) -> Message | ElectionTimeout | HeartbeatDue | ClientMtr:
    match order:
        case Deliver(kind, message):
            return msgspec.json.decode(message, type=_MESSAGES[kind])
        case Elect():
            return ElectionTimeout()
        case Heartbeat():
            return HeartbeatDue()
        case Write(request, records, commits):
            return ClientMtr(request, records, commits)


def _told(effect: Effect) -> Iterator[Answer]:
    match effect:
        case Posted(to=to, message=message):
            yield Sent(to, type(message).__name__, msgspec.Raw(msgspec.json.encode(message)))
        case Reply(request, outcome):
            yield Told(request, outcome.value)
        case Dropped(event, reason):
            yield Lost(type(event).__name__, str(reason))
        case RestartProcess():
            yield Ends()
        case _:
            pass


def serve(process: NodeProcess, orders: Iterable[bytes], answers: BinaryIO) -> None:
    """Carry out orders, a line each, until there are no more or the process has to end.

    Raises RedoError, and msgspec.DecodeError for a line that is no order.
    """
    decoder = msgspec.json.Decoder(Order)
    encoder = msgspec.json.Encoder()
    for line in orders:
        for answer in process.carry_out(decoder.decode(line)):
            answers.write(encoder.encode(answer) + b"\n")
            answers.flush()
            if isinstance(answer, Ends):
                return


def main(words: list[str]) -> int:
    """0 at the end of the orders; 1, with one line on stderr, if the disks or an order are not what they
    have to be."""
    parser = ArgumentParser(
        prog="python -m redoraft.node.process", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("me")
    parser.add_argument("--data", required=True, help="The data nodes, with commas between them.")
    parser.add_argument("--log", default="", help="The log nodes.")
    given = parser.parse_args(words)
    data, log = (tuple(NodeId(name) for name in text.split(",") if name) for text in (given.data, given.log))
    if given.me not in (*data, *log):
        parser.error(f"{given.me} is none of the nodes")
    try:
        disks = (RealDisk(given.folder / "log"), RealDisk(given.folder / "pages"))
        serve(NodeProcess(NodeId(given.me), Members(data, log), *disks), sys.stdin.buffer, sys.stdout.buffer)
    except (RedoError, msgspec.DecodeError) as error:
        sys.stderr.write(f"{given.me}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
