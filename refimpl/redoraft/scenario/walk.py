"""A run as a list of small moves: deliver that message, let this one time out, cut its power and keep these
sectors.

Any move may come after any other; one that is not possible then does nothing.  So a list can be made by a
state machine, made smaller by leaving moves out, and saved.  Numbers choose among what there is, modulo
their count: 0 is the oldest message, or the most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from attrs import define, field, frozen

from redoraft.cluster.filewatch import FileWatch, Watching
from redoraft.cluster.ledger import Ledger
from redoraft.cluster.sessions import NAMES
from redoraft.ddl.dictionary import Kind
from redoraft.ddl.names import TableName
from redoraft.errors import DdlRefused, PoolFull
from redoraft.mutants import NodeRules
from redoraft.node import Node
from redoraft.node.tables import Statement, Tables
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue, Input
from redoraft.raft.state import Members
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.scenario.mail import Letter
from redoraft.scenario.stage import Actor, Stage
from redoraft.storage.page import BODY
from redoraft.types import Lsn, NodeId
from redoraft_traces import Event

PAGES: Final = 6
"""Pages that clients write to."""


@frozen
class Move:
    """One move: what is done (a key of `MOVES`), by which node, and what the numbers choose.

    `at` chooses a message or an mtr.  `hold` stops the node after so many steps of what it begins (0: not at
    all); it goes on before it does anything else.  `log` and `pages` have a bit for each pending change of
    the two disks, the lowest for the oldest: 1 where a crash keeps it, so 0 loses all and -1 keeps all.
    """

    do: str
    node: str = ""
    at: int = 0
    hold: int = 0
    log: int = 0
    pages: int = 0


@frozen
class Stop:
    """A node ended without a shutdown when so many events had been."""

    events: int
    node: NodeId


@define(init=False)
class Walk:
    """A cluster, and the messages that may still arrive; `events` and `stops` are what has been so far.

    Data nodes have tables if somebody is `watching` them.
    """

    members: Members
    stage: Stage
    events: list[Event]
    stops: list[Stop]
    waiting: list[Letter]
    ledger: Ledger
    files: FileWatch
    _sent: int = field(init=False, default=0)
    _written: int = field(init=False, default=0)

    def __init__(self, members: Members, rules: NodeRules, watching: Watching | None = None) -> None:
        ledger = Ledger()
        heard = None if watching is None else lambda host: watching(host, ledger)
        stage = Stage(members, rules, self._on_event, heard)
        self.__attrs_init__(members, stage, [], [], [], ledger, FileWatch(ledger))

    def _on_event(self, event: Event) -> None:
        self.events.append(event)
        node = self.stage.actors[NodeId(event.node)].node
        if event.action == "AdvanceMajority" and node is not None:
            self.ledger.grow(node)

    def take(self, move: Move) -> None:
        """Do it, if it is possible.  Raises what the node raises; ValueError for what is no move."""
        if move.do not in MOVES or (move.node and NodeId(move.node) not in self.stage.actors):
            raise ValueError(f"no move of this cluster: {move}")
        up = {name for name, actor in self.stage.actors.items() if actor.node is not None}
        MOVES[move.do](self, move)
        letters = self.stage.mail.letters
        self.waiting += letters[self._sent :]
        self._sent = len(letters)
        for name in self.members.nodes:
            actor = self.stage.actors[name]
            if actor.node is not None:
                self.ledger.look_at(actor.node)
                if actor.node.tables is not None:
                    self.files.look_at(actor.host)
            elif name in up and not (self.events and _is_shutdown_of(self.events[-1], name)):
                self.stops.append(Stop(len(self.events), name))

    # --- for the moves ---

    def actor(self, move: Move) -> Actor | None:
        """The move's node, with nothing begun; None if it does not run (any more)."""
        actor = self.stage.actors[NodeId(move.node or self.members.nodes[0])]
        if actor.node is not None:
            self.go_on(actor, 0)
        return None if actor.node is None else actor

    def go_on(self, actor: Actor, hold: int) -> None:
        """Let a node take `hold` steps of what it has begun, all of them if that is 0."""
        taken = 0
        while (hold == 0 or taken < hold) and self.stage.next_step(actor) is not None:
            taken += 1

    def submit(self, move: Move, event: Input) -> None:
        """Give the move's node an input."""
        actor = self.actor(move)
        if actor is not None:
            self.stage.submit(actor, event)
            self.go_on(actor, move.hold)

    def next_request(self) -> str:
        """The name of a transaction."""
        self._written += 1
        return f"t{self._written}"


