"""Formulas as Z3 terms: the interpretation in which they are proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import z3

from redoraft_check.smt.formula import Function, Relation, Sort, Var

Z3: TypeAlias = Any
"""z3's terms: its Python interface carries no types."""


@cache
def _enumeration(name: str, named: tuple[str, ...]) -> tuple[Z3, tuple[Z3, ...]]:
    """Z3 knows an enumeration by its name, once in a process."""
    declared, elements = z3.EnumSort(f"{name}{len(named)}.{named[0]}", list(named))
    return declared, tuple(elements)


class Vocabulary:
    """Z3's sorts, symbols and connectives for what formulas mention."""

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

    def equal(self, left: Z3, right: Z3) -> Z3:
        """Equality."""
        return left == right

    def negation(self, body: Z3) -> Z3:
        """Negation."""
        return z3.Not(body)

    def conjunction(self, parts: Sequence[Z3]) -> Z3:
        """All of them; true when there is none."""
        return parts[0] if len(parts) == 1 else z3.And(list(parts))

    def disjunction(self, parts: Sequence[Z3]) -> Z3:
        """One of them; false when there is none."""
        return parts[0] if len(parts) == 1 else z3.Or(list(parts))

    def forall(self, variables: Sequence[tuple[Sort, Z3]], body: Z3) -> Z3:
        """For all values of these fresh constants."""
        return z3.ForAll([one for _, one in variables], body)

    def exists(self, variables: Sequence[tuple[Sort, Z3]], body: Z3) -> Z3:
        """For some values of these fresh constants."""
        return z3.Exists([one for _, one in variables], body)
