"""What a bound variable must be for a test to hold: `x.field = e`, found through conjuncts and operators.

A large set of records is then searched by that field and not from one end to the other.  Only a conjunct
whose failure makes the whole test fail counts; elements that are passed over are not evaluated at all, so
an error that TLC would find in one of them is not found here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redoraft_check.oracle.bindings import Builtin, User
from redoraft_check.oracle.errors import OutsideSubset
from redoraft_check.oracle.running import is_param
from redoraft_check.oracle.scope import Scope
from redoraft_check.oracle.tree import Apply, Node, Str, Subst

if TYPE_CHECKING:
    from redoraft_check.oracle.compiler import Compiler


def pinned(node: Node, uid: int, scope: Scope, compiler: Compiler) -> tuple[str, str] | None:
    """A field of the bound variable and code for the value that it must have; None when there is none."""
    if isinstance(node, Subst):
        inside = scope.within(compiler.binder.inside(node, scope.env))
        return pinned(node.body, uid, inside, compiler)
    if not isinstance(node, Apply) or node.op.uid in scope.operators or node.op.uid in scope.names:
        return None
    match compiler.binder.meaning(node.op, scope.env, node.place):
        case Builtin(name="$ConjList" | "\\land"):
            found = (pinned(operand, uid, scope, compiler) for operand in node.operands)
            return next((one for one in found if one is not None), None)
        case Builtin(name="="):
            left, right = node.operands
            return _equation(left, right, uid, scope, compiler) or _equation(
                right, left, uid, scope, compiler
            )
        case User() as user:
            return _through(user, node, uid, scope, compiler)
    return None


def _equation(field: Node, value: Node, uid: int, scope: Scope, compiler: Compiler) -> tuple[str, str] | None:
    if not isinstance(field, Apply) or len(field.operands) != 2:
        return None
    meaning = compiler.binder.meaning(field.op, scope.env, field.place)
    record, name = field.operands
    is_select = isinstance(meaning, Builtin) and meaning.name == "$RcdSelect"
    if not (is_select and is_param(record, frozenset({uid})) and isinstance(name, Str)):
        return None
    if compiler.levels.of(value, scope.env) > 1:
        return None
    try:
        return name.value, compiler.expressions.value(value, scope)
    except OutsideSubset:
        # It reads the bound variable itself, or a parameter whose argument is not at hand here.
        return None


def _through(user: User, node: Apply, uid: int, scope: Scope, compiler: Compiler) -> tuple[str, str] | None:
    definition = user.definition
    if definition.recursive:
        return None
    names: dict[int, str] = {}
    target = None
    for param, operand in zip(definition.params, node.operands, strict=True):
        if is_param(operand, frozenset({uid})):
            target = param
        elif isinstance(operand, Apply) and operand.op.uid in scope.names and not operand.operands:
            names[param] = scope.names[operand.op.uid]
    if target is None:
        return None
    inner = Scope(user.env, scope.state, scope.next, names=names, starting=scope.starting)
    return pinned(definition.body, target, inner, compiler)
