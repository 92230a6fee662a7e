"""Corruptions of accepted traces: what was broken, where it must show, and what must be named.

What is expected is worked out from the trace alone, not from what a checker says: an event that shows all of
its variables and arguments leaves the specification no choice, so a changed value must be refused where it
stands.  Where the specification leaves a choice (a `Restart` after an implied crash, a message that says the
same thing again), the first visible event may be a later one or none, by the nature of the thing: such
corruptions have no expected place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

from attrs import frozen
from msgspec import structs

from redoraft_check.validate.minimize import renumbered
from redoraft_traces import Event

Events = tuple[Event, ...]


@frozen
class Corruption:
    """A corrupted run.

    `kind` is how it was made; `at` the index of the first event touched; `visible` the index of the event
    that must be refused, None where nature leaves that open; `names` are the fields or conjuncts of which one
    must be named; `what` says it in words.
    """

    kind: str
    events: Events
    at: int
    visible: int | None
    names: frozenset[str]
    what: str


KINDS: Final = ("changed vars", "changed args", "removed", "swapped", "duplicated", "forged")

_LOOSE_ARGS: Final = frozenset(
    {
        *(("AppendEntries", name) for name in ("from_lsn", "upto_lsn", "majority_lsn", "term")),
        *(("Truncate", name) for name in ("from_lsn", "upto_lsn", "term")),
        ("AckCommit", "lsn"),
        ("HandOver", "to"),
    }
)
"""Arguments of which several values may have the same effect, or one that no variable shows."""

_AGAIN: Final = {
    "UpdateTerm": "t > term[n]",
    "StartElection": "vars.term",
    "BecomeLeader": 'role[n] = "candidate"',
    "WriteMtr": "vars.last_lsn",
    "CloseEntry": "Len(log[n]) > Closed(log[n])",
    "Fsync": "l \\in (durable[n] + 1)..Len(log[n])",
    "Truncate": "Conflicts(n, t, upto)",
    "AdvanceMajority": "l > known[n]",
    "AckCommit": "commit \\notin acknowledged",
    "Recover": 'phase[n] = "aligning"',
    "Apply": "l \\in (applied[n] + 1)..ApplyLimit(n)",
    "Shutdown": 'role[n] # "down"',
}
"""What forbids an action a second time; the others may come again, or imply a crash."""


_SEEN_BY_OTHERS: Final = frozenset(
    {"StartElection", "GrantVote", "BecomeLeader", "WriteMtr", "CloseEntry", "AdvanceMajority", "Fsync"}
)
"""Actions whose effect another node's step may need before the node itself takes its next one."""


def corrupt(events: Sequence[Event], kind: str, random: Random) -> Corruption | None:
    """One corruption of this kind; None when this place of the run offers none."""
    return _MAKERS[kind](tuple(events), random)


def _other(value: Any, name: str, events: Events, random: Random) -> Any:
    """Another value of the same kind that occurs in this run."""
    seen = {
        one
        for event in events
        for given in (event.args, event.vars)
        for key, one in given.items()
        if _kind(key) == _kind(name) and type(one) is type(value)
    }
    seen |= {value + 1} if isinstance(value, int) and _kind(name) == "number" else set()
    rest = sorted(seen - {value})
    return random.choice(rest) if rest else None


def _kind(name: str) -> str:
    if name.endswith("lsn"):
        return "lsn"
    if name in ("voted_for", "candidate", "to"):
        return "node"
    return name if name in ("role", "phase") else "number"


def _changed(events: Events, random: Random, section: str) -> Corruption | None:
    at = random.randrange(len(events))
    event = events[at]
    given: dict[str, Any] = getattr(event, section)
    if not given:
        return None
    name = random.choice(sorted(given))
    value = _other(given[name], name, events[: at + 1], random)
    if value is None:
        return None
    changed = structs.replace(event, **{section: {**given, name: value}})
    loose = event.action == "Restart" if section == "vars" else (event.action, name) in _LOOSE_ARGS
    return Corruption(
        f"changed {section}",
        (*events[:at], changed, *events[at + 1 :]),
        at,
        None if loose else at,
        frozenset({f"{section}.{name}"}),
        f"{event.action}: {section}.{name} {given[name]} -> {value}",
    )


def _before(events: Events, at: int) -> dict[str, Any]:
    """What the node of an event showed last before it."""
    node = events[at].node
    return next((dict(one.vars) for one in reversed(events[:at]) if one.node == node), {})


