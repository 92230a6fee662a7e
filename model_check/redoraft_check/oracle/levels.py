"""How much of a behaviour an expression reads: nothing (0), a state (1), a step (2), all of it (3).

SANY exports levels too, but an override in the configuration or an INSTANCE can put a state-level operator
where a constant was declared, so they are worked out again from what names stand for.
"""

from __future__ import annotations

from typing import Final

from redoraft_check.oracle.bindings import Binder, Builtin, Constant, Env, Local, Replaced, User, Variable
from redoraft_check.oracle.errors import Place
from redoraft_check.oracle.tree import Apply, Let, Node, OpArg, Ref, Subst

TEMPORAL: Final = frozenset(
    {
        "[]",
        "<>",
        "~>",
        "$WF",
        "$SF",
        "$TemporalExists",
        "$TemporalForall",
        "-+->",
        "\\cdot",
    }
)
IMPURE: Final = frozenset({"PrintT", "Print", "TLCGet", "TLCSet", "JavaTime", "RandomElement", "Any"})
"""Operators whose value, or effect, depends on when they are evaluated: never folded into a constant."""


class Levels:
    """Levels of expressions, remembered."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: dict[tuple[int, int], int] = {}

    def of(self, node: Node, env: Env) -> int:
        """The level of an expression."""
        match node:
            case Let():
                return self.of(node.body, env)
            case Subst():
                return self.of(node.body, self._binder.inside(node, env))
            case OpArg():
                return self._of_ref(node.op, env, node.place)
            case Apply():
                return self._of_apply(node, env)
        return 0

    def of_user(self, user: User) -> int:
        """The level of an operator's body; 0 while it is being worked out, which is right for recursion."""
        key = (user.definition.uid, user.env.number)
        if key not in self._known:
            self._known[key] = 0
            self._known[key] = self.of(user.definition.body, user.env)
        return self._known[key]

    def _of_apply(self, node: Apply, env: Env) -> int:
        own = self._of_ref(node.op, env, node.place)
        if own == 1 and node.op.kind == "builtin":
            return 1
        below = [self.of(operand, env) for operand in node.operands]
        domains = [self.of(bound.domain, env) for bound in node.bounds if bound.domain is not None]
        return max([own, *below, *domains])

    def _of_ref(self, ref: Ref, env: Env, place: Place) -> int:
        match self._binder.meaning(ref, env, place):
            case Variable():
                return 1
            case Constant() | Local():
                return 0
            case Replaced(node=node, env=outer):
                return self.of(node, outer)
            case User() as user:
                return self.of_user(user)
            case Builtin(name=name):
                return _builtin(name)


def _builtin(name: str) -> int:
    if name in TEMPORAL:
        return 3
    if name in ("'", "UNCHANGED", "$SquareAct", "$AngleAct"):
        return 2
    return 1 if name == "ENABLED" or name in IMPURE else 0
