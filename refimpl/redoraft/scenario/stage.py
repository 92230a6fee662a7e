"""The machines of a scenario, each held still behind its last step until the next one is wanted.

A node's driver takes all the steps that an input causes, one after the other; here it is stopped between two
of them, so that other nodes may act there.  A node that is to do something else first finishes what it began,
unless it crashes: those steps are real too, and are reported as further ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

from attrs import define, field

from redoraft.cluster.host import Host
from redoraft.mutants import NodeRules
from redoraft.node import Effect, Node, Posted, RestartProcess, Stepped
from redoraft.node.watch import Watch
from redoraft.observe import TraceObserver
from redoraft.raft.inputs import Input
from redoraft.raft.state import Members
from redoraft.scenario.mail import Letter, Mail
from redoraft.types import Lsn
from redoraft_traces import Event


@define
class Actor:
    """One machine, what its node has not finished, and the effects that stand before the next step."""

    host: Host
    rest: Iterator[Effect] = field(factory=lambda: iter(()))
    _remembered: dict[Lsn, int] = field(factory=dict)

    @property
    def node(self) -> Node | None:
        """The node that runs on it."""
        return self.host.node

    def position(self, lsn: Lsn) -> int | None:
        """How many mtrs end at or below `lsn` (spec's LSN), also in what the log has lost; None if none ends
        there."""
        ends = self.ends
        return ends.index(lsn) if lsn in ends else self._remembered.get(lsn)

    def remember(self) -> None:
        """Pages may hold what the log loses in the next step (H13)."""
        if self.node is not None:
            self._remembered.update((lsn, at) for at, lsn in enumerate(self.ends))

    def lsn(self, position: int) -> Lsn | None:
        """Where mtr number `position` of its log ends, in bytes; None if there are not so many."""
        ends = self.ends
        return ends[position] if 0 <= position < len(ends) else None

    @property
    def ends(self) -> tuple[Lsn, ...]:
        """The start of the log and all mtr ends, in bytes."""
        assert self.node is not None
        log = self.node.log
        return (log.start_lsn, *log.mtr_ends(log.start_lsn, log.last_lsn))


class Stage:
    """All machines of a scenario, started once; `sink` gets the events in their order."""

    def __init__(
        self,
        members: Members,
        rules: NodeRules,
        sink: Callable[[Event], None],
        watching: Callable[[Host], Watch] | None = None,
    ) -> None:
        """Nodes have tables if somebody is `watching` them."""
        self.mail: Final = Mail()
        self._sink = sink
        self._latest: Event | None = None
        ids = (f"m{number}" for number in count(1))
        self.actors: Final = {
            name: Actor(
                Host(
                    name,
                    members,
                    rules,
                    TraceObserver(name, self._on_event, ids, sees_tables=watching is not None),
                    ddl=watching is not None,
                )
            )
            for name in members.nodes
        }
        for actor in self.actors.values():
            if watching is not None:
                actor.host.watch = watching(actor.host)
            actor.host.start()

    def _on_event(self, event: Event) -> None:
        self._latest = event
        self._sink(event)

    # --- one step at a time ---

    def next_step(self, actor: Actor) -> Event | None:
        """Let the node go on with what it began, up to its next event; None if nothing is left of it."""
        self._latest = None
        for effect in actor.rest:
            self._take(actor, effect)
            if isinstance(effect, Stepped) and effect.action is not None:
                event = self._event()
                self._send_out(actor, len(event.sent))
                return event
            if actor.node is None:
                break
        actor.rest = iter(())
        return None

    def _event(self) -> Event:
        event, self._latest = self._latest, None
        assert event is not None, "a step with an action has told the observer"
        return event

    def _send_out(self, actor: Actor, messages: int) -> None:
        """A step is whole when its messages are sent; what comes behind them belongs to the next one."""
        while messages > 0:
            effect = next(actor.rest)
            self._take(actor, effect)
            messages -= isinstance(effect, Posted)

    def _take(self, actor: Actor, effect: Effect) -> None:
        if isinstance(effect, Posted):
            self.mail.letters.append(Letter(effect.message_id, effect.to, effect.message, effect.recorded))
        elif isinstance(effect, RestartProcess):
            actor.host.kill_process()

    # --- what may happen to a node ---

    def submit(self, actor: Actor, event: Input, received: str | None = None) -> None:
        """Give the node an input; it acts when `next_step` is asked for.  What it had begun is dropped."""
        if actor.node is not None:
            actor.rest = actor.node.handle(event, received)

    def deliver(self, actor: Actor, letter: Letter) -> None:
        """Let a message arrive."""
        self.submit(actor, letter.message, letter.received)

    def settle(self, actor: Actor, letter: Letter) -> None:
        """Let a message arrive at a node of which no step is wanted, only its answer."""
        self.deliver(actor, letter)
        while self.next_step(actor) is not None:
            pass

    def crash(self, actor: Actor, kept: Lsn) -> None:
        """Lose power: the log keeps what ends at or below `kept`, an mtr end."""
        assert actor.node is not None
        actor.node.log.write(kept)
        self.abandon(actor)
        actor.host.kill_process()

    def abandon(self, actor: Actor) -> None:
        """Drop what the node had begun: its process ends."""
        actor.rest = iter(())

    def restart(self, actor: Actor) -> Event | None:
        """Start the node again; its event."""
        self._latest = None
        actor.host.start()
        return self._latest

    def shut_down(self, actor: Actor) -> Event | None:
        """Stop the node cleanly, if its log is durable; its event."""
        assert actor.node is not None
        self._latest = None
        if actor.node.log.durable_lsn < actor.node.log.last_lsn:
            return None
        actor.node.shutdown()
        actor.host.stop()
        return self._latest
