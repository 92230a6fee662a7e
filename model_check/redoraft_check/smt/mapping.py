"""RaftRedo's states as worlds of the commit rule: the one place that says what a relation stands for.

A log is the tuple of its mtrs, each as (term, kind); an LSN is the log up to there.  Of a leader's LSNs
(`acked`, `leaderKnown`) the log is leaderLog[t], of a node's own LSNs it is log[n].  A candidacy's log is
read from the log of the leader of its last term, which is where it came from.

Two relations speak of more than the state has: `committedBy` of all later terms, `overruled` of all logs,
written or not.  They are read off within a world (`Reader.within`), for the terms and logs that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any

from attrs import evolve

from redoraft_check.oracle.values import pairs_of
from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.concrete import Row, World
from redoraft_check.smt.formula import Function, Relation, Sort
from redoraft_check.smt.logs import LOG, NUMBER, ROLE, TERM, constants
from redoraft_check.smt.sequences import RIGID, Log, Mapped, Variables, log_of, logs_in, prefixes

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

    def state(self, variables: Variables, before: Mapped | None = None) -> dict[Relation, frozenset[Row]]:
        """A state of RaftRedo, by the names of its variables, in relations; `within` a world it is whole.

        Who was elected is read from the votes, or in a behaviour from the roles since `before`: with a rule
        off two candidates may have the votes.
        """
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
        found[s.left] = [(n, u) for n, t in per_node["term"].items() for u in range(t)]
        if before is None:
            found[s.elected] = [(t, c) for t in leader for c in self.nodes if self._has_quorum(votes, t, c)]
        else:
            leads = {(t, n) for n, t in per_node["term"].items() if per_node["role"][n] == "leader"}
            found[s.elected] = before[s.elected] | leads
        return {relation: frozenset(rows) for relation, rows in found.items()}

    def _has_quorum(self, votes: set[tuple[int, str, str]], term: int, candidate: str) -> bool:
        return any(all((term, voter, candidate) in votes for voter in quorum) for quorum in self.quorums)

    def within(self, state: Mapped, world: World) -> Mapped:
        """The state with what is defined (Committed) or read off, of the terms and logs of a world."""
        s = self.raft
        acked = state[s.acked]
        committed = {
            (t, h)
            for t, h in state[s.leader_log]
            if _is_entry(h, t) and any(all((t, m, h) in acked for m in q) for q in self.quorums)
        }
        led = {t for t, _ in state[s.leader_log]}
        overruled = {
            (h,)
            for h in world.things[LOG]
            if h and h[-1][1] == "meta"
            if any(t > h[-1][0] and (t, h) not in state[s.leader_log] for t in led)
        }
        committed_by = {
            (u, h) for t, g in committed for u in world.things[TERM] if u >= t for h in prefixes(g)
        }
        return {**state, s.overruled: frozenset(overruled), s.committed_by: frozenset(committed_by)}

    def world(self, *states: Mapped) -> World:
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
        world = World(things, rigid, states[0])
        return evolve(world, state=self.within(states[0], world))

    def alike(self, one: Mapped, other: Mapped, /) -> bool:
        """Equal in all that the specification has, both within one world."""
        return one == other


_PER_NODE = ("term", "votedFor", "role", "log", "durable", "known", "agreed", "settled")


def always(value: str) -> Any:
    """The interpretation of a constant."""
    return lambda: value


def _is_entry(log: Log, term: int) -> bool:
    return bool(log) and log[-1] == (term, "meta")


def _announced(candidacy: Any, leader: Mapping[int, Log]) -> Log:
    return leader[candidacy["lastTerm"]][: candidacy["lastLsn"]] if candidacy["lastTerm"] else ()
