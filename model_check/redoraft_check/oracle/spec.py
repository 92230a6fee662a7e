"""A specification that can be stepped: the oracle's interface.

    spec = load(Path("spec/models/MCRaftRedo.tla"), Path("spec/models/RaftRedo_t2.cfg"), library)
    for state in spec.initial_states(): ...
    for action, successor in spec.successors(state): ...

A state is a tuple of values in the order of `spec.variables`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field, frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle import steps
from redoraft_check.oracle.bindings import Binder, Constant, User
from redoraft_check.oracle.compiler import Compiler
from redoraft_check.oracle.errors import OutsideSubset, Place
from redoraft_check.oracle.names import reading_order
from redoraft_check.oracle.properties import Property, compiled_property
from redoraft_check.oracle.runtime import elements
from redoraft_check.oracle.sany import load_tree
from redoraft_check.oracle.scope import Scope
from redoraft_check.oracle.split import Leaf, specification, split
from redoraft_check.oracle.steps import Step, Steps
from redoraft_check.oracle.symmetry import generated_group, representative
from redoraft_check.oracle.tree import Apply, Ref, Tree
from redoraft_check.oracle.values import Value, from_tlc
from redoraft_check.tlc.config import ModelConfig, load_config
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.tlc.values import parse

if TYPE_CHECKING:
    from redoraft_check.oracle.sides import FalseConjunct

State: TypeAlias = steps.State

_NOT_OURS = ("POSTCONDITION", "TYPE", "TYPE_CONSTRAINT")


@frozen
class Action:
    """A part of the next-state relation, under the name at which TLC labels its edges."""

    name: str
    step: Step
    args: tuple[Value, ...] = ()
    place: Place | None = None


@define
class Spec(Steps):
    """A compiled specification under one configuration."""

    tree: Tree
    config: ModelConfig
    compiler: Compiler
    invariants: tuple[str, ...]
    _actions: tuple[Action, ...]
    _constraints: tuple[str, ...] = ()
    _action_constraints: tuple[str, ...] = ()
    _folders: tuple[Path, ...] = ()
    _values: dict[str, Callable[..., Value]] = field(init=False, factory=dict)

    @property
    def action_names(self) -> tuple[str, ...]:
        """The names of the actions, each once."""
        return tuple(dict.fromkeys(action.name for action in self._actions))

    @property
    def has_behaviour(self) -> bool:
        """Whether the configuration names an initial predicate; without one only ASSUMEs are checked."""
        return self._initial is not None

    @property
    def places(self) -> dict[str, Place]:
        """Where each action stands; the first place of one with several."""
        return {one.name: one.place for one in reversed(self._actions) if one.place is not None}

    def false_assumptions(self) -> list[Place]:
        """The ASSUMEs that do not hold.  Raises `EvaluationError`."""
        scope = Scope(self.compiler.binder.root)
        functions = [
            (node.place, self.compiler.expression(node, scope, "ASSUME", node.place))
            for node in self.tree.assumptions
        ]
        with self.evaluating():
            return [place for place, holds in functions if holds(None, None) is not True]

    def successors(
        self, state: State, action: str | None = None, args: Sequence[Value] = ()
    ) -> Iterator[tuple[str, State]]:
        """The steps from a state, as (action, state); one step may come more than once.

        Without `action` every step of the next-state relation; with it, those of that operator applied to
        `args`.  Raises `EvaluationError`, and `CliError` (65) for a name that the module does not have.
        """
        whole = self._whole
        with self.evaluating():
            if action is None:
                yield from self.steps(state)
                return
            found: dict[int, Value] = {}
            for _ in self._operator_step(action)(state, found, *args):
                yield action, whole(found)

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        """The steps of the next-state relation from a state; use it inside `evaluating`."""
        whole = self._whole
        for one in self._actions:
            found: dict[int, Value] = {}
            for _ in one.step(state, found, *one.args):
                yield one.name, whole(found)

    def explain(self, state: State, action: str, args: Sequence[Value] = ()) -> FalseConjunct | None:
        """Why an operator, applied to `args`, is not possible in a state: the first false conjunct of its
        nearest branch.  None when it is possible.

        Raises `EvaluationError`, and `CliError` (65) for a name that the module does not have.
        """
        from redoraft_check.oracle.explain import Explainer  # noqa: PLC0415  (it is built on this module)
        from redoraft_check.oracle.sides import described  # noqa: PLC0415
        from redoraft_check.oracle.source import Sources  # noqa: PLC0415

        explainer = Explainer(self, Sources(self._folders))
        ways, end = explainer.nearest([state], [(action, args)])
        return None if ways or end is None else described(explainer, end)

    def check(self, invariant: str, state: State) -> bool:
        """Whether a predicate holds of a state.  Raises `EvaluationError`."""
        return bool(self.value(invariant, state))

    def value(self, operator: str, state: State | None = None, *args: Value) -> Value:
        """The value of an operator in a state, or of a constant one without."""
        function = self._function(operator)
        with self.evaluating():
            return function(state, *args)

    def predicate(self, operator: str) -> Callable[[State], bool]:
        """An operator without arguments as a plain function of a state; use it inside `evaluating`."""
        return self._function(operator)

    def _function(self, operator: str) -> Callable[..., Value]:
        function = self._values.get(operator)
        if function is None:
            user = self._user(operator)
            level = self.compiler.levels.of_user(user)
            if level > 1:
                raise OutsideSubset(user.definition.place, f"{operator} as the property of a state")
            compiled = self.compiler.operator(user)
            function = compiled if level else lambda _, *rest: compiled(*rest)
            self._values[operator] = function
        return function

    def properties(self) -> list[Property]:
        """The configuration's PROPERTYs, as far as states and steps can refute them."""
        names = self.config.section("PROPERTIES")
        return [compiled_property(name, self._user(name), self.compiler) for name in names]

    def within_constraints(self, state: State) -> bool:
        """Whether the configuration's CONSTRAINTs hold of a state."""
        return all(self._function(name)(state) for name in self._constraints)

    def step_allowed(self, state: State, successor: State) -> bool:
        """Whether the configuration's ACTION_CONSTRAINTs hold of a step; use it inside `evaluating`."""
        return all(self._step_test(name)(state, successor) for name in self._action_constraints)

    def _step_test(self, name: str) -> Callable[..., Value]:
        key = f"[{name}]"
        function = self._values.get(key)
        if function is None:
            user = self._user(name)
            level = self.compiler.levels.of_user(user)
            compiled = self.compiler.operator(user)
            function = compiled if level == 2 else lambda state, _: compiled(*[state][:level])
            self._values[key] = function
        return function

    def identity(self) -> Callable[[State], Value] | None:
        """What tells states apart under the configuration's VIEW and SYMMETRY; None for the state itself."""
        view = self.config.section("VIEW")
        symmetry = self.config.section("SYMMETRY")
        seen: Callable[[State], Value] | None = self._function(view[0]) if view else None
        if not symmetry:
            return seen
        with self.evaluating():
            given = [one for name in symmetry for one in elements(self._function(name)(None))]
        group = generated_group(given)

        def canonical(state: State) -> Value:
            return representative(state if seen is None else seen(state), group)

        return canonical

    def state(self, values: Mapping[str, Value]) -> State:
        """A state from the values of its variables."""
        return tuple(values[name] for name in self.variables)

    def _written_step(self, action: str) -> Step:
        return self.compiler.operator(self._user(action), "act")

    def _user(self, name: str) -> User:
        return user_operator(self.tree, self.compiler.binder, name)


