"""The actions of spec/StorageLimits.tla, one node within the promises R1 to R5.

The steps of the environment have the promises as their guards, as in the specification: what is committed
only grows (R1, CommittedGrows), a term has one writer (R2, `matching`), a node learns what is committed (R3,
Learn), what has settled is not truncated (R3, Truncate), who leads has what is committed (R5, StartServing).
"""

from __future__ import annotations

from redoraft_check.smt.formula import (
    FALSE,
    Action,
    Formula,
    Relation,
    Term,
    Update,
    both,
    differ,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import (
    EMPTY,
    LSN,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
    before,
    is_closed,
    is_least,
    is_next,
    reaches,
)
from redoraft_check.smt.storage_state import (
    CHANGES,
    COPIED,
    DICT_PAGE,
    NOTE,
    Storage,
    becomes,
    version_becomes,
)


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


def persisted(note: Term, *bounds: Formula) -> Formula:
    """A later change of the dictionary page, g_ in `bounds`, persists a note (H22)."""
    g = Storage.var("g_")
    return exists([g], both(CHANGES(g, DICT_PAGE), PREFIX(note, g), differ(note, g), *bounds))


class StorageSteps:
    """StorageLimits' actions under some rules switched off."""

    def __init__(self, off: frozenset[str] = frozenset()) -> None:
        self.s = Storage()
        self.off = off

    def on(self, rule: str) -> bool:
        """The specification's On."""
        return rule not in self.off

    def all(self) -> tuple[Action, ...]:
        """In the order of the specification's Next; those that a rule forbids only without it."""
        return (
            self.committed_grows(),
            self.receive(),
            self.peer_gains(),
            self.fsync(),
            self.learn(),
            self.truncate(),
            self.start_serving(),
            self.write_mtr(),
            self.close_entry(),
            *([] if self.on("H23") else [self.background_work()]),
            *([] if self.on("H21") else [self.unlogged_change()]),
            self.crash(),
            *([] if self.on("H13") else [self.step_down()]),
            self.apply(),
            *self.flush_page(),
            self.take_copy(),
            self.flush_copy(),
            self.take_checkpoint(),
            self.delete_redo(),
            self.seed(),
        )

    # --- the log around the node ---------------------------------------------------------------------

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
        c, end, cut, d, d2, k, z, a, a2, start, p, h = s.vars("c l m d d2 k z a a2 s p h")
        above = (reaches(start, cut), forall([p, h], implies(s.disk(p, h), reaches(h, cut))))
        return Action(
            "Truncate",
            (c, end, cut, d, d2, k, z, a, a2, start),
            both(
                s.serving(ZERO),
                *(s.committed(c), s.log(end), s.durable(d), s.known(k), s.settled(z), s.applied(a)),
                s.checkpoint(start),
                WHOLE(cut),
                PREFIX(cut, end),
                differ(cut, end),
                reaches(z, cut),
                reaches(k, cut),
                ~PREFIX(end, c),
                *(above if self.on("H11") else ()),
                is_least(d2, d, cut),
                is_least(a2, a, cut),
            ),
            (becomes(s.log, cut), becomes(s.durable, d2), becomes(s.applied, a2)),
        )

    # --- the process ---------------------------------------------------------------------------------

    def start_serving(self) -> Action:
        """StartServing.  R5, H14."""
        s = self.s
        c, end, u = s.vars("c l u")
        return Action(
            "StartServing",
            (c, end, u),
            both(
                *(s.serving(ZERO), s.log(end), s.known(end), s.applied(end), s.committed(c)),
                differ(end, EMPTY),
                PREFIX(c, end),
                same(u, TERM_OF(end)),
            ),
            (becomes(s.serving, u),),
        )

    def _write(self, longer: Term) -> tuple[Update, ...]:
        s = self.s
        p, h = s.vars("p_ h_")
        return (
            becomes(s.log, longer),
            becomes(s.applied, longer),
            version_becomes(s.buffer, s.buffer(p, h) | (same(h, longer) & CHANGES(longer, p))),
        )

    def write_mtr(self) -> Action:
        """WriteMtr(k): the kind is that of the record at the new end."""
        s = self.s
        u, c, end, longer = s.vars("u c l l2")
        return Action(
            "WriteMtr",
            (u, c, end, longer),
            both(
                *(s.serving(u), s.log(end), s.committed(c)),
                differ(u, ZERO),
                is_next(longer, end),
                same(TERM_OF(longer), u),
                ~WHOLE(longer),
                matching(longer, c),
            ),
            self._write(longer),
        )

    def close_entry(self) -> Action:
        """CloseEntry."""
        s = self.s
        u, c, end, longer = s.vars("u c l l2")
        return Action(
            "CloseEntry",
            (u, c, end, longer),
            both(
                *(s.serving(u), s.log(end), s.committed(c)),
                differ(u, ZERO),
                ~WHOLE(end),
                is_next(longer, end),
                same(TERM_OF(longer), u),
                WHOLE(longer),
                matching(longer, c),
            ),
            self._write(longer),
        )

    def background_work(self) -> Action:
        """BackgroundWork(p), with H23 off: a follower makes redo."""
        s = self.s
        p, end, longer = s.vars("p l l2")
        return Action(
            "BackgroundWork",
            (p, end, longer),
            both(
                *(s.serving(ZERO), s.log(end), s.applied(end)),
                is_next(longer, end),
                same(TERM_OF(longer), TERM_OF(end)),
                CHANGES(longer, p),
                ~WHOLE(longer),
            ),
            self._write(longer),
        )

    def unlogged_change(self) -> Action:
        """UnloggedChange(p), with H21 off: a change at the log's LSN that no record stands for (term 0)."""
        s = self.s
        u, p, end, g = s.vars("u p l g")
        return Action(
            "UnloggedChange",
            (u, p, end, g),
            both(
                s.serving(u),
                differ(u, ZERO),
                s.log(end),
                same(LSN(g), LSN(end)),
                same(TERM_OF(g), ZERO),
            ),
            (version_becomes(s.buffer, s.buffer(p, s.var("h_")) | same(s.var("h_"), g), p),),
        )

    def crash(self) -> Action:
        """Crash(l): any of what is not durable goes; the scan ends at the last whole entry."""
        s = self.s
        end, d, left, w, start = s.vars("l d m w s")
        p, h = s.vars("p_ h_")
        return Action(
            "Crash",
            (end, d, left, w, start),
            both(
                *(s.log(end), s.durable(d), s.checkpoint(start)),
                PREFIX(d, left),
                PREFIX(left, end),
                is_closed(w, left),
            ),
            (
                becomes(s.log, w),
                becomes(s.durable, w),
                becomes(s.known, EMPTY),
                becomes(s.serving, ZERO),
                becomes(s.applied, start),
                version_becomes(s.buffer, s.disk(p, h)),
                version_becomes(s.copy, FALSE),
            ),
        )

    def step_down(self) -> Action:
        """StepDown, with H13 off: a deposed leader drops its open entry and goes on with its pages."""
        s = self.s
        u, end, d, d2, w = s.vars("u l d d2 w")
        return Action(
            "StepDown",
            (u, end, d, d2, w),
            both(
                *(s.serving(u), s.log(end), s.durable(d)),
                differ(u, ZERO),
                is_closed(w, end),
                is_least(d2, d, w),
            ),
            (
                becomes(s.serving, ZERO),
                becomes(s.log, w),
                becomes(s.durable, d2),
                becomes(s.applied, w),
            ),
        )

    # --- apply and flush -----------------------------------------------------------------------------

    def apply(self) -> Action:
        """Apply(l): a record is applied iff it is newer than the page (recv_recover_page)."""
        s = self.s
        end, k, a, new, g = s.vars("l k a a2 g")
        p, h = s.vars("p_ h_")
        newer = forall([g], implies(s.buffer(p, g), ~reaches(h, g)))
        return Action(
            "Apply",
            (end, k, a, new),
            both(
                *(s.serving(ZERO), s.log(end), s.known(k), s.applied(a)),
                is_next(new, a),
                PREFIX(new, end),
                *([reaches(new, k)] if self.on("LIM-3") else []),
            ),
            (
                becomes(s.applied, new),
                version_becomes(s.buffer, s.buffer(p, h) | both(same(h, new), CHANGES(new, p), newer)),
            ),
        )

    def _limited(self, change: Term) -> Formula:
        """At or below FlushLimit, where the action has l, k and w = EndBelow(log, durable)."""
        end, k, w = self.s.vars("l k w")
        limits = ("LIM-2", k), ("H33", w)
        return both(reaches(change, end), *(reaches(change, to) for rule, to in limits if self.on(rule)))

    def _limits(self) -> tuple[Formula, ...]:
        s = self.s
        end, k, d, w = s.vars("l k d w")
        return (s.log(end), s.known(k), s.durable(d), is_closed(w, d))

    def flush_page(self) -> tuple[Action, ...]:
        """FlushList, FlushLru, FlushSingle: the first takes the page with the oldest change."""
        s = self.s
        p, q, end, k, d, w, h, g = s.vars("p q l k d w h g")
        guard = (*self._limits(), s.dirty(p, h), forall([g], implies(s.buffer(p, g), self._limited(g))))
        updates = (
            version_becomes(s.disk, s.buffer(p, s.var("h_")), p),
            version_becomes(s.copy, FALSE, p),
        )
        oldest = forall([q, g], implies(s.dirty(q, g), reaches(h, g)))
        params = (p, end, k, d, w, h)
        return (
            Action("FlushList", params, both(*guard, oldest), updates),
            Action("FlushLru", params, both(*guard), updates),
            Action("FlushSingle", params, both(*guard), updates),
        )

    def take_copy(self) -> Action:
        """TakeCopy(p).  H26."""
        s = self.s
        p, end, k, d, w, h, g, f = s.vars("p l k d w h g f")
        return Action(
            "TakeCopy",
            (p, end, k, d, w, h, g),
            both(
                *self._limits(),
                s.dirty(p, h),
                forall([f], ~s.copy(p, f)),
                s.buffer(p, g),
                ~self._limited(g),
            ),
            (version_becomes(s.copy, s.buffer(p, s.var("h_")), p),),
        )

    def flush_copy(self) -> Action:
        """FlushCopy(p)."""
        s = self.s
        p, end, k, d, w, h, g = s.vars("p l k d w h g")
        return Action(
            "FlushCopy",
            (p, end, k, d, w, h),
            both(*self._limits(), s.copy(p, h), forall([g], implies(s.copy(p, g), self._limited(g)))),
            (version_becomes(s.disk, s.copy(p, s.var("h_")), p), version_becomes(s.copy, FALSE, p)),
        )

    # --- checkpoint, redo deletion, snapshot ---------------------------------------------------------

    def take_checkpoint(self) -> Action:
        """Checkpoint(c): below the oldest change that is not on disk, LIM-1, H33, H22."""
        s = self.s
        a, k, d, w, start, new, p, h, g = s.vars("a k d w s s2 p h g_")
        later = (PREFIX(g, a), reaches(g, k), reaches(g, w))
        noted = both(NOTE(h), PREFIX(h, a), reaches(h, new))
        limits = [reaches(new, k)] if self.on("LIM-1") else []
        limits += [reaches(new, w)] if self.on("H33") else []
        limits += [forall([h], implies(noted, persisted(h, *later)))] if self.on("H22") else []
        return Action(
            "Checkpoint",
            (a, k, d, w, start, new),
            both(
                *(s.applied(a), s.known(k), s.durable(d), s.checkpoint(start)),
                is_closed(w, d),
                PREFIX(new, a),
                ~reaches(new, start),
                forall([p, h], implies(s.dirty(p, h), ~reaches(h, new))),
                *limits,
            ),
            (becomes(s.checkpoint, new),),
        )

    def delete_redo(self) -> Action:
        """DeleteRedo(l).  LOG-8."""
        s = self.s
        e, o, start, new = s.vars("e o s o2")
        return Action(
            "DeleteRedo",
            (e, o, start, new),
            both(
                *(s.peer(e), s.oldest(o), s.checkpoint(start)),
                PREFIX(new, start),
                ~reaches(new, o),
                *([reaches(new, e)] if self.on("LOG-8") else []),
            ),
            (becomes(s.oldest, new),),
        )

    def seed(self) -> Action:
        """Seed(s, e, v): `copied` is v, the history that each page had when it was copied (H24)."""
        s = self.s
        y, c, end, z, start, new, p, h, g = s.vars("y c m z s s2 p h g_")
        f = s.var("f")
        noted = NOTE(h) & PREFIX(h, new)
        return Action(
            "Seed",
            (y, c, end, z, start, new),
            both(
                *(s.serving(ZERO), s.committed(c), s.settled(z), s.checkpoint(start)),
                WHOLE(end),
                PREFIX(end, c),
                PREFIX(new, end),
                reaches(start, new),
                reaches(z, end),
                forall([h], implies(noted, persisted(h, PREFIX(g, end)))),
                forall([p, h], implies(COPIED(y, p, h), PREFIX(h, end))),
                forall([p, h], implies(PREFIX(h, new), COPIED(y, p, h))),
                forall([p, f, h], implies(COPIED(y, p, h) & PREFIX(f, h), COPIED(y, p, f))),
            ),
            (
                *(becomes(one, end) for one in (s.log, s.durable, s.settled)),
                becomes(s.known, EMPTY),
                *(becomes(one, new) for one in (s.applied, s.checkpoint, s.oldest, s.seeded_at)),
                *(self._copied(one, y) for one in (s.disk, s.buffer)),
                version_becomes(s.copy, FALSE),
            ),
        )

    def _copied(self, relation: Relation, snapshot: Term) -> Update:
        p, h = self.s.vars("p_ h_")
        return version_becomes(relation, COPIED(snapshot, p, h) & CHANGES(h, p))
