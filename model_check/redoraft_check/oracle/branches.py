"""Which branches of an action a step takes: disjuncts, arms of IF and CASE, premises, bounded existentials.

The tree of the action is walked twice, by the same rules: once without a state, which lists every branch that
there is, and once for each step, where tests and disjuncts have values.  A step gives every primed variable
its value, so an action is a formula like any other then, and a branch is taken when it holds.  What a
constant decides (a rule that is on) is no branch; bodies of set constructors, functions, \\A and recursive
operators are not entered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Final

from attrs import define, evolve, field, frozen

from redoraft_check.oracle.bindings import Builtin, Env, Replaced, User
from redoraft_check.oracle.errors import EvaluationError, OutsideSubset, Place
from redoraft_check.oracle.explain import Explainer, Frame
from redoraft_check.oracle.runtime import apply, elements
from redoraft_check.oracle.scope import Scope
from redoraft_check.oracle.spec import State, user_operator
from redoraft_check.oracle.tree import Apply, Let, Node, Other, Subst
from redoraft_check.oracle.values import Value, shown_order

MAX_WITNESSES: Final = 1_000
"""Elements of one bounded existential that are tried for a witness."""

_AND: Final = ("$ConjList", "\\land")
_OR: Final = ("$DisjList", "\\lor")
_CLOSED: Final = ("'", "UNCHANGED", "ENABLED")
"""Operators whose operands are not entered: what is under them is of another state, or of none."""


def _whole(place: Place) -> tuple[str | int, ...]:
    """What tells two branches of one line apart: places are equal when their lines are."""
    return place.module, place.line, place.column, place.end_line, place.end_column


@frozen
class Branch:
    """One branch of one action.

    `kind` is `action` (the whole of it), `disjunct`, `then`, `else`, `case`, `premise` (of `=>`) or `exists`.
    """

    action: str
    kind: str
    place: Place = field(eq=_whole)


@define
class Branches:
    """The branches of some operators of a specification; `actions` names them as traces do."""

    explainer: Explainer
    actions: Mapping[str, str]
    listed: dict[Branch, None] = field(init=False, factory=dict)
    _local: set[int] = field(init=False, factory=set)
    _inside: dict[tuple[int, int, str], bool] = field(init=False, factory=dict)
    _leading: set[tuple[int, int, str]] = field(init=False, factory=set)
    _taken: set[Branch] = field(init=False, factory=set)

    def __attrs_post_init__(self) -> None:
        spec = self.explainer.spec
        for operator in self.actions:
            self._list_user(user_operator(spec.tree, spec.compiler.binder, operator), "")

    def taken(self, operator: str, state: State, successor: State) -> frozenset[Branch]:
        """The branches of all actions that hold in a step of an operator without parameters."""
        explainer = self.explainer
        explainer.state, explainer.step = state, dict(enumerate(successor))
        user = user_operator(explainer.spec.tree, explainer.spec.compiler.binder, operator)
        self._taken = set()
        self._visit_body(user, Frame(Scope(user.env), {}, (user,)), "")
        return frozenset(self._taken)

    # --- without a state ---------------------------------------------------------------------------------

    def _list_user(self, user: User, action: str) -> bool:
        action = action or self.actions.get(user.definition.name, "")
        key = (user.definition.uid, user.env.number, action)
        if key not in self._inside:
            self._inside[key] = False
            if user.definition.name in self.actions:
                self.listed[Branch(action, "action", user.definition.place)] = None
            body = user.definition.body
            self._inside[key] = not user.definition.recursive and self._list(body, user.env, action)
        return self._inside[key]

    def _list(self, node: Node, env: Env, action: str) -> bool:
        """Whether there are branches in a formula; they are listed."""
        found = self._list_one(node, env, action)
        if found:
            self._leading.add((id(node), env.number, action))
        return found

    def _list_one(self, node: Node, env: Env, action: str) -> bool:
        match node:
            case Subst():
                return self._list(node.body, self.explainer.spec.compiler.binder.inside(node, env), action)
            case Let():
                self._local |= set(node.definitions)
                return self._list(node.body, env, action)
            case Apply():
                match self._static_meaning(node, env):
                    case Builtin(name=name):
                        return self._list_builtin(name, node, env, action)
                    case User() as user:
                        found = [self._list(one, env, action) for one in node.operands]
                        return self._list_user(user, action) or any(found)
                    case Replaced(node=inner, env=outer):
                        return self._list(inner, outer, action)
        return False

    def _list_builtin(self, name: str, node: Apply, env: Env, action: str) -> bool:
        ways = self._ways(name, node, env)
        for kind, one in ways:
            self.listed[Branch(action, kind, one.place)] = None
        below = [self._list(one, env, action) for one in self._entered(name, node, env)]
        return bool(ways) or any(below)

    def _ways(self, name: str, node: Apply, env: Env) -> list[tuple[str, Node]]:
        """The branches that begin at an operator of the language; none where constants leave no choice."""
        operands = node.operands
        if name in _OR:
            open_ = [one for one in operands if self._constant(one, env) is not False]
            return [("disjunct", one) for one in open_] if len(open_) > 1 else []
        if name == "$IfThenElse" and self._constant(operands[0], env) is None:
            return [("then", operands[1]), ("else", operands[2])]
        if name == "=>" and self._constant(operands[0], env) is None:
            return [("premise", operands[1])]
        if name == "$Case":
            arms = [one for one in operands if isinstance(one, Apply)]
            possible = [one for one in arms if self._constant(one.operands[0], env) is not False]
            return [("case", one.operands[1]) for one in possible] if len(possible) > 1 else []
        return [("exists", node.operands[0])] if name == "$BoundedExists" else []

    def _entered(self, name: str, node: Apply, env: Env) -> Iterator[Node]:
        """The operands in which branches are looked for, without those that a constant shuts."""
        operands = node.operands
        if name in _CLOSED or (node.bounds and name != "$BoundedExists"):
            return
        if name in (*_AND, *_OR):
            yield from (one for one in operands if self._constant(one, env) is not False)
            return
        if name in ("$IfThenElse", "=>"):
            test = self._constant(operands[0], env)
            yield operands[0]
            if test is not False:
                yield operands[1]
            if test is not True:
                yield from operands[2:]
            return
        if name == "$Case":
            for arm in operands:
                assert isinstance(arm, Apply), "an arm of CASE is a pair"
                if self._constant(arm.operands[0], env) is not False:
                    yield from (one for one in arm.operands if not isinstance(one, Other))
            return
        if name == "$Except":
            yield operands[0]
            yield from (one.operands[1] for one in operands[1:] if isinstance(one, Apply))
            return
        yield from operands

    def _constant(self, node: Node, env: Env) -> bool | None:
        """What a formula comes to in every state, as far as constants alone say."""
        if not isinstance(node, Apply):
            return None
        known = [self._constant(one, env) for one in node.operands]
        match self._static_meaning(node, env):
            case Builtin(name=name) if name in (*_AND, *_OR):
                decides = name in _OR
                undecided = None if None in known else not decides
                return decides if decides in known else undecided
            case Builtin(name="\\lnot"):
                return None if known[0] is None else not known[0]
            case User(definition=definition) if definition.uid in self._local:
                return None if node.operands else self._constant(definition.body, env)
        return self._value_without_state(node, env)

    def _value_without_state(self, node: Apply, env: Env) -> bool | None:
        if not _is_closed(node) or self.explainer.spec.compiler.levels.of(node, env):
            return None
        try:
            value = self.explainer.value(node, Frame(Scope(env), {}))
        except (EvaluationError, OutsideSubset):
            return None
        return value if isinstance(value, bool) else None

    def _static_meaning(self, node: Apply, env: Env) -> object:
        return self.explainer.spec.compiler.binder.meaning(node.op, env, node.place)

    # --- in a step ---------------------------------------------------------------------------------------

    def _visit_body(self, user: User, frame: Frame, action: str) -> None:
        if not action and user.definition.name in self.actions:
            action = self.actions[user.definition.name]
            self._taken.add(Branch(action, "action", user.definition.place))
        self._visit(user.definition.body, frame, action)

    def _visit(self, node: Node, frame: Frame, action: str) -> None:
        if action and (id(node), frame.scope.env.number, action) not in self._leading:
            return
        try:
            self._visit_one(node, frame, action)
        except (EvaluationError, OutsideSubset):
            # By need: what has no value here was not asked for.
            return

    def _visit_one(self, node: Node, frame: Frame, action: str) -> None:
        explainer = self.explainer
        match node:
            case Subst():
                env = explainer.spec.compiler.binder.inside(node, frame.scope.env)
                self._visit(node.body, evolve(frame, scope=frame.scope.within(env)), action)
            case Let():
                self._local |= set(node.definitions)
                self._visit(node.body, explainer.bound_by(node, frame), action)
            case Apply() if node.op.uid in self._local and not node.operands:
                self._visit(explainer.spec.tree.definitions[node.op.uid].body, frame, action)
            case Apply():
                match explainer.meaning(node, frame):
                    case Builtin(name=name):
                        self._visit_builtin(name, node, frame, action)
                    case User() as user:
                        for one in node.operands:
                            self._visit(one, frame, action)
                        if user.definition.recursive:
                            return
                        self._visit_body(user, explainer.unfolded(user, node, frame).frame, action)
                    case Replaced(node=inner, env=env):
                        self._visit(inner, evolve(frame, scope=Scope(env)), action)

    def _visit_builtin(self, name: str, node: Apply, frame: Frame, action: str) -> None:
        if name in _CLOSED:
            return
        if name in _AND:
            for one in node.operands:
                self._visit(one, frame, action)
                if self._holds(one, frame) is not True:
                    return
        elif name in (*_OR, "$IfThenElse", "=>", "$Case"):
            self._visit_choice(name, node, frame, action)
        elif name == "$BoundedExists":
            self._visit_exists(node, frame, action)
        elif name == "$Except":
            self._visit_except(node, frame, action)
        elif not node.bounds:
            for one in node.operands:
                self._visit(one, frame, action)

    def _visit_choice(self, name: str, node: Apply, frame: Frame, action: str) -> None:
        kinds = {id(one): kind for kind, one in self._ways(name, node, frame.scope.env)} if action else {}
        if name in _OR:
            going = [one for one in node.operands if self._holds(one, frame) is True]
        elif name == "=>":
            self._visit(node.operands[0], frame, action)
            going = [node.operands[1]] if self._holds(node.operands[0], frame) is True else []
        else:
            if name == "$IfThenElse":
                self._visit(node.operands[0], frame, action)
            going = [self.explainer.branch(name, node, frame)]
        for one in going:
            if id(one) in kinds:
                self._taken.add(Branch(action, kinds[id(one)], one.place))
            self._visit(one, frame, action)

    def _visit_exists(self, node: Apply, frame: Frame, action: str) -> None:
        domains: list[Value] = []
        uids: list[tuple[int, ...]] = []
        for bound in node.bounds:
            if bound.domain is None:
                return
            self._visit(bound.domain, frame, action)
            names = [bound.names] if bound.pattern else [(uid,) for uid in bound.names]
            domains += [shown_order(elements(self.explainer.value(bound.domain, frame)))] * len(names)
            uids += names
        body = node.operands[0]
        for row in islice(product(*domains), MAX_WITNESSES):
            inner = self.explainer.bind(uids, row, frame)
            if self._holds(body, inner) is True:
                if action:
                    self._taken.add(Branch(action, "exists", body.place))
                self._visit(body, inner, action)

    def _visit_except(self, node: Apply, frame: Frame, action: str) -> None:
        base = self.explainer.value(node.operands[0], frame)
        self._visit(node.operands[0], frame, action)
        for one in node.operands[1:]:
            assert isinstance(one, Apply), "an exception is a pair of a path and a value"
            path, new = one.operands
            assert isinstance(path, Apply), "a path is a sequence of keys"
            old: Value = base
            for key in path.operands:
                old = apply(old, self.explainer.value(key, frame))
            code = f"old_{len(frame.values)}"
            scope = evolve(frame.scope.bind({-len(frame.values) - 1: code}), at=code)
            self._visit(new, evolve(frame, scope=scope, values={**frame.values, code: old}), action)

    def _holds(self, node: Node, frame: Frame) -> Value:
        try:
            return self.explainer.value(node, frame)
        except EvaluationError:
            return None


def _is_closed(node: Node) -> bool:
    """Whether nothing in an application is bound outside of it; those that bind are not looked into."""
    if not isinstance(node, Apply):
        return not isinstance(node, (Let, Subst))
    if node.op.kind == "param" or node.bounds:
        return False
    return all(_is_closed(one) for one in node.operands)
