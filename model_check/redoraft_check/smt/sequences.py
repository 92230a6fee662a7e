"""The symbols of smt/logs.py over real sequences: a log is the tuple of its mtrs, each as (term, kind)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from redoraft_check.smt.concrete import Row, World
from redoraft_check.smt.formula import Function, Relation
from redoraft_check.smt.logs import (
    EMPTY,
    HALF,
    INDEX,
    LOG,
    LSN,
    NUMBER_LE,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
)

Variables = Mapping[str, Any]
Log = tuple[tuple[int, str], ...]
Mapped = Mapping[Relation, frozenset[Row]]
"""A state of the specification in relations."""


class Reads(Protocol):
    """What a protocol's mapping does."""

    actions: Mapping[str, str]

    def state(self, variables: Variables, before: Mapped | None = None, /) -> Mapped:
        """A state of the specification in relations, in a behaviour with the state before it."""

    def world(self, *states: Mapped) -> World:
        """The world of the first, with the things of all of them."""

    def within(self, state: Mapped, world: World, /) -> Mapped:
        """A state with all that it says of the things of a world."""

    def alike(self, one: Mapped, other: Mapped, /) -> bool:
        """Equal in all that the specification has."""


RIGID: dict[Function | Relation, Callable[..., Any]] = {
    ZERO.function: lambda: 0,
    EMPTY.function: lambda: (),
    TERM_OF: lambda log: log[-1][0] if log else 0,
    LSN: len,
    INDEX: lambda log: sum(kind == "meta" for _, kind in log),
    TERM_LE: lambda one, other: one <= other,
    NUMBER_LE: lambda one, other: one <= other,
    PREFIX: lambda one, other: other[: len(one)] == one,
    WHOLE: lambda log: not log or log[-1][1] == "meta",
    HALF: lambda log: bool(log) and log[-1][1] == "half",
}


def log_of(mtrs: Iterable[Any]) -> Log:
    """A log of the specification."""
    return tuple((mtr["term"], mtr["kind"]) for mtr in mtrs)


def prefixes(log: Log) -> list[Log]:
    """The log up to each LSN, from 0."""
    return [log[:at] for at in range(len(log) + 1)]


def logs_in(states: Iterable[Mapping[Relation, frozenset[Row]]]) -> tuple[Log, ...]:
    """All prefixes of all logs that some states speak of, shorter ones first."""
    found = {()} | {
        value
        for state in states
        for relation, rows in state.items()
        for row in rows
        for sort, value in zip(relation.args, row, strict=True)
        if sort == LOG
    }
    every = {h for log in found for h in prefixes(log)}
    return tuple(sorted(every, key=lambda log: (len(log), log)))
