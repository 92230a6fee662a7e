"""The state of spec/DdlFileOps.tla in relations: the newest leader's log, its job, each node's files.

`term` is not here: it counts elections, and nothing reads it.
"""

from __future__ import annotations

from collections.abc import Callable

from redoraft_check.smt.ddl_log import INITIAL, NAME, OP, SPACE
from redoraft_check.smt.formula import (
    Apply,
    Formula,
    Relation,
    Sort,
    Term,
    Update,
    Var,
    both,
    either,
    exists,
    forall,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import EMPTY, LOG, constants

RULES = frozenset(
    {
        *("DDL-3", "DDL-4", "DDL-5", "DDL-6", "DDL-7", "DDL-8", "DDL-9", "DDL-10"),
        *("H1", "H1a", "H1b", "H1-io", "H2", "H2a", "H2b", "H3", "H3a", "H3b", "H4"),
        *("H5", "H6", "H14-ddl", "H30", "H31"),
    }
)
"""DdlRules of spec/DdlFileOps.tla."""
PROVED_RULES = RULES - {"H1a", "H1b", "H2a", "H2b", "H3a", "H3b", "H1-io"}
"""Of the two repairs of H1, H2 and H3 the proof has both, and H1-io is about progress."""

NODE = Sort("Node")
STAGE = Sort("DdlStage", ("none", "elected", "established", "serving"))
PHASE = Sort("DdlPhase", ("starting", "up", "deposed", "aborted"))
STEP = Sort(
    "DdlStep",
    (
        *("idle", "logged", "made", "filed", "stopped", "done", "committed"),
        *("replay", "refiled", "remade", "cleaned"),
    ),
)
NONE, ELECTED, ESTABLISHED, SERVING = constants(STAGE)
STARTING, UP, DEPOSED, ABORTED = constants(PHASE)
IDLE, LOGGED, MADE, FILED, STOPPED, DONE, COMMITTED_STEP, REPLAY, REFILED, REMADE, CLEANED_STEP = constants(
    STEP
)


class Ddl:
    """The relations, under the specification's names; `pc` and `row` are the two fields of `job`."""

    log = Relation("log", (LOG,), value=True)
    majority = Relation("majority", (LOG,), value=True)
    leader = Relation("leader", (NODE,), value=True)
    stage = Relation("stage", (STAGE,), value=True)
    pc = Relation("pc", (STEP,), value=True)
    row = Relation("row", (LOG,), value=True)
    files = Relation("files", (NODE, SPACE, NAME))
    applied = Relation("applied", (NODE, LOG), value=True)
    phase = Relation("phase", (NODE, PHASE), value=True)
    late = Relation("late", (NODE, OP, SPACE, NAME, NAME))
    cache = Relation("cache", (NODE, SPACE, NAME))

    relations = (log, majority, leader, stage, pc, row, files, applied, phase, late, cache)
    values = (log, majority, leader, stage, pc, row, applied, phase)

    @staticmethod
    def var(name: str) -> Var:
        """A variable; its first letter says its sort: n k nodes, s r spaces, t u v names, else logs."""
        kinds = {"n": NODE, "k": NODE, "s": SPACE, "r": SPACE, "t": NAME, "u": NAME, "v": NAME, "o": OP}
        return Var(name, kinds.get(name[0], LOG))

    def vars(self, names: str) -> tuple[Var, ...]:
        """Variables by their names, apart by blanks."""
        return tuple(self.var(name) for name in names.split())

    def at(self, *steps: Apply) -> Formula:
        """The job is at one of these steps."""
        return either(*(self.pc(step) for step in steps))

    def has_space(self, node: Term, space: Term) -> Formula:
        """space in Spaces(files[node])"""
        t = self.var("t_")
        return exists([t], self.files(node, space, t))

    def has_name(self, node: Term, name: Term) -> Formula:
        """name in Names(files[node])"""
        s = self.var("s_")
        return exists([s], self.files(node, s, name))

    def no_leader(self) -> Formula:
        """leader = None"""
        k = self.var("k_")
        return forall([k], ~self.leader(k))


S = Ddl()


def becomes(relation: Relation, new: Term) -> Update:
    """x' = new."""
    x = Var("x_", relation.args[-1])
    return Update(relation, (x,), same(x, new))


def of_node(relation: Relation, node: Term, body: Formula) -> Update:
    """x' = [x EXCEPT ![node] = body], where `body` speaks of formals(relation)."""
    here, *rest = formals(relation)
    return Update(relation, (here, *rest), choice(same(here, node), body, relation(here, *rest)))


def formals(relation: Relation) -> tuple[Var, ...]:
    """The variables of an update: n_, then s_, t_, u_, o_, x_ by their sorts."""
    found: list[Var] = []
    names = {NODE: "n", LOG: "x", SPACE: "s", OP: "o", PHASE: "x"}
    for sort in relation.args:
        name = ("t" if Var("t_", NAME) not in found else "u") if sort == NAME else names[sort]
        found.append(Var(f"{name}_", sort))
    return tuple(found)


def value_of_node(relation: Relation, node: Term, new: Term) -> Update:
    """x' = [x EXCEPT ![node] = new]."""
    return of_node(relation, node, same(formals(relation)[1], new))


def choice(condition: Formula, then: Formula, otherwise: Formula) -> Formula:
    """IF condition THEN then ELSE otherwise."""
    return both(condition, then) | both(~condition, otherwise)


def initial() -> Formula:
    """DdlFileOps' Init."""
    n, k, s, t, u, x = S.vars("n k s t u x")
    o = S.var("o")
    return both(
        *(forall([x], iff(one(x), same(x, EMPTY))) for one in (S.log, S.majority, S.row)),
        forall([n, k], implies(S.leader(n) & S.leader(k), same(n, k))),
        exists([n], S.leader(n)),
        *(S.stage(one) if one == SERVING else ~S.stage(one) for one in constants(STAGE)),
        *(S.pc(one) if one == IDLE else ~S.pc(one) for one in constants(STEP)),
        forall([n, s, t], iff(S.files(n, s, t), INITIAL(s, t))),
        forall([n, x], iff(S.applied(n, x), same(x, EMPTY))),
        *(forall([n], S.phase(n, one) if one == UP else ~S.phase(n, one)) for one in constants(PHASE)),
        forall([n, o, s, t, u], ~S.late(n, o, s, t, u)),
        forall([n, s, t], ~S.cache(n, s, t)),
    )


def of_node_files(node: Term, files: Callable[[Term, Term], Formula]) -> Update:
    """files' = [files EXCEPT ![node] = files]."""
    _, s, t = formals(S.files)
    return of_node(S.files, node, files(s, t))
