"""A transition system: what a protocol's module gives to the prover."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from redoraft_check.smt.formula import (
    Action,
    Formula,
    Function,
    Named,
    Relation,
    Sort,
    Var,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.hints import Hints


@frozen
class Model:
    """State, axioms, steps, what must hold, and why it does.

    `lemmas` hold in every state and were proved of another model; `invariant` is inductive; `safety` follows
    from both in every state; `step_safety` names the facts of actions that are properties of every step.
    `begins` follows from the initial predicate.  `off` are the rules that are switched off.
    `small` bounds the sorts where a counterexample is looked for that is easy to read.  `hints` say which
    hypotheses are tried first, and nothing else.
    """

    name: str
    summary: str
    sorts: tuple[Sort, ...]
    functions: tuple[Function, ...]
    relations: tuple[Relation, ...]
    axioms: tuple[Named, ...]
    init: Formula
    actions: tuple[Action, ...]
    invariant: tuple[Named, ...]
    safety: tuple[Named, ...]
    step_safety: tuple[str, ...] = ()
    lemmas: tuple[Named, ...] = ()
    begins: tuple[Named, ...] = ()
    off: frozenset[str] = frozenset()
    small: Mapping[Sort, int] = field(factory=dict)
    hints: Hints = field(factory=dict)

    @property
    def state(self) -> tuple[Relation, ...]:
        """The relations that steps change."""
        return tuple(relation for relation in self.relations if not relation.rigid)

    def action(self, name: str) -> Action:
        """The action of this name.  Raises `KeyError`."""
        found = {action.name: action for action in self.actions}
        return found[name]


class Switched:
    """A protocol's actions under some rules switched off."""

    def __init__(self, off: frozenset[str] = frozenset()) -> None:
        self.off = off

    def on(self, rule: str) -> bool:
        """The specification's On."""
        return rule not in self.off


def one_value(relation: Relation) -> Named:
    """That a relation which stands for a function has at most one value."""
    keys = tuple(Var(f"k{at}", sort) for at, sort in enumerate(relation.args[:-1]))
    one, other = Var("x", relation.args[-1]), Var("y", relation.args[-1])
    body = implies(relation(*keys, one) & relation(*keys, other), same(one, other))
    return Named(
        f"{relation.name} is a function",
        forall((*keys, one, other), body),
        f"{relation.name} is a function in the specification; a step gives it one new value.",
    )


def has_value(relation: Relation) -> Named:
    """That a relation which stands for a function has a value."""
    keys = tuple(Var(f"k{at}", sort) for at, sort in enumerate(relation.args[:-1]))
    x = Var("x", relation.args[-1])
    given = forall(keys, exists([x], relation(*keys, x)))
    return Named(f"{relation.name}IsGiven", given, "It has one in the specification.")
