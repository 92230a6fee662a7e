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
from redoraft_check.smt.logs import LOG, NUMBER, ROLE, TERM, constants
from redoraft_check.smt.sequences import RIGID, Log, Variables, log_of, logs_in, prefixes

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

    actions: Mapping[str, str] = ACTIONS

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
        logs = {n: log_of(per_node["log"][n]) for n in self.nodes}
        leader = {t: log_of(log) for t, log in pairs_of(variables["leaderLog"])}
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
            s.leader_log: [(t, h) for t, log in leader.items() for h in prefixes(log)],
            s.leader_known: [
                (t, h) for t, lsn in pairs_of(variables["leaderKnown"]) for h in prefixes(leader[t][:lsn])
            ],
            s.acked: [(t, m, h) for t, m, lsn in acked for h in prefixes(leader[t][:lsn])],
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
            for h in prefixes(log)
            if _is_entry(h, t) and any(all((t, m, h) in acked for m in q) for q in self.quorums)
        }
        entries = {h for _, h in found[s.leader_log] if h and h[-1][1] == "meta"}
        entries |= {h for _, log in found[s.log] for h in prefixes(log) if h and h[-1][1] == "meta"}
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
                for h in prefixes(g)
            ],
        }

    def world(self, *states: Mapping[Relation, frozenset[Row]]) -> World:
        """The world of the first state, with the logs and terms of all of them."""
        logs = logs_in(states)
        last = max(t for state in states for _, t in state[self.raft.term])
        things: dict[Sort, tuple[Any, ...]] = {
            self.raft.node: self.nodes,
            self.raft.quorum: self.quorums,
            TERM: tuple(range(last + 2)),
            LOG: logs,
            NUMBER: tuple(range(max(map(len, logs)) + 1)),
            ROLE: ROLE.elements,
        }
        rigid: dict[Function | Relation, Callable[..., Any]] = {
            **RIGID,
            self.raft.member: lambda node, quorum: node in quorum,
            self.raft.is_log_node: lambda node: node in self.log_nodes,
            **{one.function: always(one.function.name) for one in constants(ROLE)},
        }
        return World(things, rigid, states[0])

    def alike(
        self,
        one: Mapping[Relation, frozenset[Row]],
        other: Mapping[Relation, frozenset[Row]],
        world: World,
        /,
    ) -> bool:
        """Equal, as far as the terms of the world go: committedBy holds of all later terms."""
        terms = set(world.things[TERM])
        return all(
            rows == other[relation]
            or (
                relation == self.raft.committed_by
                and {row for row in rows if row[0] in terms}
                == {row for row in other[relation] if row[0] in terms}
            )
            for relation, rows in one.items()
        )


_PER_NODE = ("term", "votedFor", "role", "log", "durable", "known", "agreed", "settled")


def always(value: str) -> Any:
    """The interpretation of a constant."""
    return lambda: value


def _is_entry(log: Log, term: int) -> bool:
    return bool(log) and log[-1] == (term, "meta")


def _announced(candidacy: Any, leader: Mapping[int, Log]) -> Log:
    return leader[candidacy["lastTerm"]][: candidacy["lastLsn"]] if candidacy["lastTerm"] else ()
