"""Variables and the form of a law, as the invariant of DdlFileOps is written in."""

from __future__ import annotations

from redoraft_check.smt.ddl_log import (
    SPACE_OF,
)
from redoraft_check.smt.ddl_state import (
    IDLE,
    S,
)
from redoraft_check.smt.formula import (
    Formula,
    Named,
    both,
    forall,
    implies,
)
from redoraft_check.smt.logs import PREFIX

VARIABLES = S.vars("n k h p q l m a s r t u v o")
N, K, H, P, Q, L, M, A, SP, R, T, U, V, CALL = VARIABLES
OF = SPACE_OF(P)
IN_LOG = S.log(L) & PREFIX(H, L)
WORKS = both(S.leader(N), S.log(L), S.row(P), ~S.pc(IDLE))
WORKS_FROM = both(WORKS, S.applied(N, A))


def law(  # noqa: PLR0917
    name: str, names: str, condition: Formula, conclusion: Formula, why: str, uses: str = ""
) -> Named:
    """For all values of the variables, the condition gives the conclusion."""
    return Named(name, forall(S.vars(names), implies(condition, conclusion)), why, (name, *uses.split()))
