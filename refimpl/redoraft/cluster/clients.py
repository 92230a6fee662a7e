"""Clients that write transactions of 1 to 4 mtrs, and what they were told of them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from attrs import define, field

from redoraft.cluster.history import History, Kind
from redoraft.raft.inputs import ClientMtr
from redoraft.raft.outputs import Outcome
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Dummy, PageWrite
from redoraft.storage.page import BODY, PageId
from redoraft.types import NodeId, Term

SPACE: Final = 1
HOT_PAGE: Final = 0
"""Every transaction writes here too, so that pages show the order of transactions."""
SLOT: Final = 1020
"""Bytes of a page between the places of two mtrs."""
SHARING: Final = 4
"""Transactions whose places are in one page."""
MTRS: Final = 4
"""Mtrs that a transaction has at most."""
PAGELESS: Final = 3
"""Where pages are traced, one transaction in so many touches none: LIM-1 is about its records."""
LONG: Final = 700
"""Bytes of an occasional large record: more than a block holds."""

Place = tuple[PageId, int]
"""A page, and a byte in it."""


@define
class Transaction:
    """One transaction: what it writes, and how it ended (None: it goes on, or its client has not heard)."""

    request: str
    mtrs: tuple[ClientMtr, ...]
    writes: dict[Place, bytes]
    """What only this transaction writes."""
    number: int
    """From 1, in the order in which they were made; its XID, where there is a binlog."""
    outcome: Outcome | None = None


@define
class Client:
    """Writes one transaction after the other; sticks to a node, its start and its term while one goes on."""

    name: str
    history: History
    rest: list[ClientMtr] = field(factory=list)
    at: tuple[NodeId, int, Term] | None = None
    current: Transaction | None = None

    def gives_up(self) -> None:
        """Nobody will answer the current transaction: it may be committed or not."""
        if self.current is not None and self.current.outcome is None:
            self.current.outcome = Outcome.UNKNOWN
            self.history.tells(self.current.request, Outcome.UNKNOWN)
        self.rest, self.at, self.current = [], None, None

    def takes(self, transaction: Transaction, at: tuple[NodeId, int, Term]) -> None:
        """Begin `transaction` at a node."""
        kind: Kind = "write" if transaction.writes else "other"
        self.history.asks(self.name, transaction.request, kind, transaction.request)
        self.rest, self.at, self.current = list(transaction.mtrs), at, transaction


def transactions(rng: Random, pageless: int = 0) -> Iterator[Transaction]:
    """New transactions without end; one in `pageless` touches no page, if that is not 0."""
    number = 0
    while True:
        number += 1
        touches_no_page = pageless > 0 and number % pageless == 0
        yield _pageless(number) if touches_no_page else _transaction(rng, number)


def _pageless(number: int) -> Transaction:
    request = f"t{number}"
    return Transaction(request, (ClientMtr(request, encode_mtr([Dummy()]), commits=True),), {}, number)


def _transaction(rng: Random, number: int) -> Transaction:
    request = f"t{number}"
    count = rng.randint(1, MTRS)
    page = PageId(SPACE, HOT_PAGE + 1 + number // SHARING)
    writes: dict[Place, bytes] = {}
    mtrs = []
    for nth in range(count):
        size = LONG if rng.random() < 0.1 else rng.randint(8, 40)
        data = f"{request}.{nth};".encode().ljust(size, b".")
        offset = BODY + (number % SHARING * MTRS + nth) * SLOT
        writes[page, offset] = data
        records = [PageWrite(page.space_id, page.page_no, offset, data)]
        if nth == count - 1:
            records.append(PageWrite(SPACE, HOT_PAGE, BODY, request.encode().ljust(8)))
        mtrs.append(ClientMtr(request, encode_mtr(records), commits=nth == count - 1))
    return Transaction(request, tuple(mtrs), writes, number)