def load(
    module: Path,
    config: Path | ModelConfig,
    library: Sequence[Path] = (),
    *,
    definitions: Mapping[str, Value] | None = None,
    tools: Callable[[], Tools] = find_tools,
) -> Spec:
    """Compile a module under a configuration.

    `definitions` gives values to constants or operators by name, over the configuration's.  Raises
    `OutsideSubset` (20) for a construct that is not compiled, and `CliError` (65) for files that are wrong.
    """
    tree = load_tree(module, library, tools)
    model = load_config(config) if isinstance(config, Path) else config
    for section in _NOT_OURS:
        if model.section(section):
            raise OutsideSubset(Place(f"{tree.root}.cfg", 1), f"{section} in a configuration")
    binder = _binder(tree, model, definitions or {})
    compiler = Compiler(binder, reading_order(model, module, library))
    starts, leaves = _behaviour(tree, model, compiler)
    initial = compiler.initial([(one.node, one.scope) for one in starts]) if starts else None
    return Spec(
        tree=tree,
        config=model,
        compiler=compiler,
        root=tree.root,
        written=compiler,
        variables=tuple(tree.declarations[uid].name for uid in tree.variables),
        invariants=model.section("INVARIANTS"),
        initial=initial,
        actions=tuple(_action(leaf, compiler) for leaf in leaves),
        constraints=model.section("CONSTRAINTS"),
        action_constraints=model.section("ACTION_CONSTRAINTS"),
        folders=(module.parent, *library),
    )


