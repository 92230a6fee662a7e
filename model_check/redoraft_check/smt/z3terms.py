"""Formulas as Z3 terms: the interpretation in which they are proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any, TypeAlias

import z3

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

Z3: TypeAlias = Any
"""z3's terms: its Python interface carries no types."""

Meaning: TypeAlias = Callable[..., Z3]
Env: TypeAlias = Mapping[Var, Z3]


@cache
def _enumeration(name: str, named: tuple[str, ...]) -> tuple[Z3, tuple[Z3, ...]]:
    """Z3 knows an enumeration by its name, once in a process."""
    declared, elements = z3.EnumSort(f"{name}{len(named)}.{named[0]}", list(named))
    return declared, tuple(elements)


class Vocabulary:
    """Z3's sorts and symbols for the sorts, functions and relations that formulas mention."""

    def __init__(self, sizes: Mapping[Sort, int] | None = None) -> None:
        """`sizes` gives sorts that may be of any size so many things, for the search for small worlds."""
        self._sizes = dict(sizes or {})
        self._sorts: dict[Sort, Z3] = {}
        self._elements: dict[Sort, tuple[Z3, ...]] = {}
        self._symbols: dict[Function | Relation, Z3] = {}
        self._fresh = 0

    def sort(self, sort: Sort) -> Z3:
        """The Z3 sort; an enumeration when the elements are named."""
        if sort not in self._sorts:
            named = sort.elements or tuple(f"{sort.name}!{at}" for at in range(self._sizes.get(sort, 0)))
            if named:
                self._sorts[sort], self._elements[sort] = _enumeration(sort.name, named)
            else:
                self._sorts[sort] = z3.DeclareSort(sort.name)
        return self._sorts[sort]

    def elements(self, sort: Sort) -> tuple[Z3, ...]:
        """The elements of an enumeration; none for a sort of any size."""
        self.sort(sort)
        return self._elements.get(sort, ())

    def symbol(self, symbol: Function | Relation) -> Z3:
        """The Z3 function of a symbol."""
        if symbol not in self._symbols:
            result = self.sort(symbol.result) if isinstance(symbol, Function) else z3.BoolSort()
            arguments = [self.sort(sort) for sort in symbol.args]
            if isinstance(symbol, Function) and not arguments and symbol.result.elements:
                at = symbol.result.elements.index(symbol.name)
                element = self.elements(symbol.result)[at]
                self._symbols[symbol] = lambda: element
            else:
                self._symbols[symbol] = z3.Function(symbol.name, *arguments, result)
        return self._symbols[symbol]

    def fresh(self, variable: Var) -> Z3:
        """A Z3 constant that occurs nowhere else, named after a variable."""
        self._fresh += 1
        return z3.Const(f"{variable.name}!{self._fresh}", self.sort(variable.sort))


class Translator:
    """Formulas of one state as Z3 terms.  `meaning` gives relations another meaning than their symbol."""

    def __init__(self, vocabulary: Vocabulary, meaning: Mapping[Relation, Meaning] | None = None) -> None:
        self.vocabulary = vocabulary
        self._meaning = dict(meaning or {})
        self._kept: dict[tuple[int, int], tuple[Formula, Env, Z3]] = {}
        self._depth = 0

    def after(self, action: Action, env: Env) -> Translator:
        """The translator of the state after a step, in terms of the state before it."""
        changed = {one.relation: self._updated(one.formals, one.body, env) for one in action.updates}
        return Translator(self.vocabulary, self._meaning | changed)

    def _updated(self, formals: tuple[Var, ...], body: Formula, env: Env) -> Meaning:
        return lambda *args: self.formula(body, {**env, **dict(zip(formals, args, strict=True))})

    def term(self, term: Term, env: Env) -> Z3:
        """A term under values of its variables."""
        if isinstance(term, Apply):
            return self.vocabulary.symbol(term.function)(*(self.term(arg, env) for arg in term.args))
        return env[term]

    def holds(self, relation: Relation, args: tuple[Z3, ...]) -> Z3:
        """A relation of this state applied to Z3 terms."""
        meaning = self._meaning.get(relation) or self.vocabulary.symbol(relation)
        return meaning(*args)

    def formula(self, formula: Formula, env: Env) -> Z3:
        """A formula under values of its free variables; what no quantifier binds is translated once."""
        if self._depth:
            return self._translated(formula, env)
        key = id(formula), id(env)
        if key not in self._kept:
            # Kept with the term, so that their ids stay theirs.
            self._kept[key] = formula, env, self._translated(formula, env)
        return self._kept[key][2]

    def _translated(self, formula: Formula, env: Env) -> Z3:  # noqa: PLR0911  (one return for each kind)
        match formula:
            case Holds(relation, args):
                return self.holds(relation, tuple(self.term(arg, env) for arg in args))
            case Equal(left, right):
                return self.term(left, env) == self.term(right, env)
            case Not(body):
                return z3.Not(self.formula(body, env))
            case And(parts):
                return z3.And([self.formula(part, env) for part in parts])
            case Or(parts):
                return z3.Or([self.formula(part, env) for part in parts])
            case ForAll(variables, body):
                return self._quantified(z3.ForAll, z3.And, variables, body, env)
            case Exists(variables, body):
                return self._quantified(z3.Exists, z3.Or, variables, body, env)
        raise TypeError(f"no formula: {formula!r}")

    def _quantified(
        self, quantifier: Meaning, junction: Meaning, variables: tuple[Var, ...], body: Formula, env: Env
    ) -> Z3:
        elements = self.vocabulary.elements
        unbounded = {one: self.vocabulary.fresh(one) for one in variables if not elements(one.sort)}
        self._depth += 1
        bodies = [
            self.formula(body, {**env, **unbounded, **values}) for values in self._enumerations(variables)
        ]
        self._depth -= 1
        whole = junction(bodies) if len(bodies) > 1 else bodies[0]
        return quantifier(list(unbounded.values()), whole) if unbounded else whole

    def _enumerations(self, variables: tuple[Var, ...]) -> Iterator[dict[Var, Z3]]:
        finite = [one for one in variables if self.vocabulary.elements(one.sort)]
        for values in product(*(self.vocabulary.elements(one.sort) for one in finite)):
            yield dict(zip(finite, values, strict=True))
