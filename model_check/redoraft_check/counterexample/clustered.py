"""A behaviour of StorageLimits, which is one node's, as a run of three nodes (spec: TraceStorage).

What StorageLimits says of the rest of the cluster is an entry that opens term 1 and is committed; here two
other nodes do that.  The node leads if it comes to serve, else it follows.  What it does to its own log,
pages, checkpoint and redo is its behaviour, step by step.  Recovery and apply are left to the judge (hidden).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from redoraft_check.counterexample.behaviour import Behaviour
from redoraft_check.counterexample.export import SERVING_STEPS, in_bytes
from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.values import from_tlc, pairs_of
from redoraft_traces import Event, Header, TraceWriter

NODES: Final = ("n1", "n2", "n3")
_LEADER: Final = "n1"
_OPENING: Final = "CommittedGrows"
_TERM: Final = 1

State = Mapping[str, Any]


@frozen
class _Act:
    """What one node does; numbers among the arguments are LSNs in bytes, but for the term."""

    node: str
    action: str
    args: Mapping[str, int | str | list[str]] = {}


def write_clustered(path: Path, behaviour: Behaviour, source: str) -> int:
    """Write a behaviour of StorageLimits as a trace; how many events it has.

    Raises CliError (65) for one with steps that TraceStorage has no event for.
    """
    states = [{name: from_tlc(value) for name, value in state.items()} for state in behaviour.states]
    labels = [label.partition(" ")[0] for label in behaviour.labels[1:]]
    header = Header(
        modules=["Startup", "StorageLimits"],
        constants={"data_nodes": list(NODES), "log_nodes": []},
        nodes=list(NODES),
        hidden=SERVING_STEPS,
        source=source,
    )
    counts: Counter[str] = Counter()
    acts = list(_acts(labels, states))
    with TraceWriter(path, header) as trace:
        for act in acts:
            counts[act.node] += 1
            trace.write(
                Event(node=act.node, seq=counts[act.node], action=act.action, args=dict(act.args), vars={})
            )
    return len(acts)


def _acts(labels: Sequence[str], states: Sequence[State]) -> Iterator[_Act]:
    leads = "StartServing" in labels
    subject = _LEADER if leads else "n2"
    opens = labels[:2] == [_OPENING, "Receive"] and labels.count(_OPENING) == 1
    if not opens or len(states[1]["committed"]) != 1:
        raise CliError(
            Exit.BAD_INPUT, "only a behaviour of one term becomes a run, whose opening entry comes first"
        )
    durable_first = "Fsyncs" in labels and labels.index("Fsyncs") < labels.index("Learns")
    yield from _opening(subject, alone=not durable_first)
    table = _LEADING if leads else _FOLLOWING
    for label, (before, after) in zip(labels[1:], pairwise(states[1:]), strict=True):
        if label not in table:
            raise CliError(Exit.BAD_INPUT, f"TraceStorage has no event for {label}")
        yield from (_Act(node or subject, action, args) for node, action, args in table[label](before, after))


def _opening(subject: str, *, alone: bool) -> Iterator[_Act]:
    """n1 is elected and opens its term; with `alone` the entry is committed without the subject."""
    end, leads = in_bytes(1), subject == _LEADER
    copies = [node for node in NODES if node not in (_LEADER, subject)] if alone or leads else []
    voter = copies[-1] if copies else subject
    yield _Act(_LEADER, "StartElection")
    yield _Act(voter, "UpdateTerm", {"term": _TERM})
    yield _Act(voter, "GrantVote", {"candidate": _LEADER, "term": _TERM})
    yield _Act(_LEADER, "BecomeLeader", {"end_lsn": end})
    if not leads:
        yield _Act(_LEADER, "Fsync", {"lsn": end})
    for node in copies:
        if node != voter:
            yield _Act(node, "UpdateTerm", {"term": _TERM})
        yield _Act(node, "AppendEntries", {"term": _TERM, "upto_lsn": end, "majority_lsn": in_bytes(0)})
        yield _Act(node, "Fsync", {"lsn": end})
        yield _Act(node, "Acknowledge", {"lsn": end})
    if alone and not leads:
        yield _Act(_LEADER, "AdvanceMajority", {"lsn": end})
        yield _Act(subject, "UpdateTerm", {"term": _TERM})


_Told = tuple[str, str, Mapping[str, int | str | list[str]]]
"""Node ("" for the subject), action, arguments."""

_Table = dict[str, Callable[[State, State], list[_Told]]]


def _nothing(_before: State, _after: State) -> list[_Told]:
    return []


def _piece(upto: int, majority: int) -> _Told:
    args = {"term": _TERM, "upto_lsn": in_bytes(upto), "majority_lsn": in_bytes(majority)}
    return "", "AppendEntries", args


def _wrote(_before: State, after: State) -> list[_Told]:
    kind = after["log"][-1]["kind"]
    pages = [kind] if kind in dict(pairs_of(after["disk"])) else []
    return [("", "WriteMtr", {"end_lsn": in_bytes(len(after["log"])), "pages": pages})]


def _flushed(before: State, after: State) -> list[_Told]:
    old, new = (dict(pairs_of(state["disk"])) for state in (before, after))
    [page] = [name for name in new if new[name] != old[name]]
    lsn = max(change["lsn"] for change in new[page])
    return [("", "FlushPage", {"page": page, "page_lsn": in_bytes(lsn)})]


_STORAGE: _Table = {
    "Applies": _nothing,
    "StartServing": _nothing,
    "FlushList": _flushed,
    "FlushLru": _flushed,
    "Checkpoints": lambda _, after: [("", "Checkpoint", {"lsn": in_bytes(after["checkpoint"])})],
    "Deletes": lambda _, after: [("", "DeleteRedo", {"lsn": in_bytes(after["oldest"])})],
}
_LEADING: _Table = _STORAGE | {
    "Receive": _nothing,
    "Learns": lambda _, after: [("", "AdvanceMajority", {"lsn": in_bytes(after["known"])})],
    "WriteMtr": _wrote,
    "CloseEntry": lambda _, after: [("", "CloseEntry", {"end_lsn": in_bytes(len(after["log"]))})],
    "Fsyncs": lambda _, after: [("", "Fsync", {"lsn": in_bytes(after["durable"])})],
}
_FOLLOWING: _Table = _STORAGE | {
    "Receive": lambda _, after: [_piece(len(after["log"]), 0)],
    "Learns": lambda _, after: [_piece(0, after["known"])],
    "Fsyncs": lambda _, after: [
        ("", "Fsync", {"lsn": in_bytes(after["durable"])}),
        ("", "Acknowledge", {"lsn": in_bytes(after["durable"])}),
        (_LEADER, "AdvanceMajority", {"lsn": in_bytes(after["durable"])}),
    ],
}
