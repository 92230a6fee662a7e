"""How TLC cuts a next-state relation into actions, which gives each edge its label.

Disjunctions, existentials over constant sets and operators applied to constant arguments are opened; what
is left is an action, named after the operator in which it stands.  An existential over a set that depends
on the state stays closed, and so an operator inside it does not give its name to the edge.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from attrs import frozen

from redoraft_check.oracle.bindings import Builtin, Env, Replaced, User
from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.scope import Scope, python_name
from redoraft_check.oracle.tree import Apply, Bound, Node, Subst
from redoraft_check.oracle.values import Value

if TYPE_CHECKING:
    from redoraft_check.oracle.compiler import Compiler


@frozen(eq=False)
class Leaf:
    """An action, or the initial predicate: an expression, and the values of what is bound around it."""

    label: str
    node: Node
    scope: Scope
    bound: tuple[tuple[int, Value], ...] = ()

    @classmethod
    def step(cls, node: Node, env: Env, label: str) -> Leaf:
        """An action at the top of a module."""
        return cls(label, node, Scope(env))

    @classmethod
    def starting(cls, node: Node, env: Env, label: str) -> Leaf:
        """An initial predicate at the top of a module."""
        return cls(label, node, Scope(env, state="t", next=None, starting=True))

    @property
    def args(self) -> tuple[Value, ...]:
        """The values of the names in scope, in the order in which the compiled function takes them."""
        values = dict(self._python())
        return tuple(values[name] for name in dict.fromkeys(self.scope.names.values()))

    def _python(self) -> list[tuple[str, Value]]:
        return [(self.scope.names[uid], value) for uid, value in self.bound]


def split(leaf: Leaf, compiler: Compiler) -> list[Leaf]:  # noqa: PLR0911  (one for each kind)
    """The actions of a next-state relation, in TLC's order."""
    node, scope = leaf.node, leaf.scope
    if isinstance(node, Subst):
        inside = scope.within(compiler.binder.inside(node, scope.env))
        return split(Leaf(leaf.label, node.body, inside, leaf.bound), compiler)
    if not isinstance(node, Apply):
        return [leaf]
    match compiler.binder.meaning(node.op, scope.env, node.place):
        case Builtin(name="$DisjList" | "\\lor"):
            parts = [Leaf(leaf.label, operand, scope, leaf.bound) for operand in node.operands]
            return [one for part in parts for one in split(part, compiler)]
        case Builtin(name="$BoundedExists"):
            return _opened_exists(leaf, node, compiler)
        case User() as user:
            return _opened_operator(leaf, node, user, compiler)
        case Replaced(node=inner, env=env):
            return split(Leaf(leaf.label, inner, scope.within(env), leaf.bound), compiler)
    return [leaf]


def _opened_exists(leaf: Leaf, node: Apply, compiler: Compiler) -> list[Leaf]:
    rows = []
    for bound in node.bounds:
        found = _constant_elements(bound, leaf, compiler)
        if not found:
            return [leaf]
        rows += [found] * (1 if bound.pattern else len(bound.names))
    names = [bound.names if bound.pattern else (uid,) for bound in node.bounds for uid in _targets(bound)]
    out: list[Leaf] = []
    for row in product(*rows):
        values = [
            (uid, value)
            for uids, element in zip(names, row, strict=True)
            for uid, value in (zip(uids, element, strict=True) if len(uids) > 1 else [(uids[0], element)])
        ]
        out += split(_bind(leaf, node.operands[0], values, compiler), compiler)
    return out


def _targets(bound: Bound) -> tuple[int, ...]:
    return bound.names[:1] if bound.pattern else bound.names


