"""Why the DDL protocol keeps files and dictionary together: the inductive invariant of DdlFileOps.

Four sentences.  The log is a sequence of DDLs of which at most the last is open; where none is open, the
file operations of the log have made exactly its tables.  A file operation is on a majority before it is made
(H1a, H2b), but for the delete of a DROP, whose commit is (H3).  So a node's files are those of what it has
applied, but for the space of the first file operation behind that, and for spaces that are gone.  And a
leader begins a DDL only where its files are those of its whole log (H30).
"""

from __future__ import annotations

from redoraft_check.smt.ddl_log import (
    BUSY,
    CLEANED,
    COMMITTED,
    DELETED,
    FILE,
    FILE_CREATE,
    FILE_DELETE,
    FILE_RENAME,
    GONE,
    NAME_OF,
    NO_OPS,
    PAGE,
    QUIET,
    ROLLED,
    ROW_CREATE,
    ROW_DROP,
    ROW_RENAME,
    SPACE_OF,
    TABLE,
    TO_OF,
    TOUCHED,
    USED,
    is_file_op,
    is_op,
    is_open,
    is_row,
    is_unfinished,
    is_visible,
)
from redoraft_check.smt.ddl_state import (
    ABORTED,
    CLEANED_STEP,
    COMMITTED_STEP,
    DEPOSED,
    DONE,
    ELECTED,
    ESTABLISHED,
    FILED,
    IDLE,
    LOGGED,
    MADE,
    NONE,
    REFILED,
    REMADE,
    REPLAY,
    SERVING,
    STARTING,
    STOPPED,
    UP,
    S,
)
from redoraft_check.smt.formula import (
    FALSE,
    Formula,
    Named,
    both,
    differ,
    either,
    exists,
    forall,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import PREFIX
from redoraft_check.smt.model import has_value, one_value

_ALL = S.vars("n k h p q l m a s r t u v o")
N, K, H, P, Q, L, M, A, SP, R, T, U, V, CALL = _ALL
OF = SPACE_OF(P)
IN_LOG = S.log(L) & PREFIX(H, L)
WORKS = both(S.leader(N), S.log(L), S.row(P), ~S.pc(IDLE))
WORKS_FROM = both(WORKS, S.applied(N, A))


def _law(  # noqa: PLR0917
    name: str, names: str, condition: Formula, conclusion: Formula, why: str, uses: str = ""
) -> Named:
    return Named(name, forall(S.vars(names), implies(condition, conclusion)), why, (name, *uses.split()))


def invariant() -> tuple[Named, ...]:
    """Every conjunct, in the order in which they are best read."""
    return (
        *(one_value(relation) for relation in S.values),
        *(has_value(relation) for relation in (S.log, S.majority, S.row, S.applied)),
        *_shape(),
        *_rows(),
        *_dictionary(),
        *_spaces(),
        *_nodes(),
        *_job_in_log(),
        *_job_files(),
    )


def _shape() -> tuple[Named, ...]:
    return (
        _law("MajorityInLog", "m l", S.majority(M) & S.log(L), PREFIX(M, L), "R1 and R3."),
        _law("AppliedInMajority", "n a m", S.applied(N, A) & S.majority(M), PREFIX(A, M), "LIM-3, H14."),
        _law(
            "AppliedInLog",
            "n a l",
            S.applied(N, A) & S.log(L),
            PREFIX(A, L),
            "It is of the majority's.",
            "AppliedInMajority MajorityInLog majorityIsGiven",
        ),
        _law("LeaderIsUp", "n", S.leader(N), S.phase(N, STARTING) | S.phase(N, UP), "A deposed one is none."),
        _law("WorkerIsUp", "n", S.leader(N) & ~S.pc(IDLE), S.phase(N, UP), "It was promoted."),
        _law("ServerIsUp", "n", S.leader(N) & S.stage(SERVING), S.phase(N, UP), "It was promoted."),
        _law("LeadersStage", "n", S.leader(N), ~S.stage(NONE), "It was elected."),
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
        _law(
            "LateIsDeposed",
            "n o s t u",
            S.late(N, CALL, SP, T, U),
            S.phase(N, DEPOSED),
            "H13: then it restarts.",
        ),
        _law("LeaderReadsNothing", "n s t", S.leader(N), ~S.cache(N, SP, T), "Readers are on followers."),
        _law("NoNodeStops", "n", both(), ~S.phase(N, ABORTED), "No startup aborts, and no apply."),
        Named("NothingIsMade", ~S.pc(MADE), "The redo comes before the file (H2b)."),
    )


def _rows() -> tuple[Named, ...]:
    """The rows of the DDL log in the log."""
    return (
        _law(
            "OneRowIsOpen",
            "l h p q",
            both(IN_LOG, is_open(P, H), is_open(Q, H)),
            same(P, Q),
            "A DDL begins when nothing is left of those before it (H30, DDL-10).",
        ),
        _law("CommitsOrRollsBack", "l h p", both(IN_LOG, COMMITTED(H, P)), ~ROLLED(H, P), "Never both."),
        _law(
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
        _law(
            "FilesAreTables",
            "l h s t",
            both(IN_LOG, ~BUSY(H, SP)),
            iff(FILE(H, SP, T), TABLE(H, SP, T)),
            "A DDL ends with its file operation done or undone.",
        ),
        _law(
            "OneNamePerSpace",
            "l h s t u",
            IN_LOG,
            implies(FILE(H, SP, T) & FILE(H, SP, U), same(T, U))
            & implies(TABLE(H, SP, T) & TABLE(H, SP, U), same(T, U)),
            "A space has one name at a time.",
        ),
        _law(
            "OneTablePerName",
            "l h s r t",
            both(IN_LOG, TABLE(H, SP, T), TABLE(H, R, T)),
            same(SP, R),
            "A DDL takes a free name.",
        ),
        _law(
            "OneFilePerName",
            "l h s r t",
            both(IN_LOG, FILE(H, SP, T), FILE(H, R, T)),
            same(SP, R),
            "And a free path.",
        ),
        _law(
            "NamesAreTaken",
            "l h p s",
            row,
            both(
                implies(TABLE(H, SP, NAME_OF(P)) | FILE(H, SP, NAME_OF(P)), same(SP, OF)),
                implies(TABLE(H, SP, TO_OF(P)) | FILE(H, SP, TO_OF(P)), same(SP, OF)),
            ),
            "Nobody else takes the old or the new name while the row is open.",
        ),
        _law(
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
        _law(
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
        _law(
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
        _law(
            "TablesHaveFiles",
            "l h s t",
            both(IN_LOG, TABLE(H, SP, T)),
            exists([U], FILE(H, SP, U)),
            "A table has a file, under the old name or the new one.",
        ),
        _law(
            "GoneIsNoTable", "l h s t", both(IN_LOG, GONE(H, SP)), ~TABLE(H, SP, T), "It does not come back."
        ),
        _law(
            "OperationIsDone",
            "l h",
            IN_LOG & is_op(H, FILE_CREATE, FILE_RENAME),
            FILE(H, SPACE_OF(H), TO_OF(H)),
            "A leader writes no operation that fails.",
        ),
        _law(
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
        _law(
            "SpacesAreUsed",
            "l h s t",
            IN_LOG & either(FILE(H, SP, T), TABLE(H, SP, T), GONE(H, SP)),
            USED(H, SP),
            "Space ids come from rows.",
        ),
        _law(
            "PagesHaveFiles",
            "l q h",
            both(S.log(L), PREFIX(H, L), PREFIX(Q, H), is_op(Q, PAGE), ~DELETED(H, Q)),
            exists([T], FILE(H, SPACE_OF(Q), T)),
            "A page was written to a table; its file goes by a delete alone (H6).",
        ),
    )


def _nodes() -> tuple[Named, ...]:
    """Each node's files against what it has applied."""
    has = exists([U], S.files(N, SP, U))
    behind = both(S.applied(N, A), S.majority(M))
    return (
        _law(
            "FilesAreKnown",
            "n a m s t",
            both(behind, S.files(N, SP, T)),
            FILE(A, SP, T) | TOUCHED(A, M, SP, T),
            "What is not applied is of the first operation behind it: one DDL at a time.",
            "AppliedInMajority",
        ),
        _law(
            "FilesAreThere",
            "n a m s t",
            both(behind, FILE(A, SP, T), ~GONE(M, SP)),
            has,
            "A file goes when its DROP or its delete is on a majority (H3).",
            "AppliedInMajority",
        ),
        _law(
            "OneFilePerSpace",
            "n s t u",
            S.files(N, SP, T) & S.files(N, SP, U),
            same(T, U),
            "Two files with one space id abort the next startup.",
            "LateCreatesOne JobIsDue logIsGiven",
        ),
        _law(
            "ReadersHaveFiles",
            "n a s t",
            both(S.phase(N, UP), ~S.leader(N), S.applied(N, A), FILE(A, SP, T), ~GONE(A, SP)),
            has,
            "Who is up has validated its files, and then only applied.",
        ),
        _law(
            "ReadersAreUp",
            "n s t",
            S.cache(N, SP, T),
            S.phase(N, UP) | S.phase(N, DEPOSED),
            "A restart empties it.",
        ),
        _law(
            "CachesAreTables",
            "n a s t",
            both(S.cache(N, SP, T), S.applied(N, A)),
            TABLE(A, SP, T) & S.phase(N, UP),
            "Applying a commit evicts what it changes (H31).",
        ),
        _law(
            "LateCreate",
            "n a m s t u",
            both(behind, S.late(N, FILE_CREATE, SP, T, U)),
            TOUCHED(A, M, SP, T),
            "The redo of the call is on a majority (H2b).",
            "AppliedInMajority",
        ),
        _law(
            "LateCreatesOne",
            "n s t u v",
            S.late(N, FILE_CREATE, SP, T, U) & S.files(N, SP, V),
            same(V, T),
            "It has no other file of that space.",
            "JobIsDue",
        ),
        _law(
            "LateRename",
            "n a m s t u",
            both(behind, S.late(N, FILE_RENAME, SP, T, U)),
            TOUCHED(A, M, SP, U),
            "The redo of the call is on a majority (H1a).",
            "AppliedInMajority",
        ),
        _law(
            "LateDelete",
            "n m s t u",
            both(S.majority(M), S.late(N, FILE_DELETE, SP, T, U)),
            GONE(M, SP),
            "The redo of the call, or the DROP's commit, is on a majority (H2b, H3).",
        ),
        _law(
            "CallsAreFileOps",
            "n o s t u",
            S.late(N, CALL, SP, T, U),
            either(*(same(CALL, one) for one in (FILE_CREATE, FILE_DELETE, FILE_RENAME))),
            "A call is one of three.",
        ),
    )


def _job_in_log() -> tuple[Named, ...]:
    """What the leader's log has at each step of its job."""
    job = both(S.log(L), S.row(P), ~S.pc(IDLE))
    create, rename, drop = (is_op(P, op) for op in (ROW_CREATE, ROW_RENAME, ROW_DROP))
    begun = S.at(LOGGED, FILED, STOPPED, DONE)
    return (
        _law("JobHasRow", "l p", job, is_row(P) & PREFIX(P, L), "It is the row that it writes or replays."),
        _law("JobBegun", "l p", job & begun, is_unfinished(P, L), "Neither committed nor rolled back."),
        _law(
            "JobReplays",
            "l p",
            job & S.at(REPLAY, REFILED, REMADE),
            is_visible(P, L) & ~is_unfinished(P, L),
            "It replays a row that is visible, of a DDL that has ended.",
        ),
        _law(
            "JobCommitted",
            "l p",
            job & S.at(COMMITTED_STEP),
            COMMITTED(L, P) & implies(drop, is_visible(P, L)),
            "Its commit is the last record.",
        ),
        _law(
            "JobIsOver",
            "l p q",
            job & (S.at(CLEANED_STEP) | both(S.at(COMMITTED_STEP), ~drop)),
            ~is_open(Q, L),
            "Nothing is open behind a clean row, or a commit that is no DROP's.",
        ),
        _law("ServingIsOver", "l q", both(S.log(L), S.stage(SERVING), S.pc(IDLE)), ~is_open(Q, L), "H30"),
        _law(
            "JobsKind",
            "l p",
            job,
            both(
                implies(S.at(LOGGED, FILED), create | rename),
                implies(S.at(STOPPED), rename),
            ),
            "DROP has no file operation before its commit; only RENAME stops IO.",
        ),
        _law(
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
        _law(
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


def _job_files() -> tuple[Named, ...]:
    """What the leader's own files are at each step of its job."""
    create, rename = is_op(P, ROW_CREATE), is_op(P, ROW_RENAME)
    serves = both(S.leader(N), S.log(L), S.stage(SERVING), S.pc(IDLE))
    synced = S.at(LOGGED, DONE, COMMITTED_STEP, REMADE, CLEANED_STEP)
    name, to = NAME_OF(P), TO_OF(P)
    return (
        _law(
            "ServersFiles",
            "n l s t",
            serves,
            iff(S.files(N, SP, T), FILE(L, SP, T)),
            "It serves when all is applied and the DDL log is recovered (H30).",
        ),
        _law(
            "ServerHasApplied",
            "n a l",
            serves & S.applied(N, A),
            NO_OPS(A, L),
            "What it executed is noted at the end (H5).",
        ),
        _law(
            "RestIsNoFileOp",
            "m l",
            both(S.majority(M), S.log(L), S.stage(ESTABLISHED), S.pc(IDLE)),
            NO_OPS(M, L),
            "A new leader first writes rollbacks.",
        ),
        _law(
            "OtherFilesAreSynced",
            "n l p s t",
            both(WORKS, differ(SP, OF)),
            iff(S.files(N, SP, T), FILE(L, SP, T)),
            "A job is about one space.",
        ),
        _law(
            "OthersAreApplied",
            "n a l p s t",
            both(WORKS_FROM, differ(SP, OF)),
            iff(FILE(A, SP, T), FILE(L, SP, T)),
            "And so are the records that it writes.",
        ),
        _law(
            "JobIsSynced",
            "n l p t",
            both(WORKS, synced),
            iff(S.files(N, OF, T), FILE(L, OF, T)),
            "Before its redo and after its call the leader's file is what the log says.",
            "JobIsDue JobsFile OneNamePerSpace OpenCreate OpenRename OpenDrop",
        ),
        _law(
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
        _law(
            "JobTouches",
            "n a l p",
            WORKS_FROM,
            NO_OPS(A, L) | both(TOUCHED(A, L, OF, name), TOUCHED(A, L, OF, to)),
            "All file operations behind what is applied are of one row.",
        ),
        _law(
            "JobHasTouched",
            "n a l p",
            WORKS_FROM & S.at(FILED, STOPPED, REFILED),
            both(TOUCHED(A, L, OF, name), TOUCHED(A, L, OF, to)),
            "Its redo is written before its call.",
        ),
    )


# --- what follows from it ------------------------------------------------------------------------------


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
        _law(
            "FilesAgree",
            "l n a s t",
            quiet(off) & S.applied(N, A),
            iff(S.files(N, SP, T), TABLE(L, SP, T)),
            "At quiescence the files of every node are the tables of the dictionary.",
            "busyByARow ServingIsOver FilesAreTables FilesAreKnown FilesAreThere OneNamePerSpace "
            "ServersFiles GoneIsNoTable AppliedInMajority MajorityInLog",
        ),
        _law(
            "OneFilePerSpace",
            "n s t u",
            S.files(N, SP, T) & S.files(N, SP, U),
            same(T, U),
            "Two files with one space id abort the next startup.",
        ),
        _law("NoNodeStops", "n", both(), ~S.phase(N, ABORTED), "No startup aborts, and no apply."),
        _law(
            "CachesAreFresh",
            "n a s t",
            cached,
            TABLE(A, SP, T) & exists([U], S.files(N, SP, U)),
            "A reader never has a table open that is not there under that name (H31).",
            "CachesAreTables ReadersHaveFiles TablesHaveFiles GoneIsNoTable MajorityInLog AppliedInMajority "
            "logIsGiven majorityIsGiven",
        ),
        _law(
            "NothingPending",
            "l n a q",
            both(quiet(off), S.applied(N, A), pending),
            exists([T], S.files(N, SPACE_OF(Q), T)),
            "At quiescence nothing is missing that no delete explains (H6).",
            "PagesHaveFiles FilesAgree busyByARow ServingIsOver FilesAreTables",
        ),
    )
