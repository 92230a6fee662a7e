"""Formulas as SMT-LIB 2.6: an obligation as a text that any solver reads.

The text is made of the formulas, not by Z3: another solver that reads it judges the obligation and not Z3's
translation of it.  One obligation has one text, whatever was translated before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from redoraft_check.smt.formula import Function, Relation, Sort, Var
from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import Obligation
from redoraft_check.smt.portions import Given, Portion, whole
from redoraft_check.smt.terms import Meaning, Translator

_SIMPLE = re.compile(r"[A-Za-z~!@$%^&*_+=<>.?/-][A-Za-z0-9~!@$%^&*_+=<>.?/-]*")


def smt2(model: Model, obligation: Obligation, portion: Portion | None = None) -> str:
    """An obligation with a portion of its hypotheses (else with all): `unsat` is what is to be shown."""
    script, action, goal = _Script(), obligation.action, obligation.goal
    before = Translator(script)
    env = {one: script.fresh(one) for one in action.params} if action else {}
    constants = [_declared(term, (), one.sort.name) for one, term in env.items()]
    after = before.after(action, env) if action and obligation.after else before
    chosen = portion or whole(model, obligation)
    asserted = [_asserted(one, before.formula(one.formula, env)) for one in chosen.given]
    negated = script.negation(after.formula(goal.formula, env))
    for sort in {one.sort: None for one in env}:
        script.declare_sort(sort)
    lines = [
        f"; {obligation.name}",
        f"; {_comment(goal.why)}",
        "(set-logic ALL)",
        *script.declarations,
        *constants,
        *asserted,
        f"; not {_comment(goal.name)}",
        f"(assert {negated})",
        "(check-sat)",
    ]
    return "\n".join(lines) + "\n"


def _asserted(given: Given, text: str) -> str:
    return f"; {_comment(given.name)}\n(assert {text})"


def _comment(text: str) -> str:
    return " ".join(text.split())


def _quoted(name: str) -> str:
    return name if _SIMPLE.fullmatch(name) else f"|{name}|"


def _element(sort: Sort, name: str) -> str:
    """An element of an enumeration, whose name another symbol may have: not every solver takes that."""
    return f"{name}.{sort.name}" if name in _SHARED else _quoted(name)


_SHARED: Final = frozenset({"elected", "stopped"})


def _declared(name: str, arguments: Sequence[str], result: str) -> str:
    return f"(declare-fun {name} ({' '.join(arguments)}) {result})"


class _Script:
    """Terms as text; `declarations` are those of the sorts and symbols that were asked for."""

    def __init__(self) -> None:
        self._sorts: dict[Sort, str] = {}
        self._symbols: dict[Function | Relation, str] = {}
        self._fresh = 0

    @property
    def declarations(self) -> list[str]:
        """Sorts first."""
        return [*self._sorts.values(), *(text for text in self._symbols.values() if text)]

    def declare_sort(self, sort: Sort) -> None:
        """Declare a sort; an enumeration when its elements are named."""
        if sort.elements:
            named = " ".join(f"({_element(sort, one)})" for one in sort.elements)
            self._sorts[sort] = f"(declare-datatypes (({sort.name} 0)) (({named})))"
        else:
            self._sorts[sort] = f"(declare-sort {sort.name} 0)"

    def elements(self, sort: Sort) -> tuple[str, ...]:
        """The elements of an enumeration; none for a sort of any size."""
        self.declare_sort(sort)
        return tuple(_element(sort, one) for one in sort.elements)

    def symbol(self, symbol: Function | Relation) -> Meaning:
        """What makes a term of its arguments."""
        name = _quoted(symbol.name)
        if symbol not in self._symbols:
            result = symbol.result if isinstance(symbol, Function) else None
            for sort in (*symbol.args, *([result] if result else [])):
                self.declare_sort(sort)
            element = result is not None and not symbol.args and symbol.name in result.elements
            kinds = [sort.name for sort in symbol.args]
            text = _declared(name, kinds, result.name if result else "Bool")
            self._symbols[symbol] = "" if element else text
        if isinstance(symbol, Function) and symbol.name in symbol.result.elements:
            name = _element(symbol.result, symbol.name)
        return lambda *args: f"({name} {' '.join(args)})" if args else name

    def fresh(self, variable: Var) -> str:
        """A name that occurs nowhere else."""
        self._fresh += 1
        return f"{variable.name}!{self._fresh}"

    def equal(self, left: str, right: str) -> str:
        """Equality."""
        return f"(= {left} {right})"

    def negation(self, body: str) -> str:
        """Negation."""
        return f"(not {body})"

    def conjunction(self, parts: Sequence[str]) -> str:
        """All of them.  SMT-LIB has no `and` of nothing."""
        return _junction("and", parts, "true")

    def disjunction(self, parts: Sequence[str]) -> str:
        """One of them.  SMT-LIB has no `or` of nothing."""
        return _junction("or", parts, "false")

    def forall(self, variables: Sequence[tuple[Sort, str]], body: str) -> str:
        """For all values of these."""
        return f"(forall ({_bound(variables)}) {body})"

    def exists(self, variables: Sequence[tuple[Sort, str]], body: str) -> str:
        """For some values of these."""
        return f"(exists ({_bound(variables)}) {body})"


def _junction(word: str, parts: Sequence[str], empty: str) -> str:
    if len(parts) > 1:
        return f"({word} {' '.join(parts)})"
    return parts[0] if parts else empty


def _bound(variables: Sequence[tuple[Sort, str]]) -> str:
    return " ".join(f"({name} {sort.name})" for sort, name in variables)