def _is_shutdown_of(event: Event, name: NodeId) -> bool:
    return event.action == "Shutdown" and event.node == name


def _chosen(walk: Walk, move: Move) -> int | None:
    return move.at % len(walk.waiting) if walk.waiting else None


def _arrive(walk: Walk, letter: Letter, hold: int) -> None:
    actor = walk.actor(Move("", letter.to))
    if actor is not None:
        walk.stage.deliver(actor, letter)
        walk.go_on(actor, hold)


def _deliver(walk: Walk, move: Move) -> None:
    chosen = _chosen(walk, move)
    if chosen is not None:
        _arrive(walk, walk.waiting.pop(chosen), move.hold)


def _duplicate(walk: Walk, move: Move) -> None:
    """It arrives, and may arrive again."""
    chosen = _chosen(walk, move)
    if chosen is not None:
        _arrive(walk, walk.waiting[chosen], move.hold)


def _drop(walk: Walk, move: Move) -> None:
    chosen = _chosen(walk, move)
    if chosen is not None:
        del walk.waiting[chosen]


def _time_out(walk: Walk, move: Move) -> None:
    walk.submit(move, ElectionTimeout())


def _heartbeat(walk: Walk, move: Move) -> None:
    walk.submit(move, HeartbeatDue())


def _close(walk: Walk, move: Move) -> None:
    walk.submit(move, CloseDue())


def _client_mtr(walk: Walk, move: Move, *, commits: bool = False) -> None:
    request = walk.next_request()
    record = PageWrite(1, move.at % PAGES, BODY, request.encode().ljust(16, b"."))
    walk.submit(move, ClientMtr(request, encode_mtr([record]), commits))


def _commit_mtr(walk: Walk, move: Move) -> None:
    _client_mtr(walk, move, commits=True)


def _mtr_end(node: Node, move: Move, upto: Lsn) -> Lsn | None:
    """One of the mtr ends that are not durable, the last one first."""
    ends = node.log.mtr_ends(node.log.durable_lsn, upto)
    return ends[-1 - move.at % len(ends)] if ends else None


def _fsync(walk: Walk, move: Move) -> None:
    actor = walk.actor(move)
    if actor is None or actor.node is None:
        return
    upto = _mtr_end(actor.node, move, actor.node.log.last_lsn)
    if upto is not None:
        actor.rest = actor.node.fsync(upto)
        walk.go_on(actor, move.hold)


def _write_log(walk: Walk, move: Move) -> None:
    """From the log buffer into the file, without fsync: a crash may keep any of those sectors."""
    actor = walk.actor(move)
    if actor is None or actor.node is None:
        return
    upto = _mtr_end(actor.node, move, actor.node.log.last_lsn)
    if upto is not None and upto > actor.node.log.written_lsn:
        actor.node.log.write(upto)


def _apply(walk: Walk, move: Move) -> None:
    actor = walk.actor(move)
    if actor is None or actor.node is None:
        return
    ends = actor.node.applicable
    if actor.node.may_recover:
        actor.rest = actor.node.recover()
    elif ends:
        actor.rest = actor.node.apply(ends[-1 - move.at % len(ends)])
    walk.go_on(actor, move.hold)


def _flush(walk: Walk, move: Move) -> None:
    """Write pages: `at` of them, all if that is 0."""
    actor = walk.actor(move)
    if actor is not None and actor.node is not None:
        actor.node.flush_pages(move.at or None)


def _checkpoint(walk: Walk, move: Move) -> None:
    """Raise the checkpoint, and delete what nobody needs."""
    actor = walk.actor(move)
    node = None if actor is None else actor.node
    # The header of a log file shares its fsync with the blocks behind it: so it waits for them.
    if node is not None and node.log.written_lsn == node.log.durable_lsn:
        node.checkpoint()
        node.delete_redo()


def _kept(bits: int, pending: int) -> list[bool]:
    return [bool(bits >> at & 1) for at in range(pending)]


