"""RaftRedo's states as worlds of the commit rule: the one place that says what a relation stands for.

A log is the tuple of its mtrs, each as (term, kind); an LSN is the log up to there.  Of a leader's LSNs
(`acked`,
`leaderKnown`) the log is leaderLog[t], of a node's own LSNs it is log[n].  A candidacy's log is read from
the log of the leader of its last term, which is where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any

from redoraft_check.oracle.values import pairs_of
from redoraft_check.smt.commit_rule import Raft
from redoraft_check.smt.concrete import Row, World
from redoraft_check.smt.formula import Function, Relation, Sort
from redoraft_check.smt.logs import (
    EMPTY,
    HALF,
    INDEX,
    LOG,
    LSN,
    NUMBER,
    NUMBER_LE,
    PREFIX,
    ROLE,
    TERM,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
    constants,
)

Variables = Mapping[str, Any]
Log = tuple[tuple[int, str], ...]

ACTIONS = {
    "LearnsTerm": "UpdateTerm",
    "Votes": "GrantVote",
    "HandsOver": "HandOver",
    "Fsyncs": "Fsync",
    "Truncates": "Truncate",
    "Appends": "AppendEntries",
    "Advances": "AdvanceMajority",
    "Answers": "AckCommit",
    "Crashes": "Crash",
}
"""The operators that draw an action's arguments from the state, under whose names TLC labels edges."""


class Reader:
    """Reads states of one cluster."""

    def __init__(self, raft: Raft, data_nodes: Iterable[str], log_nodes: Iterable[str]) -> None:
        self.raft = raft
        self.log_nodes = frozenset(log_nodes)
        self.nodes = tuple(sorted({*data_nodes, *self.log_nodes}))
        size = len(self.nodes) // 2 + 1
        self.quorums = tuple(frozenset(found) for found in combinations(self.nodes, size))

    def state(self, variables: Variables) -> dict[Relation, frozenset[Row]]:
        """A state of RaftRedo, by the names of its variables, in relations."""
        s = self.raft
        per_node = {name: dict(pairs_of(variables[name])) for name in _PER_NODE}
        logs = {n: _log(per_node["log"][n]) for n in self.nodes}
        leader = {t: _log(log) for t, log in pairs_of(variables["leaderLog"])}
        votes = {(v["term"], v["from"], v["to"]) for v in variables["votes"]}
        acked = {(t, m, lsn): True for t, rows in pairs_of(variables["acked"]) for m, lsn in pairs_of(rows)}
        found: dict[Relation, Iterable[Row]] = {
            s.term: per_node["term"].items(),
            s.voted_for: [(n, m) for n, m in per_node["votedFor"].items() if m != "none"],
            s.role: per_node["role"].items(),
            s.log: logs.items(),
            **{
                relation: [(n, logs[n][: per_node[relation.name][n]]) for n in self.nodes]
                for relation in (s.durable, s.known, s.agreed, s.settled)
            },
            s.candidacies: [(c["term"], c["node"], _announced(c, leader)) for c in variables["candidacies"]],
            s.votes: votes,
            s.leader_log: [(t, h) for t, log in leader.items() for h in _prefixes(log)],
            s.leader_known: [
                (t, h) for t, lsn in pairs_of(variables["leaderKnown"]) for h in _prefixes(leader[t][:lsn])
            ],
            s.acked: [(t, m, h) for t, m, lsn in acked for h in _prefixes(leader[t][:lsn])],
            s.acknowledged: [(a["term"], leader[a["term"]][: a["lsn"]]) for a in variables["acknowledged"]],
        }
        found |= self._read_off(found, leader, votes, per_node["term"])
        return {relation: frozenset(rows) for relation, rows in found.items()}

    def _read_off(
        self,
        found: Mapping[Relation, Iterable[Row]],
        leader: Mapping[int, Log],
        votes: set[tuple[int, str, str]],
        terms: Mapping[str, int],
    ) -> dict[Relation, Iterable[Row]]:
        """What the specification does not keep but defines (Committed), or what can be read off from it."""
        s = self.raft
        acked = set(found[s.acked])
        committed = {
            (t, h)
            for t, log in leader.items()
            for h in _prefixes(log)
            if _is_entry(h, t) and any(all((t, m, h) in acked for m in q) for q in self.quorums)
        }
        entries = {h for _, h in found[s.leader_log] if h and h[-1][1] == "meta"}
        entries |= {h for _, log in found[s.log] for h in _prefixes(log) if h and h[-1][1] == "meta"}
        return {
            s.left: [(n, u) for n, t in terms.items() for u in range(t)],
            s.elected: [
                (t, c)
                for t in leader
                for c in self.nodes
                if any(all((t, m, c) in votes for m in q) for q in self.quorums)
            ],
            s.overruled: [
                (h,) for h in entries if any(t > h[-1][0] and log[: len(h)] != h for t, log in leader.items())
            ],
            s.committed_by: [
                (u, h)
                for t, g in committed
                for u in range(t, max([*terms.values(), *leader]) + 2)
                for h in _prefixes(g)
            ],
        }

    def world(self, *states: Mapping[Relation, frozenset[Row]]) -> World:
        """The world of the first state, with the logs and terms of all of them."""
        logs = {()} | {
            h
            for state in states
            for relation, rows in state.items()
            for row in rows
            for sort, value in zip(relation.args, row, strict=True)
            if sort == LOG
            for h in _prefixes(value)
        }
        last = max(t for state in states for _, t in state[self.raft.term])
        things: dict[Sort, tuple[Any, ...]] = {
            self.raft.node: self.nodes,
            self.raft.quorum: self.quorums,
            TERM: tuple(range(last + 2)),
            LOG: tuple(sorted(logs, key=lambda log: (len(log), log))),
            NUMBER: tuple(range(max(map(len, logs)) + 1)),
            ROLE: ROLE.elements,
        }
        rigid: dict[Function | Relation, Callable[..., Any]] = {
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
            self.raft.member: lambda node, quorum: node in quorum,
            self.raft.is_log_node: lambda node: node in self.log_nodes,
            **{one.function: _always(one.function.name) for one in constants(ROLE)},
        }
        return World(things, rigid, states[0])


_PER_NODE = ("term", "votedFor", "role", "log", "durable", "known", "agreed", "settled")


def _always(value: str) -> Any:
    return lambda: value


def _log(mtrs: Iterable[Any]) -> Log:
    return tuple((mtr["term"], mtr["kind"]) for mtr in mtrs)


def _prefixes(log: Log) -> list[Log]:
    return [log[:at] for at in range(len(log) + 1)]


def _is_entry(log: Log, term: int) -> bool:
    return bool(log) and log[-1] == (term, "meta")


def _announced(candidacy: Any, leader: Mapping[int, Log]) -> Log:
    return leader[candidacy["lastTerm"]][: candidacy["lastLsn"]] if candidacy["lastTerm"] else ()
