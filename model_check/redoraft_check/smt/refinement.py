"""One model's steps as steps of another: what it shows of the other's state, and which step shows there.

A reading says of each of the other model's relations what it is in this one's state.  Of each action it is
said which steps of the other model it shows as, with what parameters; then each conjunct of those guards,
word for word, and that each relation becomes what those steps make of it, are claims about the action.  What
no step is said to change has to stay as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from attrs import frozen

from redoraft_check.smt.formula import (
    TRUE,
    Action,
    And,
    Apply,
    Equal,
    Exists,
    ForAll,
    Formula,
    Holds,
    Named,
    Not,
    Or,
    Relation,
    Term,
    Update,
    Var,
    both,
    either,
    forall,
    free,
    free_in,
    iff,
    implies,
    same,
)
from redoraft_check.smt.obligations import relations_of

Reading: TypeAlias = Mapping[Relation, Update]
"""What relations of the one model are in a state of the other."""


@frozen
class Shown:
    """A step of the other model, `given` its parameters.

    Where `when` does not hold there is none: then what it would make of a relation is what that was already.
    """

    action: Action
    given: Mapping[str, Term]
    why: str
    uses: tuple[str, ...] = ()
    when: Formula = TRUE


@frozen
class Run:
    """Any number of such steps, one after the other, which take one relation from `start` to `end`.

    `hop` says what lies between the values `old` and `new` of one of them, `spans` that they lead there.
    """

    action: Action
    given: Mapping[str, Term]
    why: str
    relation: Relation
    start: Term
    end: Term
    old: Var
    new: Var
    hop: Formula
    spans: Formula
    uses: tuple[str, ...] = ()


@frozen
class Showing:
    """What an action shows as, one after the other; nothing, where it shows as no step.

    `more` is what the action is given to say so: parameters, and what they are.  `named` are those of them
    that a proof may take one by one, `stays` names what is used to show that the rest stays.
    """

    steps: tuple[Shown | Run, ...] = ()
    params: tuple[Var, ...] = ()
    more: Formula = TRUE
    facts: tuple[Named, ...] = ()
    case: str = ""
    stays: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()


def substituted(formula: Formula, values: Mapping[Var, Term], meaning: Reading) -> Formula:
    """A formula with terms for its free variables and with formulas for relations; nothing is captured."""
    taken = {one for term in values.values() for one in free_in(term)}
    for update in meaning.values():
        taken |= free(update.body) - set(update.formals)
    return _substituted(formula, values, meaning, frozenset(taken))


def _substituted(
    formula: Formula, values: Mapping[Var, Term], meaning: Reading, taken: frozenset[Var]
) -> Formula:
    match formula:
        case Holds(relation, args):
            terms = tuple(_term(arg, values) for arg in args)
            found = meaning.get(relation)
            if found is None:
                return Holds(relation, terms)
            return substituted(found.body, dict(zip(found.formals, terms, strict=True)), {})
        case Equal(left, right):
            return Equal(_term(left, values), _term(right, values))
        case Not(body):
            return Not(_substituted(body, values, meaning, taken))
        case And(parts) | Or(parts):
            whole = both if isinstance(formula, And) else either
            return whole(*(_substituted(one, values, meaning, taken) for one in parts))
        case ForAll(variables, body) | Exists(variables, body):
            named = {one: _renamed(one, taken | (free(body) - set(variables))) for one in variables}
            inner = _substituted(body, {**values, **named}, meaning, taken | set(named.values()))
            return type(formula)(tuple(named.values()), inner)
    raise TypeError(f"no formula: {formula!r}")


def _renamed(variable: Var, taken: frozenset[Var] | set[Var]) -> Var:
    while variable in taken:
        variable = Var(f"{variable.name}_", variable.sort)
    return variable


def _term(term: Term, values: Mapping[Var, Term]) -> Term:
    if isinstance(term, Apply):
        return Apply(term.function, tuple(_term(arg, values) for arg in term.args))
    return values.get(term, term)


def after(action: Action, formula: Formula) -> Formula:
    """What a formula says of the state after a step, in terms of the state before it."""
    return substituted(formula, {}, {one.relation: one for one in action.updates})


def claims(action: Action, reading: Reading, showing: Showing) -> tuple[Named, ...]:
    """Of an action: that the steps that it shows as are allowed, and make of each relation what it does.

    Relations that are read have one value each, which the caller shows: so it suffices that what they become
    is one.  Of those that a step changes otherwise it is claimed which they become.  Raises `ValueError` when
    a run, or a step that may be none, changes what another step has changed.
    """
    found: list[Named] = []
    now, made = dict(reading), dict[Relation, tuple[Shown | Run, Term]]()
    for step in showing.steps:
        found += _guarded(step, now)
        values, rest = _made(step, now), _composed(step, now)
        if not values.keys().isdisjoint(made) and not _is_sure(step):
            raise ValueError(f"{action.name} changes a relation twice")
        for relation, value in values.items():
            made[relation] = (step, value)
            now[relation] = _is(relation, value, step, now)
        for relation, update in rest.items():
            made.pop(relation, None)
            now[relation] = update
    changed = {one.relation for one in action.updates}
    for relation, read in reading.items():
        if relation in made:
            found += _becomes(action, reading, relation, *made[relation])
        elif now[relation] != read:
            found.append(_composes(action, read, now[relation], showing.steps[-1]))
        elif changed & relations_of(read.body):
            found.append(_stays(action, reading, relation, showing.stays))
    told = {part for given in (action.guard, *(one.formula for one in action.given)) for part in parts(given)}
    return tuple(one for one in found if not told.issuperset(parts(one.formula)))


def parts(formula: Formula) -> tuple[Formula, ...]:
    """The conjuncts of a formula."""
    return formula.parts if isinstance(formula, And) else (formula,)


def _guarded(step: Shown | Run, now: Reading) -> Iterator[Named]:
    """Each conjunct of the guard; of a run, that it begins where the relation is, and each step of it."""
    name, uses = step.action.name, step.uses
    if isinstance(step, Run):
        yield Named(f"{name} begins", substituted(step.relation(step.start), {}, now), step.why, uses)
        for number, part in enumerate(parts(step.spans), 1):
            yield Named(f"{name} spans {number}", part, step.why, uses)
        now = {**now, step.relation: _being(step.relation, step.old)}
    given = {one: step.given[one.name] for one in step.action.params}
    for number, part in enumerate(parts(step.action.guard), 1):
        holds = substituted(part, given, now)
        if isinstance(step, Run):
            holds = forall((step.old, step.new), implies(step.hop, holds))
        elif step.when != TRUE:
            holds = implies(step.when, holds)
        yield Named(f"{name} {number}: {_short(text(part))}", holds, step.why, uses)


def _being(relation: Relation, value: Term) -> Update:
    x = Var("x_", relation.args[-1])
    return Update(relation, (x,), same(x, value))


def _is(relation: Relation, value: Term, step: Shown | Run, now: Reading) -> Update:
    """The relation after a step that makes it `value`, if it is made."""
    being = _being(relation, value)
    if isinstance(step, Run) or step.when == TRUE:
        return being
    was = substituted(relation(*being.formals), {}, now)
    return Update(relation, being.formals, either(both(step.when, being.body), both(~step.when, was)))


def _made(step: Shown | Run, now: Reading) -> dict[Relation, Term]:
    """The values that the step gives to relations that are read."""
    if isinstance(step, Run):
        return {step.relation: step.end}
    given = {one: step.given[one.name] for one in step.action.params}
    found: dict[Relation, Term] = {}
    for update in step.action.updates:
        body = update.body
        if update.relation in now and isinstance(body, Equal) and (body.left,) == update.formals:
            found[update.relation] = _term(body.right, given)
    return found


def _is_sure(step: Shown | Run) -> bool:
    return isinstance(step, Shown) and step.when == TRUE


def _composed(step: Shown | Run, now: Reading) -> dict[Relation, Update]:
    """What the step makes of relations that are read without giving them a value."""
    if isinstance(step, Run):
        return {}
    given = {one: step.given[one.name] for one in step.action.params}
    valued = _made(step, now)
    found = {
        one.relation: Update(one.relation, one.formals, substituted(one.body, given, now))
        for one in step.action.updates
        if one.relation in now and one.relation not in valued
    }
    if found and not _is_sure(step):
        raise TypeError(f"{step.action.name} may be no step, and gives a relation no value")
    return found


def _composes(action: Action, read: Update, made: Update, step: Shown | Run) -> Named:
    was = substituted(read.body, dict(zip(read.formals, made.formals, strict=True)), {})
    body = forall(made.formals, iff(made.body, after(action, was)))
    return Named(f"{made.relation.name} becomes this", body, step.why, step.uses)


def _becomes(
    action: Action, reading: Reading, relation: Relation, step: Shown | Run, value: Term
) -> Iterator[Named]:
    uses = step.uses
    when = TRUE if isinstance(step, Run) else step.when
    is_now = substituted(relation(value), {}, reading)
    yield Named(f"{relation.name} becomes it", after(action, is_now), step.why, uses)
    if when != TRUE:
        yield Named(f"{relation.name} was it", when | is_now, step.why, uses)


def _stays(action: Action, reading: Reading, relation: Relation, uses: tuple[str, ...]) -> Named:
    formals = reading[relation].formals
    is_now = substituted(relation(*formals), {}, reading)
    body = forall(formals, implies(is_now, after(action, is_now)))
    return Named(f"{relation.name} stays", body, "No step of it changes it.", uses)


def _short(words: str) -> str:
    """A part of what names an obligation, and a file."""
    return words if len(words) <= _NAME else f"{words[: _NAME - 3]}..."


_NAME = 60


def text(formula: Formula) -> str:
    """A formula in a line, to name it by."""
    match formula:
        case Holds(relation, args):
            return f"{relation.name}({', '.join(map(_said, args))})"
        case Equal(left, right):
            return f"{_said(left)} = {_said(right)}"
        case Not(Equal(left, right)):
            return f"{_said(left)} # {_said(right)}"
        case Not(body):
            return f"not {text(body)}"
        case And(parts) | Or(parts):
            word = " and " if isinstance(formula, And) else " or "
            return "(" + word.join(map(text, parts)) + ")"
        case ForAll(variables, body) | Exists(variables, body):
            word = "all" if isinstance(formula, ForAll) else "some"
            return f"{word} {' '.join(one.name for one in variables)}: {text(body)}"
    raise TypeError(f"no formula: {formula!r}")


def _said(term: Term) -> str:
    if isinstance(term, Var):
        return term.name
    return f"{term.function.name}({', '.join(map(_said, term.args))})" if term.args else term.function.name
