"""The actions of spec/StorageLimits.tla, one node within R1 to R5: pages, checkpoint, redo deletion."""

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
from redoraft_check.smt.logs import EMPTY, PREFIX, WHOLE, ZERO, is_closed, is_next, reaches
from redoraft_check.smt.storage_log import LogAround, StorageSteps
from redoraft_check.smt.storage_process import Process
from redoraft_check.smt.storage_state import (
    CHANGES,
    COPIED,
    DICT_PAGE,
    NOTE,
    Storage,
    becomes,
    version_becomes,
)


def persisted(note: Term, *bounds: Formula) -> Formula:
    """A later change of the dictionary page, g_ in `bounds`, persists a note (H22)."""
    g = Storage.var("g_")
    return exists([g], both(CHANGES(g, DICT_PAGE), PREFIX(note, g), differ(note, g), *bounds))


class LimitedSteps(StorageSteps):
    """All of StorageLimits' actions; its own are those that the limits are about."""

    def all(self) -> tuple[Action, ...]:
        """In the order of the specification's Next; those that a rule forbids only without it."""
        around, process = LogAround(self.off), Process(self.off)
        return (
            around.committed_grows(),
            around.receive(),
            around.peer_gains(),
            around.fsync(),
            around.learn(),
            around.truncate(),
            process.start_serving(),
            process.write_mtr(),
            process.close_entry(),
            *([] if self.on("H23") else [process.background_work()]),
            *([] if self.on("H21") else [process.unlogged_change()]),
            process.crash(),
            *([] if self.on("H13") else [process.step_down()]),
            self.apply(),
            *self.flush_page(),
            self.take_copy(),
            self.flush_copy(),
            self.take_checkpoint(),
            self.delete_redo(),
            self.seed(),
        )

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
