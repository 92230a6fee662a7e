"""Actions: from the tree to generators that yield once for each way of taking a step.

The step's other end is a dictionary `t` from variable to value that fills up as conjuncts are met in their
order; a variable that has a value already is compared.  A point of choice remembers how full `t` was and
empties it to there before each further choice, so that nothing is copied.  A generator that has yielded
leaves `t` as it is: whoever made the choice around it empties it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from redoraft_check.oracle.bindings import Builtin, Local, Replaced, User, Variable
from redoraft_check.oracle.errors import OutsideSubset, Place
from redoraft_check.oracle.scope import Named, Scope
from redoraft_check.oracle.tree import Apply, Let, Node, Other, Subst

if TYPE_CHECKING:
    from redoraft_check.oracle.compiler import Compiler


@frozen(eq=False)
class Rest:
    """What is still to be met after the present conjunct: a linked list."""

    node: Node
    scope: Scope
    after: Rest | None


@define
class Writer:
    """The lines of one generator; `failed` is the statement that gives up the present choice."""

    lines: list[str] = field(factory=list)
    depth: int = 1
    failed: str = "return"

    def put(self, text: str, place: Place | None = None) -> None:
        """One line, with the spec line that it comes from."""
        self.lines.append("    " * self.depth + text + (f"  # {place}" if place is not None else ""))


class Actions:
    """Compiles actions and initial predicates for one compiler."""

    def __init__(self, compiler: Compiler) -> None:
        self.c = compiler
        self._meet = {
            "\\land": self._conjunction,
            "$ConjList": self._conjunction,
            "\\lor": self._disjunction,
            "$DisjList": self._disjunction,
            "$BoundedExists": self._exists,
            "$BoundedForall": self._forall,
            "$IfThenElse": self._if,
            "$Case": self._case,
            "=": self._assignment,
            "\\in": self._choice,
            "UNCHANGED": self._unchanged,
            "$SquareAct": self._square,
            "$AngleAct": self._square,
        }

    def body(self, node: Node, scope: Scope, place: Place) -> list[str]:
        """The lines of a generator function for an action, or for an initial predicate (`scope.starting`)."""
        return self.all_of([(node, scope)], place)

    def all_of(self, parts: Sequence[tuple[Node, Scope]], place: Place) -> list[str]:
        """The same for several conjuncts, in their order."""
        writer = Writer()
        rest: Rest | None = None
        for node, scope in reversed(parts):
            rest = Rest(node, scope, rest)
        self._next(rest, writer)
        # A generator even when nothing in it can be met.
        return [*writer.lines, "    return", f"    yield  # {place}"]

    # --- one conjunct after the other -----------------------------------------------------------------

    def _next(self, rest: Rest | None, w: Writer) -> None:
        if rest is None:
            w.put("yield")
            return
        node, scope = rest.node, rest.scope
        if isinstance(node, Apply) and (named := self._named(node, scope)) is not None:
            self._next(Rest(*self.c.calls.expanded(named, node, scope), rest.after), w)
            return
        match node:
            case Subst():
                inside = scope.within(self.c.binder.inside(node, scope.env))
                self._next(Rest(node.body, inside, rest.after), w)
            case Let() if self._steps(node, scope):
                self._let(node, scope, rest.after, w)
            case Apply() if self._steps(node, scope):
                self._step(node, scope, rest.after, w)
            case _:
                self._guard(node, scope, rest.after, w)

    def _steps(self, node: Node, scope: Scope) -> bool:
        """Whether an expression can give variables a value."""
        if scope.exprs and isinstance(node, Apply):
            return scope.starting or scope.next is not None
        if scope.starting:
            return self.c.levels.of(node, scope.env) >= 1 or self._is_local_action(node, scope)
        return scope.next is not None and self.c.levels.of(node, scope.env) >= 2

    def _named(self, node: Apply, scope: Scope) -> Named | None:
        """What a name stands for here, when it stands for an expression."""
        if node.op.uid in scope.exprs:
            return scope.exprs[node.op.uid]
        if node.op.kind != "decl":
            return None
        meaning = self.c.binder.meaning(node.op, scope.env, node.place)
        return scope.exprs.get(meaning.uid) if isinstance(meaning, Local) else None

    def _is_local_action(self, node: Node, scope: Scope) -> bool:
        return isinstance(node, Apply) and node.op.uid in scope.operators and scope.starting

    def _guard(self, node: Node, scope: Scope, after: Rest | None, w: Writer) -> None:
        code = self.c.expressions.boolean(node, scope)
        if code == "False":
            w.put(w.failed, node.place)
            return
        if code != "True":
            w.put(f"if not {code}: {w.failed}", node.place)
        self._next(after, w)

    def _step(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        if node.op.uid in scope.operators or node.op.uid in scope.names:
            self._guard(node, scope, after, w)
            return
        match self.c.binder.meaning(node.op, scope.env, node.place):
            case Builtin(name=name) if name in self._meet:
                self._meet[name](node, scope, after, w)
            case User() as user:
                self._call(user, node, scope, after, w)
            case Replaced(node=inner, env=env):
                self._next(Rest(inner, scope.within(env), after), w)
            case _:
                self._guard(node, scope, after, w)

    def _square(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        self._next(Rest(*self.c.expressions.square(node, scope), after), w)

    def _conjunction(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        for operand in reversed(node.operands):
            after = Rest(operand, scope, after)
        self._next(after, w)

    def _call(self, user: User, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        if scope.next is None and not scope.starting:
            raise OutsideSubset(node.place, "an action under a prime")
        if self._assigns_argument(node, scope) or self.c.calls.by_name(user, node, scope):
            self._next(Rest(*self.c.calls.inlined(user, node, scope), after), w)
            return
        if self._is_test(user, scope) and (inside := self._opened(user, node, scope, w)) is not None:
            self._guard(user.definition.body, inside, after, w)
            return
        lazy, code = self.c.calls.arguments(user, node, scope)
        code += self.c.calls.free_arguments(user, node, scope)
        form = "init" if scope.starting else "act"
        name = self.c.function(user, form, lazy)
        call = f"{name}({', '.join([*self.c.context(user, scope, form), *code])})"
        if after is None:
            w.put(f"yield from {call}", node.place)
        else:
            self._loop("_", call, after, w, node.place)

    def _is_test(self, user: User, scope: Scope) -> bool:
        """Whether an operator reads a step through its arguments only, so that it can assign nothing."""
        return not scope.starting and self.c.levels.of_user(user) < 2 and self.c.shapes.is_plain(user)

    def _opened(self, user: User, node: Apply, scope: Scope, w: Writer) -> Scope | None:
        """Where the body of such an operator can be worked out in place: each argument is evaluated at most
        once, and as needed; None where that takes a thunk."""
        codes = [self.c.expressions.value(operand, scope) for operand in node.operands]
        names: dict[int, str] = {}
        lines: list[str] = []
        for param, code in zip(user.definition.params, codes, strict=True):
            often = self.c.shapes.mentions(user.definition.body, param) > 1
            names[param] = code
            if often and not (code.isidentifier() or self.c.is_constant(code)):
                if not self.c.shapes.needs(user, param):
                    return None
                names[param] = self.c.fresh("v")
                lines.append(f"{names[param]} = {code}")
        for line in lines:
            w.put(line, node.place)
        return Scope(user.env, scope.state, scope.next, names=names)

    def _assigns_argument(self, node: Apply, scope: Scope) -> bool:
        """Whether an argument is what the operator may assign: `x'`, or in an initial predicate `x`; or an
        action that it may take."""
        least = 1 if scope.starting else 2

        def assigned(operand: Node) -> bool:
            if self.target(operand, scope) is not None:
                return True
            is_test = self.c.shapes.kind(operand, scope.env) == "bool"
            return is_test and self.c.levels.of(operand, scope.env) >= least

        return any(assigned(operand) for operand in node.operands)

    def _loop(self, target: str, over: str, after: Rest | None, w: Writer, place: Place) -> None:
        w.put(f"for {target} in {over}:", place)
        inner = Writer(w.lines, w.depth + 1, "continue")
        self._next(after, inner)

    def _let(self, node: Let, scope: Scope, after: Rest | None, w: Writer) -> None:
        inner = scope
        for uid in node.definitions:
            definition = self.c.tree.definitions[uid]
            if self._is_step(definition.body, inner):
                if definition.recursive:
                    raise OutsideSubset(definition.place, "a recursive action defined by LET")
                inner = inner.call({uid: Named(definition.body, inner, definition.params)})
                continue
            alone = Let(node.place, (uid,), node.body)
            lines, inner = self.c.expressions.let_lines(alone, inner)
            for line in lines:
                w.put(line.strip())
        self._next(Rest(node.body, inner, after), w)

    def _is_step(self, node: Node, scope: Scope) -> bool:
        """Whether what LET defines reads the step, or in an initial predicate assigns variables."""
        if not scope.starting:
            return scope.next is not None and self.c.levels.of(node, scope.env) >= 2
        is_test = self.c.shapes.kind(node, scope.env) == "bool"
        return is_test and self.c.levels.of(node, scope.env) >= 1

    # --- choices --------------------------------------------------------------------------------------

    def _local(self, w: Writer, params: str = "") -> tuple[str, Writer]:
        """A generator inside this one, for choices that something follows."""
        name = self.c.fresh("choice")
        w.put(f"def {name}({params}):")
        return name, Writer(w.lines, w.depth + 1, "return")

    def _mark(self, w: Writer) -> str:
        mark = self.c.fresh("m")
        w.put(f"{mark} = len(t)")
        return mark

    def _empty_to(self, mark: str, w: Writer) -> None:
        w.put(f"while len(t) > {mark}: t.popitem()")

    def _branching(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> Writer | None:
        """Where to write a choice that nothing follows; None when it became a generator of its own."""
        if after is None:
            return w
        name, inner = self._local(w)
        self._next(Rest(node, scope, None), inner)
        inner.put("return")
        inner.put("yield")
        self._loop("_", f"{name}()", after, w, node.place)
        return None

    def _disjunction(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        if self._branching(node, scope, after, w) is None:
            return
        mark = self._mark(w)
        for at, operand in enumerate(node.operands):
            inner, rest = self._behind_tests(operand, scope, w)
            if at:
                self._empty_to(mark, inner)
            self._loop("_", "ONCE", rest, inner, operand.place)

    def _behind_tests(self, node: Node, scope: Scope, w: Writer) -> tuple[Writer, Rest | None]:
        """Where a disjunct goes on behind the tests that it begins with, and what is then left of it.

        Most disjuncts of a dispatch end at the first test: they cost no loop then.
        """
        parts: tuple[Node, ...] = (node,)
        if isinstance(node, Apply) and self._is_conjunction(node, scope):
            parts = node.operands
        tests = 0
        while tests < len(parts) - 1 and not self._steps(parts[tests], scope):
            tests += 1
        if tests:
            code = self.c.expressions.conjoined(parts[:tests], scope)
            w.put(f"if {code}:", parts[0].place)
            w = Writer(w.lines, w.depth + 1, w.failed)
        rest: Rest | None = None
        for part in reversed(parts[tests:]):
            rest = Rest(part, scope, rest)
        return w, rest

    def _is_conjunction(self, node: Apply, scope: Scope) -> bool:
        if node.op.uid in scope.operators or node.op.uid in scope.names or self._named(node, scope):
            return False
        meaning = self.c.binder.meaning(node.op, scope.env, node.place)
        return isinstance(meaning, Builtin) and meaning.name in ("\\land", "$ConjList")

    def _exists(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        loops, inner_scope = self.c.expressions.bound_loops(node.bounds, scope, node.operands[0])
        mark = self._mark(w)
        inner = w
        for target, over in loops:
            inner.put(f"for {target} in {over}:", node.place)
            inner = Writer(w.lines, inner.depth + 1, "continue")
        self._empty_to(mark, inner)
        self._next(Rest(node.operands[0], inner_scope, after), inner)

    def _forall(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        if len(node.bounds) != 1 or len(node.bounds[0].names) != 1 or node.bounds[0].pattern:
            self._guard(node, scope, after, w)
            return
        [(target, over)], inner_scope = self.c.expressions.bound_loops(node.bounds, scope)
        name, inner = self._local(w, target)
        self._next(Rest(node.operands[0], inner_scope, None), inner)
        inner.put("return")
        inner.put("yield")
        self._loop("_", f"each(list({over}), {name})", after, w, node.place)

    def _if(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        test, yes, no = node.operands
        code = self.c.expressions.boolean(test, scope)
        if code in ("True", "False"):
            self._next(Rest(yes if code == "True" else no, scope, after), w)
            return
        if self._branching(node, scope, after, w) is None:
            return
        for head, branch in ((f"if {code}:", yes), ("else:", no)):
            w.put(head, test.place)
            self._next(Rest(branch, scope, None), Writer(w.lines, w.depth + 1, w.failed))

    def _case(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        if self._branching(node, scope, after, w) is None:
            return
        word, other = "if", False
        for arm in node.operands:
            assert isinstance(arm, Apply), "an arm of CASE is a pair"
            test, result = arm.operands
            other = isinstance(test, Other)
            w.put("else:" if other else f"{word} {self.c.expressions.boolean(test, scope)}:", test.place)
            self._next(Rest(result, scope, None), Writer(w.lines, w.depth + 1, w.failed))
            word = "elif"
        if not other:
            w.put(f"else: refuse('CASE without a true case at {node.place}')")

    # --- assignments ----------------------------------------------------------------------------------

    def target(self, node: Node, scope: Scope) -> int | None:
        """The variable that an expression names as one to be assigned."""
        found, inside = self._seen_through(node, scope)
        if scope.starting:
            return self._variable(found, inside)
        if not isinstance(found, Apply):
            return None
        meaning = self.c.binder.meaning(found.op, inside.env, found.place)
        if not (isinstance(meaning, Builtin) and meaning.name == "'"):
            return None
        return self._variable(*self._seen_through(found.operands[0], inside))

    def _seen_through(self, node: Node, scope: Scope) -> tuple[Node, Scope]:
        """An expression behind the names, and the INSTANCEs, that stand for it."""
        while True:
            if isinstance(node, Subst):
                inside = self.c.binder.inside(node, scope.env)
                node, scope = node.body, scope.within(inside)
            elif isinstance(node, Apply) and (named := self._named(node, scope)) is not None:
                node, scope = self.c.calls.expanded(named, node, scope)
            else:
                return node, scope

    def _variable(self, node: Node, scope: Scope) -> int | None:
        if not isinstance(node, Apply):
            return None
        meaning = self.c.binder.meaning(node.op, scope.env, node.place)
        return meaning.index if isinstance(meaning, Variable) else None

    def _assign(self, index: int, code: str, place: Place, w: Writer) -> None:
        w.put(f"if {index} not in t: t[{index}] = {code}", place)
        w.put(f"elif t[{index}] != {code}: {w.failed}", place)

    def _assignment(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        index = self.target(node.operands[0], scope)
        if index is None:
            self._guard(node, scope, after, w)
            return
        code = self.c.expressions.value(node.operands[1], scope)
        if not (code.isidentifier() or self.c.is_constant(code)):
            name = self.c.fresh("v")
            w.put(f"{name} = {code}", node.place)
            code = name
        self._assign(index, code, node.place, w)
        self._next(after, w)

    def _choice(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        index = self.target(node.operands[0], scope)
        if index is None:
            self._guard(node, scope, after, w)
            return
        name = self.c.fresh("v")
        over = self.c.sets.iterated(node.operands[1], scope)
        mark = self._mark(w)
        w.put(f"for {name} in {over}:", node.place)
        inner = Writer(w.lines, w.depth + 1, "continue")
        self._empty_to(mark, inner)
        self._assign(index, name, node.place, inner)
        self._next(after, inner)

    def _unchanged(self, node: Apply, scope: Scope, after: Rest | None, w: Writer) -> None:
        for one, inside in self.flat(node.operands[0], scope):
            meaning = self.c.binder.meaning(one.op, inside.env, one.place) if isinstance(one, Apply) else None
            if isinstance(meaning, Variable):
                self._assign(meaning.index, f"{scope.state}[{meaning.index}]", node.place, w)
            else:
                old = self.c.expressions.value(one, inside)
                new = self.c.expressions.value(one, self.c.expressions.primed(one, inside))
                w.put(f"if {old} != {new}: {w.failed}", node.place)
        self._next(after, w)

    def flat(self, node: Node, scope: Scope) -> Iterator[tuple[Node, Scope]]:
        """The parts of a tuple of variables, through the names that stand for such tuples."""
        node, scope = self._seen_through(node, scope)
        if isinstance(node, Apply) and node.op.uid not in scope.operators:
            match self.c.binder.meaning(node.op, scope.env, node.place):
                case Builtin(name="$Tuple"):
                    for operand in node.operands:
                        yield from self.flat(operand, scope)
                    return
                case Replaced(node=inner, env=env):
                    yield from self.flat(inner, scope.within(env))
                    return
                case User(definition=definition, env=env) if (
                    not definition.params and not definition.recursive
                ):
                    yield from self.flat(definition.body, scope.within(env))
                    return
        yield node, scope
