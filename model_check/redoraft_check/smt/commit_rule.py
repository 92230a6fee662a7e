"""The commit rule: spec/RaftRedo.tla action for action, its logs as histories (docs/adr/0006).

`commit_rule(nodes, off)` is the model for any set of nodes (`nodes=0`), or for that many with counted
majorities.  Relations have the specification's variable names.  Four more are read off from them and kept
beside them, because a first-order formula cannot say them cheaply: `left`, `elected`, `overruled`,
`committedBy`.
"""

from __future__ import annotations

from attrs import frozen

from redoraft_check.smt.formula import (
    Action,
    Formula,
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
    CANDIDATE,
    DOWN,
    EMPTY,
    FOLLOWER,
    HALF,
    INDEX,
    LEADER,
    LOG,
    LSN,
    NUMBER_LE,
    PREFIX,
    ROLE,
    TERM,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
    before,
    counted_nodes,
    entry,
    is_closed,
    is_least,
    is_most,
    is_next,
    majorities,
    reaches,
)

RULES = frozenset(
    {"CL-1", "CL-2", "LOG-1", "LOG-5", "LOG-5-term", "LOG-6", "LOG-12"}
    | {"LIM-4", "H8", "H9", "H9-vote", "H15", "H16", "H34"}
)
"""RaftRules of spec/RaftRedo.tla."""


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


def set_value(relation: Relation, key: Term, new: Term | None) -> Update:
    """[f EXCEPT ![key] = new]; with None the value goes (NoOne)."""
    k, x = (Var(f"{name}_", sort) for name, sort in zip("kx", relation.args, strict=True))
    kept = differ(k, key) & relation(k, x)
    return Update(relation, (k, x), kept if new is None else either(same(k, key) & same(x, new), kept))


