"""A behaviour of RaftRedo or Startup as steps: which node did what, with which arguments.

Everything is read from two states that follow each other, never from the name that TLC gives to the step: a
behaviour from another checker (ITF) has no such names.  A table tells the actions apart; where arguments
leave several possibilities with the same effect, the smallest is taken.  LSNs are positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.values import Function, TlaSet, Value

NODE_VARIABLES = ("term", "votedFor", "role", "log", "durable", "known", "agreed")
STARTUP_VARIABLES = ("phase", "applied")
_HISTORY = ("candidacies", "votes", "leaderLog", "leaderKnown", "acked", "acknowledged")

Mtr = tuple[int, str]
"""Its term and its kind: "data", "meta" or "half"."""


@frozen
class NodeState:
    """One node in one state; `phase` and `applied` are None where the module is RaftRedo."""

    term: int
    voted_for: str
    role: str
    log: tuple[Mtr, ...]
    durable: int
    known: int
    agreed: int
    phase: str | None = None
    applied: int | None = None

    @property
    def closed(self) -> int:
        """The end of the last whole entry (spec: Closed)."""
        return end_below(self.log, len(self.log))


@frozen
class ClusterState:
    """All nodes, and what was said so far (spec: networkVars, acknowledged)."""

    nodes: Mapping[str, NodeState]
    candidacies: frozenset[Any]
    votes: frozenset[Any]
    leader_log: Mapping[int, tuple[Mtr, ...]]
    leader_known: Mapping[int, int]
    acked: Mapping[int, Mapping[str, int]]
    acknowledged: frozenset[Any]


@frozen
class SpecStep:
    """One step: `action` as a trace names it (Crash too), `args` in positions, and the states around it."""

    number: int
    action: str
    node: str
    args: Mapping[str, int | str | bool]
    before: ClusterState
    after: ClusterState


def end_below(log: Sequence[Mtr], lsn: int) -> int:
    """The end of the last whole entry at or below `lsn` (spec: EndBelow)."""
    return next((at for at in range(lsn, 0, -1) if log[at - 1][1] == "meta"), 0)


def steps_of(states: Sequence[Mapping[str, Value]]) -> list[SpecStep]:
    """The steps between states that follow each other; steps that change nothing are left out.

    Raises CliError (65) for states that are not RaftRedo's or Startup's, and for a step that no action of
    theirs explains.
    """
    clusters = [cluster_of(state) for state in states]
    found: list[SpecStep] = []
    for number, (before, after) in enumerate(pairwise(clusters), start=2):
        if before == after:
            continue
        found.append(_step(number, before, after))
    return found


# --- reading states ---


def cluster_of(state: Mapping[str, Value]) -> ClusterState:
    """One state as the two modules have it.  Raises CliError (65) where it is another module's."""
    missing = [name for name in (*NODE_VARIABLES, *_HISTORY) if name not in state]
    if missing:
        raise CliError(
            Exit.BAD_INPUT,
            f"these are no states of RaftRedo or Startup: they have no {', '.join(missing)}; "
            "only behaviours of these two become traces and scenarios",
        )
    plain = {name: _plain(value) for name, value in state.items()}
    nodes = {node: _node(plain, node) for node in sorted(plain["term"])}
    return ClusterState(
        nodes=nodes,
        candidacies=frozenset(map(_row, plain["candidacies"])),
        votes=frozenset(map(_row, plain["votes"])),
        leader_log={term: tuple(map(_mtr, log)) for term, log in _by_term(plain["leaderLog"])},
        leader_known=dict(_by_term(plain["leaderKnown"])),
        acked={term: dict(row) for term, row in _by_term(plain["acked"])},
        acknowledged=frozenset(map(_row, plain["acknowledged"])),
    )


def _node(plain: Mapping[str, Any], node: str) -> NodeState:
    startup = {name: plain[name][node] for name in STARTUP_VARIABLES if name in plain}
    return NodeState(
        term=plain["term"][node],
        voted_for=plain["votedFor"][node],
        role=plain["role"][node],
        log=tuple(map(_mtr, plain["log"][node])),
        durable=plain["durable"][node],
        known=plain["known"][node],
        agreed=plain["agreed"][node],
        **startup,
    )


def _plain(value: Value) -> Any:
    """Functions as dictionaries, sets and sequences as tuples."""
    match value:
        case Function():
            return {_plain(key): _plain(one) for key, one in value.pairs}
        case TlaSet(elements=elements):
            return tuple(map(_plain, elements))
        case tuple():
            return tuple(map(_plain, value))
        case _:
            return value


