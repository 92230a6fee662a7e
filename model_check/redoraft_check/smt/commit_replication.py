"""Replication in spec/RaftRedo.tla: followers take the leader's log and acknowledge it, the leader counts."""

from __future__ import annotations

from redoraft_check.smt.commit_state import RaftSteps, set_value
from redoraft_check.smt.formula import (
    Action,
    Formula,
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
    EMPTY,
    FOLLOWER,
    HALF,
    LEADER,
    LSN,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    is_closed,
    is_least,
    reaches,
)


class Replication(RaftSteps):
    """From the leader's log to the majority LSN and the answered commit."""

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
                s.settles(n, end, d, x, o, z),
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
            s.acknowledges(t, n, i),
        )

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
                s.settles(n, end, d, x, o, z),
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
