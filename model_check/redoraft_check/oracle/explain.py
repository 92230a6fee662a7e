"""Why an action is not possible: the conjunct that is false where the furthest branch ends.

The action's tree is walked as `actions` compiles it: conjuncts in order, operators unfolded, disjunctions and
bounded existentials tried one after the other.  Of all branches the one that meets the most conjuncts in
order is the nearest; where it ends stands the first false conjunct.  Only single conjuncts are evaluated, by
the code that the compiler makes for them, so there is no second evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Final

from attrs import define, evolve, field, frozen

from redoraft_check.oracle.bindings import Builtin, Env, Meaning, Replaced, User, Variable
from redoraft_check.oracle.errors import EvaluationError, Place
from redoraft_check.oracle.runtime import Lazy, elements
from redoraft_check.oracle.scope import Scope, python_name
from redoraft_check.oracle.source import Sources
from redoraft_check.oracle.spec import Spec, State, user_operator
from redoraft_check.oracle.tree import Apply, Let, Node, Other, Subst
from redoraft_check.oracle.values import Value, shown_order

MAX_ELEMENTS: Final = 10_000
"""Elements of one bounded existential that are tried; a message about a larger one speaks of these."""

_AND: Final = ("$ConjList", "\\land")
_OR: Final = ("$DisjList", "\\lor")


@frozen(eq=False)
class Frame:
    """Where a node stands: its scope, the Python values of the names in it, and the operators around it."""

    scope: Scope
    values: dict[str, Value]
    calls: tuple[User, ...] = ()

    def bind(self, names: dict[int, str], values: dict[str, Value]) -> Frame:
        """With more names."""
        return evolve(self, scope=self.scope.bind(names), values={**self.values, **values})


@frozen(eq=False)
class Rest:
    """What is still to be met: a linked list."""

    node: Node
    frame: Frame
    after: Rest | None


@frozen(eq=False)
class End:
    """Where a branch ends: the false conjunct, how many were true before it, and the step so far.

    `opened` names the operators that were opened on the way, `reason` is set where the conjunct has no value.
    """

    node: Node
    frame: Frame
    met: int
    state: State
    step: dict[int, Value]
    after: Rest | None
    opened: tuple[str, ...] = ()
    reason: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """How far this is: conjuncts that were true in order, then depth in operators."""
        return self.met, len(self.frame.calls)


Trail = tuple[tuple[str, tuple[Value, ...]], ...]
"""What a way through an action chose and met: text of a domain or of a call, and the values there."""


@define
class Explainer:
    """Walks actions of one compiled specification; `sources` has the text of its modules."""

    spec: Spec
    sources: Sources
    state: State = field(init=False, default=())
    step: dict[int, Value] = field(init=False, factory=dict)
    _furthest: End | None = field(init=False, default=None)
    _also: list[End] | None = field(init=False, default=None)
    _trail: list[tuple[str, tuple[Value, ...]]] = field(init=False, factory=list)
    _code: dict[object, tuple[tuple[str, ...], Callable[..., Value]]] = field(init=False, factory=dict)
    _assigning: dict[tuple[int, int], bool] = field(init=False, factory=dict)
    _local_actions: set[int] = field(init=False, factory=set)

    # --- what is asked from outside ----------------------------------------------------------------------

    def nearest(
        self, states: Iterable[State], calls: Sequence[tuple[str, Sequence[Value]]]
    ) -> tuple[list[Trail], End | None]:
        """Tries operators one after the other, as conjuncts, from each of the states.

        Gives the trails of the ways through all of them, and the end of the furthest branch that is none.
        Raises `CliError` (65) for an operator that the module does not have.
        """
        self._furthest = None
        found: list[Trail] = []
        for state in states:
            self.state, self.step, self._trail = state, {}, []
            found += [tuple(self._trail) for _ in self._walk(self._calls(calls), 0)]
        return found, self._furthest

    def also_false(self, end: End) -> list[End]:
        """What else is false behind the end of a branch, as far as it has a value."""
        self.resume(end)
        self._also = []
        for _ in islice(self._walk(end.after, end.met), 1):
            pass
        found, self._also = self._also, None
        return [one for one in found if not one.reason]

    def resume(self, end: End) -> None:
        """Go back to where a branch ended, so that more can be evaluated there."""
        self.state, self.step = end.state, dict(end.step)

    def value(self, node: Node, frame: Frame) -> Value:
        """The value of an expression in the present step.  Raises `EvaluationError`."""
        names, function = self._compiled(node, frame.scope)
        with self.spec.evaluating():
            return function(self.state, self.step, *(frame.values[name] for name in names))

    def meaning(self, node: Apply, frame: Frame) -> Meaning | None:
        """What an application applies; None for a name that is bound here."""
        if node.op.uid in frame.scope.names or node.op.uid in frame.scope.operators:
            return None
        return self.spec.compiler.binder.meaning(node.op, frame.scope.env, node.place)

    def unfolded(self, user: User, node: Apply, frame: Frame) -> Rest:
        """The body of an operator, where its parameters stand for the operands, by need."""
        params = self.spec.compiler.tree.params
        names: dict[int, str] = {}
        values: dict[str, Value] = {}
        for free in self.spec.compiler.primes.free(user.env):
            # A parameter of the INSTANCE in which the operator stands.
            if free in frame.scope.names:
                names[free] = frame.scope.names[free]
                known = names[free].removesuffix("()")
                values[known] = frame.values[known]
        for param, operand in zip(user.definition.params, node.operands, strict=True):
            name = python_name(params[param].name, param)
            names[param] = f"{name}()"
            values[name] = Lazy(lambda operand=operand: self.value(operand, frame))  # type: ignore[misc]
        inner = Frame(Scope(user.env, names=names), values, (*frame.calls, user))
        return Rest(user.definition.body, inner, None)

    def bound_by(self, node: Let, frame: Frame) -> Frame:
        """The frame behind what a LET defines, actions left out."""
        compiler = self.spec.compiler
        actions = {uid for uid in node.definitions if self._is_action(uid, frame)}
        self._local_actions |= actions
        plain = tuple(uid for uid in node.definitions if uid not in actions)
        lines, scope = compiler.expressions.let_lines(Let(node.place, plain, node.body), frame.scope)
        names = [line.strip().partition(" = ")[0] for line in lines]
        if not names:
            return frame
        key = (id(node), frame.scope.env.number, tuple(frame.scope.names.values()))
        made = self._define(key, frame.scope, [*lines, f"    return ({', '.join(names)},)"], node.place)
        with self.spec.evaluating():
            values = made[1](self.state, self.step, *(frame.values[name] for name in made[0]))
        return evolve(frame, scope=scope, values={**frame.values, **dict(zip(names, values, strict=True))})

    def unfolds(self, user: User) -> bool:
        """Whether an operator is opened and not shown as it is called."""
        definition = user.definition
        if definition.recursive or any(self.spec.compiler.tree.params[p].arity for p in definition.params):
            return False
        body = definition.body
        while isinstance(body, (Let, Subst)):
            body = body.body
        if not isinstance(body, Apply):
            return False
        match self.spec.compiler.binder.meaning(body.op, user.env, body.place):
            case Builtin(name=name):
                return name in (*_AND, "$IfThenElse", "$Case")
            case User() as inner:
                return self.unfolds(inner)
        return False

    # --- one conjunct after the other --------------------------------------------------------------------

    def _calls(self, calls: Sequence[tuple[str, Sequence[Value]]]) -> Rest | None:
        rest: Rest | None = None
        tree, binder = self.spec.compiler.tree, self.spec.compiler.binder
        for name, args in reversed(calls):
            user = user_operator(tree, binder, name)
            names = {uid: python_name(tree.params[uid].name, uid) for uid in user.definition.params}
            values = dict(zip(names.values(), args, strict=True))
            rest = Rest(user.definition.body, Frame(Scope(user.env, names=names), values, (user,)), rest)
        return rest

    def _walk(self, rest: Rest | None, met: int) -> Iterator[None]:
        if rest is None:
            yield
            return
        try:
            yield from self._one(rest.node, rest.frame, rest.after, met)
        except EvaluationError as error:
            yield from self._fails(rest, met, error.reason)

    def _one(self, node: Node, frame: Frame, after: Rest | None, met: int) -> Iterator[None]:
        match node:
            case Subst():
                env = self.spec.compiler.binder.inside(node, frame.scope.env)
                yield from self._walk(
                    Rest(node.body, evolve(frame, scope=frame.scope.within(env)), after), met
                )
                return
            case Let():
                yield from self._walk(Rest(node.body, self.bound_by(node, frame), after), met)
                return
            case Apply():
                yield from self._application(node, frame, after, met)
                return
        yield from self._guard(node, frame, after, met)

    def _application(self, node: Apply, frame: Frame, after: Rest | None, met: int) -> Iterator[None]:
        assigns = self.assigns(node, frame.scope.env)
        match self.meaning(node, frame):
            case Builtin(name=name) if name in _AND:
                for operand in reversed(node.operands):
                    after = Rest(operand, frame, after)
                yield from self._walk(after, met)
            case Builtin(name="$IfThenElse" | "$Case" as name):
                yield from self._walk(Rest(self.branch(name, node, frame), frame, after), met)
            case Builtin(name=name) if assigns and name in _OR:
                yield from self._each((Rest(one, frame, after) for one in node.operands), met)
            case Builtin(name="$BoundedExists") if assigns:
                yield from self._exists(node, frame, after, met)
            case Builtin(name="$BoundedForall") if self._also is None and self._judges(node, frame):
                yield from self._forall(node, frame, after, met)
            case Builtin(name="=" | "\\in" as name) if assigns:
                yield from self._assignment(name, node, frame, after, met)
            case Builtin(name="UNCHANGED") if assigns:
                yield from self._unchanged(node, frame, after, met)
            case User() if node.op.uid in self._local_actions:
                body = self.spec.compiler.tree.definitions[node.op.uid].body
                yield from self._walk(Rest(body, frame, after), met)
            case User() as user if assigns or self.unfolds(user):
                opened = self.unfolded(user, node, frame)
                mark = len(self._trail)
                self._trail.append((user.definition.name, ()))
                yield from self._walk(Rest(opened.node, opened.frame, after), met)
                del self._trail[mark:]
            case Replaced(node=inner, env=env):
                yield from self._walk(Rest(inner, evolve(frame, scope=Scope(env)), after), met)
            case _:
                yield from self._guard(node, frame, after, met)

    def _guard(self, node: Node, frame: Frame, after: Rest | None, met: int) -> Iterator[None]:
        if self.value(node, frame) is not True:
            yield from self._fails(Rest(node, frame, after), met)
            return
        mark = len(self._trail)
        if isinstance(node, Apply) and isinstance(self.meaning(node, frame), User):
            values = tuple(self.value(operand, frame) for operand in node.operands)
            self._trail.append((self.sources.text(node.place), values))
        yield from self._walk(after, met + 1)
        del self._trail[mark:]

    def _fails(self, rest: Rest, met: int, reason: str = "") -> Iterator[None]:
        opened = tuple(name for name, values in self._trail if not values)
        end = End(rest.node, rest.frame, met, self.state, dict(self.step), rest.after, opened, reason)
        if self._also is not None:
            self._also.append(end)
            yield from self._walk(rest.after, met)
        elif self._furthest is None or end.rank > self._furthest.rank:
            self._furthest = end

    # --- choices -----------------------------------------------------------------------------------------

    def _each(self, ways: Iterable[Rest], met: int) -> Iterator[None]:
        mark, trail = len(self.step), len(self._trail)
        for way in ways:
            self._back_to(mark)
            yield from self._walk(way, met)
            del self._trail[trail:]
        self._back_to(mark)

    def _back_to(self, mark: int) -> None:
        while len(self.step) > mark:
            self.step.popitem()

    def _judges(self, node: Apply, frame: Frame) -> bool:
        """Whether a quantifier asks for an action that is possible for each element: a step that is known by
        then is judged by it."""
        return self.assigns(node.operands[0], frame.scope.env)

    def _forall(self, node: Apply, frame: Frame, after: Rest | None, met: int) -> Iterator[None]:
        """Ends inside the first element for which the action is not possible."""
        domains, uids = self._bounds(node, frame)
        for row in islice(product(*(found for _, found in domains)), MAX_ELEMENTS):
            inner = self.bind(uids, row, frame)
            if self.value(node.operands[0], inner) is not True:
                for _ in self._walk(Rest(node.operands[0], inner, None), met):
                    yield from self._fails(Rest(node, frame, after), met)
                return
        yield from self._guard(node, frame, after, met)

    def _bounds(
        self, node: Apply, frame: Frame
    ) -> tuple[list[tuple[Node, Sequence[Value]]], list[tuple[int, ...]]]:
        """The domains of a quantifier with their elements, and the names that each element binds."""
        domains: list[tuple[Node, Sequence[Value]]] = []
        for bound in node.bounds:
            if bound.domain is None:
                raise EvaluationError("an unbounded quantifier")
            found = shown_order(elements(self.value(bound.domain, frame)))
            domains += [(bound.domain, found)] * (1 if bound.pattern else len(bound.names))
        uids = [
            names
            for bound in node.bounds
            for names in ([bound.names] if bound.pattern else [(uid,) for uid in bound.names])
        ]
        return domains, uids

    def _exists(self, node: Apply, frame: Frame, after: Rest | None, met: int) -> Iterator[None]:
        domains, uids = self._bounds(node, frame)
        if not all(len(found) for _, found in domains):
            yield from self._fails(Rest(node, frame, after), met)
            return
        text = "; ".join(self.sources.text(domain.place) for domain, _ in domains)
        mark, trail = len(self.step), len(self._trail)
        for row in islice(product(*(found for _, found in domains)), MAX_ELEMENTS):
            self._back_to(mark)
            self._trail.append((text, row))
            inner = self.bind(uids, row, frame)
            yield from self._walk(Rest(node.operands[0], inner, after), met)
            del self._trail[trail:]
        self._back_to(mark)

    def bind(self, uids: Sequence[tuple[int, ...]], row: Sequence[Value], frame: Frame) -> Frame:
        """A frame with more bound variables; several names share the parts of one element."""
        params = self.spec.compiler.tree.params
        pairs = [
            pair
            for names, value in zip(uids, row, strict=True)
            for pair in (zip(names, value, strict=True) if len(names) > 1 else ((names[0], value),))
        ]
        names = {uid: python_name(params[uid].name, uid) for uid, _ in pairs}
        return frame.bind(names, {names[uid]: value for uid, value in pairs})

    def branch(self, name: str, node: Apply, frame: Frame) -> Node:
        """The part of an IF or CASE that counts here.  Raises `EvaluationError`."""
        if name == "$IfThenElse":
            test, yes, no = node.operands
            return yes if self.value(test, frame) is True else no
        for arm in node.operands:
            assert isinstance(arm, Apply), "an arm of CASE is a pair"
            test, result = arm.operands
            if isinstance(test, Other) or self.value(test, frame) is True:
                return result
        raise EvaluationError("CASE without a true case")

    # --- assignments -------------------------------------------------------------------------------------

    def _set(self, index: int, value: Value) -> bool:
        if index not in self.step:
            self.step[index] = value
            return True
        return bool(self.step[index] == value)

    def _assignment(
        self, sign: str, node: Apply, frame: Frame, after: Rest | None, met: int
    ) -> Iterator[None]:
        index = self.spec.compiler.actions.target(node.operands[0], frame.scope)
        assert index is not None, "an assignment has a target"
        right = self.value(node.operands[1], frame)
        mark, known = len(self.step), index in self.step
        fitting = False
        for value in (right,) if sign == "=" else shown_order(elements(right)):
            self._back_to(mark)
            if self._set(index, value):
                fitting = True
                yield from self._walk(after, met + 1)
        if not fitting or (sign == "\\in" and not known and not len(right)):
            yield from self._fails(Rest(node, frame, after), met)
        self._back_to(mark)

    def _unchanged(self, node: Apply, frame: Frame, after: Rest | None, met: int) -> Iterator[None]:
        mark = len(self.step)
        for one, inside in self.spec.compiler.actions.flat(node.operands[0], frame.scope):
            meaning = self.meaning(one, evolve(frame, scope=inside)) if isinstance(one, Apply) else None
            if isinstance(meaning, Variable) and not self._set(meaning.index, self.state[meaning.index]):
                yield from self._fails(Rest(node, frame, after), met)
                self._back_to(mark)
                return
        yield from self._walk(after, met + 1)
        self._back_to(mark)

    def assigns(self, node: Node, env: Env) -> bool:
        """Whether meeting a formula can give a variable of the next state its value."""
        key = (id(node), env.number)
        if key not in self._assigning:
            self._assigning[key] = False
            self._assigning[key] = self._assigns(node, env)
        return self._assigning[key]

    def _assigns(self, node: Node, env: Env) -> bool:  # noqa: PLR0911  (one for each kind)
        compiler = self.spec.compiler
        match node:
            case Let():
                return self.assigns(node.body, env)
            case Subst():
                return self.assigns(node.body, compiler.binder.inside(node, env))
            case Apply():
                match compiler.binder.meaning(node.op, env, node.place):
                    case Builtin(name="=" | "\\in"):
                        return compiler.actions.target(node.operands[0], Scope(env)) is not None
                    case Builtin(name="UNCHANGED"):
                        return True
                    case Builtin(name=name) if name in (*_AND, *_OR, "$BoundedExists"):
                        return any(self.assigns(one, env) for one in node.operands)
                    case Builtin(name="$IfThenElse" | "$Case" | "$Pair"):
                        return any(self.assigns(one, env) for one in node.operands)
                    case User(definition=definition, env=inside):
                        return self.assigns(definition.body, inside)
                    case Replaced(node=inner, env=inside):
                        return self.assigns(inner, inside)
        return False

    def _is_action(self, uid: int, frame: Frame) -> bool:
        definition = self.spec.compiler.tree.definitions[uid]
        return not definition.params and self.assigns(definition.body, frame.scope.env)

    # --- evaluation --------------------------------------------------------------------------------------

    def _compiled(self, node: Node, scope: Scope) -> tuple[tuple[str, ...], Callable[..., Value]]:
        key = (id(node), scope.env.number, tuple(scope.names.values()), scope.state)
        found = self._code.get(key)
        if found is None:
            lines = self.spec.compiler.expressions.body(node, scope)
            found = self._define(key, scope, lines, node.place)
        return found

    def _define(
        self, key: object, scope: Scope, lines: list[str], place: Place
    ) -> tuple[tuple[str, ...], Callable[..., Value]]:
        found = self._code.get(key)
        if found is None:
            compiler = self.spec.compiler
            code = [text.removesuffix("()") for text in scope.names.values()]
            names = tuple(dict.fromkeys([*code, *(one.code for one in scope.operators.values())]))
            name = compiler.fresh("asked")
            compiler.define(name, ["s", "t", *names], lines, place)
            compiler.flush()
            found = self._code[key] = names, compiler.names[name]
        return found
