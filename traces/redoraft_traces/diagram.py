"""What happened in a trace, for the eye: a row for every event, with what it changed and what it received.

Rows are made once, and shown as text, as a Mermaid sequence diagram or as a page (page.py).  Events are
numbered from 1 in the order of the trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from redoraft_traces.events import Event


class Mark(StrEnum):
    """What stands out in a run."""

    ELECTION = "election"
    LEADER = "leader"
    CRASH = "crash"
    STOP = "stop"
    TRUNCATION = "truncation"


MARKS: Final[Mapping[str, Mark]] = {
    "StartElection": Mark.ELECTION,
    "BecomeLeader": Mark.LEADER,
    "Truncate": Mark.TRUNCATION,
    "Shutdown": Mark.STOP,
}
"""The actions that stand out; a Restart that no Shutdown went before stands behind a crash."""


class Arrival(msgspec.Struct, frozen=True):
    """A message that was received: who sent it, in which event; no number where no event shows it."""

    message: str
    sender: str
    number: int


class Row(msgspec.Struct, frozen=True):
    """One event: its number, what its node showed anew, and what arrived."""

    number: int
    event: Event
    mark: Mark | None
    changed: dict[str, Any]
    arrival: Arrival | None

    @property
    def title(self) -> str:
        """The action with its arguments."""
        args = ", ".join(f"{name} {value}" for name, value in self.event.args.items())
        return (self.event.action or "a step") + (f" ({args})" if args else "")

    @property
    def changes(self) -> str:
        """What the node showed anew."""
        return ", ".join(f"{name} {value}" for name, value in self.changed.items())


def rows(events: Iterable[Event], first: int = 1, last: int | None = None) -> Iterator[Row]:
    """The rows of events number `first` to `last`; those before are read, for what they sent and showed."""
    shown: dict[str, dict[str, Any]] = {}
    stopped: dict[str, bool] = {}
    sent: dict[str, tuple[str, int]] = {}
    for number, event in enumerate(events, start=1):
        before = shown.setdefault(event.node, {})
        changed = {name: value for name, value in event.vars.items() if before.get(name) != value}
        before.update(event.vars)
        crashed = event.action == "Restart" and not stopped.get(event.node, False)
        stopped[event.node] = event.action == "Shutdown"
        sent.update(dict.fromkeys(event.sent, (event.node, number)))
        if number >= first:
            mark = Mark.CRASH if crashed else MARKS.get(event.action or "")
            yield Row(number, event, mark, changed, _arrival(event.received, sent))
        if number == last:
            return


def _arrival(message: str | None, sent: Mapping[str, tuple[str, int]]) -> Arrival | None:
    if message is None or message not in sent:
        return None
    return Arrival(message, *sent[message])


def text(shown: Iterable[Row]) -> Iterator[str]:
    """A line an event: number, node, action, what it received and what changed."""
    for row in shown:
        if row.mark is Mark.CRASH:
            yield _printable(f"{'':>6}  {row.event.node:<4} -- crashed --")
        came = f"  <- {row.arrival.message} of {row.arrival.sender}" if row.arrival else ""
        mark = f"  [{row.mark}]" if row.mark and row.mark is not Mark.CRASH else ""
        changes = f"  {row.changes}" if row.changed else ""
        yield _printable(f"{row.number:>6}  {row.event.node:<4} {row.title}{mark}{came}{changes}")


def mermaid(nodes: Sequence[str], shown: Iterable[Row]) -> str:
    """A Mermaid sequence diagram: nodes as lifelines, a message where it arrives, a note for every step."""
    lines = ["sequenceDiagram"]
    alias = {node: f"p{at}" for at, node in enumerate(nodes)}
    lines += [f"    participant {alias[node]} as {mermaid_text(node)}" for node in nodes]
    for row in shown:
        who = alias[row.event.node]
        if row.mark is Mark.CRASH:
            lines.append(f"    Note over {who}: crashed")
        if row.arrival is not None:
            lines.append(f"    {alias[row.arrival.sender]}->>{who}: {mermaid_text(row.arrival.message)}")
        said = mermaid_text(row.title) + (f"<br/>{mermaid_text(row.changes)}" if row.changed else "")
        if row.mark is Mark.LEADER:
            lines += ["    rect rgb(220, 240, 220)", f"    Note over {who}: {said}", "    end"]
        elif row.mark in {Mark.TRUNCATION, Mark.CRASH}:
            lines += ["    rect rgb(250, 220, 220)", f"    Note over {who}: {said}", "    end"]
        else:
            lines.append(f"    Note over {who}: {said}")
    return "\n".join(lines) + "\n"


def mermaid_text(words: str) -> str:
    """Words that end no statement and open no tag, whatever stands in a trace."""
    return "".join(f"#{ord(c)};" if c in "#;<>&" else c for c in _printable(words))


def _printable(words: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in words)
