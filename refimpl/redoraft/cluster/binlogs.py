"""The binlogs of a cluster on their way: from a leader to its followers, and downstream from whoever serves.

Where a run has no binlog, nothing of this is drawn or put down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Final

from attrs import define, field

from redoraft.binlog.file import Event
from redoraft.cluster.agenda import Agenda
from redoraft.cluster.clients import Transaction
from redoraft.cluster.host import Host
from redoraft.cluster.network import Network
from redoraft.node import Effect
from redoraft.types import NodeId

STEP_MS: Final = (1, 6)
"""From one write of a two-phase commit to the next."""
DUMP_MS: Final = (2, 25)
POWER_FAILS: Final = 0.6
"""How often power that is to fail does so while a binlog is written."""
OPERATIONS: Final = 4
"""It fails at one of the next so many operations of the binlog's disk."""
IN_TIME_MS: Final = (200, 400)
"""How long that may take."""


def event_of(transaction: Transaction) -> Event:
    """What a binlog says of a transaction."""
    return Event(transaction.number, transaction.request)


@define
class Binlogs:
    """Sends binlogs on; `downstream` is what somebody downstream has."""

    rng: Random
    agenda: Agenda
    network: Network
    hosts: Mapping[NodeId, Host]
    perform: Callable[[Host, Iterator[Effect]], bool]
    counts: Counter[str]
    downstream: list[Event] = field(factory=list)

    def start(self) -> None:
        """Begin to ask for what is downstream's."""
        self._again()

    def _again(self) -> None:
        self.agenda.after(self.rng.randint(*DUMP_MS), self._dump)

    def _dump(self) -> bool:
        """Ask some node; those that do not serve have nothing."""
        self._again()
        host = self.rng.choice(list(self.hosts.values()))
        if host.node is None or host.node.two_phase is None:
            return False
        event = host.node.two_phase.dump(len(self.downstream))
        if event is None:
            return False
        self.downstream.append(event)
        return True

    def ship(self, host: Host) -> None:
        """Send a leader's binlog to the other data nodes."""
        shipment = None
        if host.node is not None and host.node.two_phase is not None:
            shipment = host.node.two_phase.shipment
        if shipment is None:
            return
        for to in self.hosts.values():
            if to is host or to.name not in to.members.data_nodes:
                continue

            def arrive(to: Host = to) -> bool:
                if to.node is None or to.node.two_phase is None:
                    return False
                return self.perform(to, to.node.two_phase.take(shipment))

            for delay in self.network.arrivals(host.name, to.name):
                self.counts["binlogs sent"] += 1
                self.agenda.after(delay, arrive)

    def power_fails_soon(self, host: Host, crash: Callable[[Host], None]) -> bool:
        """Let power fail at one of the next operations of the binlog's disk, perhaps; whether that is so.

        If none comes in time, `crash` comes without.
        """
        if not host.binlog or host.node is None or self.rng.random() >= POWER_FAILS:
            return False
        host.power_fails_at_binlog(self.rng.randint(0, OPERATIONS))
        boot = host.boot

        def fails() -> bool:
            if host.node is None or host.boot != boot or not host.binlog_power_fails:
                return False
            crash(host)
            return True

        self.agenda.after(self.rng.randint(*IN_TIME_MS), fails)
        return True
