"""What the invariant of DdlFileOps says of single steps: the instances that their proofs need."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from redoraft_check.smt.ddl_log import (
    BUSY,
    CLEANED,
    COMMITTED,
    FILE,
    FILE_CREATE,
    FILE_DELETE,
    FILE_RENAME,
    GONE,
    NAME_OF,
    NO_OPS,
    ROLLED,
    ROW_DROP,
    SPACE_OF,
    TABLE,
    TO_OF,
    TOUCHED,
    is_op,
    is_open,
    is_visible,
)
from redoraft_check.smt.ddl_state import S
from redoraft_check.smt.formula import (
    FALSE,
    Action,
    And,
    Formula,
    Holds,
    Named,
    Or,
    Term,
    Var,
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
from redoraft_check.smt.model import one_value
from redoraft_check.smt.obligations import title

N, K, A, P, X, L, Q, R, END = S.vars("n k a p x l q_ x1 q")
SP, T, U = S.vars("s1 t1 u1")
SPACE, NAME, TO = SPACE_OF(P), NAME_OF(P), TO_OF(P)
HAS = exists([U], S.files(N, SP, U))


STEP_PROPERTIES = ("CommittedFilesStay", "CommittedOnlyGrows")
"""What DdlFileOps says of steps, by its names there."""


def _fact(name: str, formula: Formula, why: str, uses: str = "") -> Named:
    return Named(name, formula, why, tuple(uses.split()))


_PATHS_ARE_FREE = forall(
    [SP],
    both(
        implies(S.files(N, SP, NAME), same(SP, SPACE)),
        implies(S.files(N, SP, TO), same(SP, SPACE)),
    ),
)
"""No other space has its names on the node."""


def _own_names(log: Term) -> Formula:
    """No other space has its names in a log."""
    return forall(
        [SP], implies(FILE(log, SP, NAME), same(SP, SPACE)) & implies(FILE(log, SP, TO), same(SP, SPACE))
    )


def with_facts(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Each action with what follows from the invariant and its guard, in terms of its parameters."""
    found = {**_applies(), **_validates(), **_writes(), **_calls()}
    return tuple(
        evolve(
            action,
            facts=(*_given(action), *_deposed(action), *found.get(title(action), ()), *_promises(action)),
        )
        for action in actions
    )


def _deposed(action: Action) -> tuple[Named, ...]:
    """The call that a deposed leader has still to make is covered by what is committed."""
    update = action.update(S.late)
    if action.name != "Elect" or update is None:
        return ()
    k, op, space, name, to = update.formals
    m = S.var("m")
    due = update.body & S.leader(k)
    touched = both(TOUCHED(A, m, space, name), TOUCHED(A, m, space, to))
    rename = both(due, S.applied(k, A), same(op, FILE_RENAME) | same(op, FILE_CREATE))
    formals = update.formals
    return (
        _fact(
            "NoLateLeader",
            forall(formals, ~both(S.late(*formals), S.leader(k))),
            "It is up.",
            "LateIsDeposed LeaderIsUp",
        ),
        _fact(
            "LateHasRedo",
            forall([A, *formals], implies(rename, touched)),
            "Its redo is (H1a, H2b).",
            "JobHasTouched JobWaited",
        ),
        _fact(
            "LateIsGone",
            forall(formals, implies(due & same(op, FILE_DELETE), GONE(m, space))),
            "Or its commit (H3).",
            "JobsFile JobWaited JobCommitted JobReplays",
        ),
    )


def _promises(action: Action) -> tuple[Named, ...]:
    """What DdlFileOps says of steps, by its names there."""
    if action.name in {"Establish", "AdvanceMajority"}:
        m, new = (S.var("m"), L) if action.name == "Establish" else S.vars("m m2")
        return (_fact("CommittedOnlyGrows", PREFIX(m, new), "R1", "MajorityInLog"),)
    update = action.update(S.files)
    if update is None:
        return ()
    node, space, name = update.formals
    m, kept = S.var("m_"), exists([name], update.body)
    there = both(S.majority(m), S.files(node, space, T), TABLE(m, space, U))
    return (
        _fact(
            "CommittedFilesStay",
            forall([m, node, space, T, U], implies(there, kept)),
            "The last file of a committed table is never removed.",
            "GoneIsNoTable LateDelete JobWaited JobsFile MajorityInLog logIsGiven",
        ),
    )


