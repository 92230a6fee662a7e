"""Formulas as the terms of a solver: what all solvers' languages have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Protocol, TypeAlias

from redoraft_check.smt.formula import (
    Action,
    And,
    Apply,
    Equal,
    Exists,
    ForAll,
    Formula,
    Function,
    Holds,
    Not,
    Or,
    Relation,
    Sort,
    Term,
    Var,
)

Expr: TypeAlias = Any
"""A term of some solver: Z3's Python interface carries no types, SMT-LIB's terms are strings."""

Meaning: TypeAlias = Callable[..., Expr]
Env: TypeAlias = Mapping[Var, Expr]


class Language(Protocol):
    """The terms of a solver."""

    def elements(self, sort: Sort, /) -> Sequence[Expr]:
        """The elements of an enumeration; none for a sort of any size."""

    def symbol(self, symbol: Function | Relation, /) -> Meaning:
        """What makes a term of the arguments of a function or relation."""

    def fresh(self, variable: Var, /) -> Expr:
        """A constant that occurs nowhere else, named after a variable."""

    def equal(self, left: Expr, right: Expr, /) -> Expr:
        """Equality."""

    def negation(self, body: Expr, /) -> Expr:
        """Negation."""

    def conjunction(self, parts: Sequence[Expr], /) -> Expr:
        """All of them; true when there is none."""

    def disjunction(self, parts: Sequence[Expr], /) -> Expr:
        """One of them; false when there is none."""

    def forall(self, variables: Sequence[tuple[Sort, Expr]], body: Expr, /) -> Expr:
        """For all values of these fresh constants, of which there is at least one."""

    def exists(self, variables: Sequence[tuple[Sort, Expr]], body: Expr, /) -> Expr:
        """For some values of these fresh constants, of which there is at least one."""


class Translator:
    """Formulas of one state as terms.  `meaning` gives relations another meaning than their symbol."""

    def __init__(self, language: Language, meaning: Mapping[Relation, Meaning] | None = None) -> None:
        self.language = language
        self._meaning = dict(meaning or {})

    def after(self, action: Action, env: Env) -> Translator:
        """The translator of the state after a step, in terms of the state before it."""
        changed = {one.relation: self._updated(one.formals, one.body, env) for one in action.updates}
        return Translator(self.language, self._meaning | changed)

    def _updated(self, formals: tuple[Var, ...], body: Formula, env: Env) -> Meaning:
        return lambda *args: self.formula(body, {**env, **dict(zip(formals, args, strict=True))})

    def term(self, term: Term, env: Env) -> Expr:
        """A term under values of its variables."""
        if isinstance(term, Apply):
            return self.language.symbol(term.function)(*(self.term(arg, env) for arg in term.args))
        return env[term]

    def holds(self, relation: Relation, args: tuple[Expr, ...]) -> Expr:
        """A relation of this state applied to terms."""
        meaning = self._meaning.get(relation) or self.language.symbol(relation)
        return meaning(*args)

    def formula(self, formula: Formula, env: Env) -> Expr:  # noqa: PLR0911  (one return for each kind)
        """A formula under values of its free variables."""
        match formula:
            case Holds(relation, args):
                return self.holds(relation, tuple(self.term(arg, env) for arg in args))
            case Equal(left, right):
                return self.language.equal(self.term(left, env), self.term(right, env))
            case Not(body):
                return self.language.negation(self.formula(body, env))
            case And(parts):
                return self.language.conjunction([self.formula(part, env) for part in parts])
            case Or(parts):
                return self.language.disjunction([self.formula(part, env) for part in parts])
            case ForAll(variables, body):
                return self._quantified(variables, body, env, universal=True)
            case Exists(variables, body):
                return self._quantified(variables, body, env, universal=False)
        raise TypeError(f"no formula: {formula!r}")

    def _quantified(self, variables: tuple[Var, ...], body: Formula, env: Env, *, universal: bool) -> Expr:
        language = self.language
        unbounded = {one: language.fresh(one) for one in variables if not language.elements(one.sort)}
        bodies = [
            self.formula(body, {**env, **unbounded, **values}) for values in self._enumerations(variables)
        ]
        whole = language.conjunction(bodies) if universal else language.disjunction(bodies)
        bound = [(one.sort, constant) for one, constant in unbounded.items()]
        if not bound:
            return whole
        return language.forall(bound, whole) if universal else language.exists(bound, whole)

    def _enumerations(self, variables: tuple[Var, ...]) -> Iterator[dict[Var, Expr]]:
        finite = [one for one in variables if self.language.elements(one.sort)]
        for values in product(*(self.language.elements(one.sort) for one in finite)):
            yield dict(zip(finite, values, strict=True))
