"""Why the DDL protocol keeps files and dictionary together: the inductive invariant of DdlFileOps.

Four sentences.  The log is a sequence of DDLs of which at most the last is open; where none is open, the
file operations of the log have made exactly its tables.  A file operation is on a majority before it is made
(H1a, H2b), but for the delete of a DROP, whose commit is (H3).  So a node's files are those of what it has
applied, but for the space of the first file operation behind that, and for spaces that are gone.  And a
leader begins a DDL only where its files are those of its whole log (H30).
"""

from __future__ import annotations

from redoraft_check.smt.ddl_job import job_files, job_in_log, nodes
from redoraft_check.smt.ddl_laws import (
    CALL,
    IN_LOG,
    OF,
    SP,
    A,
    H,
    L,
    M,
    N,
    P,
    Q,
    R,
    T,
    U,
    law,
)
from redoraft_check.smt.ddl_log import (
    BUSY,
    CLEANED,
    COMMITTED,
    DELETED,
    FILE,
    FILE_CREATE,
    FILE_RENAME,
    GONE,
    NAME_OF,
    PAGE,
    ROLLED,
    ROW_CREATE,
    ROW_DROP,
    ROW_RENAME,
    SPACE_OF,
    TABLE,
    TO_OF,
    USED,
    is_file_op,
    is_op,
    is_open,
    is_unfinished,
)
from redoraft_check.smt.ddl_state import (
    ABORTED,
    DEPOSED,
    ELECTED,
    IDLE,
    MADE,
    NONE,
    SERVING,
    STARTING,
    UP,
    S,
)
from redoraft_check.smt.formula import (
    Named,
    both,
    either,
    exists,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import PREFIX
from redoraft_check.smt.model import has_value, one_value


def invariant() -> tuple[Named, ...]:
    """Every conjunct, in the order in which they are best read."""
    return (
        *(one_value(relation) for relation in S.values),
        *(has_value(relation) for relation in (S.log, S.majority, S.row, S.applied)),
        *_shape(),
        *_rows(),
        *_dictionary(),
        *_spaces(),
        *nodes(),
        *job_in_log(),
        *job_files(),
    )


def _shape() -> tuple[Named, ...]:
    return (
        law("MajorityInLog", "m l", S.majority(M) & S.log(L), PREFIX(M, L), "R1 and R3."),
        law("AppliedInMajority", "n a m", S.applied(N, A) & S.majority(M), PREFIX(A, M), "LIM-3, H14."),
        law(
            "AppliedInLog",
            "n a l",
            S.applied(N, A) & S.log(L),
            PREFIX(A, L),
            "It is of the majority's.",
            "AppliedInMajority MajorityInLog majorityIsGiven",
        ),
        law("LeaderIsUp", "n", S.leader(N), S.phase(N, STARTING) | S.phase(N, UP), "A deposed one is none."),
        law("WorkerIsUp", "n", S.leader(N) & ~S.pc(IDLE), S.phase(N, UP), "It was promoted."),
        law("ServerIsUp", "n", S.leader(N) & S.stage(SERVING), S.phase(N, UP), "It was promoted."),
        law("LeadersStage", "n", S.leader(N), ~S.stage(NONE), "It was elected."),
        Named(
            "StageHasLeader",
            S.stage(NONE) | exists([N], S.leader(N)),
            "A crash of the leader ends its stage.",
        ),
        Named(
            "WorksOnFirmGround",
            S.pc(IDLE) | both(~S.stage(NONE), ~S.stage(ELECTED)),
            "A new leader acts when a marker of its own term is committed (H14).",
        ),
        law(
            "LateIsDeposed",
            "n o s t u",
            S.late(N, CALL, SP, T, U),
            S.phase(N, DEPOSED),
            "H13: then it restarts.",
        ),
        law("LeaderReadsNothing", "n s t", S.leader(N), ~S.cache(N, SP, T), "Readers are on followers."),
        law("NoNodeStops", "n", both(), ~S.phase(N, ABORTED), "No startup aborts, and no apply."),
        Named("NothingIsMade", ~S.pc(MADE), "The redo comes before the file (H2b)."),
    )


def _rows() -> tuple[Named, ...]:
    """The rows of the DDL log in the log."""
    return (
        law(
            "OneRowIsOpen",
            "l h p q",
            both(IN_LOG, is_open(P, H), is_open(Q, H)),
            same(P, Q),
            "A DDL begins when nothing is left of those before it (H30, DDL-10).",
        ),
        law("CommitsOrRollsBack", "l h p", both(IN_LOG, COMMITTED(H, P)), ~ROLLED(H, P), "Never both."),
        law(
            "CleanedIsOver",
            "l h p",
            both(IN_LOG, CLEANED(H, P)),
            COMMITTED(H, P) | ROLLED(H, P),
            "A row is cleaned after its DDL has ended.",
        ),
    )


def _dictionary() -> tuple[Named, ...]:
    """Tables, and what the file operations have made, after each record."""
    row = both(IN_LOG, is_open(P, H))
    create, rename, drop = (row & is_op(P, op) for op in (ROW_CREATE, ROW_RENAME, ROW_DROP))
    begun = is_unfinished(P, H)
    return (
        law(
            "FilesAreTables",
            "l h s t",
            both(IN_LOG, ~BUSY(H, SP)),
            iff(FILE(H, SP, T), TABLE(H, SP, T)),
            "A DDL ends with its file operation done or undone.",
        ),
        law(
            "OneNamePerSpace",
            "l h s t u",
            IN_LOG,
            implies(FILE(H, SP, T) & FILE(H, SP, U), same(T, U))
            & implies(TABLE(H, SP, T) & TABLE(H, SP, U), same(T, U)),
            "A space has one name at a time.",
        ),
        law(
            "OneTablePerName",
            "l h s r t",
            both(IN_LOG, TABLE(H, SP, T), TABLE(H, R, T)),
            same(SP, R),
            "A DDL takes a free name.",
        ),
        law(
            "OneFilePerName",
            "l h s r t",
            both(IN_LOG, FILE(H, SP, T), FILE(H, R, T)),
            same(SP, R),
            "And a free path.",
        ),
        law(
            "NamesAreTaken",
            "l h p s",
            row,
            both(
                implies(TABLE(H, SP, NAME_OF(P)) | FILE(H, SP, NAME_OF(P)), same(SP, OF)),
                implies(TABLE(H, SP, TO_OF(P)) | FILE(H, SP, TO_OF(P)), same(SP, OF)),
            ),
            "Nobody else takes the old or the new name while the row is open.",
        ),
        law(
            "OpenCreate",
            "l h p t",
            create,
            both(
                ~TABLE(H, OF, T),
                implies(FILE(H, OF, T), same(T, NAME_OF(P))),
                implies(begun, ~GONE(H, OF)),
                same(NAME_OF(P), TO_OF(P)),
            ),
            "There is no table yet.",
        ),
        law(
            "OpenRename",
            "l h p t",
            rename,
            both(
                iff(TABLE(H, OF, T), same(T, NAME_OF(P))),
                implies(FILE(H, OF, T), same(T, NAME_OF(P)) | same(T, TO_OF(P))),
                FILE(H, OF, NAME_OF(P)) | FILE(H, OF, TO_OF(P)),
            ),
            "The table has the old name, its file the old or the new one.",
        ),
        law(
            "OpenDrop",
            "l h p t",
            drop,
            both(
                implies(begun, both(TABLE(H, OF, NAME_OF(P)), FILE(H, OF, NAME_OF(P)))),
                implies(~begun, ~TABLE(H, OF, T)),
                implies(FILE(H, OF, T), same(T, NAME_OF(P))),
                same(NAME_OF(P), TO_OF(P)),
            ),
            "Until it commits the table is there; then the file may be.",
        ),
        law(
            "TablesHaveFiles",
            "l h s t",
            both(IN_LOG, TABLE(H, SP, T)),
            exists([U], FILE(H, SP, U)),
            "A table has a file, under the old name or the new one.",
        ),
        law(
            "GoneIsNoTable", "l h s t", both(IN_LOG, GONE(H, SP)), ~TABLE(H, SP, T), "It does not come back."
        ),
        law(
            "OperationIsDone",
            "l h",
            IN_LOG & is_op(H, FILE_CREATE, FILE_RENAME),
            FILE(H, SPACE_OF(H), TO_OF(H)),
            "A leader writes no operation that fails.",
        ),
        law(
            "OperationsNames",
            "l h s",
            IN_LOG & is_file_op(H),
            both(
                implies(FILE(H, SP, NAME_OF(H)), same(SP, SPACE_OF(H))),
                implies(FILE(H, SP, TO_OF(H)), same(SP, SPACE_OF(H))),
                is_op(H, FILE_RENAME) | same(NAME_OF(H), TO_OF(H)),
            ),
            "Its names are those of its row, which nobody else has.",
        ),
    )


def _spaces() -> tuple[Named, ...]:
    return (
        law(
            "SpacesAreUsed",
            "l h s t",
            IN_LOG & either(FILE(H, SP, T), TABLE(H, SP, T), GONE(H, SP)),
            USED(H, SP),
            "Space ids come from rows.",
        ),
        law(
            "PagesHaveFiles",
            "l q h",
            both(S.log(L), PREFIX(H, L), PREFIX(Q, H), is_op(Q, PAGE), ~DELETED(H, Q)),
            exists([T], FILE(H, SPACE_OF(Q), T)),
            "A page was written to a table; its file goes by a delete alone (H6).",
        ),
    )
