"""Expressions: from the tree to Python expressions with the same value; `calls` has those of operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from attrs import evolve

from redoraft_check.oracle.bindings import Builtin, Constant, Local, Replaced, User, Variable
from redoraft_check.oracle.errors import OutsideSubset, Place, refused
from redoraft_check.oracle.levels import IMPURE, TEMPORAL
from redoraft_check.oracle.pinning import pinned
from redoraft_check.oracle.scope import LocalOperator, Scope, python_name
from redoraft_check.oracle.standard import PLAIN
from redoraft_check.oracle.tree import Apply, At, Bound, Let, Node, Num, OpArg, Other, Str, Strange, Subst

if TYPE_CHECKING:
    from redoraft_check.oracle.compiler import Compiler

_SCALARS: Final = ("bool", "int", "str")
_VARIABLE: Final = re.compile(r"[st]\[\d+\]")


class Expressions:
    """Compiles expressions for one compiler."""

    def __init__(self, compiler: Compiler) -> None:
        self.c = compiler
        self._special: dict[str, Callable[[Apply, Scope], str]] = {
            "=": self._equal,
            "/=": lambda node, scope: self._negated(self._equal(node, scope)),
            "\\land": self._conjunction,
            "$ConjList": self._conjunction,
            "\\lor": self._disjunction,
            "$DisjList": self._disjunction,
            "\\lnot": lambda node, scope: self._negated(self.boolean(node.operands[0], scope)),
            "=>": self._implication,
            "\\equiv": self._equivalence,
            "\\in": self._membership,
            "\\notin": lambda node, scope: self._negated(self._membership(node, scope)),
            "$IfThenElse": self._if,
            "$Case": self._case,
            "$BoundedExists": lambda node, scope: self._quantified(node, scope, "any"),
            "$BoundedForall": lambda node, scope: self._quantified(node, scope, "all"),
            "$BoundedChoose": self._choose,
            "$SubsetOf": self._filter,
            "$SetOfAll": self._map,
            "$SetEnumerate": lambda node, scope: self._set(self.all(node.operands, scope)),
            "$Tuple": lambda node, scope: self._tuple(self.all(node.operands, scope)),
            "$CartesianProd": lambda node, scope: f"cartesian({', '.join(self.all(node.operands, scope))})",
            "$RcdConstructor": lambda node, scope: f"Function({self._fields(node, scope)})",
            "$SetOfRcds": lambda node, scope: f"records({self._fields(node, scope)})",
            "$RcdSelect": self._select,
            "$FcnApply": self._function_application,
            "$FcnConstructor": self._function,
            "$RecursiveFcnSpec": self._recursive_function,
            "$NonRecursiveFcnSpec": self._function,
            "$Except": self._except,
            "$Nop": lambda node, scope: self.value(node.operands[0], scope),
            "'": self._prime,
            "UNCHANGED": self._unchanged,
            "$SquareAct": lambda node, scope: self.value(*self.square(node, scope)),
            "$AngleAct": lambda node, scope: self.value(*self.square(node, scope)),
            "ENABLED": self._enabled,
            "Cardinality": lambda node, scope: self.c.sets.count(node.operands[0], scope),
        }

    # --- entry points ---------------------------------------------------------------------------------

    def value(self, node: Node, scope: Scope) -> str:  # noqa: PLR0911  (one for each kind)
        """Python code with the value of an expression."""
        match node:
            case Num(value=value):
                return str(value) if value >= 0 else f"({value})"
            case Str(value=text):
                return repr(text)
            case At():
                return scope.at or refused(node.place, "@ outside EXCEPT")
            case Subst():
                return self.value(node.body, scope.within(self.c.binder.inside(node, scope.env)))
            case Let():
                return self._let(node, scope)
            case OpArg():
                return self.c.calls.operator_argument(node, scope)
            case Other():
                return refused(node.place, "OTHER outside CASE")
            case Strange(construct=construct):
                return refused(node.place, construct)
        return self._apply(node, scope)

    def boolean(self, node: Node, scope: Scope) -> str:
        """Code whose value is a Python boolean, checked where that is not known."""
        code = self.value(node, scope)
        return (
            code
            if self.c.shapes.kind(node, scope.env) == "bool" or code in ("True", "False")
            else f"truth({code})"
        )

    def all(self, nodes: Sequence[Node], scope: Scope) -> list[str]:
        """Code for each of several expressions."""
        return [self.value(node, scope) for node in nodes]

    def body(self, node: Node, scope: Scope) -> list[str]:
        """The lines of a function that returns the value; conjuncts stand on lines of their own."""
        lines: list[str] = []
        while isinstance(node, (Let, Subst)):
            if isinstance(node, Subst):
                scope, node = scope.within(self.c.binder.inside(node, scope.env)), node.body
                continue
            bound, scope = self.let_lines(node, scope)
            lines += bound
            node = node.body
        if (
            isinstance(node, Apply)
            and self.builtin_name(node, scope) in ("$ConjList", "$DisjList")
            and len(node.operands) > 1
        ):
            parts = [(self.boolean(one, scope), one.place) for one in node.operands]
            sign = " and" if self.builtin_name(node, scope) == "$ConjList" else " or"
            lines.append("    return (")
            for at, (code, place) in enumerate(parts):
                lines.append(f"        ({code}){sign if at + 1 < len(parts) else ''}  # {place}")
            return [*lines, "    )"]
        return [*lines, f"    return {self.value(node, scope)}  # {node.place}"]

    def let_lines(self, node: Let, scope: Scope) -> tuple[list[str], Scope]:
        """Statements that define what LET defines, and the scope behind them."""
        lines = []
        for uid in node.definitions:
            name, code, scope = self._definition(uid, node.body, scope)
            lines.append(f"    {name} = {code}")
        return lines, scope

    # --- application ----------------------------------------------------------------------------------

    def builtin_name(self, node: Apply, scope: Scope) -> str:
        """The operator of the language that is applied; empty for any other one."""
        meaning = self.c.binder.meaning(node.op, scope.env, node.place)
        return meaning.name if isinstance(meaning, Builtin) else ""

    def _apply(self, node: Apply, scope: Scope) -> str:  # noqa: PLR0911  (one for each kind)
        named = scope.exprs.get(node.op.uid)
        if named is not None:
            return self.value(*self.c.calls.expanded(named, node, scope))
        local = scope.operators.get(node.op.uid)
        if local is not None:
            return self.c.calls.local_call(local, node, scope)
        if node.op.uid in scope.names and node.op.kind in ("param", "user"):
            return self._bound_name(node.op.uid, node, scope)
        match self.c.binder.meaning(node.op, scope.env, node.place):
            case Builtin(name=name):
                return self._builtin(name, node, scope)
            case Variable(index=index):
                return f"{scope.state}[{index}]"
            case Constant(value=value):
                return self.c.constant(value)
            case Replaced(node=inner, env=env):
                return self.value(inner, scope.within(env))
            case User() as user:
                return self.c.calls.call(user, node, scope)
            case Local(uid=uid):
                if uid in scope.exprs:
                    return self.value(*self.c.calls.expanded(scope.exprs[uid], node, scope))
                if uid in scope.names:
                    return self._bound_name(uid, node, scope)
                return refused(node.place, f"the parameter {self.c.tree.params[uid].name} here")
        raise AssertionError("every kind of meaning is handled above")

    def _bound_name(self, uid: int, node: Apply, scope: Scope) -> str:
        """A parameter, a bound variable or what LET defines, read (or applied, when it is an operator)."""
        if scope.under and node.op.kind == "user":
            definition = self.c.tree.definitions[uid]
            if self.c.levels.of(definition.body, scope.env) > 0:
                # Its value was worked out in the other state.
                return self.value(definition.body, scope)
        if scope.under and node.operands:
            return refused(node.place, "an operator argument under a prime")
        code = scope.names[uid]
        return f"{code}({', '.join(self.all(node.operands, scope))})" if node.operands else code

    def _builtin(self, name: str, node: Apply, scope: Scope) -> str:
        special = self._special.get(name)
        if special is not None:
            return special(node, scope)
        row = PLAIN.get(name)
        if row is None:
            return refused(node.place, f"the temporal operator {name}" if name in TEMPORAL else name)
        code = self.all(node.operands, scope)
        kinds = [self.c.shapes.kind(one, scope.env) for one in node.operands]
        # To Python a boolean is a number.
        known = "int" in kinds and "bool" not in kinds and not {"True", "False"} & set(code)
        text = (row.fast if row.fast and known else row.template).format(*code)
        return self.c.fold(text) if code and self._foldable(name, code) else text

    def _foldable(self, name: str, code: Sequence[str]) -> bool:
        return (
            name not in IMPURE
            and name not in ("Assert", "SUBSET")
            and all(self.c.is_constant(one) for one in code)
        )

    # --- LET ------------------------------------------------------------------------------------------

    def _let(self, node: Let, scope: Scope) -> str:
        return self.in_let(node, scope, lambda inner: self.value(node.body, inner))

    def in_let(self, node: Let, scope: Scope, make: Callable[[Scope], str]) -> str:
        """Code made where the names of a LET are known, and their definitions around it."""
        wrapped: list[tuple[str, str]] = []
        for uid in node.definitions:
            name, code, scope = self._definition(uid, node.body, scope)
            wrapped.append(
                (name, f"fix(lambda {name}: {code})" if self.c.tree.definitions[uid].recursive else code)
            )
        text = make(scope)
        for name, code in reversed(wrapped):
            text = f"(lambda {name}: {text})({code})"
        return text

    def _definition(self, uid: int, body: Node, scope: Scope) -> tuple[str, str, Scope]:
        """The Python name of what LET defines, the code of it, and the scope in which it is known."""
        definition = self.c.tree.definitions[uid]
        name = python_name(definition.name, uid)
        if not definition.params:
            code = self.value(definition.body, scope)
            if self.c.is_constant(code) or self.c.shapes.evaluates(body, scope.env, uid):
                return name, code, scope.bind({uid: name})
            return name, f"Lazy(lambda: {code})", scope.bind({uid: f"{name}()"})
        user = User(definition, scope.env)
        lazy = tuple(not self.c.shapes.needs(user, param) for param in definition.params)
        params = [python_name(self.c.tree.params[param].name, param) for param in definition.params]
        names = {
            param: f"{text}()" if by_need else text
            for param, text, by_need in zip(definition.params, params, lazy, strict=True)
        }
        outer = scope.define(uid, LocalOperator(name, lazy))
        inner = (outer if definition.recursive else scope).bind(names)
        return name, f"(lambda {', '.join(params)}: {self.value(definition.body, inner)})", outer

    # --- logic ----------------------------------------------------------------------------------------

    def _conjunction(self, node: Apply, scope: Scope) -> str:
        return self.conjoined(node.operands, scope)

    def conjoined(self, nodes: Sequence[Node], scope: Scope) -> str:
        """Code for several conjuncts, in their order."""
        return _joined("and", [self.boolean(one, scope) for one in nodes], "True", "False")

    def _disjunction(self, node: Apply, scope: Scope) -> str:
        return _joined("or", [self.boolean(one, scope) for one in node.operands], "False", "True")

    def _implication(self, node: Apply, scope: Scope) -> str:
        left, right = (self.boolean(one, scope) for one in node.operands)
        return _joined("or", [self._negated(left), right], "False", "True")

    def _equivalence(self, node: Apply, scope: Scope) -> str:
        left, right = (self.boolean(one, scope) for one in node.operands)
        return f"({left} is {right})"

    def _negated(self, code: str) -> str:
        return {"True": "False", "False": "True"}.get(code, f"(not {code})")

    def _equal(self, node: Apply, scope: Scope) -> str:
        left, right = self.all(node.operands, scope)
        if self.c.is_constant(left) and self.c.is_constant(right):
            return self.c.fold(f"equal({left}, {right})")
        kinds = [self.c.shapes.kind(one, scope.env) for one in node.operands]
        if kinds[0] == kinds[1] and kinds[0] in _SCALARS:
            return f"({left} == {right})"
        if left.isidentifier() and kinds[1] in _SCALARS:
            # The common question spares a call; only another kind of value has to be looked into.
            return f"({left} == {right} if {left}.__class__ is {kinds[1]} else equal({left}, {right}))"
        return f"equal({left}, {right})"

    def _membership(self, node: Apply, scope: Scope) -> str:
        return self.c.sets.member(self.value(node.operands[0], scope), node.operands[1], scope)

    def _if(self, node: Apply, scope: Scope) -> str:
        test = self.boolean(node.operands[0], scope)
        if test in ("True", "False"):
            return self.value(node.operands[1 if test == "True" else 2], scope)
        yes, no = self.all(node.operands[1:], scope)
        return f"({yes} if {test} else {no})"

    def _case(self, node: Apply, scope: Scope) -> str:
        text = f"refuse('CASE without a true case at {node.place}')"
        for arm in reversed(node.operands):
            assert isinstance(arm, Apply), "an arm of CASE is a pair"
            test, result = arm.operands
            code = self.value(result, scope)
            text = code if isinstance(test, Other) else f"({code} if {self.boolean(test, scope)} else {text})"
        return text

    # --- bound variables ------------------------------------------------------------------------------

    def _narrowed(self, over: str, uid: int, test: Node, scope: Scope) -> str:
        """A loop over those elements only that can pass the test, where that can be looked up."""
        found = (
            pinned(test, uid, scope, self.c)
            if "range(" not in over and not self.c.is_constant(over)
            else None
        )
        return over if found is None else f"having({over}, {found[0]!r}, {found[1]})"

    def bound_loops(
        self, bounds: Sequence[Bound], scope: Scope, test: Node | None = None
    ) -> tuple[list[tuple[str, str]], Scope]:
        """For each bound variable (or pattern) its Python target and what it ranges over.

        `test` is what must hold of the elements that matter, where the others have no effect.
        """
        loops = []
        inner = scope
        for bound in bounds:
            if bound.domain is None:
                raise OutsideSubset(_first_place(bounds), "an unbounded quantifier or CHOOSE")
            over = self.c.sets.iterated(bound.domain, scope)
            if test is not None and len(bound.names) == 1 and not bound.pattern:
                over = self._narrowed(over, bound.names[0], test, scope)
            names = {uid: python_name(self.c.tree.params[uid].name, uid) for uid in bound.names}
            inner = inner.bind(names)
            targets = ["(" + ", ".join(names.values()) + ",)"] if bound.pattern else list(names.values())
            loops += [(target, over) for target in targets]
        return loops, inner

    def _clauses(self, node: Apply, scope: Scope) -> tuple[str, Scope]:
        loops, inner = self.bound_loops(node.bounds, scope)
        return " ".join(f"for {target} in {over}" for target, over in loops), inner

    def _quantified(self, node: Apply, scope: Scope, which: str) -> str:
        clauses, inner = self._clauses(node, scope)
        return f"{which}({self.boolean(node.operands[0], inner)} {clauses})"

    def _filter(self, node: Apply, scope: Scope) -> str:
        [(target, over)], inner = self.bound_loops(node.bounds, scope, node.operands[0])
        return f"make_set([{target} for {target} in {over} if {self.boolean(node.operands[0], inner)}])"

    def _map(self, node: Apply, scope: Scope) -> str:
        clauses, inner = self._clauses(node, scope)
        return f"make_set([{self.value(node.operands[0], inner)} {clauses}])"

    def _choose(self, node: Apply, scope: Scope) -> str:
        [bound] = node.bounds
        if bound.domain is None:
            return refused(node.place, "an unbounded CHOOSE")
        [(target, _)], inner = self.bound_loops([bound], scope)
        test = self.boolean(node.operands[0], inner)
        if bound.pattern:
            names = target.strip("(),").split(", ")
            test = f"(lambda {', '.join(names)}: {test})(*x_)"
            target = "x_"
        return f"choose(NAMES, {self.value(bound.domain, scope)}, lambda {target}: {test})"

    # --- functions, records, tuples -------------------------------------------------------------------

    def _set(self, code: list[str]) -> str:
        if not code:
            return "frozenset()"
        text = f"frozenset(({', '.join(code)},))" if len(code) <= 32 else f"make_set(({', '.join(code)},))"
        return self.c.fold(text) if all(self.c.is_constant(one) for one in code) else text

    def _tuple(self, code: list[str]) -> str:
        text = f"({', '.join(code)}{',' if len(code) == 1 else ''})"
        text = text if len(code) <= 32 else f"make_sequence({text})"
        return self.c.fold(text) if code and all(self.c.is_constant(one) for one in code) else text

    def _fields(self, node: Apply, scope: Scope) -> str:
        pairs = []
        for pair in node.operands:
            assert isinstance(pair, Apply), "a field is a pair"
            pairs.append(": ".join(self.all(pair.operands, scope)))
        return "{" + ", ".join(pairs) + "}"

    def _select(self, node: Apply, scope: Scope) -> str:
        record, name = self.all(node.operands, scope)
        return f"field({record}, {name})"

    def _function_application(self, node: Apply, scope: Scope) -> str:
        function, key = self.all(node.operands, scope)
        if _VARIABLE.fullmatch(function) and key.removesuffix("()").isidentifier():
            # What almost every conjunct does first: not worth a call.
            return f"({function}[{key}] if {function}.__class__ is Function else apply({function}, {key}))"
        if function.isidentifier() and key.isdecimal() and key != "0":
            # A part of a tuple, such as an event.
            known = f"{function}.__class__ is tuple and len({function}) >= {key}"
            return f"({function}[{int(key) - 1}] if {known} else apply({function}, {key}))"
        return f"apply({function}, {key})"

    def _function(self, node: Apply, scope: Scope) -> str:
        clauses, inner = self._clauses(node, scope)
        loops, _ = self.bound_loops(node.bounds, scope)
        keys = [target for target, _ in loops]
        key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
        return f"make_function({{{key}: {self.value(node.operands[0], inner)} {clauses}}})"

    def _recursive_function(self, node: Apply, scope: Scope) -> str:
        self_bound, *bounds = node.bounds
        if len(bounds) != 1 or len(bounds[0].names) != 1 or bounds[0].domain is None:
            return refused(node.place, "a recursive function of several arguments")
        [uid] = self_bound.names
        name = python_name(self.c.tree.params[uid].name, uid)
        loops, inner = self.bound_loops(bounds, scope)
        body = self.value(node.operands[0], inner.bind({uid: name}))
        return (
            f"recursive_function({self.value(bounds[0].domain, scope)}, lambda {name}, {loops[0][0]}: {body})"
        )

    def _except(self, node: Apply, scope: Scope) -> str:
        text = self.value(node.operands[0], scope)
        for pair in node.operands[1:]:
            assert isinstance(pair, Apply), "a replacement is a pair"
            path, new = pair.operands
            assert isinstance(path, Apply), "a path is a sequence"
            keys = self.all(path.operands, scope)
            at = self.c.fresh("at")
            code = self.value(new, evolve(scope, at=at))
            if len(keys) == 1 and at not in code:
                text = f"replace({text}, {keys[0]}, {code})"
            else:
                text = f"change({text}, ({', '.join(keys)},), lambda {at}: {code})"
        return text

    # --- steps ----------------------------------------------------------------------------------------

    def primed(self, node: Node, scope: Scope) -> Scope:
        """The scope for what stands under a prime."""
        if scope.next is None:
            raise OutsideSubset(node.place, "a prime where there is no next state")
        return evolve(scope, state=scope.next, next=None, under=True)

    def square(self, node: Apply, scope: Scope) -> tuple[Node, Scope]:
        """`[A]_v` as `A \\/ UNCHANGED v`, and `<<A>>_v` as `A /\\ ~UNCHANGED v`."""
        action, subscript = node.operands
        tree, place = self.c.tree, node.place
        same: Node = Apply(place, tree.builtin("UNCHANGED"), (subscript,))
        if self.builtin_name(node, scope) == "$SquareAct":
            return Apply(place, tree.builtin("$DisjList"), (action, same)), scope
        other = Apply(place, tree.builtin("\\lnot"), (same,))
        return Apply(place, tree.builtin("$ConjList"), (action, other)), scope

    def _prime(self, node: Apply, scope: Scope) -> str:
        return self.value(node.operands[0], self.primed(node, scope))

    def _unchanged(self, node: Apply, scope: Scope) -> str:
        tests = []
        for one, inside in self.c.actions.flat(node.operands[0], scope):
            old, new = self.value(one, inside), self.value(one, self.primed(node, inside))
            tests.append(f"({old} == {new})")
        return _joined("and", tests, "True", "False")

    def _enabled(self, node: Apply, scope: Scope) -> str:
        name = self.c.fresh("enabled")
        names = [text for text in scope.all_names() if text]
        lines = self.c.actions.body(node.operands[0], evolve(scope, state="s", next="t"), node.place)
        self.c.define(name, ["s", "t", *names], lines, node.place)
        return f"any(True for _ in {name}({', '.join([scope.state, '{}', *names])}))"


def _joined(word: str, parts: list[str], neutral: str, absorbing: str) -> str:
    kept: list[str] = []
    for part in parts:
        if part == neutral:
            continue
        kept.append(part)
        if part == absorbing:
            break
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else f"({f' {word} '.join(kept)})"


def _first_place(bounds: Sequence[Bound]) -> Place:
    return next((bound.domain.place for bound in bounds if bound.domain is not None), Place("?", 0))
