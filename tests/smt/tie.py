"""Holding a proof's model against TLC's graph of a gate model: states, edges, and edges that are none."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
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
    non_edges: int = 0
    counted: Counter[str] = field(factory=Counter)
    wrong: list[str] = field(factory=list)

    @property
    def edges(self) -> int:
        """How many."""
        return self.counted.total()

    @property
    def actions(self) -> set[str]:
        """The labels of the edges."""
        return set(self.counted)


def explored(
    module: str, config: str, reader: Reads, limit: int | None = None, *, root: Path = SPEC
) -> Explored:
    """The oracle's graph of a gate model (it is TLC's: tests/oracle), or its first `limit` states."""
    folder = root / "models"
    spec: Spec = load(folder / f"{module}.tla", folder / f"{config}.cfg", (root, folder))
    graph = explore(spec, edges=True, invariants=(), limit=limit)
    states = {at: reader.state(spec.as_dict(state)) for state, at in graph.states.items()}
    labels: dict[tuple[int, str], set[int]] = {}
    for source, label, target in graph.edges:
        labels.setdefault((source, label), set()).add(target)
    return Explored(graph, reader, states, labels)


def rewritten(root: Path, file: str, old: str, new: str) -> Path:
    """A copy of the specification in `root` in which one text of one file is another."""
    shutil.copytree(SPEC, root, ignore=shutil.ignore_patterns("findings", "records", "mutants", "trace"))
    text = (root / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (root / file).write_text(text.replace(old, new), encoding="utf-8")
    return root


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
    least: int = 0,
    others: bool = True,
    bounded: frozenset[str] = frozenset(),
) -> Checked:
    """Every edge is a step of the action of its name; changing one variable of its end makes it none.

    Of the labels of the states every `sample`th is taken, and of each label `least` states or all that there
    are.  `bounded` are the labels of which bounds of the model, and not the action, leave steps out; there,
    and everywhere without `others`, edges are not changed.
    """
    checked, interpreter = Checked(), Interpreter()
    actions: dict[str, list[Action]] = {}
    for action in model.actions:
        actions.setdefault(action.name, []).append(action)
    pairs = sorted(found.labels)
    for number in _taken([label for _, label in pairs], sample, least):
        source, label = pairs[number]
        targets = found.labels[pairs[number]]
        ends = [found.states[target] for target in targets]
        world = found.reader.world(found.states[source], *ends)
        ends = [found.reader.within(end, world) for end in ends]
        named = actions[found.reader.actions.get(label, label)]
        steps: list[Mapped] = [after for action in named for after in interpreter.steps(action, world)]
        for target, end in zip(targets, ends, strict=True):
            checked.counted[label] += 1
            if not any(found.reader.alike(after, end) for after in steps):
                checked.wrong.append(f"edge {source} {label} {target}")
        if others and label not in bounded:
            other = found.reader.within(found.states[(source * 7 + number) % len(found.states)], world)
            for changed, name in strangers(found.reader, ends, other, world):
                checked.non_edges += 1
                if any(found.reader.alike(after, changed) for after in steps):
                    checked.wrong.append(f"non-edge {source} {label}: {name} may be anything")
    return checked


def _taken(labels: list[str], sample: int, least: int) -> list[int]:
    """Every `sample`th number, and of each label `least` from its whole length."""
    taken = set(range(0, len(labels), sample))
    numbers: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        numbers.setdefault(label, []).append(number)
    for of_one in numbers.values() if least else ():
        taken.update(of_one[:: max(1, len(of_one) // least)])
    return sorted(taken)


def untied(model: Model, compared: Iterable[Checked], reader: Reads, least: int) -> set[str]:
    """The actions of a model of which fewer than `least` edges were compared."""
    counted: Counter[str] = Counter()
    for one in compared:
        for label, edges in one.counted.items():
            counted[reader.actions.get(label, label)] += edges
    return {action.name for action in model.actions if counted[action.name] < least}


def strangers(reader: Reads, ends: list[Mapped], other: Mapped, world: World) -> Iterator[tuple[Mapped, str]]:
    """The first end with one variable of another state: no step of the model may lead there.

    Not those that stutter or are another end: the specification allows the one, and leaves out messages
    that change nothing.
    """
    for relation in ends[0]:
        changed = {**ends[0], relation: other[relation]}
        if not any(reader.alike(changed, one) for one in (*ends, world.state)):
            yield changed, relation.name


def drifted(model: Model, dropped: str, action: str | None = None) -> Model:
    """The model in which no action, or none of one name, updates one relation."""
    actions = tuple(
        evolve(one, updates=tuple(update for update in one.updates if update.relation.name != dropped))
        if action in {None, one.name}
        else one
        for one in model.actions
    )
    return evolve(model, actions=actions)
