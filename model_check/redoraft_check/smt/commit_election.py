"""Elections of spec/RaftRedo.tla: terms, candidacies, votes, and a log node's hand-over (CL-1, CL-2, H9)."""

from __future__ import annotations

from redoraft_check.smt.commit_state import RaftSteps, set_value
from redoraft_check.smt.formula import (
    Action,
    Term,
    Update,
    both,
    differ,
    either,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import (
    CANDIDATE,
    DOWN,
    EMPTY,
    FOLLOWER,
    INDEX,
    LEADER,
    NUMBER_LE,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    before,
    is_closed,
    is_least,
    is_next,
    reaches,
)


class Elections(RaftSteps):
    """Who leads which term."""

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