def _next_of(events: Events, at: int) -> int | None:
    """The next event of the same node."""
    node = events[at].node
    return next((i for i in range(at + 1, len(events)) if events[i].node == node), None)


def _effect(events: Events, at: int) -> frozenset[str]:
    """The variables that an event changed, as far as its node's events show it."""
    before = _before(events, at)
    return frozenset(f"vars.{name}" for name, value in events[at].vars.items() if before.get(name) != value)


def _removed(events: Events, random: Random) -> Corruption | None:
    at = random.randrange(len(events))
    following = _next_of(events, at)
    if following is None or not _before(events, at):
        return None
    effect, event, later = _effect(events, at), events[at], events[following]
    kept = {f"vars.{name}" for name, value in later.vars.items() if event.vars.get(name) == value} & effect
    # The same action may do the work of both, a Restart may follow any crash, another node may miss it first.
    open_ = not kept or event.action == later.action or later.action in ("Restart", "Shutdown")
    open_ |= event.action in _SEEN_BY_OTHERS and following > at + 1
    return Corruption(
        "removed",
        renumbered((*events[:at], *events[at + 1 :])),
        at,
        None if open_ else following - 1,
        frozenset(effect),
        f"{event.action}, before {later.action}",
    )


def _swapped(events: Events, random: Random) -> Corruption | None:
    at = random.randrange(len(events))
    following = _next_of(events, at)
    if following is None or not _before(events, at):
        return None
    first, second = events[at], events[following]
    effect = _effect(events, at)
    kept = {f"vars.{name}" for name, value in second.vars.items() if first.vars.get(name) == value} & effect
    open_ = not kept or first.action == second.action or "Restart" in (first.action, second.action)
    moved = [*events]
    moved[at], moved[following] = second, first
    return Corruption(
        "swapped",
        renumbered(moved),
        at,
        None if open_ else at,
        frozenset(effect | _effect(events, following)),
        f"{first.action} and {second.action}",
    )


def _duplicated(events: Events, random: Random) -> Corruption | None:
    at = random.randrange(len(events))
    event = events[at]
    again = _AGAIN.get(event.action or "")
    return Corruption(
        "duplicated",
        renumbered((*events[: at + 1], *events[at:])),
        at + 1,
        at + 1 if again is not None else None,
        frozenset({again} if again is not None else ()),
        f"{event.action}",
    )


def _forged(events: Events, random: Random) -> Corruption | None:
    """An event that nobody took: it shows what the node showed last, or what it would like to be true."""
    at = random.randrange(1, len(events))
    nodes = sorted({event.node for event in events[:at]})
    node = random.choice(nodes)
    last = next(event for event in reversed(events[:at]) if event.node == node)
    choices = list(_forgeries(last))
    if not choices:
        return None
    action, args, shown, names = random.choice(choices)
    forged = Event(node=node, seq=1, action=action, args=args, vars={**last.vars, **shown})
    return Corruption(
        "forged",
        renumbered((*events[:at], forged, *events[at:])),
        at,
        at,
        frozenset(names),
        f"{action} by a {last.vars.get('role')}",
    )


def _forgeries(last: Event) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], set[str]]]:
    shown = last.vars
    role, lsn = shown.get("role"), shown.get("last_lsn")
    if role != "candidate":
        yield "BecomeLeader", {"end_lsn": lsn}, {"role": "leader"}, {'role[n] = "candidate"'}
    if role != "down":
        yield "Restart", {}, {"term": shown["term"] + 1}, {"vars.term"}
    if role == "follower":
        yield "AckCommit", {"lsn": lsn}, {}, {'role[n] = "leader"'}
        yield "AdvanceMajority", {"lsn": lsn}, {"majority_lsn": lsn}, {'role[n] = "leader"'}
        other = {"candidate": last.node, "term": shown["term"]}
        yield "GrantVote", other, {}, {"c.node # n", "args.candidate"}
    if role == "leader":
        yield (
            "StartElection",
            {},
            {"term": shown["term"] + 1, "role": "candidate"},
            {'role[n] \\in {"follower", "candidate"}'},
        )
        yield "Acknowledge", {"lsn": lsn}, {}, {"args.lsn", 'role[n] = "follower"'}


_MAKERS: Final[dict[str, Callable[[Events, Random], Corruption | None]]] = {
    "changed vars": lambda events, random: _changed(events, random, "vars"),
    "changed args": lambda events, random: _changed(events, random, "args"),
    "removed": _removed,
    "swapped": _swapped,
    "duplicated": _duplicated,
    "forged": _forged,
}