def _given(action: Action) -> tuple[Named, ...]:
    """What the guard says of a variable is its one value."""
    parts = action.guard.parts if isinstance(action.guard, And) else (action.guard,)
    laws, relations = [], []
    for part in parts:
        atoms = part.parts if isinstance(part, Or) else (part,)
        held = [one for one in atoms if isinstance(one, Holds) and one.relation.value]
        if len(held) != len(atoms) or len({(one.relation, one.args[:-1]) for one in held}) != 1:
            continue
        relation, keys = held[0].relation, held[0].args[:-1]
        x = Var("x_", relation.args[-1])
        laws.append(
            forall([x], implies(relation(*keys, x), either(*(same(x, one.args[-1]) for one in held))))
        )
        relations.append(relation)
    uses = tuple(dict.fromkeys(one_value(relation).name for relation in relations))
    why = "A variable has one value."
    return (Named("OneValueEach", both(*laws), why, uses),) if laws else ()


def _applies() -> dict[str, tuple[Named, ...]]:
    own = same(SP, SPACE) & (same(T, NAME) | same(T, TO))
    behind = _fact(
        "IsBehind",
        both(PREFIX(A, P), PREFIX(A, X), forall([L], implies(S.log(L), PREFIX(P, L) & PREFIX(X, L)))),
        "What is applied next is behind what is applied, in the log.",
        "MajorityInLog AppliedInMajority",
    )
    known = _fact(
        "FilesBefore",
        forall([SP, T], implies(S.files(N, SP, T), FILE(A, SP, T) | own)),
        "What it has and has not applied is of this operation.",
        "FilesAreKnown AppliedInMajority",
    )
    elsewhere = _fact(
        "OthersStay",
        forall([SP, T], same(SP, SPACE) | iff(FILE(P, SP, T), FILE(A, SP, T))),
        "An operation is about one space.",
        "IsBehind",
    )
    its_own = _fact(
        "NamesAreItsOwn",
        _own_names(P),
        "Nobody else has its names behind it.",
        "OperationsNames logIsGiven",
    )
    free = _fact(
        "NamesAreFree",
        _PATHS_ARE_FREE,
        "Nobody else has its names.",
        "FilesBefore OthersStay NamesAreItsOwn",
    )
    created = _fact(
        "CreatesOne",
        forall([T], implies(S.files(N, SPACE, T), same(T, NAME))),
        "The space had no file, or this one.",
        "OneNamePerSpace OperationsNames OperationIsDone logIsGiven",
    )
    there = _fact(
        "FileWasThere",
        exists([U], FILE(A, SPACE, U)),
        "A leader renames no file that is not there.",
        "renamesAFile OperationIsDone logIsGiven",
    )
    never = _fact("NoConflict", FALSE, "So nothing is in the way.")
    operation = (behind, known, elsewhere, its_own, free)
    own_facts = {"create": (created,), "rename": (there,), "delete": ()}
    found = {
        f"{step} ({kind}{suffix})": (*operation, *more)
        for step, suffix in (("Apply", ""), ("CrashInApply", ""), ("CrashInApply", ", leading"))
        for kind, more in own_facts.items()
    }
    found |= {f"Apply ({kind} conflicts)": (*operation, never) for kind in ("create", "rename")}
    found["Apply (commit)"] = (behind,)
    return found


