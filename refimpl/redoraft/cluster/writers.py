"""Clients that write, one transaction after the other: which node they ask, and when they give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Final

from attrs import define, field

from redoraft.cluster.agenda import Agenda
from redoraft.cluster.binlogs import event_of
from redoraft.cluster.clients import Client, Transaction
from redoraft.cluster.history import History
from redoraft.cluster.host import Host
from redoraft.node import Effect
from redoraft.raft.outputs import Outcome
from redoraft.types import Lsn, NodeId

MTR_MS: Final = (1, 7)
THINK_MS: Final = (5, 40)
LEISURE_MS: Final = (5, 600)
"""Where clients read: a leader that was written to after it was cut off answers no read at all (H18)."""
PATIENCE_MS: Final = 150


@define
class Writers:
    """The writers of one run.  `transactions` has all that were begun, by their requests."""

    rng: Random
    agenda: Agenda
    history: History
    hosts: Mapping[NodeId, Host]
    perform: Callable[[Host, Iterator[Effect]], bool]
    new_transactions: Iterator[Transaction]
    think_ms: tuple[int, int] = THINK_MS
    transactions: dict[str, Transaction] = field(factory=dict, init=False)
    _stopped: bool = field(default=False, init=False)

    def start(self, clients: int) -> None:
        """So many begin."""
        for number in range(1, clients + 1):
            self._again(Client(f"writer{number}", self.history), self.think_ms)

    def stop(self) -> None:
        """No more transactions; those that were begun go on."""
        self._stopped = True

    def hears(self, request: str, outcome: Outcome, lsn: Lsn | None) -> bool:
        """A node answers a transaction; whether that is news."""
        transaction = self.transactions[request]
        self.history.tells(request, outcome, lsn=lsn)
        if transaction.outcome is not None and outcome is not Outcome.OK:
            return False
        transaction.outcome = outcome
        return True

    def _acts(self, client: Client) -> bool:
        if client.rest:
            return self._writes(client)
        if client.current is not None:
            client.gives_up()
        if not self._stopped:
            self._begins(client)
        return False

    def _begins(self, client: Client) -> None:
        """Mostly at the node that serves; sometimes at one that will refuse."""
        up = [host for host in self.hosts.values() if host.node is not None]
        serving = [host for host in up if host.node is not None and host.node.serving]
        astray = self.rng.random() < (0.1 if serving else 0.4)
        candidates = up if astray else serving
        if candidates:
            host = self.rng.choice(candidates)
            assert host.node is not None
            transaction = next(self.new_transactions)
            self.transactions[transaction.request] = transaction
            client.takes(transaction, (host.name, host.boot, host.node.term))
        self._again(client, self.think_ms)

    def _writes(self, client: Client) -> bool:
        assert client.at is not None and client.current is not None
        name, boot, term = client.at
        host = self.hosts[name]
        transaction = client.current
        if host.node is None or host.boot != boot or host.node.term != term:
            client.gives_up()
            self._again(client, self.think_ms)
            return False
        mtr, two_phase = client.rest.pop(0), host.node.two_phase
        if mtr.commits and two_phase is not None:
            self.perform(host, two_phase.submit(mtr, event_of(transaction)))
        else:
            self.perform(host, host.node.handle(mtr))
        if transaction.outcome is not None:
            client.gives_up()
        if client.rest:
            self._again(client, MTR_MS)
        else:
            self._again(client, (PATIENCE_MS, PATIENCE_MS) if client.current else self.think_ms)
        return True

    def _again(self, client: Client, when: tuple[int, int]) -> None:
        self.agenda.after(self.rng.randint(*when), lambda: self._acts(client))
