"""Clients that write rows in transactions with undo, several at a time, and what has to come of them.

An mtr reserves its place in the leader's log buffer, and is finished a little later: in between others
reserve theirs, finish, commit, and power fails (H29).  They have dice of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import count
from random import Random
from typing import Final, TypeVar

from attrs import define, field

from redoraft.cluster.agenda import Agenda
from redoraft.cluster.history import History, Kind
from redoraft.cluster.host import Host
from redoraft.errors import LogFull, PoolFull, RedoError, StorageMisuse
from redoraft.node import Effect
from redoraft.node.transactions import Leading, OpenMtr
from redoraft.raft.outputs import Outcome
from redoraft.storage.engine import Storage
from redoraft.storage.rows import reader_of
from redoraft.types import Lsn, NodeId, Term

CLIENTS: Final = 5
KEYS: Final = tuple(range(0, 480, 20))
"""Rows of two pages; few, so that transactions meet."""
PUTS: Final = 4
"""Rows that a transaction writes at most."""
MTR_MS: Final = (0, 6)
"""From the place of an mtr in the log buffer to its end."""
BETWEEN_MS: Final = (1, 25)
"""From one mtr of a transaction to the next."""
THINK_MS: Final = (2, 30)
PATIENCE_MS: Final = 260
REGISTER_KEY: Final = KEYS[0]
"""The row that is a register where clients read: a history has to be of one."""
REGISTERED: Final = 0.4
"""How many of the rows that are written there are that one."""
DELETES: Final = 0.15
ROLLS_BACK: Final = 0.15

T = TypeVar("T")
Wait = tuple[int, int]
"""Milliseconds until a client goes on: at least and at most."""


@define
class RowTransaction:
    """One transaction, at one start of one node, and how it ended (None: it goes on)."""

    request: str
    at: tuple[NodeId, int]
    writes: dict[int, bytes | None] = field(factory=dict)
    """The rows that it has written last, by their keys; None: it has deleted it."""
    commit: tuple[Lsn, Term] | None = None
    """Where its commit mtr ends, and in which term that was written."""
    outcome: Outcome | None = None
    client: str = ""


@define
class RowClients:
    """The clients of one run; `asked` has all transactions, by request.  `think_ms` is between two of them;
    `has_register` says whether one row is written more than others, and never deleted."""

    rng: Random
    agenda: Agenda
    history: History
    hosts: Mapping[NodeId, Host]
    perform: Callable[[Host, Iterator[Effect]], bool]
    fail: Callable[[Host, RedoError], None]
    think_ms: Wait = THINK_MS
    has_register: bool = False
    asked: dict[str, RowTransaction] = field(factory=dict)
    _going: int = 0
    """Transactions that go on."""
    _stopped: bool = False
    _numbers: count[int] = field(factory=lambda: count(1))

    def start(self, clients: int = CLIENTS) -> None:
        """So many begin."""
        for number in range(1, clients + 1):
            self._thinks(f"client{number}")

    def stop(self) -> None:
        """No more transactions; those that were begun go on."""
        self._stopped = True

    @property
    def idle(self) -> bool:
        """Whether no transaction goes on."""
        return self._going == 0

    def hears(self, request: str, outcome: Outcome, lsn: Lsn | None) -> None:
        """A node answers a commit."""
        one = self.asked[request]
        self.history.tells(request, outcome, lsn=lsn)
        if one.outcome in {None, Outcome.UNKNOWN}:
            one.outcome = outcome

    def _after(self, when: Wait, act: Callable[[], bool]) -> None:
        self.agenda.after(self.rng.randint(*when), act)

    def _thinks(self, client: str) -> None:
        self._after(self.think_ms, lambda: self._begins(client))

    def _begins(self, client: str) -> bool:
        if self._stopped:
            return False
        serving = [(host, leading) for host in self.hosts.values() if (leading := _leading(host)) is not None]
        if not serving:
            self._after(THINK_MS, lambda: self._begins(client))
            return False
        host, leading = self.rng.choice(serving)
        one = RowTransaction(f"u{next(self._numbers)}", (host.name, host.boot), client=client)
        self.asked[one.request] = one
        self._going += 1
        return self._goes_on(host, one, self._transacts(host, leading, one))

    def _goes_on(self, host: Host, one: RowTransaction, script: Iterator[Wait]) -> bool:
        """The next step of a transaction; without its node there is none (H17)."""
        there = host.node is not None and one.at == (host.name, host.boot)
        try:
            wait = next(script, None) if there else None
        except RedoError as error:
            self.fail(host, error)
            wait, there = None, False
        if wait is not None:
            self._after(wait, lambda: self._goes_on(host, one, script))
            return True
        if one.outcome is None:
            one.outcome = Outcome.FAILED if one.commit is None else Outcome.UNKNOWN
        if one.request in self.history.calls:
            self.history.tells(one.request, one.outcome)
        self._going -= 1
        self._thinks(one.client)
        return there

    # --- one transaction ---

    def _transacts(self, host: Host, leading: Leading, one: RowTransaction) -> Iterator[Wait]:
        try:
            transaction, mtr = leading.begin()
        except (StorageMisuse, PoolFull, LogFull):
            return
        yield from self._finishes(host, leading, mtr)
        may_commit = True
        for nth in range(self.rng.randint(1, PUTS)):
            key = self.rng.choice(KEYS)
            deletes = self.rng.random() < DELETES
            if self.has_register and self.rng.random() < REGISTERED:
                key = REGISTER_KEY
            registers = self.has_register and key == REGISTER_KEY
            value = None if deletes and not registers else f"{one.request}.{nth}".encode()
            try:
                mtr = leading.put(transaction, key, value)
            except (StorageMisuse, PoolFull, LogFull):
                may_commit = False
                break
            one.writes[key] = value
            yield from self._finishes(host, leading, mtr)
        if may_commit and self.rng.random() >= ROLLS_BACK:
            yield from self._commits(host, leading, one, transaction)
        else:
            yield from self._rolls_back(host, leading, transaction)

    def _finishes(self, host: Host, leading: Leading, mtr: OpenMtr) -> Iterator[Wait]:
        self.perform(host, leading.write_given())
        yield MTR_MS
        self.perform(host, leading.finish(mtr))
        yield BETWEEN_MS

    def _commits(self, host: Host, leading: Leading, one: RowTransaction, transaction: int) -> Iterator[Wait]:
        written = one.writes.get(REGISTER_KEY)
        kind: Kind = "other" if written is None else "write"
        self.history.asks(one.client, one.request, kind, None if written is None else written.decode())
        mtr = yield from _as_there_is_room(lambda: leading.commit(transaction, one.request))
        one.commit = (mtr.place.end_lsn, leading.term)
        yield from self._finishes(host, leading, mtr)
        if one.outcome is None:
            yield (PATIENCE_MS, PATIENCE_MS)

    def _rolls_back(self, host: Host, leading: Leading, transaction: int) -> Iterator[Wait]:
        more = True
        while more:
            more, mtr = yield from _as_there_is_room(lambda: leading.undo_one(transaction))
            yield from self._finishes(host, leading, mtr)


def _as_there_is_room(write: Callable[[], T]) -> Generator[Wait, None, T]:
    """What has to be written, as soon as log and pool have room for it."""
    while True:
        try:
            return write()
        except (LogFull, PoolFull):
            yield BETWEEN_MS


def read_register(storage: Storage) -> bytes:
    """The row that is a register, as finished transactions have left it; nothing if there is none."""
    return reader_of(storage).get(REGISTER_KEY) or b""


def _leading(host: Host) -> Leading | None:
    """What accepts clients there."""
    node = host.node
    leading = None if node is None or node.transactions is None else node.transactions.leading
    return leading if leading is not None and leading.recovered else None


def in_order(asked: Iterable[RowTransaction], committed: Mapping[Lsn, Term]) -> tuple[RowTransaction, ...]:
    """The transactions whose commit mtrs stand in the committed log, in the order of that log; `committed`
    has its mtr ends and their terms."""
    found = [
        (one.commit[0], one)
        for one in asked
        if one.commit is not None and committed.get(one.commit[0]) == one.commit[1]
    ]
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0]))


def rows_of(transactions: Iterable[RowTransaction]) -> dict[int, bytes]:
    """The rows that these transactions leave, one after the other."""
    rows: dict[int, bytes | None] = {}
    for one in transactions:
        rows |= one.writes
    return {key: value for key, value in rows.items() if value is not None}