def _validates() -> dict[str, tuple[Named, ...]]:
    same_now = _fact(
        "AllIsApplied",
        forall([SP, T], implies(S.files(N, SP, T), FILE(X, SP, T)))
        & both(PREFIX(A, X), forall([L], implies(S.log(L), PREFIX(X, L)))),
        "Its files are those of what is committed.",
        "FilesAreKnown AppliedInMajority MajorityInLog",
    )
    there = _fact(
        "FilesAreThereNow",
        forall([SP, T], implies(FILE(X, SP, T) & ~GONE(X, SP), HAS)),
        "But for what is gone.",
        "FilesAreThere AllIsApplied",
    )
    tables = _fact(
        "TablesAreThere",
        forall([SP, T], implies(TABLE(X, SP, T), HAS)),
        "Each table has a file.",
        "TablesHaveFiles GoneIsNoTable FilesAreThereNow AllIsApplied logIsGiven",
    )
    busy = _fact(
        "OtherNamesAreBusy",
        forall([SP, T, U], implies(TABLE(X, SP, T) & FILE(X, SP, U), same(T, U) | BUSY(X, SP))),
        "Where nothing is open, a file has its table's name.",
        "FilesAreTables OneNamePerSpace logIsGiven",
    )
    shown = _fact(
        "OtherNamesAreShown",
        forall(
            [Q, T, U],
            implies(
                both(is_open(Q, X), TABLE(X, SPACE_OF(Q), T), FILE(X, SPACE_OF(Q), U)),
                same(T, U) | is_visible(Q, X),
            ),
        ),
        "A RENAME's row is visible until it commits.",
        "OpenRename OpenCreate OpenDrop logIsGiven",
    )
    named = _fact(
        "OtherNamesAreOpen",
        forall(
            [SP, T, U],
            implies(
                TABLE(X, SP, T) & FILE(X, SP, U),
                same(T, U) | exists([Q], is_visible(Q, X) & same(SPACE_OF(Q), SP)),
            ),
        ),
        "Under another name only while its RENAME is open.",
        "busyByARow",
    )
    never = _fact("NoFailure", FALSE, "So every start passes.")
    return {
        "Validate (passes)": (same_now, there),
        "Validate (fails)": (same_now, there, tables, busy, shown, named, never),
    }


def _writes() -> dict[str, tuple[Named, ...]]:
    only = _fact(
        "OnlyThisIsBusy",
        both(is_open(P, L), forall([SP], implies(BUSY(L, SP), same(SP, SPACE)))),
        "One row is open, and it is this one.",
        "busyByARow OneRowIsOpen JobBegun JobReplays",
    )
    nothing = _fact(
        "NothingIsBusy",
        forall([SP], ~BUSY(L, SP)),
        "A DDL begins when nothing is open.",
        "busyByARow ServingIsOver",
    )
    of_row = (
        *("RollBackUnfinished", "Recover", "Commit", "Clean"),
        *(f"RollBack ({case})" for case in ("of a drop", "replays")),
        *(f"WriteUndoRedo ({case})" for case in ("create", "rename", "drop")),
        *(f"WriteFileRedo ({case})" for case in ("create", "rename")),
    )
    begins = ("StartCreate", "StartRename", "StartDrop", "WriteRow")
    quiet, operation, commit = _appended()
    said = (COMMITTED, ROLLED, CLEANED)
    others = _fact(
        "OthersStayAsTheyAre",
        forall([R], same(R, P) | both(*(iff(one(END, R), one(L, R)) for one in said))),
        "A record is about one row.",
        "Appended",
    )
    opened = _fact(
        "OnlyThisIsOpen",
        forall([R], implies(is_open(R, END), same(R, P))),
        "What was open is, and nothing else.",
        "OneRowIsOpen",
    )
    begun = _fact(
        "OnlyNewIsOpen",
        forall([R], implies(is_open(R, END), same(R, END))),
        "Nothing else was open.",
        "ServingIsOver Appended",
    )
    agree = _fact(
        "FilesAreTablesNow",
        forall([SP, T], iff(FILE(L, SP, T), TABLE(L, SP, T))),
        "Nothing is open.",
        "FilesAreTables NothingIsBusy",
    )
    agrees = _fact(
        "ServerAgrees",
        forall(
            [K, A, SP, T],
            implies(
                S.leader(K) & S.applied(K, A),
                both(
                    *(PREFIX(A, L), NO_OPS(A, L)),
                    *(iff(S.files(K, SP, T), FILE(L, SP, T)), iff(FILE(A, SP, T), FILE(L, SP, T))),
                ),
            ),
        ),
        "A leader that serves has the files of its whole log.",
        "ServersFiles ServerHasApplied AppliedInLog",
    )
    agrees_then = _fact(
        "ItsFileIsItsTable",
        forall([T], is_op(P, ROW_DROP) | iff(FILE(END, SPACE, T), TABLE(END, SPACE, T))),
        "What its redo has made is what it commits.",
        "JobsFile OpenCreate OpenRename OneNamePerSpace JobBegun",
    )
    still_busy = _fact(
        "DropIsBusy",
        implies(is_op(P, ROW_DROP), both(is_visible(P, END), BUSY(END, SPACE))),
        "Its file is still to go.",
        "JobBegun",
    )
    found = {name: (only, *(commit if name == "Commit" else quiet), others, opened) for name in of_row}
    found["Commit"] = (*found["Commit"], agrees_then, still_busy)
    found |= {name: (only, *operation, others, opened) for name in of_row if "Redo" in name}
    found |= dict.fromkeys(begins, (nothing, agree, agrees, *quiet, begun))
    return found | {"Serve": (nothing, *_promoted()), "Recover": (only, *_promoted())}


