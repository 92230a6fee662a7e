"""The commit rule of the proofs is that of the specification, on every reachable state and labelled edge."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import define, evolve, field, frozen

from redoraft_check.oracle.explore import Graph, explore
from redoraft_check.oracle.spec import Spec, load
from redoraft_check.smt.commit_rule import Raft
from redoraft_check.smt.concrete import Interpreter, Row, World
from redoraft_check.smt.formula import Action, Relation
from redoraft_check.smt.mapping import ACTIONS, Reader
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import commit_rule

SPEC = Path(__file__).resolve().parents[2] / "spec"
Mapped = dict[Relation, frozenset[Row]]


@frozen
class Explored:
    """A bounded model's graph, and each of its states in relations."""

    graph: Graph
    reader: Reader
    states: dict[int, Mapped]
    labels: dict[tuple[int, str], set[int]]


@define
class Checked:
    """What was compared: edges, and which differ."""

    states: int = 0
    edges: int = 0
    non_edges: int = 0
    wrong: list[str] = field(factory=list)


def explored(config: str) -> Explored:
    """The oracle's graph of a gate model (it is TLC's: tests/oracle)."""
    folder = SPEC / "models"
    spec: Spec = load(folder / "MCRaftRedo.tla", folder / f"{config}.cfg", (SPEC, folder))
    graph = explore(spec, edges=True, invariants=())
    reader = Reader(Raft.over(0), ("n1", "n2"), ("n3",))
    states = {at: reader.state(spec.as_dict(state)) for state, at in graph.states.items()}
    labels: dict[tuple[int, str], set[int]] = {}
    for source, label, target in graph.edges:
        labels.setdefault((source, label), set()).add(target)
    return Explored(graph, reader, states, labels)


@pytest.fixture(scope="module")
def lognode() -> Explored:
    return explored("RaftRedo_t2_lognode")


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


def stepped(model: Model, found: Explored, sample: int = 1, *, others: bool = True) -> Checked:
    """Every edge is a step of the action of its name; changing one variable of its end makes it none.

    `others` is False where bounds of the model, and not the action, leave steps out.
    """
    checked, interpreter = Checked(), Interpreter()
    actions: dict[str, list[Action]] = {}
    for action in model.actions:
        actions.setdefault(action.name, []).append(action)
    for number, ((source, label), targets) in enumerate(sorted(found.labels.items())):
        if number % sample:
            continue
        before = found.states[source]
        ends = [found.states[target] for target in targets]
        world = found.reader.world(before, *ends)
        named = actions[ACTIONS.get(label, label)]
        steps = [after for action in named for after in interpreter.steps(action, world)]
        for target, end in zip(targets, ends, strict=True):
            checked.edges += 1
            if not any(same(after, end, world) for after in steps):
                checked.wrong.append(f"edge {source} {label} {target}")
        if others:
            checked.wrong += strangers(found, steps, source, label, world, checked, number)
    return checked


def strangers(  # noqa: PLR0917
    found: Explored, steps: list[Mapped], source: int, label: str, world: World, checked: Checked, number: int
) -> list[str]:
    """Ends that differ from a true one in one variable: no step of the model may lead there."""
    wrong = []
    ends = [found.states[target] for target in found.labels[source, label]]
    other = found.states[(source * 7 + number) % len(found.states)]
    for end in ends[:1]:
        for relation in end:
            changed = {**end, relation: other[relation]}
            # The specification allows stuttering, and leaves out messages that change nothing.
            if any(same(changed, one, world) for one in (*ends, found.states[source])):
                continue
            checked.non_edges += 1
            if any(same(after, changed, world) for after in steps):
                wrong.append(f"non-edge {source} {label}: {relation.name} may be anything")
    return wrong


def same(one: Mapped, other: Mapped, world: World) -> bool:
    """Equal, as far as the terms of the world go: committedBy holds of all later terms."""
    terms = set(world.things[next(sort for sort in world.things if sort.name == "Term")])
    return all(
        rows == other[relation]
        or (
            relation.name == "committedBy"
            and {row for row in rows if row[0] in terms}
            == {row for row in other[relation] if row[0] in terms}
        )
        for relation, rows in one.items()
    )


@pytest.mark.tlc
def test_every_reachable_state_satisfies_the_invariant(lognode: Explored) -> None:
    checked = violated(commit_rule(), lognode)
    assert checked.wrong == []
    assert checked.states == len(lognode.graph.states) == 1562


@pytest.mark.tlc
def test_every_edge_is_a_step_of_its_action(lognode: Explored) -> None:
    checked = stepped(commit_rule(), lognode)
    assert checked.wrong[:5] == []
    assert checked.edges == len(lognode.graph.edges) == 3672
    assert checked.non_edges > 1000


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["durable", "acked", "role"])
def test_a_changed_transition_fails(lognode: Explored, dropped: str) -> None:
    model = commit_rule()
    drifted = tuple(
        evolve(one, updates=tuple(update for update in one.updates if update.relation.name != dropped))
        for one in model.actions
    )
    assert stepped(evolve(model, actions=drifted), lognode, sample=20).wrong


@pytest.mark.tlc
def test_data_and_crashes_are_tied_too() -> None:
    """One state and one label in forty of a larger model: transactions, open entries, crash and restart."""
    found = explored("RaftRedo_refines_open")
    model = commit_rule()
    states = violated(model, found, sample=40)
    edges = stepped(model, found, sample=40, others=False)
    assert states.wrong == edges.wrong == []
    assert states.states > 400
    assert edges.edges > 2000
