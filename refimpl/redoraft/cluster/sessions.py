"""Clients that create, rename and drop tables, write rows into them, and read them on followers.

They have dice of their own, so that a run with them has the same machines, network and weather otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from random import Random
from typing import Final

from attrs import define, field

from redoraft.cluster.agenda import Agenda
from redoraft.cluster.host import Host
from redoraft.ddl.dictionary import Kind, Row
from redoraft.ddl.names import TableName
from redoraft.errors import DdlRefused, PoolFull
from redoraft.node import Effect, Node
from redoraft.node.tables import Statement, Tables
from redoraft.raft.inputs import ClientMtr
from redoraft.raft.outputs import Outcome
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY, PageId
from redoraft.types import NodeId

NAMES: Final = tuple(TableName("db", name) for name in ("a", "b", "c"))
"""Few, so that names come again."""
STEP_MS: Final = (1, 6)
"""From one step of a DDL to the next."""
THINK_MS: Final = (2, 25)
PATIENCE_MS: Final = 260
SLOTS: Final = 64
"""Places for rows in a page."""
ROW_BYTES: Final = 32
MAKES_SENSE: Final = 0.85
ROLLS_BACK: Final = 0.12
ASTRAY: Final = 0.25
"""How often it is not the node that takes writers that is asked."""
READS: Final = 0.8
WRITES_ROW: Final = 0.5


@define
class Asked:
    """A statement, or a row that is written, and how it ended (None: nobody has said)."""

    request: str
    statement: Statement | None
    row: tuple[PageId, int, bytes] | None = None
    begun: Row | None = None
    """The row of the DDL log that the statement began with; None if it was refused."""
    outcome: Outcome | None = None
    at: tuple[NodeId, int] | None = None

    @property
    def said(self) -> str:
        """What was asked."""
        if self.statement is None:
            return "a row"
        to = f" to {self.statement.to}" if self.statement.kind is Kind.RENAME else ""
        return f"{self.statement.kind.name} {self.statement.name}{to}"


@define
class Sessions:
    """One client of tables; `asked` has all that it wanted, by request."""

    rng: Random
    agenda: Agenda
    hosts: Iterable[Host]
    perform: Callable[[Host, Iterator[Effect]], bool]
    asked: dict[str, Asked] = field(factory=dict)
    _requests: count[int] = field(factory=lambda: count(1))
    _stopped: bool = False

    def start(self) -> None:
        """Begin."""
        self._again(THINK_MS)

    def stop(self) -> None:
        """Ask for nothing more."""
        self._stopped = True

    def hears(self, request: str, outcome: Outcome) -> None:
        """A node answers."""
        one = self.asked[request]
        if one.outcome is None or outcome is Outcome.OK:
            one.outcome = outcome

    def _again(self, when: tuple[int, int]) -> None:
        self.agenda.after(self.rng.randint(*when), self._acts)

    def _acts(self) -> bool:
        """Mostly at the node that takes writers, now and then at one that refuses."""
        if self._stopped:
            return False
        with_tables = [(host, host.node, host.node.tables) for host in self.hosts if host.node is not None]
        up = [(host, node, tables) for host, node, tables in with_tables if tables is not None]
        serving = [one for one in up if one[2].accepts_writers]
        candidates = up if self.rng.random() < ASTRAY else serving
        if not candidates:
            self._again(THINK_MS)
            return False
        host, node, tables = self.rng.choice(candidates)
        choice = self.rng.random()
        if not tables.accepts_writers and choice < READS:
            self._reads(tables)
        elif choice > WRITES_ROW or not self._writes_row(host, node, tables):
            self._states(host, tables)
            return True
        self._again(THINK_MS)
        return True

    def _reads(self, tables: Tables) -> None:
        """A reader opens a table on a follower, and keeps it open (H31)."""
        with suppress(DdlRefused, PoolFull):
            tables.open_table(self.rng.choice(NAMES))

    def _chosen(self, tables: Tables) -> Statement:
        """Mostly what can be done, sometimes what is refused."""
        name, to = self.rng.sample(NAMES, 2)
        kind = self.rng.choice(tuple(Kind))
        if self.rng.random() < MAKES_SENSE and tables.node.storage.readable:
            there = tables.node.dictionary.tables()
            free = [one for one in NAMES if one not in there]
            kind = self.rng.choice(tuple(Kind)) if there and free else Kind.DROP if there else Kind.CREATE
            name = self.rng.choice(free if kind is Kind.CREATE else sorted(there))
            to = self.rng.choice(free or NAMES)
        return Statement(kind, name, to if kind is Kind.RENAME else name)

    def _states(self, host: Host, tables: Tables) -> None:
        try:
            statement = self._chosen(tables)
        except PoolFull:
            self._again(THINK_MS)
            return
        one = self._ask(Asked(f"d{next(self._requests)}", statement, at=(host.name, host.boot)))
        self.agenda.after(PATIENCE_MS, lambda: self._gives_up(one))
        self.perform(host, tables.submit(one.request, statement))
        job = None if tables.leader is None else tables.leader.job
        if one.outcome is None and job is not None:
            one.begun = job.row
        if one.outcome is None and self.rng.random() < ROLLS_BACK:
            self.agenda.after(self.rng.randint(*THINK_MS), lambda: self._rolls_back(host, one))
        self._waits(one)

    def _rolls_back(self, host: Host, one: Asked) -> bool:
        tables = None if host.node is None else host.node.tables
        if tables is None or one.outcome is not None or one.at != (host.name, host.boot):
            return False
        return self.perform(host, tables.roll_back())

    def _waits(self, one: Asked) -> None:
        """One thing after the other."""
        if one.outcome is not None:
            self._again(THINK_MS)
        else:
            self.agenda.after(THINK_MS[1], lambda: self._looks(one))

    def _looks(self, one: Asked) -> bool:
        self._waits(one)
        return False

    def _gives_up(self, one: Asked) -> bool:
        if one.outcome is None:
            one.outcome = Outcome.UNKNOWN
        return False

    def _writes_row(self, host: Host, node: Node, tables: Tables) -> bool:
        """False if no table takes rows now.  Nobody waits for the answer: a DDL may come right behind."""
        try:
            spaces = [space for name in NAMES if (space := tables.space_of(name)) is not None]
        except PoolFull:
            return False
        if not spaces:
            return False
        space_id = self.rng.choice(spaces)
        number = next(self._requests)
        request = f"d{number}"
        page_id, offset = PageId(space_id, 1 + number // SLOTS), BODY + number % SLOTS * ROW_BYTES
        data = f"{request};".encode().ljust(ROW_BYTES, b".")
        one = self._ask(Asked(request, None, (page_id, offset, data)))
        self.agenda.after(PATIENCE_MS, lambda: self._gives_up(one))
        record = PageWrite(page_id.space_id, page_id.page_no, offset, data)
        self.perform(host, node.handle(ClientMtr(request, encode_mtr([record]), commits=True)))
        return True

    def _ask(self, one: Asked) -> Asked:
        self.asked[one.request] = one
        return one