class Steps:
    """The actions of RaftRedo under some rules switched off."""

    def __init__(self, raft: Raft, off: frozenset[str] = frozenset()) -> None:
        self.raft = raft
        self.off = off

    def on(self, rule: str) -> bool:
        """The specification's On."""
        return rule not in self.off

    def all(self) -> tuple[Action, ...]:
        """In the order of the specification's Next."""
        return (
            self.update_term(),
            self.start_election(),
            self.grant_vote(),
            self.become_leader(),
            self.hand_over(),
            self.write_mtr(),
            self.close_entry(),
            *self.fsync(),
            self.truncate(),
            self.append_entries(),
            self.acknowledge(),
            self.advance_majority(),
            self.ack_commit(),
            self.crash(),
            self.restart(),
        )

    # --- election ----------------------------------------------------------------------------------

    def update_term(self) -> Action:
        """UpdateTerm(n, t): a leader drops its open entry."""
        s = self.raft
        n, m, t, u, p, w, d, e, h = s.vars("n m t u p w d e h")
        return Action(
            "UpdateTerm",
            (n, t, u, p, w, d, e),
            both(
                ~s.role(n, DOWN),
                s.term(n, u),
                before(u, t),
                exists([m, h], s.candidacies(t, m, h)),
                s.log(n, p),
                is_closed(w, p),
                s.durable(n, d),
                is_least(e, d, w),
            ),
            (
                set_value(s.term, n, t),
                set_value(s.voted_for, n, None),
                set_value(s.role, n, FOLLOWER),
                set_value(s.log, n, w),
                set_value(s.durable, n, e),
                set_value(s.agreed, n, EMPTY),
                self._leaves(n, t),
            ),
        )

    def _leaves(self, node: Term, term: Term) -> Update:
        m, t = self.raft.vars("m_ t_")
        return Update(self.raft.left, (m, t), self.raft.left(m, t) | (same(m, node) & before(t, term)))

    def start_election(self) -> Action:
        """StartElection(n): in the next term, with the log as it is closed."""
        s = self.raft
        n, t, u, v, p, w, d = s.vars("n t u v p w d")
        t1, c1, h1, m1 = s.vars("t_ c_ h_ m_")
        return Action(
            "StartElection",
            (n, u, t, p, w, d),
            both(
                either(s.role(n, FOLLOWER), s.role(n, CANDIDATE)),
                s.term(n, u),
                before(u, t),
                forall([v], either(TERM_LE(v, u), TERM_LE(t, v))),
                s.log(n, p),
                is_closed(w, p),
                s.durable(n, d),
            ),
            (
                set_value(s.term, n, t),
                set_value(s.voted_for, n, n),
                set_value(s.role, n, CANDIDATE),
                set_value(s.agreed, n, EMPTY),
                Update(
                    s.candidacies,
                    (t1, c1, h1),
                    s.candidacies(t1, c1, h1) | both(same(t1, t), same(c1, n), same(h1, w)),
                ),
                Update(
                    s.votes, (t1, m1, c1), s.votes(t1, m1, c1) | both(same(t1, t), same(m1, n), same(c1, n))
                ),
                self._leaves(n, t),
            ),
        )

    def grant_vote(self) -> Action:
        """GrantVote(n, c).  H9: by (last term, index), never by LSN."""
        s = self.raft
        n, m, c, t, p, w, h, d = s.vars("n m c t p w h d")
        t1, m1, c1 = s.vars("t_ m_ c_")
        if self.on("H9"):
            up_to_date = either(
                before(TERM_OF(w), TERM_OF(h)),
                same(TERM_OF(h), TERM_OF(w)) & NUMBER_LE(INDEX(w), INDEX(h)),
            )
        else:
            up_to_date = reaches(w, h)
        return Action(
            "GrantVote",
            (n, c, t, h, p, w, d),
            both(
                ~s.role(n, DOWN),
                s.term(n, t),
                s.candidacies(t, c, h),
                differ(c, n),
                forall([m], implies(s.voted_for(n, m), same(m, c))),
                s.log(n, p),
                is_closed(w, p),
                s.durable(n, d),
                up_to_date,
            ),
            (
                set_value(s.voted_for, n, c),
                Update(
                    s.votes, (t1, m1, c1), s.votes(t1, m1, c1) | both(same(t1, t), same(m1, n), same(c1, c))
                ),
            ),
        )

    def become_leader(self) -> Action:
        """BecomeLeader(n): a data node opens its term with a marker (H8, H14), a log node writes nothing."""
        s = self.raft
        n, t, p, d, e, g = s.vars("n t p d e g")
        t1, m1, h1 = s.vars("t_ m_ h_")
        is_mine = same(t1, t)
        marked = both(is_next(g, p), same(TERM_OF(g), t), WHOLE(g))
        if self.on("CL-2"):
            marked = either(~s.is_log_node(n) & marked, s.is_log_node(n) & same(g, p))
        return Action(
            "BecomeLeader",
            (n, t, p, d, e, g),
            both(
                s.role(n, CANDIDATE),
                s.term(n, t),
                s.is_quorum(s.votes, t, None, n),
                s.log(n, p),
                s.durable(n, d),
                is_closed(e, d),
                marked,
            ),
            (
                set_value(s.role, n, LEADER),
                set_value(s.log, n, g),
                Update(
                    s.leader_log, (t1, h1), either(is_mine & PREFIX(h1, g), ~is_mine & s.leader_log(t1, h1))
                ),
                Update(
                    s.leader_known,
                    (t1, h1),
                    either(is_mine & same(h1, EMPTY), ~is_mine & s.leader_known(t1, h1)),
                ),
                Update(
                    s.acked,
                    (t1, m1, h1),
                    either(
                        is_mine & either(same(h1, EMPTY), same(m1, n) & PREFIX(h1, e)),
                        ~is_mine & s.acked(t1, m1, h1),
                    ),
                ),
                Update(s.elected, (t1, m1), s.elected(t1, m1) | (is_mine & same(m1, n))),
                Update(
                    s.overruled,
                    (h1,),
                    s.overruled(h1)
                    | both(WHOLE(h1), differ(h1, EMPTY), before(TERM_OF(h1), t), ~PREFIX(h1, g)),
                ),
            ),
        )

    def hand_over(self) -> Action:
        """HandOver(n, m): a log node hands over to a data node that has all it has (CL-2)."""
        s = self.raft
        n, m, t, p, w, a = s.vars("n m t p w a")
        return Action(
            "HandOver",
            (n, m, t, p, w),
            both(
                s.role(n, LEADER),
                s.is_log_node(n),
                ~s.is_log_node(m),
                s.term(n, t),
                s.log(n, p),
                is_closed(w, p),
                exists([a], s.acked(t, m, a) & reaches(w, a)),
            ),
            (set_value(s.role, n, FOLLOWER),),
        )

    # --- the leader writes -------------------------------------------------------------------------

    def _extend(self, name: str, kind: Formula, open_entry: bool) -> Action:
        s = self.raft
        n, t, p, g = s.vars("n t p g")
        t1, h1 = s.vars("t_ h_")
        may_serve = [s.role(n, LEADER)]
        if not self.on("CL-1"):
            may_serve.append(s.role(n, FOLLOWER))
        serves = [either(*may_serve)] + ([~s.is_log_node(n)] if self.on("CL-2") else [])
        return Action(
            name,
            (n, t, p, g),
            both(
                *serves,
                s.term(n, t),
                s.log(n, p),
                *([~WHOLE(p)] if open_entry else []),
                is_next(g, p),
                same(TERM_OF(g), t),
                kind,
            ),
            (
                set_value(s.log, n, g),
                Update(
                    s.leader_log,
                    (t1, h1),
                    s.leader_log(t1, h1) | both(s.role(n, LEADER), same(t1, t), same(h1, g)),
                ),
            ),
        )

    def write_mtr(self) -> Action:
        """WriteMtr(n)."""
        g = self.raft.var("g")
        return self._extend("WriteMtr", both(~WHOLE(g), ~HALF(g)), open_entry=False)

    def close_entry(self) -> Action:
        """CloseEntry(n): only behind data is there an open entry to close."""
        return self._extend("CloseEntry", WHOLE(self.raft.var("g")), open_entry=True)

    def _settles(self, node: Term, known: Term, durable: Term, end: Term, old: Term, new: Term) -> Formula:  # noqa: PLR0917
        """`new` is settled'[n]: Max2(settled[n], EndBelow(log'[n], Min2(known'[n], durable'[n])))."""
        least = self.raft.var("least")
        return both(
            exists([least], is_least(least, known, durable) & is_closed(end, least)),
            self.raft.settled(node, old),
            is_most(new, old, end),
        )

    def _acknowledges(self, term: Term, node: Term, upto: Term) -> tuple[Update, Update]:
        """A node has acknowledged to the leader of a term; what a quorum has by then is committed."""
        s = self.raft
        t, u, m, h, q, x = s.vars("t_ u_ m_ h_ q_ x_")

        def acked(which: Term, who: Term, what: Term) -> Formula:
            return s.acked(which, who, what) | both(same(which, term), same(who, node), PREFIX(what, upto))

        quorum = exists([q], forall([m], implies(s.member(m, q), acked(term, m, x))))
        newly = both(TERM_LE(term, u), exists([x], both(PREFIX(h, x), entry(x, term), quorum)))
        return (
            Update(s.acked, (t, m, h), acked(t, m, h)),
            Update(s.committed_by, (u, h), s.committed_by(u, h) | newly),
        )

    def fsync(self) -> tuple[Action, Action]:
        """Fsync(n, l): the leader's own durable entries count as acknowledged by itself (H15)."""
        s = self.raft
        n, t, p, d, end, e, k, x, o, z = s.vars("n t p d l e k x o z")
        guard = (
            ~s.role(n, DOWN),
            s.term(n, t),
            s.log(n, p),
            s.durable(n, d),
            PREFIX(d, end),
            differ(d, end),
            PREFIX(end, p),
            s.known(n, k),
            self._settles(n, k, end, x, o, z),
        )
        updates = (set_value(s.durable, n, end), set_value(s.settled, n, z))
        return (
            Action(
                "Fsync",
                (n, t, p, d, end, k, x, o, z),
                both(*guard, ~s.role(n, LEADER)),
                updates,
                case="not leading",
            ),
            Action(
                "Fsync",
                (n, t, p, d, end, e, k, x, o, z),
                both(*guard, s.role(n, LEADER), is_closed(e, end)),
                (*updates, *self._acknowledges(t, n, e)),
                case="leading",
            ),
        )

    # --- replication -------------------------------------------------------------------------------

    def _hears(self, node: Term, term: Term, own: Term) -> Formula:
        """`term` is in SenderTerms(n) (LOG-5-term), and `own` the node's."""
        s = self.raft
        rule = same(term, own) if self.on("LOG-5-term") else TERM_LE(term, own)
        takes = either(s.role(node, FOLLOWER), s.role(node, CANDIDATE))
        return both(takes, s.term(node, own), rule, s.leader_log(term, EMPTY))

    def _shared(self, mine: Term, theirs: Term) -> Formula:
        """IsSharedEnd: entries with the same term at the same LSN (R2: then all below is the same)."""
        return both(
            WHOLE(mine), WHOLE(theirs), same(TERM_OF(mine), TERM_OF(theirs)), same(LSN(mine), LSN(theirs))
        )

    def truncate(self) -> Action:
        """Truncate(n, t, from, upto), cut at Parting(n, t, upto)."""
        s = self.raft
        n, t, u, p, b, i, j, d, e, f, g = s.vars("n t u p b i j d e f g")
        shared_above = exists(
            [f, g],
            both(PREFIX(f, p), s.leader_log(t, g), PREFIX(g, b), self._shared(f, g), ~reaches(f, i)),
        )
        conflicts = both(~reaches(p, i), ~reaches(b, i))
        return Action(
            "Truncate",
            (n, t, u, p, b, i, j, d, e),
            both(
                self._hears(n, t, u),
                s.log(n, p),
                s.leader_log(t, b),
                WHOLE(b),
                PREFIX(i, p),
                PREFIX(j, b),
                self._shared(i, j),
                ~shared_above,
                conflicts,
                s.durable(n, d),
                is_least(e, d, i),
            ),
            (
                set_value(s.role, n, FOLLOWER),
                set_value(s.log, n, i),
                set_value(s.durable, n, e),
            ),
        )

    def append_entries(self) -> Action:
        """AppendEntries(n, t, from, upto, majority): what is missing comes, and no conflict is left."""
        s = self.raft
        n, t, u, p, b, i, j, a, f, y, k, end, x, d, o, z = s.vars("n t u p b i j a f y k l x d o z")
        e = s.var("e")
        grows = both(reaches(p, b), ~reaches(b, p))
        # Parting is at the shorter of the two ends: the node's whole log, or the piece's.
        no_conflict = either(
            both(grows, same(i, p), same(y, b)),
            both(~grows, same(j, b), same(y, p)),
        )
        return Action(
            "AppendEntries",
            (n, t, u, p, b, i, j, y, a, f, k, end, d, x, o, z, e),
            both(
                self._hears(n, t, u),
                s.log(n, p),
                s.leader_log(t, b),
                WHOLE(b),
                PREFIX(i, p),
                PREFIX(j, b),
                self._shared(i, j),
                no_conflict,
                s.agreed(n, a),
                # The end of the piece in the node's new log, and what it then knows to agree.
                either(grows & same(e, b), ~grows & same(e, i)),
                either(reaches(e, a) & same(f, a), ~reaches(e, a) & same(f, e)),
                self._learns(n, t, y, f, k, end),
                s.durable(n, d),
                self._settles(n, end, d, x, o, z),
            ),
            (
                set_value(s.role, n, FOLLOWER),
                set_value(s.log, n, y),
                set_value(s.agreed, n, f),
                set_value(s.known, n, end),
                set_value(s.settled, n, z),
            ),
        )

    def _learns(self, node: Term, term: Term, log: Term, now: Term, old: Term, new: Term) -> Formula:  # noqa: PLR0917
        """`new` is Learned: the majority LSN, within what agrees (H34), never less than what was known."""
        s = self.raft
        g, h = s.vars("g_ h_")
        bound = now if self.on("H34") else log
        told = both(s.leader_known(term, g), WHOLE(g), PREFIX(h, bound))
        # h is the log up to Min2(majority, bound).
        least = either(same(LSN(h), LSN(g)), same(h, bound) & reaches(h, g))
        return both(
            s.known(node, old),
            exists(
                [g, h],
                both(told, least, either(reaches(h, old) & same(new, old), ~reaches(h, old) & same(new, h))),
            ),
        )

    def acknowledge(self) -> Action:
        """Acknowledge(n): only what is durable (LOG-5), in the redo log itself (LOG-12).

        The message is an LSN, so what it acknowledges is the leader's log up to there.
        """
        s = self.raft
        n, t, p, a, d, end, e, i = s.vars("n t p a d l e i")
        if self.on("LOG-5") and self.on("LOG-12"):
            acknowledgeable = is_least(end, a, d) & is_closed(e, end)
        else:
            acknowledgeable = same(end, a) & same(e, a)
        return Action(
            "Acknowledge",
            (n, t, p, a, d, end, e, i),
            both(
                s.role(n, FOLLOWER),
                s.term(n, t),
                s.log(n, p),
                s.agreed(n, a),
                s.durable(n, d),
                acknowledgeable,
                s.leader_log(t, i),
                same(LSN(i), LSN(e)),
                ~s.acked(t, n, i),
            ),
            self._acknowledges(t, n, i),
        )

    # --- majority and commit -----------------------------------------------------------------------

    def _quorum_holds(self, node: Term, term: Term, log: Term, end: Term) -> Formula:
        s = self.raft
        q, m = s.vars("q m")
        holds = s.acked(term, m, end)
        if not self.on("H15"):
            holds = holds | both(same(m, node), PREFIX(end, log))
        if not self.on("LOG-6"):
            return exists([m], holds)
        return exists([q], forall([m], implies(s.member(m, q), holds)))

    def advance_majority(self) -> Action:
        """AdvanceMajority(n, l): a quorum (LOG-6), counted in the leader's own term (H8)."""
        s = self.raft
        n, t, p, end, k, d, x, o, z = s.vars("n t p l k d x o z")
        t1, h1 = s.vars("t_ h_")
        return Action(
            "AdvanceMajority",
            (n, t, p, end, k, d, x, o, z),
            both(
                s.role(n, LEADER),
                s.term(n, t),
                s.log(n, p),
                s.known(n, k),
                PREFIX(end, p),
                ~reaches(end, k),
                WHOLE(end),
                *([same(TERM_OF(end), t)] if self.on("H8") else []),
                self._quorum_holds(n, t, p, end),
                s.durable(n, d),
                self._settles(n, end, d, x, o, z),
            ),
            (
                set_value(s.known, n, end),
                Update(
                    s.leader_known,
                    (t1, h1),
                    either(same(t1, t) & PREFIX(h1, end), differ(t1, t) & s.leader_known(t1, h1)),
                ),
                set_value(s.settled, n, z),
            ),
        )

    def ack_commit(self) -> Action:
        """AckCommit(n, l): a transaction of the leader's own, when it is on a majority (LIM-4)."""
        s = self.raft
        n, t, p, end, k = s.vars("n t p l k")
        t1, h1 = s.vars("t_ h_")
        return Action(
            "AckCommit",
            (n, t, p, end, k),
            both(
                s.role(n, LEADER),
                s.term(n, t),
                s.log(n, p),
                PREFIX(end, p),
                differ(end, EMPTY),
                same(TERM_OF(end), t),
                ~WHOLE(end),
                ~HALF(end),
                s.known(n, k),
                *([reaches(end, k)] if self.on("LIM-4") else []),
                ~s.acknowledged(t, end),
            ),
            (
                Update(
                    s.acknowledged,
                    (t1, h1),
                    s.acknowledged(t1, h1) | both(same(t1, t), same(h1, end)),
                ),
            ),
        )

    # --- crash and restart -------------------------------------------------------------------------

    def crash(self) -> Action:
        """Crash(n, left): what is durable and any part of what is not, the last mtr perhaps torn."""
        s = self.raft
        n, p, d, b, g, f = s.vars("n p d b g f")
        torn = exists(
            [b, f],
            both(
                PREFIX(d, b),
                is_next(f, b),
                PREFIX(f, p),
                is_next(g, b),
                HALF(g),
                same(TERM_OF(g), TERM_OF(f)),
            ),
        )
        return Action(
            "Crash",
            (n, p, d, g),
            both(
                ~s.role(n, DOWN),
                s.log(n, p),
                s.durable(n, d),
                either(PREFIX(d, g) & PREFIX(g, p), torn),
            ),
            (
                set_value(s.role, n, DOWN),
                set_value(s.log, n, g),
                set_value(s.durable, n, g),
                set_value(s.known, n, EMPTY),
                set_value(s.agreed, n, EMPTY),
            ),
        )

    def restart(self) -> Action:
        """Restart(n): the scan ends at the last whole entry (LOG-1); vote kept, majority forgotten (H16)."""
        s = self.raft
        n, p, w, d = s.vars("n p w d")
        found = is_closed(w, p) if self.on("LOG-1") else same(w, p)
        return Action(
            "Restart",
            (n, p, w, d),
            both(s.role(n, DOWN), s.log(n, p), s.durable(n, d), found),
            (
                set_value(s.role, n, FOLLOWER),
                *([] if self.on("H9-vote") else [set_value(s.voted_for, n, None)]),
                set_value(s.log, n, w),
                set_value(s.durable, n, w),
                set_value(s.known, n, EMPTY if self.on("H16") else w),
            ),
        )


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
