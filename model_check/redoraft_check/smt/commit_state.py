"""The state of spec/RaftRedo.tla as relations under its variables' names, logs as histories (docs/adr/0006).

Four are read off from the specification's variables and kept beside them, because a first-order formula
cannot say them cheaply: `left`, `elected`, `overruled`, `committedBy`.
"""

from __future__ import annotations

from attrs import frozen

from redoraft_check.smt.formula import (
    Formula,
    Named,
    Relation,
    Sort,
    Term,
    Update,
    Var,
    both,
    differ,
    either,
    exists,
    forall,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import (
    EMPTY,
    FOLLOWER,
    LOG,
    PREFIX,
    ROLE,
    TERM,
    TERM_LE,
    ZERO,
    counted_nodes,
    entry,
    is_closed,
    is_least,
    is_most,
    majorities,
)
from redoraft_check.smt.model import Switched


@frozen
class Raft:
    """The relations of RaftRedo's state over one choice of nodes, and variables to speak of them."""

    node: Sort
    quorum: Sort

    @classmethod
    def over(cls, nodes: int) -> Raft:
        """Over so many nodes with counted majorities, or over any when `nodes` is 0."""
        if not nodes:
            return cls(Sort("Node"), Sort("Quorum"))
        node = counted_nodes(nodes)
        return cls(node, Sort("Quorum", tuple("+".join(sorted(found)) for found in majorities(node))))

    def _value(self, name: str, sort: Sort) -> Relation:
        return Relation(name, (self.node, sort), value=True)

    @property
    def member(self) -> Relation:
        """Who is in a quorum."""
        return Relation("member", (self.node, self.quorum), rigid=True)

    @property
    def is_log_node(self) -> Relation:
        """Log nodes (CL-1)."""
        return Relation("logNode", (self.node,), rigid=True)

    @property
    def term(self) -> Relation:
        """term[n] = t"""
        return self._value("term", TERM)

    @property
    def voted_for(self) -> Relation:
        """votedFor[n] = m; no value where it is NoOne."""
        return self._value("votedFor", self.node)

    @property
    def role(self) -> Relation:
        """role[n] = r"""
        return self._value("role", ROLE)

    @property
    def log(self) -> Relation:
        """log[n] = p"""
        return self._value("log", LOG)

    @property
    def durable(self) -> Relation:
        """The log up to durable[n]."""
        return self._value("durable", LOG)

    @property
    def known(self) -> Relation:
        """The log up to known[n]."""
        return self._value("known", LOG)

    @property
    def agreed(self) -> Relation:
        """The log up to agreed[n]."""
        return self._value("agreed", LOG)

    @property
    def settled(self) -> Relation:
        """The log up to settled[n]."""
        return self._value("settled", LOG)

    @property
    def candidacies(self) -> Relation:
        """Somebody asked for votes in a term, with this log."""
        return Relation("candidacies", (TERM, self.node, LOG))

    @property
    def votes(self) -> Relation:
        """In a term, the first has voted for the second."""
        return Relation("votes", (TERM, self.node, self.node))

    @property
    def leader_log(self) -> Relation:
        """A prefix of leaderLog[t]; nobody was elected in t where there is none."""
        return Relation("leaderLog", (TERM, LOG))

    @property
    def leader_known(self) -> Relation:
        """A prefix of leaderLog[t] up to leaderKnown[t]."""
        return Relation("leaderKnown", (TERM, LOG))

    @property
    def acked(self) -> Relation:
        """A prefix of leaderLog[t] up to acked[t][n]."""
        return Relation("acked", (TERM, self.node, LOG))

    @property
    def acknowledged(self) -> Relation:
        """leaderLog[t] up to a commit mtr of term t that was answered ok."""
        return Relation("acknowledged", (TERM, LOG))

    @property
    def left(self) -> Relation:
        """The node's term is larger than t."""
        return Relation("left", (self.node, TERM))

    @property
    def elected(self) -> Relation:
        """The node became leader of term t."""
        return Relation("elected", (TERM, self.node))

    @property
    def overruled(self) -> Relation:
        """A leader of a later term does not have this entry."""
        return Relation("overruled", (LOG,))

    @property
    def committed_by(self) -> Relation:
        """A prefix of what the leaders of terms <= t have committed."""
        return Relation("committedBy", (TERM, LOG))

    @property
    def relations(self) -> tuple[Relation, ...]:
        """All of them."""
        return (
            *(self.member, self.is_log_node, self.term, self.voted_for, self.role, self.log, self.durable),
            *(self.known, self.agreed, self.settled, self.candidacies, self.votes, self.leader_log),
            *(self.leader_known, self.acked, self.acknowledged),
            *(self.left, self.elected, self.overruled, self.committed_by),
        )

    def var(self, name: str) -> Var:
        """A variable; its first letter says its sort: n, m, c nodes, q r quorums, t u v terms, else logs."""
        kinds = {"n": self.node, "m": self.node, "c": self.node, "q": self.quorum, "r": self.quorum}
        return Var(name, kinds.get(name[0], TERM if name[0] in "tuv" else LOG))

    def vars(self, names: str) -> tuple[Var, ...]:
        """Variables by their names, apart by blanks."""
        return tuple(self.var(name) for name in names.split())

    def is_quorum(self, holds: Relation, *args: Term | None) -> Formula:
        """A quorum of which each member stands where `args` has None."""
        q, n = self.vars("q_ n_")
        filled = tuple(n if arg is None else arg for arg in args)
        return exists([q], forall([n], implies(self.member(n, q), holds(*filled))))

    def settles(self, node: Term, known: Term, durable: Term, end: Term, old: Term, new: Term) -> Formula:  # noqa: PLR0917
        """`new` is settled'[n]: Max2(settled[n], EndBelow(log'[n], Min2(known'[n], durable'[n])))."""
        least = self.var("least")
        return both(
            exists([least], is_least(least, known, durable) & is_closed(end, least)),
            self.settled(node, old),
            is_most(new, old, end),
        )

    def acknowledges(self, term: Term, node: Term, upto: Term) -> tuple[Update, Update]:
        """A node has acknowledged to the leader of a term; what a quorum has by then is committed."""
        t, u, m, h, q, x = self.vars("t_ u_ m_ h_ q_ x_")

        def acked(which: Term, who: Term, what: Term) -> Formula:
            return self.acked(which, who, what) | both(same(which, term), same(who, node), PREFIX(what, upto))

        quorum = exists([q], forall([m], implies(self.member(m, q), acked(term, m, x))))
        newly = both(TERM_LE(term, u), exists([x], both(PREFIX(h, x), entry(x, term), quorum)))
        return (
            Update(self.acked, (t, m, h), acked(t, m, h)),
            Update(self.committed_by, (u, h), self.committed_by(u, h) | newly),
        )


def set_value(relation: Relation, key: Term, new: Term | None) -> Update:
    """[f EXCEPT ![key] = new]; with None the value goes (NoOne)."""
    k, x = (Var(f"{name}_", sort) for name, sort in zip("kx", relation.args, strict=True))
    kept = differ(k, key) & relation(k, x)
    return Update(relation, (k, x), kept if new is None else either(same(k, key) & same(x, new), kept))


def initial(raft: Raft) -> Formula:
    """RaftRedo's Init."""
    s = raft
    n, m = Var("n", s.node), Var("m", s.node)
    t, h, r = Var("t", TERM), Var("h", LOG), Var("r", ROLE)
    return both(
        forall([n, t], iff(s.term(n, t), same(t, ZERO))),
        forall([n, m], ~s.voted_for(n, m)),
        forall([n, r], iff(s.role(n, r), same(r, FOLLOWER))),
        *(
            forall([n, h], iff(relation(n, h), same(h, EMPTY)))
            for relation in (s.log, s.durable, s.known, s.agreed, s.settled)
        ),
        forall([t, m, h], ~s.candidacies(t, m, h)),
        forall([t, n, m], ~s.votes(t, n, m)),
        forall([t, h], both(~s.leader_log(t, h), ~s.leader_known(t, h), ~s.acknowledged(t, h))),
        forall([t, n, h], ~s.acked(t, n, h)),
        forall([n, t], ~s.left(n, t)),
        forall([t, n], ~s.elected(t, n)),
        forall([h], ~s.overruled(h)),
        forall([t, h], ~s.committed_by(t, h)),
    )


def rule(  # noqa: PLR0917
    name: str,
    names: str,
    raft: Raft,
    condition: Formula,
    conclusion: Formula,
    why: str,
    uses: str = "",
) -> Named:
    """A claim about all values of some variables (`Raft.var`): where the condition holds, the conclusion."""
    return Named(name, forall(raft.vars(names), implies(condition, conclusion)), why, tuple(uses.split()))


class RaftSteps(Switched):
    """Some of RaftRedo's actions, over some nodes."""

    def __init__(self, raft: Raft, off: frozenset[str] = frozenset()) -> None:
        super().__init__(off)
        self.raft = raft
