"""Which parameters stand under a prime, so that a value is not enough for them.

`Lose(q) == q' = Tail(q)` applied to a variable assigns that variable: the argument counts as an expression
(TLC evaluates arguments by name), and the operator is compiled where it is used.  The same holds for a
parameter of INSTANCE (`Chan(c) == INSTANCE Channel WITH chan <- c`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from redoraft_check.oracle.bindings import Binder, Builtin, Env, Local, Replaced, User
from redoraft_check.oracle.tree import Apply, Let, Node, OpArg, Subst

_PRIMING: Final = frozenset({"'", "UNCHANGED"})
_SUBSCRIPTED: Final = frozenset({"$SquareAct", "$AngleAct"})


class Primes:
    """Answers for operators, remembered."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: dict[tuple[int, int, int], bool] = {}
        self._free: dict[int, frozenset[int]] = {}

    def primed(self, user: User, param: int) -> bool:
        """Whether an operator primes a parameter, itself or through what it calls."""
        key = (user.definition.uid, user.env.number, param)
        if key not in self._known:
            self._known[key] = False
            self._known[key] = self._primes(user.definition.body, user.env, frozenset({param}))
        return self._known[key]

    def free(self, env: Env) -> tuple[int, ...]:
        """The parameters that the substitutions in force mention: those of a parametrised INSTANCE."""
        if env.number not in self._free:
            self._free[env.number] = frozenset()
            found: set[int] = set()
            for node, outer in env.replaced.values():
                found |= {one.op.uid for one in _applications(node) if one.op.kind == "param"}
                found -= {uid for one in _applications(node) for bound in one.bounds for uid in bound.names}
                found |= set(self.free(outer))
            self._free[env.number] = frozenset(found)
        return tuple(sorted(self._free[env.number]))

    def _primes(self, node: Node, env: Env, params: frozenset[int]) -> bool:
        match node:
            case Let():
                definitions = [self._binder.tree.definitions[uid] for uid in node.definitions]
                found = {one.uid for one in definitions if self._mentions(one.body, env, params)}
                inner = params | found
                return any(self._primes(one.body, env, inner) for one in definitions) or self._primes(
                    node.body, env, inner
                )
            case Subst():
                return self._primes(node.body, self._binder.inside(node, env), params)
            case Apply():
                return self._apply_primes(node, env, params)
        return False

    def _apply_primes(self, node: Apply, env: Env, params: frozenset[int]) -> bool:
        match self._binder.meaning(node.op, env, node.place):
            case Builtin(name=name) if name in _PRIMING:
                return self._mentions(node.operands[0], env, params)
            case Builtin(name=name) if name in _SUBSCRIPTED:
                return any(self._mentions(one, env, params) for one in node.operands)
            case Replaced(node=inner, env=outer):
                return self._primes(inner, outer, params)
            case User() as user:
                if params & set(self.free(user.env)) and any(
                    self.primed(user, uid) for uid in params & set(self.free(user.env))
                ):
                    return True
                for param, operand in zip(user.definition.params, node.operands, strict=True):
                    if self._mentions(operand, env, params) and self.primed(user, param):
                        return True
        domains = [bound.domain for bound in node.bounds if bound.domain is not None]
        return any(self._primes(one, env, params) for one in (*node.operands, *domains))

    def _mentions(self, node: Node, env: Env, params: frozenset[int]) -> bool:
        match node:
            case Let():
                bodies = [self._binder.tree.definitions[uid].body for uid in node.definitions]
                return any(self._mentions(one, env, params) for one in (*bodies, node.body))
            case Subst():
                return self._mentions(node.body, self._binder.inside(node, env), params)
            case OpArg():
                return node.op.uid in params
            case Apply():
                return self._apply_mentions(node, env, params)
        return False

    def _apply_mentions(self, node: Apply, env: Env, params: frozenset[int]) -> bool:
        if node.op.uid in params:
            return True
        match self._binder.meaning(node.op, env, node.place):
            case Local(uid=uid) if uid in params:
                return True
            case Replaced(node=inner, env=outer) if self._mentions(inner, outer, params):
                return True
            case User(env=inside) if params & set(self.free(inside)):
                return True
        domains = [bound.domain for bound in node.bounds if bound.domain is not None]
        return any(self._mentions(one, env, params) for one in (*node.operands, *domains))


def _applications(node: Node) -> Iterator[Apply]:
    if isinstance(node, Apply):
        yield node
        for one in (*node.operands, *(b.domain for b in node.bounds if b.domain is not None)):
            yield from _applications(one)
    elif isinstance(node, (Let, Subst)):
        yield from _applications(node.body)