def _row(record: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
    return frozenset(record.items())


def _mtr(record: Mapping[str, Any]) -> Mtr:
    return record["term"], record["kind"]


def _by_term(value: Any) -> Iterator[tuple[int, Any]]:
    """A function over terms; over 1..n TLC prints it as a tuple."""
    yield from enumerate(value, start=1) if isinstance(value, tuple) else value.items()


# --- from two states to a step ---


@frozen
class _Change:
    """What is asked to tell an action: one node before and after, and the cluster around it."""

    before: ClusterState
    after: ClusterState
    node: str

    @property
    def old(self) -> NodeState:
        return self.before.nodes[self.node]

    @property
    def new(self) -> NodeState:
        return self.after.nodes[self.node]

    @property
    def itself(self) -> bool:
        return self.old != self.new

    @property
    def grew_by(self) -> tuple[Mtr, ...] | None:
        """What was appended to the log, None if it is not the old one with something behind it."""
        old, new = self.old.log, self.new.log
        return new[len(old) :] if len(new) > len(old) and new[: len(old)] == old else None


def _step(number: int, before: ClusterState, after: ClusterState) -> SpecStep:
    for action, (who, told) in _ACTIONS.items():
        for node in before.nodes:
            change = _Change(before, after, node)
            if who(change):
                return SpecStep(number, action, node, told(change), before, after)
    raise CliError(
        Exit.BAD_INPUT, f"no action of RaftRedo or Startup leads from state {number - 1} to state {number}"
    )


_Args = dict[str, int | str | bool]


def _nothing(_: _Change) -> _Args:
    return {}


def _acked_lsn(change: _Change) -> tuple[int, int] | None:
    """The term in which this node's acknowledged LSN has grown, and that LSN."""
    for term, row in change.after.acked.items():
        if term in change.before.acked and row[change.node] != change.before.acked[term][change.node]:
            return term, row[change.node]
    return None


def _voted(change: _Change) -> bool:
    new = change.after.votes - change.before.votes
    repeated = change.old.voted_for != change.new.voted_for and not new
    return change.itself and change.old.term == change.new.term and (bool(new) or repeated)


def _wrote(kind: str) -> Callable[[_Change], bool]:
    def wrote(change: _Change) -> bool:
        grown = change.grew_by
        alone = change.old.agreed == change.new.agreed and change.old.role == change.new.role
        return grown == ((change.new.term, kind),) and alone

    return wrote


def _left(change: _Change) -> _Args:
    torn = bool(change.new.log) and change.new.log[-1][1] == "half"
    whole = len(change.new.log) - torn
    return {"left": whole, "torn": True} if torn else {"left": whole}


def _sender_term(change: _Change) -> int:
    """Whose log it took: its term's leader's, or where that is not asked (LOG-5-term) any one's that fits."""
    own, new = change.new.term, change.new
    taken = new.log[: new.agreed]
    fitting = [term for term, log in change.before.leader_log.items() if log[: new.agreed] == taken]
    return own if own in fitting or not fitting else max(fitting)


def _piece(change: _Change) -> _Args:
    """The smallest piece with this effect: a heartbeat where nothing came."""
    term, old, new = _sender_term(change), change.old, change.new
    upto = new.agreed if new.agreed > old.agreed else 0
    learned = [lsn for lsn in _ends(change.before, term) if lsn >= new.known] if new.known > old.known else []
    return {"term": term, "upto": upto, "majority": min(learned, default=0)}


def _ends(cluster: ClusterState, term: int) -> list[int]:
    """The majority LSNs that the leader of `term` may have sent (spec: MajoritiesSent)."""
    log, known = cluster.leader_log[term], cluster.leader_known[term]
    return [lsn for lsn in range(known + 1) if end_below(log, lsn) == lsn]


def _cut(change: _Change) -> _Args:
    own, cut = change.new.term, len(change.new.log)
    longer = [
        term
        for term, log in change.before.leader_log.items()
        if len(log) > cut and log[:cut] == change.new.log and log[cut] != change.old.log[cut]
    ]
    term = own if own in longer or not longer else max(longer)
    log = change.before.leader_log.get(term, ())
    upto = next((at for at in range(cut + 1, len(log) + 1) if end_below(log, at) == at), len(log))
    return {"term": term, "upto": upto, "cut": cut}


def _answered(change: _Change) -> bool:
    new = change.after.acknowledged - change.before.acknowledged
    return any(change.new.role == "leader" and ("term", change.new.term) in row for row in new)


def _answer(change: _Change) -> _Args:
    (row,) = change.after.acknowledged - change.before.acknowledged
    return {"lsn": dict(row)["lsn"]}


def _heir(change: _Change) -> _Args:
    acked = change.before.acked[change.old.term]
    heirs = [node for node, lsn in acked.items() if node != change.node and lsn >= change.old.closed]
    return {"to": min(heirs)}


_Table = dict[str, tuple[Callable[[_Change], bool], Callable[[_Change], _Args]]]

# In this order: a later row is looked at only where none before it explains the step.
_ACTIONS: _Table = {
    "Shutdown": (lambda c: c.itself and c.new.phase == "stopped", _nothing),
    "Crash": (lambda c: c.old.role != "down" and c.new.role == "down", _left),
    "Restart": (lambda c: c.old.role == "down" and c.new.role != "down", _nothing),
    "StartElection": (lambda c: c.itself and c.before.candidacies != c.after.candidacies, _nothing),
    "UpdateTerm": (lambda c: c.new.term > c.old.term, lambda c: {"term": c.new.term}),
    "GrantVote": (_voted, lambda c: {"candidate": c.new.voted_for, "term": c.new.term}),
    "BecomeLeader": (lambda c: c.old.role == "candidate" and c.new.role == "leader", _nothing),
    "HandOver": (lambda c: c.old.role == "leader" and c.new.role == "follower", _heir),
    "WriteMtr": (_wrote("data"), _nothing),
    "CloseEntry": (_wrote("meta"), _nothing),
    "Truncate": (lambda c: len(c.new.log) < len(c.old.log), _cut),
    "Fsync": (lambda c: c.new.durable > c.old.durable, lambda c: {"lsn": c.new.durable}),
    "AdvanceMajority": (
        lambda c: c.itself and c.before.leader_known != c.after.leader_known,
        lambda c: {"lsn": c.new.known},
    ),
    "Recover": (lambda c: c.old.phase == "aligning" and c.new.phase == "ready", _nothing),
    "Apply": (
        lambda c: c.old.applied != c.new.applied and c.old.log == c.new.log,
        lambda c: {"lsn": c.new.applied or 0},
    ),
    "AppendEntries": (lambda c: c.itself, _piece),
    "Acknowledge": (
        lambda c: _acked_lsn(c) is not None,
        lambda c: {"lsn": (_acked_lsn(c) or (0, 0))[1]},
    ),
    "AckCommit": (_answered, _answer),
}
