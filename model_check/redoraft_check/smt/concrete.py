"""Formulas over Python values: the interpretation in which models are held against TLC's states and edges.

A formula becomes a Python function that searches for values of its variables: relations that hold of
few things
are walked, what is bound is tested first, and only what is left ranges over a whole sort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, TypeAlias

from attrs import field, frozen

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
    free,
    free_in,
)

Value: TypeAlias = Any
Row: TypeAlias = tuple[Value, ...]
State: TypeAlias = Mapping[Relation, frozenset[Row]]


@frozen
class World:
    """What a formula is evaluated in: the things of each sort, the rigid symbols, the state."""

    things: Mapping[Sort, tuple[Value, ...]]
    rigid: Mapping[Function | Relation, Callable[..., Value]]
    state: State


@frozen
class _Solver:
    """A formula compiled for some variables: `run(world)` yields every assignment of which it holds."""

    run: Callable[..., Iterator[Row]]
    symbols: tuple[Function | Relation, ...]
    relations: tuple[Relation, ...]
    sorts: tuple[Sort, ...]
    source: str = field(repr=False)

    def solutions(self, world: World, given: Row) -> Iterator[Row]:
        """The assignments in one world."""
        return self.run(
            [world.rigid[one] for one in self.symbols],
            [world.state.get(one, frozenset()) for one in self.relations],
            [world.things[one] for one in self.sorts],
            *given,
        )


class Interpreter:
    """Evaluates formulas; each is compiled once."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[Formula, tuple[Var, ...], tuple[Var, ...]], _Solver] = {}

    def holds(self, formula: Formula, world: World, given: Mapping[Var, Value] | None = None) -> bool:
        """Whether a formula is true under values of its free variables."""
        return next(self.solutions((), formula, world, given), None) is not None

    def solutions(
        self,
        wanted: tuple[Var, ...],
        formula: Formula,
        world: World,
        given: Mapping[Var, Value] | None = None,
    ) -> Iterator[Row]:
        """The values of `wanted` of which a formula is true; one may come more than once."""
        known = tuple(given or ())
        key = (formula, wanted, known)
        solver = self._compiled.get(key)
        if solver is None:
            solver = self._compiled[key] = _Compiler().solver(wanted, formula, known)
        return solver.solutions(world, tuple((given or {}).values()))

    def steps(self, action: Action, world: World) -> Iterator[dict[Relation, frozenset[Row]]]:
        """The states after an action, one for each choice of parameters; one may come more than once."""
        for given in self.choices(action, world):
            yield self.after(action, world, given)

    def choices(self, action: Action, world: World) -> Iterator[dict[Var, Value]]:
        """The parameters with which an action may be taken; some may come more than once."""
        for values in self.solutions(action.params, action.guard, world):
            yield dict(zip(action.params, values, strict=True))

    def after(
        self, action: Action, world: World, given: Mapping[Var, Value]
    ) -> dict[Relation, frozenset[Row]]:
        """The state after one step with these parameters."""
        changed = {
            one.relation: frozenset(self.solutions(one.formals, one.body, world, given))
            for one in action.updates
        }
        return {**world.state, **changed}


