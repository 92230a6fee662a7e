"""The state of spec/StorageLimits.tla over logs as histories: one node, its pages, the log around it.

A page version is a set of changes [lsn, term].  By R2 an LSN with its term is one history, so a change is the
log up to its record, and `disk(p, h)` says that page p on disk has the change at the end of h.
"""

from __future__ import annotations

from redoraft_check.smt.formula import (
    Formula,
    Function,
    Named,
    Relation,
    Sort,
    Term,
    Update,
    Var,
    both,
    differ,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import EMPTY, LOG, PREFIX, TERM, WHOLE, ZERO, is_closed, is_least, is_most

RULES = frozenset({"LOG-8", "LIM-1", "LIM-2", "LIM-3", "H11", "H13", "H21", "H22", "H23", "H33"})
"""StorageRules of spec/StorageLimits.tla."""

PAGE = Sort("Page")
SNAPSHOT = Sort("Snapshot")
DICT_PAGE = Function("dict", (), PAGE)()
CHANGES = Relation("changes", (LOG, PAGE), rigid=True)
NOTE = Relation("isNote", (LOG,), rigid=True)
COPIED = Relation("copied", (SNAPSHOT, PAGE, LOG), rigid=True)

AXIOMS = (
    Named(
        "an empty log changes nothing",
        forall([Var("p", PAGE)], ~CHANGES(EMPTY, Var("p", PAGE)) & ~NOTE(EMPTY)),
        "It has no record.",
    ),
)


def _value(name: str, sort: Sort = LOG) -> Relation:
    return Relation(name, (sort,), value=True)


class Storage:
    """The relations, under the specification's names; an LSN is the log up to there."""

    committed = _value("committed")
    log = _value("log")
    durable = _value("durable")
    known = _value("known")
    settled = _value("settled")
    peer = _value("peer")
    oldest = _value("oldest")
    serving = _value("serving", TERM)
    applied = _value("applied")
    checkpoint = _value("checkpoint")
    seeded_at = _value("seededAt")
    """The checkpoint of the last snapshot: redo below it never was on this node."""
    buffer = Relation("buffer", (PAGE, LOG))
    copy = Relation("copy", (PAGE, LOG))
    disk = Relation("disk", (PAGE, LOG))

    lsns = (committed, log, durable, known, settled, peer, oldest, applied, checkpoint, seeded_at)
    versions = (buffer, copy, disk)
    relations = (CHANGES, NOTE, COPIED, *lsns, serving, *versions)

    @staticmethod
    def var(name: str) -> Var:
        """A variable; its first letter says its sort: p q pages, t u terms, y a snapshot, else logs."""
        kinds = {"p": PAGE, "q": PAGE, "t": TERM, "u": TERM, "y": SNAPSHOT}
        return Var(name, kinds.get(name[0], LOG))

    def vars(self, names: str) -> tuple[Var, ...]:
        """Variables by their names, apart by blanks."""
        return tuple(self.var(name) for name in names.split())

    def dirty(self, page: Term, change: Term) -> Formula:
        """The page has this change in the buffer pool and not on disk."""
        return self.buffer(page, change) & ~self.disk(page, change)

    def is_shared(self, end: Term, durable: Term, committed: Term) -> Formula:
        """`end` is Shared: the longest run of whole durable entries that is committed."""
        h = self.var("h_")
        among = WHOLE(h) & PREFIX(h, durable) & PREFIX(h, committed)
        return both(
            WHOLE(end),
            PREFIX(end, durable),
            PREFIX(end, committed),
            forall([h], implies(among, PREFIX(h, end))),
        )

    def settles(self, known: Term, durable: Term, old: Term, new: Term) -> Formula:
        """Settle: `new` is the most of `old` and EndBelow(log', Min2(known', durable'))."""
        least, end = self.vars("least end")
        return both(
            self.settled(old),
            exists(
                [least, end],
                both(is_least(least, known, durable), is_closed(end, least), is_most(new, old, end)),
            ),
        )


def becomes(relation: Relation, new: Term) -> Update:
    """x' = new."""
    x = Var("x_", relation.args[-1])
    return Update(relation, (x,), same(x, new))


def version_becomes(relation: Relation, of: Formula, page: Term | None = None) -> Update:
    """x' = [x EXCEPT ![page] = of], where `of` speaks of p_ and h_; of all pages when there is no `page`."""
    p, h = Storage.var("p_"), Storage.var("h_")
    if page is None:
        return Update(relation, (p, h), of)
    return Update(relation, (p, h), (same(p, page) & of) | (differ(p, page) & relation(p, h)))


def initial() -> Formula:
    """StorageLimits' Init."""
    s = Storage()
    p, h, t = s.vars("p h t")
    return both(
        *(forall([h], implies(one(h), same(h, EMPTY)) & one(EMPTY)) for one in s.lsns),
        forall([t], implies(s.serving(t), same(t, ZERO)) & s.serving(ZERO)),
        *(forall([p, h], ~one(p, h)) for one in s.versions),
    )