def _crash(walk: Walk, move: Move) -> None:
    """Power fails, also between two steps; the chosen pending changes are on disk."""
    actor = walk.stage.actors[NodeId(move.node)]
    if actor.node is not None:
        host = actor.host
        host.lose_power_keeping(_kept(move.log, host.disk.pending), _kept(move.pages, host.data_disk.pending))
        walk.stage.abandon(actor)


def _restart(walk: Walk, move: Move) -> None:
    actor = walk.stage.actors[NodeId(move.node)]
    if actor.node is None:
        walk.stage.restart(actor)


def _shut_down(walk: Walk, move: Move) -> None:
    actor = walk.actor(move)
    if actor is not None:
        walk.stage.shut_down(actor)


def _name(at: int) -> TableName:
    return NAMES[at % len(NAMES)]


def _tables(walk: Walk, move: Move) -> tuple[Actor, Tables] | None:
    actor = walk.actor(move)
    if actor is None or actor.node is None or actor.node.tables is None:
        return None
    return actor, actor.node.tables


def _statement(kind: Kind) -> Callable[[Walk, Move], None]:
    """A client asks for a DDL: `at` chooses the name, and for RENAME the new one."""

    def submit(walk: Walk, move: Move) -> None:
        found = _tables(walk, move)
        if found is not None:
            name, to = _name(move.at), _name(move.at // len(NAMES))
            statement = Statement(kind, name, to if kind is Kind.RENAME else name)
            found[0].rest = found[1].submit(walk.next_request(), statement)
            walk.go_on(found[0], 0)

    return submit


def _roll_back(walk: Walk, move: Move) -> None:
    found = _tables(walk, move)
    if found is not None:
        found[0].rest = found[1].roll_back()
        walk.go_on(found[0], 0)


def _ddl(walk: Walk, move: Move) -> None:
    """The node validates its files, or takes the next step of a DDL or of promotion, if one is due."""
    found = _tables(walk, move)
    if found is not None and found[1].due:
        found[0].rest = found[1].step()
        walk.go_on(found[0], 0)


def _write_row(walk: Walk, move: Move) -> None:
    found, space_id = _tables(walk, move), None
    with suppress(PoolFull):
        space_id = None if found is None else found[1].space_of(_name(move.at))
    if space_id is not None:
        request = walk.next_request()
        record = PageWrite(space_id, 1 + move.at % PAGES, BODY, request.encode().ljust(16, b"."))
        walk.submit(move, ClientMtr(request, encode_mtr([record]), commits=True))


def _open_table(walk: Walk, move: Move) -> None:
    found = _tables(walk, move)
    if found is not None:
        with suppress(DdlRefused, PoolFull):
            found[1].open_table(_name(move.at))


def _cut_ddl(walk: Walk, move: Move) -> None:
    """Power fails before operation `at` of the pages' disk, or behind the last one, while the node does the
    step of DDL that is due, or applies redo."""
    actor = walk.actor(move)
    if actor is not None:
        host = actor.host
        host.power_fails_in_ddl(move.at)
        host.lose_power_keeping(_kept(move.log, host.disk.pending), _kept(move.pages, host.data_disk.pending))
        walk.stage.abandon(actor)


MOVES: Final[Mapping[str, Callable[[Walk, Move], None]]] = {
    "deliver": _deliver,
    "duplicate": _duplicate,
    "drop": _drop,
    "time out": _time_out,
    "heartbeat": _heartbeat,
    "close": _close,
    "mtr": _client_mtr,
    "commit": _commit_mtr,
    "fsync": _fsync,
    "write": _write_log,
    "apply": _apply,
    "flush": _flush,
    "checkpoint": _checkpoint,
    "crash": _crash,
    "restart": _restart,
    "shut down": _shut_down,
    "create table": _statement(Kind.CREATE),
    "rename table": _statement(Kind.RENAME),
    "drop table": _statement(Kind.DROP),
    "roll back": _roll_back,
    "ddl": _ddl,
    "row": _write_row,
    "open table": _open_table,
    "cut ddl": _cut_ddl,
}
"""Every move, by its name."""

ON_MESSAGES: Final = frozenset({"deliver", "duplicate", "drop"})
"""Moves of a message: whose it is says the message."""
