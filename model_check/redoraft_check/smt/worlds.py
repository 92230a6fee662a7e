"""Z3's models as worlds of the Python interpretation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import TYPE_CHECKING, Any

import z3

from redoraft_check.smt.concrete import Value, World
from redoraft_check.smt.formula import Function, Relation, Sort, Var
from redoraft_check.smt.logs import ROLE, constants
from redoraft_check.smt.z3terms import Z3

if TYPE_CHECKING:
    from redoraft_check.smt.prover import Prepared


def world_of(prepared: Prepared, found: Z3) -> tuple[World, dict[Var, Value]]:
    """The state before the step with everything rigid, and the values of the step's parameters."""
    model, vocabulary = prepared.model, prepared.vocabulary
    terms: dict[Sort, dict[str, Z3]] = {}
    for sort in (*model.sorts, ROLE):
        elements = vocabulary.elements(sort) or found.get_universe(vocabulary.sort(sort))
        if not elements:
            elements = [
                found.eval(z3.Const(f"some{sort.name}", vocabulary.sort(sort)), model_completion=True)
            ]
        terms[sort] = {str(one): one for one in elements}
    finite = tuple(one.function for sort in terms if sort.elements for one in constants(sort))
    rigid: dict[Function | Relation, Callable[..., Any]] = {}
    for function in (*model.functions, *finite):
        rigid[function] = _table(
            {
                row: str(_value(found, vocabulary.symbol(function), function.args, row, terms))
                for row in product(*(terms[sort] for sort in function.args))
            }
        )
    state = {}
    for relation in model.relations:
        rows = frozenset(
            row
            for row in product(*(terms[sort] for sort in relation.args))
            if z3.is_true(_value(found, vocabulary.symbol(relation), relation.args, row, terms))
        )
        state[relation] = rows
        if relation.rigid:
            rigid[relation] = _member(rows)
    things = {sort: tuple(named) for sort, named in terms.items()}
    given = {one: str(found.eval(term, model_completion=True)) for one, term in prepared.env.items()}
    return World(things, rigid, {one: state[one] for one in model.state}), given


def _value(
    found: Z3, symbol: Z3, sorts: Iterable[Sort], row: tuple[str, ...], terms: dict[Sort, dict[str, Z3]]
) -> Z3:
    arguments = [terms[sort][name] for sort, name in zip(sorts, row, strict=True)]
    return found.eval(symbol(*arguments), model_completion=True)


def _table(values: dict[tuple[str, ...], str]) -> Callable[..., str]:
    return lambda *row: values[row]


def _member(rows: frozenset[tuple[str, ...]]) -> Callable[..., bool]:
    return lambda *row: row in rows
