"""Sets without building them: what is a member, what to loop over, what is the largest, how many there are.

A set expression that is only asked one of these questions is answered from its shape, through the
operators that make it.  `x \\in {l \\in 1..Len(s) : P(l)}` is two comparisons and P(x); the largest element
of such a set is found from above.  That is what keeps a step on a log of 100,000 entries from costing
100,000.  Operators written as `CHOOSE x \\in S : \\A y \\in S : y <= x` are recognised by that body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import evolve

from redoraft_check.oracle.bindings import Builtin, Env, Replaced, User
from redoraft_check.oracle.running import Roles, is_length, is_stable
from redoraft_check.oracle.scope import Scope, python_name
from redoraft_check.oracle.tree import Apply, Let, Node, Num, Str, Subst

if TYPE_CHECKING:
    from redoraft_check.oracle.compiler import Compiler


class SetForms:
    """Compiles questions about sets for one compiler."""

    def __init__(self, compiler: Compiler) -> None:
        self.c = compiler
        self._largest_of: dict[tuple[int, int], bool] = {}
        self._members: dict[str, Callable[[str, Apply, Scope], str]] = {
            "..": lambda x, node, scope: (
                f"within({x}, {', '.join(self.c.expressions.all(node.operands, scope))})"
            ),
            "$SetEnumerate": self._in_enumeration,
            "\\union": lambda x, node, scope: self._both(x, node, scope, "or", ""),
            "\\intersect": lambda x, node, scope: self._both(x, node, scope, "and", ""),
            "\\": lambda x, node, scope: self._both(x, node, scope, "and", "not "),
            "$SubsetOf": self._in_filter,
            "$SetOfAll": self._in_map,
            "DOMAIN": lambda x, node, scope: (
                f"in_domain({x}, {self.c.expressions.value(node.operands[0], scope)})"
            ),
            "SUBSET": self._in_powerset,
            "$SetOfFcns": self._in_functions,
            "$SetOfRcds": self._in_records,
            "$IfThenElse": self._in_either,
        }

    # --- from an expression to the set operator that makes it -----------------------------------------

    def _made_by(self, node: Node, scope: Scope) -> tuple[str, Apply | None, Scope]:
        """The operator of the language at the top of a set expression, with its node and its scope."""
        while True:
            if isinstance(node, Subst):
                scope, node = scope.within(self.c.binder.inside(node, scope.env)), node.body
                continue
            if not isinstance(node, Apply):
                return "", None, scope
            if node.op.uid in scope.sets and not scope.under:
                node, scope = scope.sets[node.op.uid]
                continue
            if node.op.uid in scope.names or node.op.uid in scope.operators or node.op.uid in scope.exprs:
                return "", None, scope
            meaning = self.c.binder.meaning(node.op, scope.env, node.place)
            match meaning:
                case Builtin(name=name):
                    return name, node, scope
                case User(definition=definition) if definition.params or definition.recursive:
                    return "call", node, scope
                case User(definition=definition, env=env):
                    node, scope = (
                        definition.body,
                        scope.within(env),
                    )
                case Replaced(node=inner, env=env):
                    node, scope = inner, scope.within(env)
                case _:
                    return "", None, scope

    def _through(self, node: Apply, scope: Scope, form: str, extra: tuple[str, ...] = ()) -> str | None:
        """A call of the operator in this form; None when it is recursive or takes operators."""
        meaning = self.c.binder.meaning(node.op, scope.env, node.place)
        assert isinstance(meaning, User), "only user operators are called"
        definition = meaning.definition
        if definition.recursive or any(self.c.tree.params[param].arity for param in definition.params):
            return None
        if self.c.calls.by_name(meaning, node, scope):
            return None
        return self.c.calls.call(meaning, node, scope, form, extra)

    # --- membership -----------------------------------------------------------------------------------

    def member(self, x: str, node: Node, scope: Scope) -> str:
        """Code for `x \\in node`."""
        if isinstance(node, Let):
            return self._in_let(x, node, scope)
        name, made, inside = self._made_by(node, scope)
        if made is not None and name in self._members:
            return self._members[name](x, made, inside)
        if made is not None and name == "call":
            called = self._through(made, inside, "member", (x,))
            if called is not None:
                return called
        return f"member({x}, {self.c.expressions.value(node, scope)})"

    def _in_let(self, x: str, node: Let, scope: Scope) -> str:
        """A LET around a set: what it defines is looked through where it is only asked for members."""
        outer, sets = scope, dict(scope.sets)
        for uid in node.definitions:
            definition = self.c.tree.definitions[uid]
            if not definition.params and not definition.recursive:
                sets[uid] = (definition.body, outer)

        def inside(inner: Scope) -> str:
            return self.member(x, node.body, evolve(inner, sets=sets))

        return self.c.expressions.in_let(node, scope, inside)

    def _named(self, x: str, test: Callable[[str], str]) -> str:
        """A test that mentions its subject more than once: named, unless it is a name already."""
        if x.isidentifier() or self.c.is_constant(x):
            return test(x)
        name = self.c.fresh("x")
        return f"(lambda {name}: {test(name)})({x})"

    def _in_enumeration(self, x: str, node: Apply, scope: Scope) -> str:
        code = self.c.expressions.all(node.operands, scope)
        if not code:
            return "False"
        if all(self.c.is_constant(one) for one in code):
            known = self.c.expressions.value(node, scope)
            if all(isinstance(one, Str) for one in node.operands):
                return f"({x} in {known})"
            return self.c.fold(f"member({x}, {known})") if self.c.is_constant(x) else f"member({x}, {known})"
        return f"one_of({x}, ({', '.join(code)},))"

    def _both(self, x: str, node: Apply, scope: Scope, word: str, sign: str) -> str:
        left, right = node.operands
        return self._named(
            x, lambda y: f"({self.member(y, left, scope)} {word} {sign}{self.member(y, right, scope)})"
        )

    def _in_filter(self, x: str, node: Apply, scope: Scope) -> str:
        [bound] = node.bounds
        if bound.pattern or bound.domain is None:
            return f"member({x}, {self.c.expressions.value(node, scope)})"
        domain, [uid] = bound.domain, bound.names

        def test(y: str) -> str:
            holds = self.c.expressions.boolean(node.operands[0], scope.bind({uid: y}))
            return f"({self.member(y, domain, scope)} and {holds})"

        return self._named(x, test)

    def _in_map(self, x: str, node: Apply, scope: Scope) -> str:
        return self._named(x, lambda y: self._equals_some(y, node, scope))

    def _equals_some(self, x: str, node: Apply, scope: Scope) -> str:
        loops, inner = self.c.expressions.bound_loops(node.bounds, scope)
        clauses = " ".join(f"for {target} in {over}" for target, over in loops)
        return f"any({x} == {self.c.expressions.value(node.operands[0], inner)} {clauses})"

    def _in_powerset(self, x: str, node: Apply, scope: Scope) -> str:
        name = self.c.fresh("y")
        return f"all({self.member(name, node.operands[0], scope)} for {name} in elements({x}))"

    def _in_functions(self, x: str, node: Apply, scope: Scope) -> str:
        arguments, results = node.operands
        name = self.c.fresh("y")
        holds = self.member(name, results, scope)
        return f"is_function({x}, {self.c.expressions.value(arguments, scope)}, lambda {name}: {holds})"

    def _in_records(self, x: str, node: Apply, scope: Scope) -> str:
        tests = []
        for pair in node.operands:
            assert isinstance(pair, Apply), "a field is a pair"
            field, of = pair.operands
            name = self.c.fresh("y")
            test = self.member(name, of, scope)
            tests.append(f"{self.c.expressions.value(field, scope)}: lambda {name}: {test}")
        return f"is_record({x}, {{{', '.join(tests)}}})"

    def _in_either(self, x: str, node: Apply, scope: Scope) -> str:
        test, yes, no = node.operands
        code = self.c.expressions.boolean(test, scope)
        if code in ("True", "False"):
            return self.member(x, yes if code == "True" else no, scope)
        return self._named(
            x, lambda y: f"({self.member(y, yes, scope)} if {code} else {self.member(y, no, scope)})"
        )

    # --- iteration ------------------------------------------------------------------------------------

    def iterated(self, node: Node, scope: Scope) -> str:
        """Code for what a loop over a set runs through, in any order."""
        name, made, inside = self._made_by(node, scope)
        if made is not None and name == "..":
            low, high = self.c.expressions.all(made.operands, inside)
            return f"range({low}, {high} + 1)"
        code = self.c.expressions.value(node, scope)
        known = self.c.shapes.kind(node, scope.env) == "set"
        return code if known else f"elements({code})"

    # --- the largest ----------------------------------------------------------------------------------

    def search_for_largest(self, user: User, node: Apply, scope: Scope) -> str | None:
        """Code for an operator that is, by its body, the largest element of its argument; None for others."""
        key = (user.definition.uid, user.env.number)
        if key not in self._largest_of:
            self._largest_of[key] = self._is_largest(user.definition.params, user.definition.body, user.env)
        return f"greatest({self.largest(node.operands[0], scope)})" if self._largest_of[key] else None

    def _is_largest(  # noqa: PLR0911  (one for each way to differ)
        self, params: tuple[int, ...], node: Node, env: Env
    ) -> bool:
        """CHOOSE x \\in S : \\A y \\in S : y <= x (or x >= y), where S is the one parameter."""
        if len(params) != 1 or not self._is(node, "$BoundedChoose", env) or not isinstance(node, Apply):
            return False
        inner = node.operands[0]
        if not self._is(inner, "$BoundedForall", env) or not isinstance(inner, Apply):
            return False
        if len(node.bounds) != 1 or len(inner.bounds) != 1:
            return False
        outer_bound, inner_bound = node.bounds[0], inner.bounds[0]
        both = (outer_bound, inner_bound)
        if any(len(bound.names) != 1 or bound.domain is None for bound in both):
            return False
        if not all(bound.domain and self._is_param(bound.domain, params[0]) for bound in both):
            return False
        test = inner.operands[0]
        x, y = outer_bound.names[0], inner_bound.names[0]
        for name, (first, second) in {"\\leq": (y, x), "\\geq": (x, y)}.items():
            if self._is(test, name, env) and isinstance(test, Apply):
                return self._is_param(test.operands[0], first) and self._is_param(test.operands[1], second)
        return False

    def _is(self, node: Node, name: str, env: Env) -> bool:
        if not isinstance(node, Apply):
            return False
        meaning = self.c.binder.meaning(node.op, env, node.place)
        return isinstance(meaning, Builtin) and meaning.name == name

    def _is_param(self, node: Node, uid: int) -> bool:
        return (
            isinstance(node, Apply) and node.op.kind == "param" and node.op.uid == uid and not node.operands
        )

    def largest(self, node: Node, scope: Scope) -> str:
        """Code for the largest element of a set of integers, None when it is empty."""
        name, made, inside = self._made_by(node, scope)
        if made is not None:
            if name == "\\union":
                left, right = (self.largest(one, inside) for one in made.operands)
                return f"larger({left}, {right})"
            if name == "$SetEnumerate" and len(made.operands) == 1:
                return self.c.expressions.value(made.operands[0], inside)
            if name in ("$SubsetOf", "\\intersect", "..") and self._falls(made, inside):
                return f"next(iter({self.falling(made, inside)}), None)"
            if name == "call" and not isinstance(node, Let):
                called = self._through(made, inside, "largest")
                if called is not None:
                    return called
        return f"maximum({self.c.expressions.value(node, scope)})"

    def _falls(self, node: Node, scope: Scope) -> bool:  # noqa: PLR0911  (one for each kind)
        """Whether a set can be run through from above without building it."""
        name, made, inside = self._made_by(node, scope)
        if made is None:
            return False
        match name:
            case "..":
                return True
            case "$SetEnumerate":
                return all(isinstance(one, Num) for one in made.operands)
            case "$SubsetOf":
                bound = made.bounds[0]
                return not bound.pattern and bound.domain is not None and self._falls(bound.domain, inside)
            case "\\intersect":
                return self._falls(made.operands[0], inside)
            case "\\union":
                return all(self._falls(one, inside) for one in made.operands)
            case "call":
                meaning = self.c.binder.meaning(made.op, inside.env, made.place)
                if not isinstance(meaning, User) or meaning.definition.recursive:
                    return False
                return self._falls(meaning.definition.body, Scope(meaning.env))
        return False

    def falling(self, node: Node, scope: Scope) -> str:
        """Code that runs through a set of integers from above; `_falls` must hold."""
        name, made, inside = self._made_by(node, scope)
        assert made is not None, "asked only of sets that fall"
        match name:
            case "..":
                low, high = self.c.expressions.all(made.operands, inside)
                return f"range({high}, {low} - 1, -1)"
            case "$SetEnumerate":
                return f"sorted({self.c.expressions.value(made, inside)}, reverse=True)"
            case "$SubsetOf":
                [bound] = made.bounds
                assert bound.domain is not None, "asked only of sets that fall"
                x = python_name(self.c.tree.params[bound.names[0]].name, bound.names[0])
                test = self.c.expressions.boolean(made.operands[0], inside.bind({bound.names[0]: x}))
                return f"({x} for {x} in {self.falling(bound.domain, inside)} if {test})"
            case "\\intersect":
                x = self.c.fresh("x")
                test = self.member(x, made.operands[1], inside)
                return f"({x} for {x} in {self.falling(made.operands[0], inside)} if {test})"
            case "\\union":
                left, right = (self.falling(one, inside) for one in made.operands)
                return f"heap_merge({left}, {right}, reverse=True)"
        called = self._through(made, inside, "falling")
        return (
            called
            if called is not None
            else f"sorted({self.c.expressions.value(made, inside)}, reverse=True)"
        )

    # --- how many -------------------------------------------------------------------------------------

    def count(self, node: Node, scope: Scope) -> str:
        """Code for the number of elements of a set."""
        name, made, inside = self._made_by(node, scope)
        if made is not None:
            if name == "$SubsetOf":
                counted = self._count_items(made, inside)
                if counted is not None:
                    return counted
            if name == "\\union":
                counted = self._count_with_one(made, inside)
                if counted is not None:
                    return counted
            if name == "call":
                called = self._through(made, inside, "count")
                if called is not None:
                    return called
        return f"cardinality({self.c.expressions.value(node, scope)})"

    def _count_with_one(self, node: Apply, scope: Scope) -> str | None:
        """`{a} \\cup S`: one more than S, unless a is in S."""
        left, right = node.operands
        name, made, inside = self._made_by(left, scope)
        if name != "$SetEnumerate" or made is None or len(made.operands) != 1:
            return None
        counted = self.count(right, scope)
        if counted.startswith("cardinality("):
            return None
        one = self.c.expressions.value(made.operands[0], inside)
        return f"({counted} + (not {self.member(one, right, scope)}))"

    def _count_items(self, node: Apply, scope: Scope) -> str | None:
        """`{l \\in low..Len(s) : P(s, l)}` with low 0 or 1: a running count kept with the sequence."""
        [bound] = node.bounds
        if bound.pattern or bound.domain is None or self.c.levels.of(node.operands[0], scope.env):
            return None
        domain, [index] = bound.domain, bound.names
        of = self._whole_length(domain, scope)
        roles = Roles(frozenset({of} if of is not None else ()), frozenset({index}))
        if of is None or not is_stable(node.operands[0], scope.env, roles, self.c.binder):
            return None
        name = python_name(self.c.tree.params[index].name, index)
        holds = self.c.expressions.boolean(node.operands[0], scope.bind({index: name}))
        assert isinstance(domain, Apply), "an interval is an application"
        low = self.c.expressions.value(domain.operands[0], scope)
        return f"holding({scope.names[of]}, {low}, {index, scope.env.number}, lambda {name}: {holds})"

    def _whole_length(self, domain: Node, scope: Scope) -> int | None:
        """The parameter s when the domain is 0..Len(s) or 1..Len(s)."""
        if not isinstance(domain, Apply) or not self._is(domain, "..", scope.env):
            return None
        low, high = domain.operands
        known = frozenset(scope.names)
        if not (
            isinstance(low, Num) and low.value in (0, 1) and is_length(high, scope.env, known, self.c.binder)
        ):
            return None
        assert isinstance(high, Apply) and isinstance(high.operands[0], Apply), "Len of a parameter"
        return high.operands[0].op.uid
