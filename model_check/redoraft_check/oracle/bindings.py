"""What a reference stands for: a variable, a value, an operator, or what INSTANCE put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from attrs import define, field, frozen

from redoraft_check.oracle.errors import OutsideSubset, Place
from redoraft_check.oracle.tree import Apply, Definition, Node, OpArg, Ref, Subst, Tree
from redoraft_check.oracle.values import Value

STANDARD: Final = frozenset(
    {"Naturals", "Integers", "Sequences", "FiniteSets", "TLC", "Bags", "Reals", "Randomization"}
)


@define(eq=False)
class Env:
    """The substitutions in force: expressions for the declarations of an instantiated module."""

    number: int
    replaced: dict[int, tuple[Node, Env]] = field(factory=dict)


@frozen(eq=False)
class Variable:
    """The variable with this place in a state."""

    index: int
    name: str


@frozen(eq=False)
class Constant:
    """A value known before any state."""

    name: str
    value: Value


@frozen(eq=False)
class User:
    """An operator that the specification defines."""

    definition: Definition
    env: Env


@frozen(eq=False)
class Builtin:
    """An operator of the language or of a standard module (`module` is empty for the language)."""

    name: str
    module: str = ""


@frozen(eq=False)
class Local:
    """A formal parameter or a bound variable."""

    uid: int


@frozen(eq=False)
class Replaced:
    """An expression in the place of a declaration."""

    node: Node
    env: Env


Meaning: TypeAlias = Variable | Constant | User | Builtin | Local | Replaced


class Binder:
    """Resolves references in one tree under one configuration."""

    def __init__(
        self,
        tree: Tree,
        constants: Mapping[int, Value],
        overrides: Mapping[int, int],
        scoped: Mapping[tuple[str, str], Ref | Constant] = MappingProxyType({}),
    ) -> None:
        self.tree = tree
        self.root = Env(0)
        self._constants = constants
        self._overrides = overrides
        # By module and name: `Nat <- [Module]Other` holds of what is written in that module.
        self._scoped = scoped
        self._indices = {uid: at for at, uid in enumerate(tree.variables)}
        self._envs: dict[tuple[int, int], Env] = {}

    def meaning(self, ref: Ref, env: Env, place: Place) -> Meaning:
        """What a reference stands for.  Raises `OutsideSubset` for a constant without a value."""
        match ref.kind:
            case "builtin":
                return Builtin(self.tree.builtins[ref.uid])
            case "param":
                return Local(ref.uid)
            case "decl":
                return self._declared(ref.uid, env, place)
        return self._user(ref, env, place)

    def _user(self, ref: Ref, env: Env, place: Place) -> Meaning:
        definition = self.tree.definitions[self._overrides.get(ref.uid, ref.uid)]
        name = definition.name.rpartition("!")[2]
        if self._scoped:
            local = self._scoped.get((place.module, name)) or self._scoped.get((definition.home, name))
            if isinstance(local, Ref):
                return self.meaning(local, self.root, Place(self.tree.root, 1))
            if local is not None:
                return local
        if ref.uid in self._constants:
            return Constant(definition.name, self._constants[ref.uid])
        if definition.home in STANDARD:
            return Builtin(name, definition.home)
        return User(definition, env)

    def inside(self, subst: Subst, env: Env) -> Env:
        """The substitutions in force inside an instantiated body."""
        key = (id(subst), env.number)
        found = self._envs.get(key)
        if found is None:
            found = self._envs[key] = Env(len(self._envs) + 1)
            found.replaced = {uid: (node, env) for uid, node in subst.replaced}
        return found

    def _declared(self, uid: int, env: Env, place: Place) -> Meaning:
        if uid in env.replaced:
            node, outer = env.replaced[uid]
            if isinstance(node, OpArg):
                return self.meaning(node.op, outer, place)
            if isinstance(node, Apply) and not node.operands and not node.bounds:
                return self.meaning(node.op, outer, place)
            return Replaced(node, outer)
        if uid in self._indices:
            return Variable(self._indices[uid], self.tree.declarations[uid].name)
        if uid in self._constants:
            return Constant(self.tree.declarations[uid].name, self._constants[uid])
        if uid in self._overrides:
            return self.meaning(Ref("user", self._overrides[uid]), self.root, place)
        raise OutsideSubset(place, f"{self.tree.declarations[uid].name} without a value in the configuration")
