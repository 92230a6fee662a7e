"""Holding a proof's model against TLC's graph of a gate model: states, edges, and edges that are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import define, evolve, field, frozen

from redoraft_check.oracle.explore import Graph, explore
from redoraft_check.oracle.spec import Spec, load
from redoraft_check.smt.concrete import Interpreter, World
from redoraft_check.smt.formula import Action
from redoraft_check.smt.model import Model
from redoraft_check.smt.sequences import Mapped, Reads

SPEC = Path(__file__).resolve().parents[2] / "spec"


@frozen
class Explored:
    """A bounded model's graph, and each of its states in relations."""

    graph: Graph
    reader: Reads
    states: dict[int, Mapped]
    labels: dict[tuple[int, str], set[int]]


@define
class Checked:
    """What was compared: edges, and which differ."""

    states: int = 0
    edges: int = 0
    non_edges: int = 0
    actions: set[str] = field(factory=set)
    wrong: list[str] = field(factory=list)


def explored(module: str, config: str, reader: Reads, limit: int | None = None) -> Explored:
    """The oracle's graph of a gate model (it is TLC's: tests/oracle), or its first `limit` states."""
    folder = SPEC / "models"
    spec: Spec = load(folder / f"{module}.tla", folder / f"{config}.cfg", (SPEC, folder))
    graph = explore(spec, edges=True, invariants=(), limit=limit)
    states = {at: reader.state(spec.as_dict(state)) for state, at in graph.states.items()}
    labels: dict[tuple[int, str], set[int]] = {}
    for source, label, target in graph.edges:
        labels.setdefault((source, label), set()).add(target)
    return Explored(graph, reader, states, labels)


def violated(model: Model, found: Explored, sample: int = 1) -> Checked:
    """Evaluate the invariant and the properties in every `sample`th state."""
    checked, interpreter = Checked(), Interpreter()
    for at in range(0, len(found.states), sample):
        world = found.reader.world(found.states[at])
        checked.states += 1
        checked.wrong += [
            f"{one.name} in state {at}"
            for one in (*model.axioms, *model.invariant, *model.safety)
            if not interpreter.holds(one.formula, world)
        ]
    return checked


def stepped(
    model: Model,
    found: Explored,
    sample: int = 1,
    *,
    others: bool = True,
    bounded: frozenset[str] = frozenset(),
) -> Checked:
    """Every edge is a step of the action of its name; changing one variable of its end makes it none.

    `bounded` are the labels of which bounds of the model, and not the action, leave steps out; there, and
    everywhere without `others`, edges are not changed.
    """
    checked, interpreter = Checked(), Interpreter()
    actions: dict[str, list[Action]] = {}
    for action in model.actions:
        actions.setdefault(action.name, []).append(action)
    for number, ((source, label), targets) in enumerate(sorted(found.labels.items())):
        if number % sample:
            continue
        ends = [found.states[target] for target in targets]
        world = found.reader.world(found.states[source], *ends)
        ends = [found.reader.within(end, world) for end in ends]
        named = actions[found.reader.actions.get(label, label)]
        steps: list[Mapped] = [after for action in named for after in interpreter.steps(action, world)]
        for target, end in zip(targets, ends, strict=True):
            checked.edges += 1
            checked.actions.add(label)
            if not any(found.reader.alike(after, end) for after in steps):
                checked.wrong.append(f"edge {source} {label} {target}")
        if others and label not in bounded:
            other = found.reader.within(found.states[(source * 7 + number) % len(found.states)], world)
            for changed, name in strangers(found.reader, ends, other, world):
                checked.non_edges += 1
                if any(found.reader.alike(after, changed) for after in steps):
                    checked.wrong.append(f"non-edge {source} {label}: {name} may be anything")
    return checked


def strangers(reader: Reads, ends: list[Mapped], other: Mapped, world: World) -> Iterator[tuple[Mapped, str]]:
    """The first end with one variable of another state: no step of the model may lead there.

    Not those that stutter or are another end: the specification allows the one, and leaves out messages
    that change nothing.
    """
    for relation in ends[0]:
        changed = {**ends[0], relation: other[relation]}
        if not any(reader.alike(changed, one) for one in (*ends, world.state)):
            yield changed, relation.name


def drifted(model: Model, dropped: str) -> Model:
    """The model with no action's update of one relation."""
    actions = tuple(
        evolve(one, updates=tuple(update for update in one.updates if update.relation.name != dropped))
        for one in model.actions
    )
    return evolve(model, actions=actions)