def _opened_operator(leaf: Leaf, node: Apply, user: User, compiler: Compiler) -> list[Leaf]:
    definition = user.definition
    if definition.recursive or any(compiler.tree.params[param].arity for param in definition.params):
        return [leaf]
    if compiler.levels.of(node, leaf.scope.env) < 2:
        return [leaf]
    try:
        values = [
            (param, _now(operand, leaf, compiler))
            for param, operand in zip(definition.params, node.operands, strict=True)
        ]
    except _NotConstant:
        return [Leaf(definition.name, node, leaf.scope, leaf.bound)]
    except (EvaluationError, OutsideSubset):
        return [leaf]
    inner = Leaf(definition.name, definition.body, leaf.scope.within(user.env), leaf.bound)
    return split(_bind(inner, definition.body, values, compiler), compiler)


class _NotConstant(Exception):
    pass


def _now(node: Node, leaf: Leaf, compiler: Compiler) -> Value:
    """The value of an expression that reads no state, where the action stands."""
    if compiler.levels.of(node, leaf.scope.env) > 0:
        raise _NotConstant
    function = compiler.expression(node, leaf.scope, leaf.label, node.place)
    try:
        return function(None, None, *leaf.args)
    except (TypeError, KeyError, AttributeError, IndexError, ValueError) as error:
        raise EvaluationError(str(error)) from error


def _constant_elements(bound: Bound, leaf: Leaf, compiler: Compiler) -> list[Value]:
    if bound.domain is None:
        return []
    try:
        return list(_now(bound.domain, leaf, compiler))
    except (EvaluationError, _NotConstant):
        return []


def _bind(leaf: Leaf, node: Node, values: list[tuple[int, Value]], compiler: Compiler) -> Leaf:
    """A part of a leaf, or of the operator that it became, with more values bound."""
    names = {uid: python_name(compiler.tree.params[uid].name, uid) for uid, _ in values}
    return Leaf(leaf.label, node, leaf.scope.bind(names), (*leaf.bound, *values))


def specification(user: User, compiler: Compiler) -> tuple[list[Leaf], Leaf]:
    """The conjuncts of the initial predicate and the next-state relation of
    `Init /\\ [][Next]_v /\\ fairness`.

    Raises `OutsideSubset` for a formula of another shape.
    """
    name = user.definition.name
    starts: list[tuple[Node, Env]] = []
    steps: list[tuple[Node, Env]] = []
    _sort_out(user.definition.body, user.env, compiler, starts, steps)
    if not starts or len(steps) != 1:
        raise OutsideSubset(
            user.definition.place, f"{name}, which is not Init /\\ [][Next]_vars with fairness"
        )
    [(step, step_env)] = steps
    return [Leaf.starting(start, env, name) for start, env in starts], Leaf.step(step, step_env, name)


def _sort_out(
    node: Node, env: Env, compiler: Compiler, starts: list[tuple[Node, Env]], steps: list[tuple[Node, Env]]
) -> None:
    if isinstance(node, Subst):
        _sort_out(node.body, compiler.binder.inside(node, env), compiler, starts, steps)
        return
    level = compiler.levels.of(node, env)
    if level < 2:
        starts.append((node, env))
        return
    if not isinstance(node, Apply):
        return
    match compiler.binder.meaning(node.op, env, node.place):
        case Builtin(name="\\land" | "$ConjList"):
            for operand in node.operands:
                _sort_out(operand, env, compiler, starts, steps)
        case Builtin(name="[]"):
            square = node.operands[0]
            if isinstance(square, Apply) and compiler.tree.builtins.get(square.op.uid) == "$SquareAct":
                steps.append((square.operands[0], env))
                return
        case Builtin(name="$TemporalExists" | "$TemporalForall" as name):
            raise OutsideSubset(node.place, f"the temporal operator {name}")
        case User(definition=definition, env=inside) if not definition.params:
            _sort_out(definition.body, inside, compiler, starts, steps)
        case _:
            if level < 3:
                raise OutsideSubset(node.place, "an action in a specification")
            # Fairness, or another condition on whole behaviours: it takes no state and no step away.
            return
