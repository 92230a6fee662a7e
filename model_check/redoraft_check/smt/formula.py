"""First-order formulas over finite or unbounded sorts: the one text that Z3 and Python both interpret.

State is relations only.  A variable of the specification that is a function (`log[n]`) is a relation with at
most one value (`log(n, p)`): functions from nodes to logs and back would take the proofs out of the fragment
in which Z3 decides (docs/adr/0006).  Symbols that no step changes are `rigid`; only those may be functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from attrs import frozen


@frozen
class Sort:
    """A kind of thing.  `elements` names all of them where there is a fixed number; else there may be any."""

    name: str
    elements: tuple[str, ...] = ()


@frozen
class Var:
    """A variable: bound by a quantifier, or a parameter of an action."""

    name: str
    sort: Sort


@frozen
class Function:
    """A rigid function; without arguments, a constant."""

    name: str
    args: tuple[Sort, ...]
    result: Sort

    def __call__(self, *args: Term) -> Apply:
        _agree(self.name, self.args, args)
        return Apply(self, args)


@frozen
class Apply:
    """A rigid function applied to its arguments."""

    function: Function
    args: tuple[Term, ...]

    @property
    def sort(self) -> Sort:
        """The sort of the value."""
        return self.function.result


Term: TypeAlias = Var | Apply


class Formula:
    """What is true or false of a state.  `&`, `|` and `~` build larger ones."""

    def __and__(self, other: Formula) -> Formula:
        return both(self, other)

    def __or__(self, other: Formula) -> Formula:
        return either(self, other)

    def __invert__(self) -> Formula:
        return Not(self)


@frozen
class Relation:
    """A relation.  With `value`, the last argument is the one value that the others have in a state."""

    name: str
    args: tuple[Sort, ...]
    rigid: bool = False
    value: bool = False

    def __call__(self, *args: Term) -> Formula:
        _agree(self.name, self.args, args)
        return Holds(self, args)


@frozen
class Holds(Formula):
    """A relation holds of its arguments."""

    relation: Relation
    args: tuple[Term, ...]


@frozen
class Equal(Formula):
    """Two terms are the same."""

    left: Term
    right: Term


@frozen
class Not(Formula):
    """Negation."""

    body: Formula


@frozen
class And(Formula):
    """All of them; true when there is none."""

    parts: tuple[Formula, ...]


@frozen
class Or(Formula):
    """One of them; false when there is none."""

    parts: tuple[Formula, ...]


@frozen
class ForAll(Formula):
    """For all values of the variables."""

    variables: tuple[Var, ...]
    body: Formula


@frozen
class Exists(Formula):
    """For some values of the variables."""

    variables: tuple[Var, ...]
    body: Formula


TRUE: Formula = And(())
FALSE: Formula = Or(())


def both(*parts: Formula) -> Formula:
    """Conjunction, flattened."""
    return And(tuple(one for part in parts for one in (part.parts if isinstance(part, And) else (part,))))


def either(*parts: Formula) -> Formula:
    """Disjunction, flattened."""
    return Or(tuple(one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))))


def implies(condition: Formula, conclusion: Formula) -> Formula:
    """Material implication."""
    return either(Not(condition), conclusion)


def iff(left: Formula, right: Formula) -> Formula:
    """Equivalence."""
    return both(implies(left, right), implies(right, left))


def same(left: Term, right: Term) -> Formula:
    """Equality.  Raises `TypeError` when the sorts differ."""
    if left.sort != right.sort:
        raise TypeError(f"{left} and {right} are of different sorts")
    return Equal(left, right)


def differ(left: Term, right: Term) -> Formula:
    """Inequality."""
    return Not(same(left, right))


def forall(variables: Iterable[Var], body: Formula) -> Formula:
    """Universal quantification; nothing is quantified when there are no variables."""
    bound = tuple(variables)
    return ForAll(bound, body) if bound else body


def exists(variables: Iterable[Var], body: Formula) -> Formula:
    """Existential quantification; nothing is quantified when there are no variables."""
    bound = tuple(variables)
    return Exists(bound, body) if bound else body


def free_in(term: Term) -> set[Var]:
    """The variables of a term."""
    return {term} if isinstance(term, Var) else {one for arg in term.args for one in free_in(arg)}


def free(formula: Formula) -> set[Var]:
    """The variables of a formula that no quantifier binds."""
    match formula:
        case Holds(_, args):
            return {one for arg in args for one in free_in(arg)}
        case Equal(left, right):
            return free_in(left) | free_in(right)
        case Not(body):
            return free(body)
        case And(parts) | Or(parts):
            return {one for part in parts for one in free(part)}
        case ForAll(variables, body) | Exists(variables, body):
            return free(body) - set(variables)
    raise TypeError(f"no formula: {formula!r}")


@frozen
class Update:
    """The new value of a relation: it holds of the formals after the step iff `body` held before it."""

    relation: Relation
    formals: tuple[Var, ...]
    body: Formula


@frozen
class Named:
    """A formula with its name and the sentence that says why it holds.

    `uses` names the conjuncts that suffice to prove it: they are tried first, all of them after that.
    """

    name: str
    formula: Formula
    why: str
    uses: tuple[str, ...] = ()


@frozen
class Action:
    """A step: for some parameters of which the guard holds, the updates at once; all else stays.

    `name` is the specification's.  `facts` follow from invariant and guard, each also from those before
    it; they
    are proved once and then used for every conjunct: so it is said which instances a proof needs.
    An action may come in several `case`s, which together are the specification's.  `given` was proved of it
    elsewhere: another model's facts, and what its invariant says of the state after the step.
    """

    name: str
    params: tuple[Var, ...]
    guard: Formula
    updates: tuple[Update, ...]
    facts: tuple[Named, ...] = ()
    case: str = ""
    given: tuple[Named, ...] = ()

    def update(self, relation: Relation) -> Update | None:
        """What the step makes of a relation; None when it stays."""
        return next((one for one in self.updates if one.relation == relation), None)


def _agree(name: str, sorts: tuple[Sort, ...], args: tuple[Term, ...]) -> None:
    if tuple(arg.sort for arg in args) != sorts:
        wanted = ", ".join(sort.name for sort in sorts)
        raise TypeError(f"{name} takes ({wanted}), not {args}")
