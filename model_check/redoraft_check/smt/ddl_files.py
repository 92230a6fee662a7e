"""What file operations do to the files of a node: spec/DdlFiles.tla.

Files are given as what says whether (space, name) is among them; the answer is of the same form.
"""

from __future__ import annotations

from collections.abc import Callable

from redoraft_check.smt.ddl_log import (
    DELETED,
    FILE_CREATE,
    FILE_DELETE,
    FILE_RENAME,
    NAME,
    NAME_OF,
    OP,
    PAGE,
    SPACE,
    SPACE_OF,
    TABLE,
    TO_OF,
    is_op,
    is_visible,
)
from redoraft_check.smt.ddl_state import S
from redoraft_check.smt.formula import (
    FALSE,
    Apply,
    Formula,
    Term,
    Var,
    both,
    differ,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import PREFIX

Files = Callable[[Term, Term], Formula]


def of_node(node: Term) -> Files:
    """files[node]"""
    return lambda space, name: S.files(node, space, name)


def one_id_once(files: Files) -> Formula:
    """OneIdOnce(fs)"""
    s, t, u = Var("s1", SPACE), Var("t1", NAME), Var("u1", NAME)
    return forall([s, t, u], implies(files(s, t) & files(s, u), same(t, u)))


def has_name(files: Files, name: Term) -> Formula:
    """name in Names(fs)"""
    r = Var("r1", SPACE)
    return exists([r], files(r, name))


def has_space(files: Files, space: Term) -> Formula:
    """space in Spaces(fs)"""
    t = Var("t1", NAME)
    return exists([t], files(space, t))


def performed(files: Files, op: Apply, space: Term, name: Term, to: Term) -> Files:
    """Performed(fs, r), where r.op is `op`."""
    if op == FILE_CREATE:
        free = ~has_name(files, name)
        return lambda s, t: files(s, t) | both(same(s, space), same(t, name), free)
    if op == FILE_DELETE:
        return lambda s, t: both(files(s, t), differ(s, space))
    moves = files(space, name) & ~has_name(files, to)

    def renamed(s: Term, t: Term) -> Formula:
        kept = files(s, t) & ~both(same(s, space), same(t, name))
        return both(moves, kept | both(same(s, space), same(t, to))) | both(~moves, files(s, t))

    return renamed


def at_path_gone(files: Files, space: Term, name: Term) -> Files:
    """AtPathGone(fs, r)"""
    there = has_space(files, space)
    return lambda s, t: both(files(s, t), (there & differ(s, space)) | (~there & differ(t, name)))


def executed(files: Files, op: Apply, record: Term, off: frozenset[str]) -> Files:
    """Executed(fs, r), where the record is a file operation of this kind.  DDL-3."""
    if "DDL-3" in off:
        return files
    space, to = SPACE_OF(record), TO_OF(record)
    if op != FILE_RENAME:
        return performed(files, op, space, NAME_OF(record), to)
    there = has_space(files, space)

    def renamed(s: Term, t: Term) -> Formula:
        moved = (files(s, t) & differ(s, space)) | both(same(s, space), same(t, to))
        return both(there, moved) | both(~there, files(s, t))

    return renamed


def conflicts(files: Files, op: Apply, record: Term, off: frozenset[str]) -> Formula:
    """Conflicts(fs, r), where the record is a file operation of this kind.  DDL-6."""
    space, name, to = SPACE_OF(record), NAME_OF(record), TO_OF(record)
    if op == FILE_CREATE:
        there = files(space, name)
        again = there if "DDL-6" in off else FALSE
        return again | both(~there, has_name(files, name))
    if op == FILE_RENAME:
        return both(has_space(files, space), ~files(space, to), has_name(files, to))
    return FALSE


def validates(files: Files, log: Term, off: frozenset[str]) -> Formula:
    """Validates(fs, l)"""
    s, t, p = Var("s2", SPACE), Var("t2", NAME), S.var("p_")
    excused = exists([p], is_visible(p, log, off) & same(SPACE_OF(p), s))
    return forall([s, t], implies(TABLE(log, s, t), files(s, t) | both(has_space(files, s), excused)))


def is_pending(files: Files, record: Term, log: Term) -> Formula:
    """The space of this page record is in PendingMissing(fs, l)."""
    return both(
        PREFIX(record, log),
        is_op(record, PAGE),
        ~has_space(files, SPACE_OF(record)),
        ~DELETED(log, record),
    )


def call_variables() -> tuple[Var, Var, Var, Var]:
    """The fields of a call: op, space, name, to."""
    return Var("o_", OP), Var("s_", SPACE), Var("t_", NAME), Var("u_", NAME)
