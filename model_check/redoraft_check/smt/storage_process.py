"""The process in spec/StorageLimits.tla: who serves and writes, and what a crash leaves.

Who leads has what is committed (R5, StartServing).
"""

from __future__ import annotations

from redoraft_check.smt.formula import FALSE, Action, Term, Update, both, differ, implies, same
from redoraft_check.smt.logs import (
    EMPTY,
    LSN,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
    is_closed,
    is_least,
    is_next,
)
from redoraft_check.smt.storage_log import StorageSteps, matching
from redoraft_check.smt.storage_state import CHANGES, becomes, version_becomes


class Process(StorageSteps):
    """Serving, writing, crash and restart."""

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
                implies(TERM_LE(TERM_OF(c), TERM_OF(end)), PREFIX(c, end)),
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
