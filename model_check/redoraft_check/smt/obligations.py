"""What must be shown of a model, one claim at a time: which conjunct, after which action, from what."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from redoraft_check.smt.formula import (
    Action,
    And,
    Equal,
    Exists,
    ForAll,
    Formula,
    Holds,
    Named,
    Not,
    Or,
    Relation,
)
from redoraft_check.smt.model import Model

INIT = "Init"
ALWAYS = "always"


@frozen
class Obligation:
    """`goal` holds after `action` (or in every state, then `action` is None) if the hypotheses held before.

    `known` are facts about the step itself.  `after` says whether the goal speaks of the state after
    the step;
    `initial` whether the initial predicate takes the place of the invariant.
    """

    model: str
    goal: Named
    action: Action | None = None
    known: tuple[Named, ...] = ()
    after: bool = False
    initial: bool = False
    lemmas: tuple[Named, ...] = ()

    @property
    def step(self) -> str:
        """The action with its case, or where no step is made."""
        if self.action is None:
            return INIT if self.initial else ALWAYS
        return title(self.action)

    @property
    def claim(self) -> str:
        """Step and conjunct."""
        return f"{self.step}/{self.goal.name}"

    @property
    def name(self) -> str:
        """Model, step and conjunct."""
        return f"{self.model}/{self.claim}"


def title(action: Action) -> str:
    """The name of an action with its case."""
    return f"{action.name} ({action.case})" if action.case else action.name


def obligations(model: Model) -> Iterator[Obligation]:
    """All of a model: init gives the invariant, every action keeps it, and it gives the properties.

    A conjunct that speaks of nothing that an action changes is kept by it and no obligation of its own.
    """
    mentioned = [(conjunct, relations_of(conjunct.formula)) for conjunct in model.invariant]
    for conjunct in (*model.begins, *model.invariant):
        yield Obligation(model.name, conjunct, initial=True)
    for action in model.actions:
        for at, fact in enumerate(action.facts):
            yield Obligation(model.name, fact, action, (*action.given, *action.facts[:at]))
        changed = {update.relation for update in action.updates}
        for conjunct, relations in mentioned:
            if changed & relations:
                known = (*action.given, *action.facts)
                yield Obligation(model.name, conjunct, action, known, after=True)
    for at, one in enumerate(model.safety):
        yield Obligation(model.name, one, lemmas=model.safety[:at])


def kept(model: Model) -> int:
    """How many pairs of action and conjunct need no proof, since the one changes nothing of the other."""
    return sum(
        not {update.relation for update in action.updates} & relations_of(conjunct.formula)
        for action in model.actions
        for conjunct in model.invariant
    )


def relations_of(formula: Formula) -> frozenset[Relation]:
    """The relations that a formula mentions."""
    match formula:
        case Holds(relation, _):
            return frozenset((relation,))
        case Equal():
            return frozenset()
        case Not(body) | ForAll(_, body) | Exists(_, body):
            return relations_of(body)
        case And(parts) | Or(parts):
            return frozenset(one for part in parts for one in relations_of(part))
    raise TypeError(f"no formula: {formula!r}")


def alternates(formula: Formula, *, positive: bool = True, under: bool = False) -> bool:
    """Whether a hypothesis makes new things without end: for each thing it says that another exists.

    What exists once, `under` no universal quantifier, is a constant.
    """
    match formula:
        case Not(body):
            return alternates(body, positive=not positive, under=under)
        case And(parts) | Or(parts):
            return any(alternates(part, positive=positive, under=under) for part in parts)
        case ForAll(_, body) | Exists(_, body):
            universal = isinstance(formula, ForAll) is positive
            return (under and not universal) or alternates(body, positive=positive, under=under or universal)
    return False


def quantified(formula: Formula) -> bool:
    """Whether a formula has a quantifier."""
    match formula:
        case ForAll() | Exists():
            return True
        case Not(body):
            return quantified(body)
        case And(parts) | Or(parts):
            return any(quantified(part) for part in parts)
    return False
