"""StorageLimits' states as worlds of its proof: the one place that says what a relation stands for.

A log is the tuple of its records, each as (term, kind).  The node's LSNs are its log up to there, `peer` is
the committed log up to there.  A change [lsn, term] is the log up to it: by R2 there is one such history, and
it is read from the node's log or from the committed one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

from redoraft_check.oracle.values import pairs_of
from redoraft_check.smt.concrete import Row, World
from redoraft_check.smt.formula import Function, Relation, Sort
from redoraft_check.smt.logs import LOG, NUMBER, TERM
from redoraft_check.smt.sequences import RIGID, Log, Mapped, Variables, log_of, logs_in, prefixes
from redoraft_check.smt.storage_state import (
    CHANGES,
    COPIED,
    DICT_PAGE,
    NOTE,
    PAGE,
    SNAPSHOT,
    Storage,
)

ACTIONS = {
    "PeerGainsSome": "PeerGains",
    "Fsyncs": "Fsync",
    "Learns": "Learn",
    "Truncates": "Truncate",
    "Crashes": "Crash",
    "Applies": "Apply",
    "Checkpoints": "Checkpoint",
    "Deletes": "DeleteRedo",
    "Seeds": "Seed",
}
"""The operators that draw an action's arguments from the state, under whose names TLC labels edges."""


class StorageReader:
    """Reads states of one node; `seeds` whether its model has snapshots."""

    actions: Mapping[str, str] = ACTIONS

    def __init__(self, pages: Iterable[str], *, seeds: bool = False) -> None:
        self.pages = tuple(sorted(pages))
        self.seeds = seeds

    def state(self, variables: Variables, before: Mapped | None = None) -> dict[Relation, frozenset[Row]]:
        """A state of StorageLimits, by the names of its variables, in relations.

        A change is in one of the logs, or in a behaviour was so `before`: without H13 a page has what was cut
        from the log.  One of term 0 has none (H21).  Raises `ValueError` when there is no such log.
        """
        s = Storage()
        log, committed = log_of(variables["log"]), log_of(variables["committed"])
        own = {
            one: log[: variables[one.name]]
            for one in (s.durable, s.known, s.settled, s.oldest, s.applied, s.checkpoint)
        }
        peer = committed[: variables["peer"]]
        values = {s.log: log, s.committed: committed, s.peer: peer, s.serving: variables["serving"], **own}
        # No variable of the specification; after a snapshot any value will do that satisfies the invariant.
        behind = self.seeds and len(own[s.oldest]) > len(peer)
        values[s.seeded_at] = own[s.oldest] if behind else ()
        found: dict[Relation, frozenset[Row]] = {one: frozenset({(value,)}) for one, value in values.items()}
        gone = [h for one in s.versions for _, h in before[one]] if before else []
        for relation in s.versions:
            found[relation] = frozenset(
                (page, _history(change, log, committed, *gone))
                for page, version in pairs_of(variables[relation.name])
                for change in version
            )
        return found

    def world(self, *states: Mapped) -> World:
        """The world of the first state, with the logs and terms of all of them."""
        s = Storage()
        logs = logs_in(states)
        terms = {t for log in logs for t, _ in log} | {t for state in states for (t,) in state[s.serving]}
        [(committed,)] = states[0][s.committed]
        things: dict[Sort, tuple[Any, ...]] = {
            PAGE: self.pages,
            SNAPSHOT: tuple(product(prefixes(committed), repeat=len(self.pages))) if self.seeds else (),
            TERM: tuple(range(max(terms, default=0) + 2)),
            LOG: logs,
            NUMBER: tuple(range(max(map(len, logs)) + 1)),
        }
        rigid: dict[Function | Relation, Callable[..., Any]] = {
            **RIGID,
            DICT_PAGE.function: lambda: "dict",
            CHANGES: lambda log, page: bool(log) and log[-1][1] == page,
            NOTE: lambda log: bool(log) and log[-1][1] == "note",
            COPIED: self._copied,
        }
        return World(things, rigid, states[0])

    def _copied(self, snapshot: tuple[Log, ...], page: str, change: Log) -> bool:
        if page not in self.pages:
            return False
        return change == snapshot[self.pages.index(page)][: len(change)]

    def within(self, state: Mapped, _world: World, /) -> Mapped:
        """The state: it speaks of nothing outside itself."""
        return state

    def alike(self, one: Mapped, other: Mapped, /) -> bool:
        """Equal in all that the specification has."""
        return all(rows == other[relation] for relation, rows in one.items() if relation != Storage.seeded_at)


def _history(change: Any, *logs: Log) -> Log:
    lsn, term = int(change["lsn"]), int(change["term"])
    for log in logs:
        if lsn <= len(log) and log[lsn - 1][0] == term:
            return log[:lsn]
    if not term:
        return ((0, "unlogged"),) * lsn
    raise ValueError(f"no log has the change {change}")
