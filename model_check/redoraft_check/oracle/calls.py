"""Calls: how what an operator is given reaches it, by value, by need or by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from redoraft_check.oracle.bindings import Builtin, Local, User, Variable
from redoraft_check.oracle.errors import refused
from redoraft_check.oracle.scope import LocalOperator, Named, Scope, python_name
from redoraft_check.oracle.standard import PLAIN
from redoraft_check.oracle.tree import Apply, Node, Num, OpArg, Str

if TYPE_CHECKING:
    from redoraft_check.oracle.compiler import Compiler

_SAFE: Final = frozenset({"$SetEnumerate", "$Tuple", "$RcdConstructor"})


class Calls:
    """Compiles calls of operators for one compiler."""

    def __init__(self, compiler: Compiler) -> None:
        self.c = compiler

    # --- names that stand for expressions -------------------------------------------------------------

    def expanded(self, named: Named, node: Apply, scope: Scope) -> tuple[Node, Scope]:
        """The expression that a name stands for here, and the scope to compile it in."""
        arguments = {
            uid: Named(operand, scope) for uid, operand in zip(named.params, node.operands, strict=True)
        }
        return named.node, named.scope.at_place_of(scope).call(arguments)

    def by_name(self, user: User, node: Apply, scope: Scope) -> bool:
        """Whether an operator must be compiled where it is used: a value is not enough for an argument."""
        if not set(scope.exprs).isdisjoint(self.c.primes.free(user.env)):
            return True
        pairs = zip(user.definition.params, node.operands, strict=True)
        return any(
            self.c.primes.primed(user, param) and not self._fixed(operand, scope) for param, operand in pairs
        )

    def _fixed(self, node: Node, scope: Scope) -> bool:
        """Whether an expression surely has the same value in both states of a step."""
        if isinstance(node, OpArg) or self.c.levels.of(node, scope.env) > 0:
            return False
        return not scope.exprs or isinstance(node, (Num, Str))

    def inlined(self, user: User, node: Apply, scope: Scope) -> tuple[Node, Scope]:
        """The body of an operator with expressions for its parameters.  Refuses a recursive one."""
        definition = user.definition
        if definition.recursive:
            refused(node.place, f"the recursive {definition.name} with an argument under a prime")
        pairs = zip(definition.params, node.operands, strict=True)
        operators = {param for param in definition.params if self.c.tree.params[param].arity}
        if operators:
            refused(node.place, f"{definition.name} with an operator argument and a prime of a parameter")
        return definition.body, scope.within(user.env).call({uid: Named(one, scope) for uid, one in pairs})

    def call(
        self, user: User, node: Apply, scope: Scope, form: str = "value", extra: Sequence[str] = ()
    ) -> str:
        """Code that calls an operator of the specification in one of its forms."""
        if self.by_name(user, node, scope):
            if form != "value":
                refused(node.place, f"the members of {user.definition.name} with an argument under a prime")
            return self.c.expressions.value(*self.inlined(user, node, scope))
        if form == "value":
            searched = self.c.sets.search_for_largest(user, node, scope)
            if searched is not None:
                return searched
        lazy, code = self.arguments(user, node, scope)
        name = self.c.function(user, form, lazy)
        context = self.c.context(user, scope, form)
        code += self.free_arguments(user, node, scope)
        text = f"{name}({', '.join([*context, *extra, *code])})"
        pure = form == "value" and not context and not any(lazy)
        return self.c.fold(text) if pure and all(self.c.is_constant(one) for one in code) else text

    def arguments(self, user: User, node: Apply, scope: Scope) -> tuple[tuple[bool, ...], list[str]]:
        """Which arguments are thunks, and the code of each."""
        lazy, code = [], []
        for param, operand in zip(user.definition.params, node.operands, strict=True):
            if self.c.tree.params[param].arity:
                lazy.append(False)
                code.append(self.operator_argument(operand, scope))
                continue
            text = self.c.expressions.value(operand, scope)
            by_need = not self._safe(operand, scope, text) and not self.c.shapes.needs(user, param)
            lazy.append(by_need)
            code.append(_thunk(text) if by_need else text)
        return tuple(lazy), code

    def free_arguments(self, user: User, node: Node, scope: Scope) -> list[str]:
        """Code for the parameters of the INSTANCE in which an operator stands."""
        own = user.definition.params
        missing = [uid for uid in self.c.primes.free(user.env) if uid not in own and uid not in scope.names]
        if missing:
            refused(node.place, f"the parameter {self.c.tree.params[missing[0]].name} of an INSTANCE here")
        return [scope.names[uid] for uid in self.c.primes.free(user.env) if uid not in own]

    def _safe(self, node: Node, scope: Scope, code: str) -> bool:
        """Whether evaluating it early can neither fail nor cost much."""
        if self.c.is_constant(code) or code.isidentifier():
            return True
        if not isinstance(node, Apply):
            return False
        meaning = self.c.binder.meaning(node.op, scope.env, node.place)
        if isinstance(meaning, Variable):
            return not scope.starting and scope.state == "s"
        if not isinstance(meaning, Builtin) or meaning.name not in _SAFE:
            return False
        # A field of a record is a pair of its name and its value.
        name = self.c.expressions.builtin_name
        parts = [
            one.operands[1] if isinstance(one, Apply) and name(one, scope) == "$Pair" else one
            for one in node.operands
        ]
        return all(self._safe(one, scope, self.c.expressions.value(one, scope)) for one in parts)

    def local_call(self, local: LocalOperator, node: Apply, scope: Scope) -> str:
        """Code that calls what a LET, or a parameter, names."""
        definition = self.c.tree.definitions.get(node.op.uid)
        if definition is None and scope.under:
            refused(node.place, "an operator argument under a prime")
        if definition is not None:
            user = User(definition, scope.env)
            stale = scope.under and self.c.levels.of_user(user) > 0
            if stale or self.by_name(user, node, scope):
                return self.c.expressions.value(*self.inlined(user, node, scope))
        code = self.c.expressions.all(node.operands, scope)
        lazy = local.lazy or (False,) * len(code)
        args = [_thunk(text) if by_need else text for text, by_need in zip(code, lazy, strict=True)]
        return f"{local.code}({', '.join(args)})"

    def operator_argument(self, node: Node, scope: Scope) -> str:  # noqa: PLR0911  (one for each kind)
        """Code for an operator that is passed to another one."""
        if not isinstance(node, OpArg):
            return refused(node.place, "an operator argument of this shape")
        local = scope.operators.get(node.op.uid)
        if local is not None:
            return local.code if not any(local.lazy) else refused(node.place, "a LET operator as an argument")
        match self.c.binder.meaning(node.op, scope.env, node.place):
            case User(definition=definition) as user if definition.name == "LAMBDA":
                names = {uid: python_name(self.c.tree.params[uid].name, uid) for uid in definition.params}
                inner = scope.within(user.env).bind(names)
                body = self.c.expressions.value(definition.body, inner)
                return f"(lambda {', '.join(names.values())}: {body})"
            case User(definition=definition) as user:
                name = self.c.function(user, "value", (False,) * len(definition.params))
                context = self.c.context(user, scope, "value")
                free = self.free_arguments(user, node, scope)
                if scope.exprs or any(self.c.primes.primed(user, uid) for uid in definition.params):
                    return refused(
                        node.place, f"{definition.name} as an argument, with a prime of its parameter"
                    )
                given = ", ".join([*context, "*a_", *free])
                return f"(lambda *a_: {name}({given}))" if context or free else name
            case Builtin(name=name) if name in PLAIN:
                params = [f"a{at}_" for at in range(PLAIN[name].template.count("{"))]
                return f"(lambda {', '.join(params)}: {PLAIN[name].template.format(*params)})"
            case Local(uid=uid) if uid in scope.names:
                return scope.names[uid]
        return refused(node.place, "this operator as an argument")


def _thunk(code: str) -> str:
    """Code for a thunk; one that is only passed on is passed as it is."""
    passed = code.removesuffix("()")
    return passed if passed != code and passed.isidentifier() else f"Lazy(lambda: {code})"
