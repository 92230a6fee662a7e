"""A node's own log in spec/RaftRedo.tla: written, made durable (H15), what a crash leaves (LOG-1, H16)."""

from __future__ import annotations

from redoraft_check.smt.commit_state import RaftSteps, set_value
from redoraft_check.smt.formula import Action, Formula, Update, both, differ, either, exists, same
from redoraft_check.smt.logs import (
    DOWN,
    EMPTY,
    FOLLOWER,
    HALF,
    LEADER,
    PREFIX,
    TERM_OF,
    WHOLE,
    is_closed,
    is_next,
)


class OwnLog(RaftSteps):
    """What a node does with its log alone."""

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
            s.settles(n, k, end, x, o, z),
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
                (*updates, *s.acknowledges(t, n, e)),
                case="leading",
            ),
        )

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