class _Compiler:
    """Writes one formula as the text of a Python generator."""

    def __init__(self) -> None:
        self._symbols: dict[Function | Relation, str] = {}
        self._relations: dict[Relation, str] = {}
        self._sorts: dict[Sort, str] = {}
        self._functions: list[str] = []
        self._number = count()

    def solver(self, wanted: tuple[Var, ...], formula: Formula, given: tuple[Var, ...]) -> _Solver:
        names = {one: self._name(one) for one in given}
        self._define("solve", tuple(names.values()), wanted, formula, names, yields=True)
        unpack = [
            f"    [{', '.join(table.values())}] = {what}\n"
            for table, what in ((self._symbols, "F"), (self._relations, "R"), (self._sorts, "S"))
        ]
        head = f"def run({', '.join(('F', 'R', 'S', *names.values()))}):\n" + "".join(unpack)
        body = "".join("    " + line + "\n" for text in self._functions for line in text.split("\n"))
        source = f"{head}{body}    return solve({', '.join(names.values())})\n"
        space: dict[str, Any] = {}
        exec(compile(source, "<formula>", "exec"), space)
        return _Solver(space["run"], tuple(self._symbols), tuple(self._relations), tuple(self._sorts), source)

    def _name(self, variable: Var) -> str:
        return f"{''.join(c for c in variable.name if c.isalnum())}_{next(self._number)}"

    def _define(
        self,
        name: str,
        arguments: Iterable[str],
        wanted: tuple[Var, ...],
        formula: Formula,
        env: Mapping[Var, str],
        *,
        yields: bool,
    ) -> None:
        lines = [f"def {name}({', '.join(arguments)}):"]
        for part in _branches(_pushed(formula, positive=True)):
            inner = {variable: text for variable, text in env.items() if variable not in wanted}
            self._search(list(part), set(wanted), inner, wanted, lines, 1, yields)
        if yields:
            lines.append("    return; yield")
        else:
            lines.append("    return False")
        self._functions.append("\n".join(lines))

    def _search(  # noqa: PLR0917
        self,
        parts: list[Formula],
        missing: set[Var],
        env: dict[Var, str],
        wanted: tuple[Var, ...],
        lines: list[str],
        depth: int,
        yields: bool,
    ) -> None:
        """Write tests and loops until every variable has a value."""
        indent = "    " * depth
        ready = next((one for one in parts if not free(one) & missing), None)
        if ready is not None:
            lines.append(f"{indent}if {self._truth(ready, env)}:")
            self._search(
                [one for one in parts if one is not ready], missing, env, wanted, lines, depth + 1, yields
            )
            return
        if not missing:
            row = "".join(f"{env[one]}, " for one in wanted)
            lines.append(f"{indent}yield ({row})" if yields else f"{indent}return True")
            return
        for part in parts:
            bound = _determined(part, missing)
            if bound is not None:
                variable, term = bound
                env = {**env, variable: self._name(variable)}
                lines.append(f"{indent}{env[variable]} = {self._term(term, env)}")
                rest = [one for one in parts if one is not part]
                self._search(rest, missing - {variable}, env, wanted, lines, depth, yields)
                return
        walked = max(
            (
                one
                for one in parts
                if isinstance(one, Holds) and not one.relation.rigid and _plain(one, missing)
            ),
            key=lambda one: sum(not (free_in(arg) & missing) for arg in one.args),
            default=None,
        )
        if walked is not None:
            self._walk(walked, parts, missing, env, wanted, lines, depth, yields)
            return
        variable = min(missing, key=lambda one: (len(one.sort.elements) or 1000, one.name))
        env = {**env, variable: self._name(variable)}
        sort = self._sorts.setdefault(variable.sort, f"s{len(self._sorts)}")
        lines.append(f"{indent}for {env[variable]} in {sort}:")
        self._search(parts, missing - {variable}, env, wanted, lines, depth + 1, yields)

    def _walk(  # noqa: PLR0917
        self,
        walked: Holds,
        parts: list[Formula],
        missing: set[Var],
        env: dict[Var, str],
        wanted: tuple[Var, ...],
        lines: list[str],
        depth: int,
        yields: bool,
    ) -> None:
        """A loop over the tuples of a relation."""
        targets, tests = [], []
        env, missing = dict(env), set(missing)
        for arg in walked.args:
            target = f"a{next(self._number)}"
            targets.append(target)
            if isinstance(arg, Var) and arg in missing:
                env[arg] = target
                missing.discard(arg)
            else:
                tests.append(f"{target} == {self._term(arg, env)}")
        indent = "    " * depth
        lines.append(f"{indent}for {', '.join(targets)}, in {self._relation(walked.relation)}:")
        if tests:
            depth += 1
            lines.append(f"{'    ' * depth}if {' and '.join(tests)}:")
        rest = [one for one in parts if one is not walked]
        self._search(rest, missing, env, wanted, lines, depth + 1, yields)

    def _truth(self, formula: Formula, env: Mapping[Var, str]) -> str:  # noqa: PLR0911
        """An expression for a formula whose variables all have values."""
        match formula:
            case Holds(relation, args):
                terms = ", ".join(self._term(arg, env) for arg in args)
                if relation.rigid:
                    return f"{self._symbol(relation)}({terms})"
                return f"({terms},) in {self._relation(relation)}"
            case Equal(left, right):
                return f"({self._term(left, env)} == {self._term(right, env)})"
            case Not(body):
                return f"(not {self._truth(body, env)})"
            case And(parts):
                return "(" + (" and ".join(self._truth(one, env) for one in parts) or "True") + ")"
            case Or(parts):
                return "(" + (" or ".join(self._truth(one, env) for one in parts) or "False") + ")"
            case Exists(variables, body):
                return self._found(variables, body, env)
            case ForAll(variables, body):
                return f"(not {self._found(variables, Not(body), env)})"
        raise TypeError(f"no formula: {formula!r}")

    def _found(self, variables: tuple[Var, ...], body: Formula, env: Mapping[Var, str]) -> str:
        outer = sorted((free(body) - set(variables)), key=lambda one: one.name)
        inner = {one: self._name(one) for one in outer}
        name = f"q{next(self._number)}"
        self._define(name, inner.values(), variables, body, inner, yields=False)
        return f"{name}({', '.join(env[one] for one in outer)})"

    def _term(self, term: Term, env: Mapping[Var, str]) -> str:
        if isinstance(term, Apply):
            return f"{self._symbol(term.function)}({', '.join(self._term(arg, env) for arg in term.args)})"
        return env[term]

    def _symbol(self, symbol: Function | Relation) -> str:
        return self._symbols.setdefault(symbol, f"f{len(self._symbols)}")

    def _relation(self, relation: Relation) -> str:
        return self._relations.setdefault(relation, f"r{len(self._relations)}")


