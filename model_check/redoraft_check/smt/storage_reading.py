"""What the relations of StorageLimits are in a state of Startup: a node's log, and what is around it.

`committed` is what the leaders of terms up to the node's own have committed.  `peer` is what every other node
has durable in a term whose leader has it too: that is all which no later truncation can take.  A node that is
down shows the log that its scan will find.  Pages and checkpoint are StorageLimits' alone; of them stand here
those of its invariants that speak of what has settled, and no step of the log changes them.
"""

from __future__ import annotations

from attrs import evolve

from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.formula import (
    Formula,
    Function,
    Named,
    Relation,
    Term,
    Update,
    Var,
    both,
    differ,
    either,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import DOWN, EMPTY, LOG, PREFIX, TERM, WHOLE, ZERO, is_closed, is_most
from redoraft_check.smt.model import one_value
from redoraft_check.smt.obligations import relations_of
from redoraft_check.smt.refinement import Reading, parts, substituted
from redoraft_check.smt.startup_rule import Start
from redoraft_check.smt.storage_invariant import invariant as storage_invariant
from redoraft_check.smt.storage_state import Storage, initial

S = Storage()
KEPT = (S.checkpoint, S.disk)
"""What StorageLimits has on disk: no step of the log changes it."""


def self_of(raft: Raft) -> Function:
    """The node of which StorageLimits speaks."""
    return Function("self", (), raft.node)


def everywhere(raft: Raft, log: Term) -> Formula:
    """Every node is in a term whose leader has this committed, and every other node has it durable."""
    m, t, d = Var("m_", raft.node), Var("t_", TERM), Var("d_", LOG)
    node = self_of(raft)()
    has = raft.committed_by(t, log)
    there = both(differ(m, node), raft.term(m, t), raft.durable(m, d))
    return both(
        forall([t], implies(raft.term(node, t), has)),
        forall([m, t, d], implies(there, has & PREFIX(log, d))),
    )


def reading(start: Start) -> Reading:
    """What StorageLimits' relations are in a state of Startup."""
    s, node = start.raft, self_of(start.raft)()
    x, t, p, h, a = Var("x_", LOG), Var("t_", TERM), Var("p_", LOG), Var("h_", LOG), Var("a_", LOG)
    u, now = Var("u_", TERM), Var("x_", TERM)
    down = s.role(node, DOWN)
    scanned = exists([p], s.log(node, p) & is_closed(x, p))

    def running(own: Relation, otherwise: Formula) -> Formula:
        return either(~down & own(node, x), down & otherwise)

    longest = forall([h], implies(s.committed_by(t, h), PREFIX(h, x)))
    serves = exists([a], start.serves(node, now, a))
    idle = forall([u, a], ~start.serves(node, u, a))
    wholly = WHOLE(h) & everywhere(s, h)
    read = {
        S.log: running(s.log, scanned),
        S.durable: running(s.durable, scanned),
        S.known: running(s.known, same(x, EMPTY)),
        S.settled: s.settled(node, x),
        S.applied: either(
            ~down & exists([a, p], both(start.applied(node, a), S.checkpoint(p), is_most(x, a, p))),
            down & S.checkpoint(x),
        ),
        S.committed: forall(
            [t],
            implies(s.term(node, t), both(same(x, EMPTY) | s.committed_by(t, x), longest)),
        ),
        S.peer: both(
            same(x, EMPTY) | both(WHOLE(x), everywhere(s, x)), forall([h], implies(wholly, PREFIX(h, x)))
        ),
    }
    found = {relation: Update(relation, (x,), body) for relation, body in read.items()}
    serving = either(differ(now, ZERO) & serves, same(now, ZERO) & idle)
    return {**found, S.serving: Update(S.serving, (now,), serving)}


def lemmas(start: Start) -> tuple[Named, ...]:
    """What of StorageLimits' invariant the log's steps need, word for word; the node is a data node."""
    names = {"checkpoint is a function", "CheckpointHasSettled", "DiskHasSettled"}
    read = reading(start)
    told = (one for one in storage_invariant() if one.name in names)
    node, own = self_of(start.raft)(), Var("own", TERM)
    return (
        *(Named(one.name, substituted(one.formula, {}, read), one.why) for one in told),
        Named("SelfHasATerm", exists([own], start.raft.term(node, own)), "As every node has."),
        Named("SelfIsADataNode", ~start.raft.is_log_node(node), "Only data nodes have pages."),
    )


def begins(start: Start) -> tuple[Named, ...]:
    """StorageLimits' Init of what is read here."""
    read = reading(start)
    known = {*read, *KEPT}
    return tuple(
        Named(f"Init of {relation.name}", substituted(part, {}, read), "Logs are empty, nobody serves.")
        for part in parts(initial())
        for [relation] in [tuple(relations_of(part))]
        if relation in known
    )


def kept_initially() -> Formula:
    """StorageLimits' Init of what it has on disk."""
    return both(*(part for part in parts(initial()) if relations_of(part) <= set(KEPT)))


def properties_of(start: Start) -> tuple[Named, ...]:
    """That what is read has one value."""
    read = reading(start)
    found = (one_value(relation) for relation in read)
    return tuple(evolve(one, formula=substituted(one.formula, {}, read)) for one in found)
