"""What can be said of an expression before it runs: its kind, and which parameters it must evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redoraft_check.oracle.bindings import Binder, Builtin, Constant, Env, Local, Meaning, Replaced, User
from redoraft_check.oracle.standard import KINDS
from redoraft_check.oracle.tree import Apply, Bound, Let, Node, Num, Str, Subst

_FIRST_ONLY: Final = frozenset({"\\land", "\\lor", "$ConjList", "$DisjList", "=>"})
_DOMAINS_ONLY: Final = frozenset(
    {
        "$BoundedExists", "$BoundedForall", "$BoundedChoose", "$SetOfAll", "$SubsetOf", "$FcnConstructor",
        "$UnboundedChoose", "$RecursiveFcnSpec", "$NonRecursiveFcnSpec",
    }
)  # fmt: skip
_NEVER: Final = frozenset(
    {"ENABLED", "$Case", "$Except", "PrintT", "Print", "Assert", "SelectSeq", "SortSeq"}
)
_TESTS: Final = frozenset(
    {
        "\\land", "\\lor", "$ConjList", "$DisjList", "=>", "\\lnot", "=", "/=", "<", "\\leq", ">", "\\geq",
        "+", "-", "-.",
    }
)  # fmt: skip


class Shapes:
    """Answers about expressions, remembered for operators."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._kinds: dict[tuple[int, int], str] = {}
        self._strict: dict[tuple[int, int, int], bool] = {}
        self._plain: dict[tuple[int, int], bool] = {}

    def kind(self, node: Node, env: Env) -> str:
        """ "bool", "int", "str", "set", "tuple", "record", or "" when it is not known."""
        match node:
            case Num():
                return "int"
            case Str():
                return "str"
            case Let():
                return self.kind(node.body, env)
            case Subst():
                return self.kind(node.body, self._binder.inside(node, env))
            case Apply():
                return self._kind_of(node, self._binder.meaning(node.op, env, node.place), env)
        return ""

    def _kind_of(self, node: Apply, meaning: Meaning, env: Env) -> str:
        match meaning:
            case Builtin(name="$IfThenElse"):
                kinds = {self.kind(branch, env) for branch in node.operands[1:]}
                return kinds.pop() if len(kinds) == 1 else ""
            case Builtin(name=name):
                return KINDS.get(name, "")
            case Constant(value=value):
                return {bool: "bool", int: "int", str: "str", frozenset: "set"}.get(type(value), "")
            case Replaced(node=inner, env=outer):
                return self.kind(inner, outer)
            case User(definition=definition, env=inside):
                key = (definition.uid, inside.number)
                if key not in self._kinds:
                    self._kinds[key] = ""
                    self._kinds[key] = self.kind(definition.body, inside)
                return self._kinds[key]
        return ""

    def is_plain(self, user: User) -> bool:
        """Whether an operator is made of tests and arithmetic on its parameters and on constants: nothing in
        it binds a name, takes an operator or is evaluated more than once."""
        key = (user.definition.uid, user.env.number)
        if key not in self._plain:
            definition = user.definition
            first_order = not any(self._binder.tree.params[param].arity for param in definition.params)
            self._plain[key] = (
                not definition.recursive
                and first_order
                and self._is_plain(definition.body, user.env, frozenset(definition.params))
            )
        return self._plain[key]

    def _is_plain(self, node: Node, env: Env, params: frozenset[int]) -> bool:
        if not isinstance(node, Apply):
            return isinstance(node, (Num, Str))
        if node.bounds or node.op.uid in params:
            return not node.bounds and not node.operands
        match self._binder.meaning(node.op, env, node.place):
            case Builtin(name=name):
                return name in _TESTS and all(self._is_plain(one, env, params) for one in node.operands)
            case Constant():
                return True
            case User(definition=definition, env=inside):
                return not definition.params and self._is_plain(definition.body, inside, frozenset())
        return False

    def mentions(self, node: Node, uid: int) -> int:
        """How often a parameter stands in a plain expression."""
        if not isinstance(node, Apply):
            return 0
        return (node.op.uid == uid) + sum(self.mentions(one, uid) for one in node.operands)

    def needs(self, user: User, param: int) -> bool:
        """Whether an operator evaluates a parameter whenever it is evaluated."""
        key = (user.definition.uid, user.env.number, param)
        if key not in self._strict:
            self._strict[key] = False
            self._strict[key] = self.evaluates(user.definition.body, user.env, param)
        return self._strict[key]

    def evaluates(self, node: Node, env: Env, uid: int) -> bool:
        """Whether an expression surely evaluates the parameter or LET constant with this UID."""
        match node:
            case Let():
                return self.evaluates(node.body, env, uid) or self._through_let(node, env, uid)
            case Subst():
                return self.evaluates(node.body, self._binder.inside(node, env), uid)
            case Apply():
                if node.op.uid == uid and node.op.kind in ("param", "user"):
                    return True
                return self._apply_evaluates(node, env, uid)
        return False

    def _through_let(self, node: Let, env: Env, uid: int) -> bool:
        definitions = self._binder.tree.definitions
        return any(
            self.evaluates(node.body, env, local) and self.evaluates(definitions[local].body, env, uid)
            for local in node.definitions
            if not definitions[local].params
        )

    def _apply_evaluates(  # noqa: PLR0911  (one for each kind)
        self, node: Apply, env: Env, uid: int
    ) -> bool:
        def any_of(nodes: Sequence[Node]) -> bool:
            return any(self.evaluates(one, env, uid) for one in nodes)

        match self._binder.meaning(node.op, env, node.place):
            case Builtin(name=name) if name in _NEVER:
                return False
            case Builtin(name=name) if name in _FIRST_ONLY:
                return any_of(node.operands[:1])
            case Builtin(name=name) if name in _DOMAINS_ONLY:
                return any_of(_domains(node.bounds[:1]))
            case Builtin(name="$IfThenElse"):
                test, yes, no = node.operands
                return any_of([test]) or (any_of([yes]) and any_of([no]))
            case Builtin():
                return any_of(node.operands)
            case User() as user:
                pairs = zip(user.definition.params, node.operands, strict=False)
                return any(any_of([operand]) and self.needs(user, param) for param, operand in pairs)
            case Local() | Constant() | Replaced():
                return False
        return False


def _domains(bounds: Sequence[Bound]) -> list[Node]:
    return [bound.domain for bound in bounds if bound.domain is not None]
