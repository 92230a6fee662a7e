"""Counting in a sequence that grows: which tests may be remembered for every prefix at once.

`{l \\in 0..Len(s) : P(s, l)}` has as many elements as its prefix's set has, and one more if P holds of the
last index - provided that what P says of l does not change when s is cut above l.  That holds when P reads
s only as `s[l]`, or compares l with Len(s) in a way that every index of the domain satisfies.
"""

from __future__ import annotations

from attrs import frozen

from redoraft_check.oracle.bindings import Binder, Builtin, Constant, Env, Local, User
from redoraft_check.oracle.tree import Apply, Node, Num, Str, Subst

_LOGIC = frozenset({"TRUE", "FALSE", "=", "/=", "\\land", "\\lor", "\\lnot", "=>", "$ConjList", "$DisjList"})
_PURE = _LOGIC | {
    "$IfThenElse",
    "$RcdSelect",
    "$Tuple",
    "$SetEnumerate",
    "\\in",
    "\\notin",
    "+",
    "-",
    "*",
    "<",
    ">",
}


@frozen
class Roles:
    """Which parameters stand for the sequence and for the index, here."""

    sequence: frozenset[int]
    index: frozenset[int]


def is_stable(node: Node, env: Env, roles: Roles, binder: Binder) -> bool:
    """Whether a test gives the same answer for every sequence with the same items up to the index."""
    match node:
        case Num() | Str():
            return True
        case Subst():
            return is_stable(node.body, binder.inside(node, env), roles, binder)
        case Apply():
            return _stable_application(node, env, roles, binder)
    return False


def _stable_application(  # noqa: PLR0911  (one for each kind)
    node: Apply, env: Env, roles: Roles, binder: Binder
) -> bool:
    match binder.meaning(node.op, env, node.place):
        case Local(uid=uid):
            return uid in roles.index
        case Constant():
            return True
        case Builtin(name="$FcnApply"):
            function, key = node.operands
            if is_param(function, roles.sequence):
                return is_param(key, roles.index)
            return all(is_stable(one, env, roles, binder) for one in node.operands)
        case Builtin(name="\\leq"):
            low, high = node.operands
            return is_param(low, roles.index) and is_length(high, env, roles.sequence, binder)
        case Builtin(name=name):
            known = name in _PURE and not node.bounds
            return known and all(is_stable(one, env, roles, binder) for one in node.operands)
        case User() as user:
            return _stable_call(user, node, roles, binder)
    return False


def _stable_call(user: User, node: Apply, roles: Roles, binder: Binder) -> bool:
    definition = user.definition
    if definition.recursive or node.bounds:
        return False
    sequence, index = set(), set()
    for param, operand in zip(definition.params, node.operands, strict=True):
        if is_param(operand, roles.sequence):
            sequence.add(param)
        elif is_param(operand, roles.index):
            index.add(param)
        else:
            return False
    return is_stable(definition.body, user.env, Roles(frozenset(sequence), frozenset(index)), binder)


def is_param(node: Node, uids: frozenset[int]) -> bool:
    """Whether an expression is one of these parameters."""
    return isinstance(node, Apply) and node.op.kind == "param" and node.op.uid in uids and not node.operands


def is_length(node: Node, env: Env, uids: frozenset[int], binder: Binder) -> bool:
    """Whether an expression is Len of one of these parameters."""
    if not isinstance(node, Apply) or len(node.operands) != 1:
        return False
    meaning = binder.meaning(node.op, env, node.place)
    return isinstance(meaning, Builtin) and meaning.name == "Len" and is_param(node.operands[0], uids)
