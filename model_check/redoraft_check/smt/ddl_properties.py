"""DdlFileOps' invariants, which follow from the inductive one."""

from __future__ import annotations

from redoraft_check.smt.ddl_laws import (
    SP,
    A,
    L,
    N,
    Q,
    T,
    U,
    law,
)
from redoraft_check.smt.ddl_log import (
    DELETED,
    PAGE,
    QUIET,
    SPACE_OF,
    TABLE,
    is_op,
    is_unfinished,
    is_visible,
)
from redoraft_check.smt.ddl_state import (
    ABORTED,
    IDLE,
    SERVING,
    UP,
    S,
)
from redoraft_check.smt.formula import (
    FALSE,
    Formula,
    Named,
    both,
    exists,
    forall,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import PREFIX


def quiet(off: frozenset[str] = frozenset()) -> Formula:
    """Quiet, where l is the whole log.  With H30 on no recovery is due where a leader serves."""
    n, x, q, o = S.vars("n_ x_ q_ o_")
    s, t, u = S.vars("s_ t_ u_")
    rested = forall([n], both(S.phase(n, UP), forall([o, s, t, u], ~S.late(n, o, s, t, u))))
    applied = forall([n, x], implies(~S.leader(n) & S.applied(n, x), QUIET(x, L)))
    due = is_visible(q, L, off) if "H30" in off else FALSE
    over = forall([q], ~is_unfinished(q, L) & ~due)
    return both(S.stage(SERVING), S.pc(IDLE), S.log(L), S.majority(L), over, rested, applied)


def properties(off: frozenset[str] = frozenset()) -> tuple[Named, ...]:
    """DdlFileOps' invariants, by their names there; what it says of steps is in smt/ddl_facts.py."""
    cached = both(~S.leader(N), S.applied(N, A), S.cache(N, SP, T))
    pending = both(PREFIX(Q, L), is_op(Q, PAGE), ~DELETED(L, Q))
    return (
        law(
            "FilesAgree",
            "l n a s t",
            quiet(off) & S.applied(N, A),
            iff(S.files(N, SP, T), TABLE(L, SP, T)),
            "At quiescence the files of every node are the tables of the dictionary.",
            "busyByARow ServingIsOver FilesAreTables FilesAreKnown FilesAreThere OneNamePerSpace "
            "ServersFiles GoneIsNoTable AppliedInMajority MajorityInLog",
        ),
        law(
            "OneFilePerSpace",
            "n s t u",
            S.files(N, SP, T) & S.files(N, SP, U),
            same(T, U),
            "Two files with one space id abort the next startup.",
        ),
        law("NoNodeStops", "n", both(), ~S.phase(N, ABORTED), "No startup aborts, and no apply."),
        law(
            "CachesAreFresh",
            "n a s t",
            cached,
            TABLE(A, SP, T) & exists([U], S.files(N, SP, U)),
            "A reader never has a table open that is not there under that name (H31).",
            "CachesAreTables ReadersHaveFiles TablesHaveFiles GoneIsNoTable MajorityInLog AppliedInMajority "
            "logIsGiven majorityIsGiven",
        ),
        law(
            "NothingPending",
            "l n a q",
            both(quiet(off), S.applied(N, A), pending),
            exists([T], S.files(N, SPACE_OF(Q), T)),
            "At quiescence nothing is missing that no delete explains (H6).",
            "PagesHaveFiles FilesAgree busyByARow ServingIsOver FilesAreTables",
        ),
    )
