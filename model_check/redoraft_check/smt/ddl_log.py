"""The log of spec/DdlFileOps.tla as a history: its records, the dictionary, and what its file operations say.

A record is known by the log up to it, so a row of the DDL log is the log that ends with it.  Tables and
DDL-log rows after l records are functions of the log (spec/DdlDictionary.tla), here relations that no step
changes; so is `file`, the files of a node that has executed every file operation and nothing else.  `AXIOMS`
says how they grow by a record: the tests evaluate each on the logs of the gate models and on random ones.
"""

from __future__ import annotations

from redoraft_check.smt.formula import (
    TRUE,
    Apply,
    Formula,
    Function,
    Named,
    Relation,
    Sort,
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
from redoraft_check.smt.logs import AXIOMS as LOG_AXIOMS
from redoraft_check.smt.logs import EMPTY, LOG, PREFIX, constants

NAME = Sort("Name")
SPACE = Sort("Space")
OP = Sort(
    "DdlOp",
    (
        *("rowCreate", "rowRename", "rowDrop", "fileCreate", "fileDelete", "fileRename"),
        *("page", "commit", "rollback", "clean", "nothing"),
    ),
)
ROW_CREATE, ROW_RENAME, ROW_DROP, FILE_CREATE, FILE_DELETE, FILE_RENAME = constants(OP)[:6]
PAGE, COMMIT, ROLLBACK, CLEAN, NOTHING = constants(OP)[6:]

OP_OF = Function("opOf", (LOG,), OP)
SPACE_OF = Function("spaceOf", (LOG,), SPACE)
NAME_OF = Function("nameOf", (LOG,), NAME)
TO_OF = Function("toOf", (LOG,), NAME)
FUNCTIONS = (EMPTY.function, OP_OF, SPACE_OF, NAME_OF, TO_OF)
"""Of the last record: what it is, of which space, under which name, and the name that it gives."""


def _rigid(name: str, *sorts: Sort) -> Relation:
    return Relation(name, sorts, rigid=True)


INITIAL = _rigid("InitialTables", SPACE, NAME)
FOLLOWS = _rigid("follows", LOG, LOG)
"""follows(h, g): h is g and one record more."""
ABOUT = _rigid("about", LOG, LOG)
"""about(h, p): the last record of h is about the row p."""
COMMITTED = _rigid("RowCommitted", LOG, LOG)
ROLLED = _rigid("RowRolledBack", LOG, LOG)
CLEANED = _rigid("RowCleaned", LOG, LOG)
TABLE = _rigid("Tables", LOG, SPACE, NAME)
FILE = _rigid("file", LOG, SPACE, NAME)
"""The files of a node that has executed exactly the file operations of this log."""
USED = _rigid("used", LOG, SPACE)
NEXT_SPACE = _rigid("NextSpace", LOG, SPACE)
GONE = _rigid("gone", LOG, SPACE)
"""A DROP of the space has committed, or its file was deleted."""
BUSY = _rigid("busy", LOG, SPACE)
"""The space has a row that is unfinished or visible."""
DELETED = _rigid("deletedSince", LOG, LOG)
"""deletedSince(h, q): of the space of record q a delete is in h, at q or later."""
NEXT = _rigid("next", LOG, LOG)
"""next(a, p): p is the first file operation or commit behind a."""
QUIET = _rigid("quiet", LOG, LOG)
"""Behind a there is no file operation and no commit in h."""
NO_OPS = _rigid("noFileOps", LOG, LOG)
"""Behind a there is no file operation in h."""
TOUCHED = _rigid("touched", LOG, LOG, SPACE, NAME)
"""touched(a, h, s, t): the first file operation behind a in h is of space s and has the name t."""

RELATIONS = (
    *(PREFIX, INITIAL, FOLLOWS, ABOUT, COMMITTED, ROLLED, CLEANED, TABLE, FILE, USED, NEXT_SPACE),
    *(GONE, BUSY, DELETED, NEXT, QUIET, NO_OPS, TOUCHED),
)


def is_op(record: Term, *ops: Apply) -> Formula:
    """The record is one of these."""
    return either(*(same(OP_OF(record), op) for op in ops))


def is_row(record: Term) -> Formula:
    """A row of the DDL log."""
    return is_op(record, ROW_CREATE, ROW_RENAME, ROW_DROP)


def is_file_op(record: Term) -> Formula:
    """MLOG_FILE_*: what a follower executes."""
    return is_op(record, FILE_CREATE, FILE_DELETE, FILE_RENAME)


def says(record: Term, op: Apply, space: Term, name: Term, to: Term) -> Formula:
    """The record has these fields."""
    return both(
        *(is_op(record, op), same(SPACE_OF(record), space)),
        *(same(NAME_OF(record), name), same(TO_OF(record), to)),
    )


def is_unfinished(row: Term, log: Term) -> Formula:
    """Unfinished(l)"""
    return both(is_row(row), PREFIX(row, log), ~COMMITTED(log, row), ~ROLLED(log, row))


def is_visible(row: Term, log: Term, off: frozenset[str] = frozenset()) -> Formula:
    """VisibleRows(l): DDL-7, DROP's row is redo-type; DDL-8, the others are undo-type."""
    drop = () if "DDL-7" in off else (COMMITTED(log, row),)
    other = (~ROLLED(log, row),) if "DDL-8" in off else ()
    shown = both(is_op(row, ROW_DROP), *drop) | both(
        is_op(row, ROW_CREATE, ROW_RENAME), ~COMMITTED(log, row), *other
    )
    return both(is_row(row), PREFIX(row, log), ~CLEANED(log, row), shown)


def is_open(row: Term, log: Term) -> Formula:
    """The row is unfinished or visible: something is still to be done about it."""
    return is_unfinished(row, log) | is_visible(row, log)


# --- what is assumed ---------------------------------------------------------------------------------

_a, _b, _f, _g, _h, _p, _q = (Var(name, LOG) for name in "abfghpq")
_s, _r = (Var(name, SPACE) for name in "sr")
_t, _u = (Var(name, NAME) for name in "tu")


def _axiom(name: str, variables: tuple[Var, ...], condition: Formula, conclusion: Formula, why: str) -> Named:
    return Named(name, forall(variables, implies(condition, conclusion)), why)


def _said(name: str, relation: Relation, op: Apply) -> Named:
    return _axiom(
        name,
        (_h, _g, _p),
        FOLLOWS(_h, _g),
        iff(relation(_h, _p), relation(_g, _p) | both(is_op(_h, op), ABOUT(_h, _p))),
        "Said: one such record is enough.",
    )


_STEP = both(NEXT(_a, _p), PREFIX(_a, _p))
_ELSEWHERE = differ(_s, SPACE_OF(_p))

_RECORDS = (
    _axiom(
        "follows",
        (_h, _g, _f),
        FOLLOWS(_h, _g),
        both(PREFIX(_g, _h), differ(_g, _h), implies(PREFIX(_f, _h), same(_f, _h) | PREFIX(_f, _g))),
        "One record more, and none between.",
    ),
    _axiom("nothing", (), TRUE, is_op(EMPTY, NOTHING), "The empty log ends with no record."),
    _axiom("about", (_h, _p, _q), ABOUT(_h, _p) & ABOUT(_h, _q), same(_p, _q), "A record names one row."),
    _said("committed", COMMITTED, COMMIT),
    _said("rolled back", ROLLED, ROLLBACK),
    _said("cleaned", CLEANED, CLEAN),
    _axiom(
        "said later",
        (_h, _p),
        either(COMMITTED(_h, _p), ROLLED(_h, _p), CLEANED(_h, _p)),
        PREFIX(_p, _h) & differ(_p, _h),
        "What is said of a row stands behind it.",
    ),
    _axiom(
        "commits stay",
        (_g, _h, _p),
        PREFIX(_g, _h) & COMMITTED(_g, _p),
        COMMITTED(_h, _p),
        "A longer log has the commit too.",
    ),
)

_SPACES = (
    _axiom(
        "used",
        (_h, _g, _s),
        FOLLOWS(_h, _g),
        iff(USED(_h, _s), USED(_g, _s) | both(is_row(_h), same(SPACE_OF(_h), _s))),
        "A space id is taken by a row.",
    ),
    _axiom("rows use", (_h, _p), PREFIX(_p, _h) & is_row(_p), USED(_h, SPACE_OF(_p)), "For the whole log."),
    _axiom("used at first", (_s, _t), INITIAL(_s, _t), USED(EMPTY, _s), "Or was taken before the log."),
    _axiom("next space", (_h, _s), NEXT_SPACE(_h, _s), ~USED(_h, _s), "It is larger than all before it."),
    _axiom(
        "initial tables",
        (_s, _r, _t, _u),
        INITIAL(_s, _t),
        implies(INITIAL(_s, _u), same(_t, _u)) & implies(INITIAL(_r, _t), same(_s, _r)),
        "Each has a name and a space id of its own.",
    ),
    _axiom(
        "busy",
        (_h, _p),
        is_open(_p, _h),
        BUSY(_h, SPACE_OF(_p)),
        "A row that is unfinished or visible makes its space busy.",
    ),
    Named(
        "busyByARow",
        forall([_h, _s], implies(BUSY(_h, _s), exists([_p], is_open(_p, _h) & same(SPACE_OF(_p), _s)))),
        "And nothing else does.",
    ),
    _axiom(
        "gone",
        (_a, _p, _s),
        _STEP,
        both(
            implies(GONE(_a, _s), GONE(_p, _s)),
            implies(is_op(_p, FILE_DELETE), GONE(_p, SPACE_OF(_p))),
            implies(
                GONE(_p, _s),
                either(GONE(_a, _s), is_op(_p, FILE_DELETE) & same(SPACE_OF(_p), _s), is_op(_p, COMMIT)),
            ),
        ),
        "By a delete, or by a commit.",
    ),
    _axiom(
        "gone by a commit",
        (_a, _p, _q, _s),
        both(_STEP, is_op(_p, COMMIT), ABOUT(_p, _q)),
        implies(GONE(_p, _s), GONE(_a, _s) | both(is_op(_q, ROW_DROP), same(SPACE_OF(_q), _s))),
        "That of a DROP.",
    ),
    _axiom(
        "dropped is gone",
        (_h, _p),
        COMMITTED(_h, _p) & is_op(_p, ROW_DROP),
        GONE(_h, SPACE_OF(_p)),
        "DROP's commit is enough.",
    ),
    _axiom("gone stays", (_g, _h, _s), PREFIX(_g, _h) & GONE(_g, _s), GONE(_h, _s), "In a longer log too."),
    _axiom(
        "deleted since",
        (_h, _g, _q),
        FOLLOWS(_h, _g) & PREFIX(_q, _h),
        iff(
            DELETED(_h, _q),
            DELETED(_g, _q) | both(is_op(_h, FILE_DELETE), same(SPACE_OF(_h), SPACE_OF(_q))),
        ),
        "By a delete of its space.",
    ),
)

_DICTIONARY = (
    _axiom(
        "tables and files at first",
        (_s, _t),
        TRUE,
        both(
            iff(TABLE(EMPTY, _s, _t), INITIAL(_s, _t)),
            iff(FILE(EMPTY, _s, _t), INITIAL(_s, _t)),
            ~GONE(EMPTY, _s),
        ),
        "Tables that are there before the first record.",
    ),
    _axiom(
        "tables after a file operation",
        (_a, _p, _s, _t),
        _STEP & is_file_op(_p),
        iff(TABLE(_p, _s, _t), TABLE(_a, _s, _t)),
        "The dictionary changes by commits alone.",
    ),
    _axiom(
        "tables elsewhere",
        (_a, _p, _q, _s, _t),
        both(_STEP, is_op(_p, COMMIT), ABOUT(_p, _q), differ(_s, SPACE_OF(_q))),
        iff(TABLE(_p, _s, _t), TABLE(_a, _s, _t)),
        "A DDL is about one space.",
    ),
    _axiom(
        "tables after a commit",
        (_a, _p, _q, _s, _t),
        both(_STEP, is_op(_p, COMMIT), ABOUT(_p, _q), same(_s, SPACE_OF(_q))),
        both(
            implies(is_op(_q, ROW_CREATE), iff(TABLE(_p, _s, _t), TABLE(_a, _s, _t) | same(_t, NAME_OF(_q)))),
            implies(
                is_op(_q, ROW_RENAME),
                both(
                    implies(TABLE(_p, _s, _t), same(_t, TO_OF(_q))),
                    implies(TABLE(_a, _s, _t), TABLE(_p, _s, TO_OF(_q))),
                ),
            ),
            implies(is_op(_q, ROW_DROP), ~TABLE(_p, _s, _t)),
        ),
        "Tables, by the DDL that commits.",
    ),
    _axiom(
        "files after a commit",
        (_a, _p, _s, _t),
        _STEP & (is_op(_p, COMMIT) | _ELSEWHERE),
        iff(FILE(_p, _s, _t), FILE(_a, _s, _t)),
        "Files change by file operations alone, each by one of its space.",
    ),
    _axiom(
        "files after an operation",
        (_a, _p, _s, _t),
        _STEP & same(_s, SPACE_OF(_p)),
        both(
            implies(is_op(_p, FILE_CREATE), iff(FILE(_p, _s, _t), FILE(_a, _s, _t) | same(_t, NAME_OF(_p)))),
            implies(is_op(_p, FILE_DELETE), ~FILE(_p, _s, _t)),
            implies(
                is_op(_p, FILE_RENAME),
                both(
                    implies(FILE(_p, _s, _t), same(_t, TO_OF(_p))),
                    implies(FILE(_a, _s, _t), FILE(_p, _s, TO_OF(_p))),
                ),
            ),
        ),
        "What the operation says.",
    ),
    _axiom(
        "renamesAFile",
        (_a, _p, _t),
        both(_STEP, is_op(_p, FILE_RENAME), FILE(_p, SPACE_OF(_p), _t)),
        exists([_u], FILE(_a, SPACE_OF(_p), _u)),
        "A rename makes no file.",
    ),
)

_RANGES = (
    _axiom(
        "next",
        (_a, _p),
        NEXT(_a, _p),
        is_file_op(_p) | is_op(_p, COMMIT),
        "The first file operation or commit.",
    ),
    _axiom(
        "next is behind",
        (_a, _p, _h),
        both(NEXT(_a, _p), PREFIX(_a, _h), PREFIX(_p, _h)),
        PREFIX(_a, _p) & differ(_a, _p),
        "Behind a.",
    ),
    _axiom(
        "next is the first",
        (_a, _p, _q),
        both(NEXT(_a, _p), PREFIX(_a, _q), PREFIX(_q, _p), differ(_q, _p)),
        QUIET(_a, _q),
        "None stands before it.",
    ),
    _axiom(
        "one record",
        (_h, _g),
        FOLLOWS(_h, _g),
        both(
            implies(is_file_op(_h) | is_op(_h, COMMIT), NEXT(_g, _h)),
            either(is_file_op(_h), is_op(_h, COMMIT), QUIET(_g, _h)),
            is_file_op(_h) | NO_OPS(_g, _h),
        ),
        "A record is a file operation, a commit, or neither.",
    ),
    _axiom(
        "quiet",
        (_a, _h, _s, _t),
        QUIET(_a, _h) & PREFIX(_a, _h),
        both(
            NO_OPS(_a, _h),
            iff(TABLE(_h, _s, _t), TABLE(_a, _s, _t)),
            iff(GONE(_h, _s), GONE(_a, _s)),
        ),
        "Neither the dictionary nor the files change.",
    ),
    _axiom(
        "no file operation",
        (_a, _h, _s, _t),
        NO_OPS(_a, _h) & PREFIX(_a, _h),
        iff(FILE(_h, _s, _t), FILE(_a, _s, _t)) & ~TOUCHED(_a, _h, _s, _t),
        "The files stay.",
    ),
    _axiom(
        "no file operation in a part",
        (_a, _b, _h),
        both(PREFIX(_a, _b), PREFIX(_b, _h)),
        iff(NO_OPS(_a, _h), NO_OPS(_a, _b) & NO_OPS(_b, _h)),
        "None in both parts is none in the whole.",
    ),
    _axiom("no file operation in nothing", (_a,), TRUE, NO_OPS(_a, _a), "There is no record."),
    _axiom(
        "touched",
        (_a, _p, _h, _s, _t),
        both(_STEP, PREFIX(_p, _h), is_file_op(_p)),
        iff(
            TOUCHED(_a, _h, _s, _t), both(same(_s, SPACE_OF(_p)), same(_t, NAME_OF(_p)) | same(_t, TO_OF(_p)))
        ),
        "By the first file operation.",
    ),
    _axiom(
        "touched behind a commit",
        (_a, _p, _h, _s, _t),
        both(_STEP, PREFIX(_p, _h), is_op(_p, COMMIT)),
        iff(TOUCHED(_a, _h, _s, _t), TOUCHED(_p, _h, _s, _t)),
        "A commit is none.",
    ),
    _axiom(
        "touched stays",
        (_a, _g, _h, _s, _t),
        both(PREFIX(_a, _g), PREFIX(_g, _h), TOUCHED(_a, _g, _s, _t)),
        TOUCHED(_a, _h, _s, _t),
        "The first operation is the first in a longer log too.",
    ),
    _axiom(
        "touched at last",
        (_a, _g, _h, _s, _t),
        both(FOLLOWS(_h, _g), PREFIX(_a, _g), NO_OPS(_a, _g), is_file_op(_h)),
        iff(
            TOUCHED(_a, _h, _s, _t), both(same(_s, SPACE_OF(_h)), same(_t, NAME_OF(_h)) | same(_t, TO_OF(_h)))
        ),
        "The first operation may be the last record.",
    ),
    _axiom(
        "touched is not new",
        (_a, _g, _h, _s, _t),
        both(FOLLOWS(_h, _g), PREFIX(_a, _g), ~NO_OPS(_a, _g)),
        iff(TOUCHED(_a, _h, _s, _t), TOUCHED(_a, _g, _s, _t)),
        "Behind the first operation nothing counts.",
    ),
)

AXIOMS = (
    *(one for one in LOG_AXIOMS if one.name == "prefixes"),
    _axiom("the empty log", (_f,), TRUE, PREFIX(EMPTY, _f), "It is a prefix of every log."),
    *_RECORDS,
    *_SPACES,
    *_DICTIONARY,
    *_RANGES,
)
