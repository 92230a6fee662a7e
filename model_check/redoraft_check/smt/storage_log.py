"""The log around the node in spec/StorageLimits.tla, within the promises R1 to R5.

The steps of the environment have the promises as their guards, as in the specification: what is committed
only grows (R1, CommittedGrows), a term has one writer (R2, `matching`), a node learns what is committed (R3,
Learn), what has settled is not truncated (R3, Truncate).
"""

from __future__ import annotations

from redoraft_check.smt.formula import Action, Formula, Term, both, differ, forall, implies, same
from redoraft_check.smt.logs import (
    EMPTY,
    LSN,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
    before,
    is_least,
    reaches,
)
from redoraft_check.smt.model import Switched
from redoraft_check.smt.storage_state import Storage, becomes


def matching(one: Term, other: Term) -> Formula:
    """R2: same LSN and term, same prefix."""
    f, g = Storage.var("f_"), Storage.var("g_")
    there = PREFIX(f, one) & PREFIX(g, other) & differ(f, EMPTY)
    alike = same(LSN(f), LSN(g)) & same(TERM_OF(f), TERM_OF(g))
    return forall([f, g], implies(there & alike, same(f, g)))


def is_entry_behind(longer: Term, log: Term, term: Term) -> Formula:
    """`longer` is `log` and one whole entry of a term."""
    g = Storage.var("g_")
    new = both(same(TERM_OF(g), term), implies(WHOLE(g), same(g, longer)))
    return both(
        PREFIX(log, longer),
        differ(log, longer),
        WHOLE(longer),
        before(ZERO, term),
        forall([g], implies(PREFIX(g, longer) & ~PREFIX(g, log), new)),
    )


class StorageSteps(Switched):
    """Some of StorageLimits' actions."""

    def __init__(self, off: frozenset[str] = frozenset()) -> None:
        super().__init__(off)
        self.s = Storage()


class LogAround(StorageSteps):
    """What is committed, and how the node gets it."""

    def committed_grows(self) -> Action:
        """CommittedGrows(t, ks).  R1; while the node serves it is its term's one writer."""
        s = self.s
        t, u, c, c2, end = s.vars("t u c c2 l")
        return Action(
            "CommittedGrows",
            (t, c, c2, end),
            both(
                s.committed(c),
                s.log(end),
                TERM_LE(TERM_OF(c), t),
                is_entry_behind(c2, c, t),
                matching(end, c2),
                forall([u], implies(s.serving(u) & same(u, t), PREFIX(c2, end))),
            ),
            (becomes(s.committed, c2),),
        )

    def receive(self) -> Action:
        """Receive(t, ks)."""
        s = self.s
        t, c, end, longer = s.vars("t c l l2")
        return Action(
            "Receive",
            (t, c, end, longer),
            both(
                s.serving(ZERO),
                s.log(end),
                s.committed(c),
                TERM_LE(TERM_OF(end), t),
                is_entry_behind(longer, end, t),
                matching(longer, c),
            ),
            (becomes(s.log, longer),),
        )

    def peer_gains(self) -> Action:
        """PeerGains(l)."""
        s = self.s
        c, e, new = s.vars("c e e2")
        return Action(
            "PeerGains",
            (c, e, new),
            both(s.committed(c), s.peer(e), WHOLE(new), PREFIX(new, c), ~reaches(new, e)),
            (becomes(s.peer, new),),
        )

    def fsync(self) -> Action:
        """Fsync(l)."""
        s = self.s
        end, d, new, k, z, z2 = s.vars("l d d2 k z z2")
        return Action(
            "Fsync",
            (end, d, new, k, z, z2),
            both(
                s.log(end),
                s.durable(d),
                s.known(k),
                PREFIX(new, end),
                ~reaches(new, d),
                s.settles(k, new, z, z2),
            ),
            (becomes(s.durable, new), becomes(s.settled, z2)),
        )

    def learn(self) -> Action:
        """Learn(l).  R3."""
        s = self.s
        c, end, d, k, new, z, z2 = s.vars("c l d k k2 z z2")
        return Action(
            "Learn",
            (c, end, d, k, new, z, z2),
            both(
                *(s.committed(c), s.log(end), s.durable(d), s.known(k)),
                WHOLE(new),
                PREFIX(new, end),
                PREFIX(new, c),
                ~reaches(new, k),
                s.settles(new, d, z, z2),
            ),
            (becomes(s.known, new), becomes(s.settled, z2)),
        )

    def truncate(self) -> Action:
        """Truncate(l).  R3: what has settled stays; H11: below a page or checkpoint it is refused."""
        s = self.s
        end, cut, d, d2, k, z, a, a2, start, p, h = s.vars("l m d d2 k z a a2 s p h")
        above = (reaches(start, cut), forall([p, h], implies(s.disk(p, h), reaches(h, cut))))
        return Action(
            "Truncate",
            (end, cut, d, d2, k, z, a, a2, start),
            both(
                s.serving(ZERO),
                *(s.log(end), s.durable(d), s.known(k), s.settled(z), s.applied(a)),
                s.checkpoint(start),
                WHOLE(cut),
                PREFIX(cut, end),
                differ(cut, end),
                reaches(z, cut),
                reaches(k, cut),
                *(above if self.on("H11") else ()),
                is_least(d2, d, cut),
                is_least(a2, a, cut),
            ),
            (becomes(s.log, cut), becomes(s.durable, d2), becomes(s.applied, a2)),
        )