def _pushed(formula: Formula, *, positive: bool) -> Formula:
    """Negations pushed to where they are of atoms or quantifiers."""
    match formula:
        case Not(body):
            return _pushed(body, positive=not positive)
        case And(parts) | Or(parts):
            junction = And if isinstance(formula, And) is positive else Or
            return junction(tuple(_pushed(one, positive=positive) for one in parts))
        case ForAll(variables, body) if not positive:
            return Exists(variables, Not(body))
        case Exists(variables, body) if not positive:
            return ForAll(variables, Not(body))
    return formula if positive else Not(formula)


def _branches(formula: Formula) -> Iterator[list[Formula]]:
    """The alternatives of a formula, each as conjuncts; only outermost disjunctions are opened."""
    if isinstance(formula, Or):
        for part in formula.parts:
            yield from _branches(part)
    else:
        yield _conjuncts(formula)


def _conjuncts(formula: Formula) -> list[Formula]:
    if isinstance(formula, And):
        return [one for part in formula.parts for one in _conjuncts(part)]
    return [formula]


def _determined(formula: Formula, missing: set[Var]) -> tuple[Var, Term] | None:
    """A variable that an equation gives its value."""
    if not isinstance(formula, Equal):
        return None
    for left, right in ((formula.left, formula.right), (formula.right, formula.left)):
        if isinstance(left, Var) and left in missing and not free_in(right) & missing:
            return left, right
    return None


def _plain(formula: Holds, missing: set[Var]) -> bool:
    """Whether each argument is a variable without a value, once, or has its value."""
    new = [arg for arg in formula.args if free_in(arg) & missing]
    return all(isinstance(arg, Var) for arg in new) and len(set(new)) == len(new)