def _promoted() -> tuple[Named, ...]:
    """A new leader that has applied all: its files are those of its log, but for the row that is open."""
    applied = _fact(
        "AllIsApplied",
        both(PREFIX(A, L), PREFIX(A, X), PREFIX(X, L), NO_OPS(A, L)),
        "Behind what it has applied there are rollbacks only.",
        "RestIsNoFileOp AppliedInLog AppliedInMajority MajorityInLog",
    )
    unchanged = _fact(
        "NoFileIsNew",
        forall([SP, T], iff(FILE(A, SP, T), FILE(L, SP, T))),
        "So no file operation.",
        "AllIsApplied",
    )
    known = _fact(
        "FilesAreOfTheLog",
        forall([SP, T], implies(S.files(N, SP, T), FILE(L, SP, T))),
        "It has no other file.",
        "FilesAreKnown AllIsApplied NoFileIsNew",
    )
    there = _fact(
        "ButForWhatIsGone",
        forall([SP, T], implies(FILE(L, SP, T) & ~GONE(L, SP), HAS)),
        "It has each.",
        "FilesAreThere AllIsApplied NoFileIsNew",
    )
    not_gone = _fact(
        "OnlyBusyIsGone",
        forall([SP, T], implies(FILE(L, SP, T) & GONE(L, SP), BUSY(L, SP))),
        "A file that is to go has a row that is open.",
        "FilesAreTables GoneIsNoTable",
    )
    agrees = _fact(
        "RestAgrees",
        forall([SP, T], implies(FILE(L, SP, T), S.files(N, SP, T) | BUSY(L, SP))),
        "And under its name.",
        "OneNamePerSpace FilesAreOfTheLog ButForWhatIsGone OnlyBusyIsGone",
    )
    return applied, unchanged, known, there, not_gone, agrees


def _appended() -> tuple[tuple[Named, ...], tuple[Named, ...], tuple[Named, ...]]:
    """What a record changes: one that is neither file operation nor commit, a file operation, a commit."""
    behind = _fact("Appended", PREFIX(L, END) & differ(L, END), "The log grows.")
    files, tables = iff(FILE(END, SP, T), FILE(L, SP, T)), iff(TABLE(END, SP, T), TABLE(L, SP, T))
    gone = iff(GONE(END, SP), GONE(L, SP))
    quiet = _fact(
        "NothingChanges", forall([SP, T], both(files, tables, gone)), "It is no operation.", "Appended"
    )
    operation = _fact(
        "OneFileChanges",
        forall([SP, T], tables & (same(SP, SPACE) | both(files, gone))),
        "An operation changes the files of one space.",
        "Appended",
    )
    commit = _fact(
        "OneTableChanges",
        forall([SP, T], files & (same(SP, SPACE) | both(tables, gone))),
        "A commit changes the tables of one space.",
        "Appended",
    )
    return (behind, quiet), (behind, operation), (behind, commit)


def _calls() -> dict[str, tuple[Named, ...]]:
    """The leader's calls, and the last one of a leader that was."""
    is_job = _fact(
        "ItsRowIsOpen", is_open(P, L) & PREFIX(L, L), "It is at work.", "JobBegun JobReplays logIsGiven"
    )
    others = _fact(
        "OthersAreInTheLog",
        forall([SP, T], implies(S.files(N, SP, T), same(SP, SPACE) | FILE(L, SP, T))),
        "It is about one space.",
        "OtherFilesAreSynced",
    )
    taken = _fact(
        "NamesAreItsOwn",
        _own_names(L),
        "Nobody else takes them while its row is open.",
        "NamesAreTaken",
    )
    free = _fact(
        "PathIsFree",
        _PATHS_ARE_FREE,
        "So nobody has a file there.",
        "PathIsFree",
    )
    not_leading = Named(
        "NotLeading",
        ~S.leader(N),
        "It was deposed.",
        ("LateIsDeposed", "LeaderIsUp", one_value(S.phase).name),
    )
    called = ("create", "rename", "undo create", "undo rename", "drop")
    return {
        **{f"CallsOs ({case})": (is_job, others, taken, free) for case in called},
        **{f"LateCall ({case})": (not_leading,) for case in ("create", "delete", "rename")},
    }