def _binder(tree: Tree, model: ModelConfig, definitions: Mapping[str, Value]) -> Binder:
    scoped: dict[tuple[str, str], Ref | Constant] = {}
    constants: dict[str, Value] = {}
    overrides: dict[int, int] = {}
    for name, text in model.constants.items():
        value = from_tlc(parse(text))
        module, _, inner = name.rpartition("!")
        if module:
            scoped[module, inner] = Constant(inner, value)
        elif name in tree.scope:
            # TLC lets a configuration give values to names that the module does not have.
            constants[name] = value
    for name, text in model.substitutions.items():
        module, _, inner = name.rpartition("!")
        if module:
            scoped[module, inner] = Ref("user", _named(tree, text))
        else:
            overrides[_named(tree, name)] = _named(tree, text)
    constants.update(definitions)
    return Binder(tree, {_named(tree, name): value for name, value in constants.items()}, overrides, scoped)


def user_operator(tree: Tree, binder: Binder, name: str) -> User:
    """An operator of the root module by its name.  Raises `CliError` (65)."""
    meaning = binder.meaning(Ref("user", _named(tree, name)), binder.root, Place(tree.root, 1))
    if not isinstance(meaning, User):
        raise CliError(Exit.BAD_INPUT, f"{tree.root}: {name} is no operator that the specification defines")
    return meaning


def _named(tree: Tree, name: str) -> int:
    if name not in tree.scope:
        raise CliError(Exit.BAD_INPUT, f"{tree.root}: no constant or operator {name}")
    return tree.scope[name]


def _behaviour(tree: Tree, model: ModelConfig, compiler: Compiler) -> tuple[list[Leaf], list[Leaf]]:
    named = [*model.section("SPECIFICATION")]
    if named:
        init, step = specification(user_operator(tree, compiler.binder, named[0]), compiler)
        return init, split(step, compiler)
    start = [_reference(tree, name) for name in model.section("INIT")]
    steps = [_reference(tree, name) for name in model.section("NEXT")]
    first = [Leaf.starting(one, compiler.binder.root, "INIT") for one in start]
    if not steps:
        return first, []
    return first, split(Leaf.step(steps[0], compiler.binder.root, model.section("NEXT")[0]), compiler)


def _reference(tree: Tree, name: str) -> Apply:
    return Apply(Place(tree.root, 1), Ref("user", _named(tree, name)), ())


def _action(leaf: Leaf, compiler: Compiler) -> Action:
    step = compiler.leaf(leaf.node, leaf.scope, leaf.label, leaf.node.place)
    return Action(leaf.label, step, leaf.args, leaf.node.place)
