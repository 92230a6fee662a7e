"""Where an expression stands while it is compiled: which names Python code has for what it mentions."""

from __future__ import annotations

import re

from attrs import evolve, field, frozen

from redoraft_check.oracle.bindings import Env
from redoraft_check.oracle.tree import Node


@frozen
class LocalOperator:
    """An operator defined by LET or passed as an argument; `lazy` says which parameters are thunks."""

    code: str
    lazy: tuple[bool, ...] = ()


@frozen(eq=False)
class Named:
    """A name used as an expression: what it stands for, its parameters, and where it was bound."""

    node: Node
    scope: Scope
    params: tuple[int, ...] = ()


@frozen(eq=False)
class Scope:
    """`state` and `next` are the Python names of the state and of the step's other end.

    `names` maps parameters and LET constants to code that reads them, `sets` some LET constants also to what
    they are made of; `at` reads `@`.  `starting` is set in
    the initial predicate, where unprimed variables are assigned.
    """

    env: Env
    state: str = "s"
    next: str | None = "t"
    names: dict[int, str] = field(factory=dict)
    operators: dict[int, LocalOperator] = field(factory=dict)
    sets: dict[int, tuple[Node, Scope]] = field(factory=dict)
    exprs: dict[int, Named] = field(factory=dict)
    under: bool = False
    at: str | None = None
    starting: bool = False

    def bind(self, names: dict[int, str]) -> Scope:
        """More names."""
        return evolve(self, names={**self.names, **names})

    def define(self, uid: int, operator: LocalOperator) -> Scope:
        """One operator more."""
        return evolve(self, operators={**self.operators, uid: operator})

    def call(self, names: dict[int, Named]) -> Scope:
        """Names that stand for expressions."""
        return evolve(self, exprs={**self.exprs, **names})

    def at_place_of(self, other: Scope) -> Scope:
        """These names, at the state, or the step, of another place."""
        return evolve(self, state=other.state, next=other.next, under=other.under, starting=other.starting)

    def all_names(self) -> dict[str, None]:
        """Every Python name that code written here may read, without the marks of thunks."""
        found = dict.fromkeys(text.removesuffix("()") for text in self.names.values())
        for one in self.exprs.values():
            found |= one.scope.all_names()
        return found

    def within(self, env: Env) -> Scope:
        """The same place, other substitutions."""
        return evolve(self, env=env)


def python_name(text: str, number: int) -> str:
    """A Python name that still says what it is."""
    return f"{re.sub(r'[^A-Za-z0-9]', '_', text)}_{number}"
