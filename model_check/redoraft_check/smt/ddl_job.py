"""Each node's files, and the leader's at each step of its job: conjuncts of DdlFileOps' invariant."""

from __future__ import annotations

from redoraft_check.smt.ddl_laws import (
    CALL,
    OF,
    SP,
    WORKS,
    WORKS_FROM,
    A,
    L,
    M,
    N,
    P,
    Q,
    T,
    U,
    V,
    law,
)
from redoraft_check.smt.ddl_log import (
    COMMITTED,
    FILE,
    FILE_CREATE,
    FILE_DELETE,
    FILE_RENAME,
    GONE,
    NAME_OF,
    NO_OPS,
    ROW_CREATE,
    ROW_DROP,
    ROW_RENAME,
    TABLE,
    TO_OF,
    TOUCHED,
    is_op,
    is_open,
    is_row,
    is_unfinished,
    is_visible,
)
from redoraft_check.smt.ddl_state import (
    CLEANED_STEP,
    COMMITTED_STEP,
    DEPOSED,
    DONE,
    ESTABLISHED,
    FILED,
    IDLE,
    LOGGED,
    REFILED,
    REMADE,
    REPLAY,
    SERVING,
    STOPPED,
    UP,
    S,
)
from redoraft_check.smt.formula import (
    Named,
    both,
    differ,
    either,
    exists,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import PREFIX


def nodes() -> tuple[Named, ...]:
    """Each node's files against what it has applied."""
    has = exists([U], S.files(N, SP, U))
    behind = both(S.applied(N, A), S.majority(M))
    rests = ~S.leader(N) | both(S.pc(IDLE), ~S.stage(SERVING))
    return (
        law(
            "FilesAreKnown",
            "n a m s t",
            both(behind, S.files(N, SP, T)),
            FILE(A, SP, T) | TOUCHED(A, M, SP, T),
            "What is not applied is of the first operation behind it: one DDL at a time.",
            "AppliedInMajority",
        ),
        law(
            "FilesAreThere",
            "n a m s t",
            both(behind, FILE(A, SP, T), ~GONE(M, SP)),
            has,
            "A file goes when its DROP or its delete is on a majority (H3).",
            "AppliedInMajority",
        ),
        law(
            "OneFilePerSpace",
            "n s t u",
            S.files(N, SP, T) & S.files(N, SP, U),
            same(T, U),
            "Two files with one space id abort the next startup.",
            "LateCreatesOne JobIsDue logIsGiven",
        ),
        law(
            "ReadersHaveFiles",
            "n a s t",
            both(S.phase(N, UP), rests, S.applied(N, A), FILE(A, SP, T), ~GONE(A, SP)),
            has,
            "Who is up has validated its files, and then only applied, or replayed and noted it (H5).",
        ),
        law(
            "ReadersAreUp",
            "n s t",
            S.cache(N, SP, T),
            S.phase(N, UP) | S.phase(N, DEPOSED),
            "A restart empties it.",
        ),
        law(
            "CachesAreTables",
            "n a s t",
            both(S.cache(N, SP, T), S.applied(N, A)),
            TABLE(A, SP, T) & S.phase(N, UP),
            "Applying a commit evicts what it changes (H31).",
        ),
        law(
            "LateCreate",
            "n a m s t u",
            both(behind, S.late(N, FILE_CREATE, SP, T, U)),
            TOUCHED(A, M, SP, T),
            "The redo of the call is on a majority (H2b).",
            "AppliedInMajority",
        ),
        law(
            "LateCreatesOne",
            "n s t u v",
            S.late(N, FILE_CREATE, SP, T, U) & S.files(N, SP, V),
            same(V, T),
            "It has no other file of that space.",
            "JobIsDue",
        ),
        law(
            "LateRename",
            "n a m s t u",
            both(behind, S.late(N, FILE_RENAME, SP, T, U)),
            TOUCHED(A, M, SP, U),
            "The redo of the call is on a majority (H1a).",
            "AppliedInMajority",
        ),
        law(
            "LateDelete",
            "n m s t u",
            both(S.majority(M), S.late(N, FILE_DELETE, SP, T, U)),
            GONE(M, SP),
            "The redo of the call, or the DROP's commit, is on a majority (H2b, H3).",
        ),
        law(
            "CallsAreFileOps",
            "n o s t u",
            S.late(N, CALL, SP, T, U),
            either(*(same(CALL, one) for one in (FILE_CREATE, FILE_DELETE, FILE_RENAME))),
            "A call is one of three.",
        ),
    )


def job_in_log() -> tuple[Named, ...]:
    """What the leader's log has at each step of its job."""
    job = both(S.log(L), S.row(P), ~S.pc(IDLE))
    create, rename, drop = (is_op(P, op) for op in (ROW_CREATE, ROW_RENAME, ROW_DROP))
    begun = S.at(LOGGED, FILED, STOPPED, DONE)
    return (
        law("JobHasRow", "l p", job, is_row(P) & PREFIX(P, L), "It is the row that it writes or replays."),
        law("JobBegun", "l p", job & begun, is_unfinished(P, L), "Neither committed nor rolled back."),
        law(
            "JobReplays",
            "l p",
            job & S.at(REPLAY, REFILED, REMADE),
            is_visible(P, L) & ~is_unfinished(P, L),
            "It replays a row that is visible, of a DDL that has ended.",
        ),
        law(
            "JobCommitted",
            "l p",
            job & S.at(COMMITTED_STEP),
            COMMITTED(L, P) & implies(drop, is_visible(P, L)),
            "Its commit is the last record.",
        ),
        law(
            "JobIsOver",
            "l p q",
            job & (S.at(CLEANED_STEP) | both(S.at(COMMITTED_STEP), ~drop)),
            ~is_open(Q, L),
            "Nothing is open behind a clean row, or a commit that is no DROP's.",
        ),
        law("ServingIsOver", "l q", both(S.log(L), S.stage(SERVING), S.pc(IDLE)), ~is_open(Q, L), "H30"),
        law(
            "JobsKind",
            "l p",
            job,
            both(
                implies(S.at(LOGGED, FILED), create | rename),
                implies(S.at(STOPPED), rename),
            ),
            "DROP has no file operation before its commit; only RENAME stops IO.",
        ),
        law(
            "JobsFile",
            "l p t",
            job,
            both(
                implies(S.pc(LOGGED) & create, ~FILE(L, OF, T)),
                implies(S.pc(LOGGED) & rename, FILE(L, OF, NAME_OF(P))),
                implies(S.at(FILED, DONE) & create, FILE(L, OF, NAME_OF(P))),
                implies(S.at(FILED, STOPPED, DONE) & rename, FILE(L, OF, TO_OF(P))),
                implies(S.at(REFILED, REMADE) & rename, FILE(L, OF, NAME_OF(P))),
                implies(S.at(REFILED, REMADE) & ~rename, ~FILE(L, OF, T) & GONE(L, OF)),
            ),
            "What its redo has made of the file.",
        ),
        law(
            "JobWaited",
            "l m p",
            both(job, S.majority(M)),
            both(
                implies(S.pc(STOPPED), same(M, L)),
                implies(S.at(REFILED) & drop, GONE(M, OF)),
            ),
            "IO is stopped when the redo is on a majority (H1-io), a file dropped when the commit is (H3).",
        ),
    )


def job_files() -> tuple[Named, ...]:
    """What the leader's own files are at each step of its job."""
    create, rename = is_op(P, ROW_CREATE), is_op(P, ROW_RENAME)
    serves = both(S.leader(N), S.log(L), S.stage(SERVING), S.pc(IDLE))
    synced = S.at(LOGGED, DONE, COMMITTED_STEP, REMADE, CLEANED_STEP)
    name, to = NAME_OF(P), TO_OF(P)
    return (
        law(
            "ServersFiles",
            "n l s t",
            serves,
            iff(S.files(N, SP, T), FILE(L, SP, T)),
            "It serves when all is applied and the DDL log is recovered (H30).",
        ),
        law(
            "ServerHasApplied",
            "n a l",
            serves & S.applied(N, A),
            NO_OPS(A, L),
            "What it executed is noted at the end (H5).",
        ),
        law(
            "RestIsNoFileOp",
            "m l",
            both(S.majority(M), S.log(L), S.stage(ESTABLISHED), S.pc(IDLE)),
            NO_OPS(M, L),
            "A new leader first writes rollbacks.",
        ),
        law(
            "OtherFilesAreSynced",
            "n l p s t",
            both(WORKS, differ(SP, OF)),
            iff(S.files(N, SP, T), FILE(L, SP, T)),
            "A job is about one space.",
        ),
        law(
            "OthersAreApplied",
            "n a l p s t",
            both(WORKS_FROM, differ(SP, OF)),
            iff(FILE(A, SP, T), FILE(L, SP, T)),
            "And so are the records that it writes.",
        ),
        law(
            "JobIsSynced",
            "n l p t",
            both(WORKS, synced),
            iff(S.files(N, OF, T), FILE(L, OF, T)),
            "Before its redo and after its call the leader's file is what the log says.",
            "JobIsDue JobsFile OneNamePerSpace OpenCreate OpenRename OpenDrop",
        ),
        law(
            "JobIsDue",
            "n l p t",
            WORKS,
            both(
                implies(S.at(FILED, STOPPED) & create, ~S.files(N, OF, T)),
                implies(S.at(FILED, STOPPED) & rename, iff(S.files(N, OF, T), same(T, name))),
                implies(S.at(REPLAY, REFILED), implies(S.files(N, OF, T), same(T, name) | same(T, to))),
                implies(S.at(REPLAY, REFILED) & rename, S.files(N, OF, name) | S.files(N, OF, to)),
            ),
            "Between them it has what the operation is to change.",
        ),
        law(
            "JobTouches",
            "n a l p",
            WORKS_FROM,
            NO_OPS(A, L) | both(TOUCHED(A, L, OF, name), TOUCHED(A, L, OF, to)),
            "All file operations behind what is applied are of one row.",
        ),
        law(
            "JobHasTouched",
            "n a l p",
            WORKS_FROM & S.at(FILED, STOPPED, REFILED),
            both(TOUCHED(A, L, OF, name), TOUCHED(A, L, OF, to)),
            "Its redo is written before its call.",
        ),
    )
