"""What DdlLog reads off Startup's states is a behaviour of Ddl's log, on edges of TLC's graphs.

The projection is written here once more, over values; Ddl's own actions, as far as they speak of the log,
judge it.  That DDL has recovered (`opened`) and who was deposed are histories: here nobody has, nobody was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.smt.test_tie_startup import READER, cluster
from tests.smt.tie import Explored, explored

from redoraft_check.smt.concrete import Interpreter, World
from redoraft_check.smt.ddl_log import FOLLOWS
from redoraft_check.smt.ddl_refinement import DdlShowings, reading
from redoraft_check.smt.ddl_state import PHASE, STAGE, S
from redoraft_check.smt.ddl_terms import COUNTED, NEWEST, OPENED, Terms
from redoraft_check.smt.formula import Action, Function, Relation
from redoraft_check.smt.logs import constants
from redoraft_check.smt.mapping import always
from redoraft_check.smt.sequences import Log, Mapped, prefixes

TERMS = Terms(READER.start)
LOG_STEPS = (
    *("Elect", "Elect (deposing)", "Establish", "StepDown", "AdvanceMajority", "Crash (leading)"),
    "RollBackUnfinished",
)
COMPARED = (S.log, S.majority, S.leader, S.stage)
MOST = 3
"""Steps of Ddl that one step of Startup shows as."""


def is_record(log: Log) -> bool:
    return bool(log) and log[-1][1] != "meta"


def newest(state: Mapped) -> int:
    counted: set[int] = {t for t, h in state[READER.raft.leader_known] if h}
    return max(counted, default=0)


def projected(state: Mapped) -> dict[Relation, frozenset[Any]]:
    """Ddl's log, and who leads it."""
    s, term = READER.raft, newest(state)

    def records(relation: Relation) -> Log:
        found: list[Log] = [h for t, h in state[relation] if t == term and is_record(h)]
        return max(found, key=len, default=())

    leaders = {n for n, role in state[s.role] if role == "leader" and (n, term) in state[s.term]}
    return {
        S.log: frozenset({(records(s.leader_log),)}),
        S.majority: frozenset({(records(s.leader_known),)}),
        S.leader: frozenset((n,) for n in leaders),
        S.stage: frozenset({("established" if leaders else "none",)}),
    }


def ddl_world(world: World, state: Mapped) -> World:
    names: dict[Function | Relation, Callable[..., Any]] = {
        one.function: always(one.function.name) for sort in (STAGE, PHASE) for one in constants(sort)
    }
    follows: dict[Function | Relation, Callable[..., Any]] = {
        FOLLOWS: lambda one, other: (
            is_record(one)
            and other == max((h for h in prefixes(one)[:-1] if is_record(h)), key=len, default=())
        )
    }
    things = {**world.things, STAGE: STAGE.elements, PHASE: PHASE.elements}
    phases = frozenset((n, "starting") for n in READER.nodes)
    return World(things, {**world.rigid, **names, **follows}, {**state, S.phase: phases})


def led_to(actions: list[Action], world: World, end: Mapped) -> bool:
    """Whether some steps lead from the world's state to `end`."""
    interpreter, front = Interpreter(), [world.state]
    for _ in range(MOST):
        front = [
            after
            for state in front
            for action in actions
            for after in interpreter.steps(action, evolve(world, state=state))
        ]
        if any(all(state[one] == end[one] for one in COMPARED) for state in front):
            return True
    return False


def shown(found: Explored, sample: int, actions: list[Action]) -> tuple[list[str], Counter[str]]:
    """The edges that show as no steps of Ddl's log, and of how many that change it they were compared."""
    wrong, counted = list[str](), Counter[str]()
    for source, label, target in sorted(found.graph.edges):
        one, end = projected(found.states[source]), projected(found.states[target])
        if one == end:
            continue
        counted[label] += 1
        if counted[label] % sample == 0:
            world = READER.world(found.states[source], found.states[target])
            if not led_to(actions, ddl_world(world, one), end):
                wrong.append(f"{source} {label} {target}")
    return wrong, counted


@pytest.fixture(scope="module")
def graphs() -> tuple[Explored, ...]:
    """Writes; and a second leader that counts, with the first still there or not."""
    return cluster("Startup_refines"), explored("MCStartupTerms", "Startup_t2_outlived", READER, 8000)


@pytest.fixture(scope="module")
def steps() -> list[Action]:
    found = [one for name, one in DdlShowings(TERMS).steps.items() if name in LOG_STEPS]
    return [evolve(one, updates=tuple(u for u in one.updates if u.relation != S.phase)) for one in found]


@pytest.mark.tlc
def test_every_edge_shows_as_steps_of_ddls_log(graphs: tuple[Explored, ...], steps: list[Action]) -> None:
    compared = [shown(found, 5, steps) for found in graphs]
    assert [wrong[:5] for wrong, _ in compared] == [[], []]
    counted = compared[0][1] + compared[1][1]
    assert {"NodeAdvances", "NodeWriteMtr", "NodeCrashes", "NodeShutdown"} <= set(counted)
    assert counted.total() > 1000


@pytest.mark.tlc
@pytest.mark.parametrize("missing", ["Elect", "Establish", "Crash StepDown", "RollBackUnfinished"])
def test_without_a_step_edges_show_as_none(
    graphs: tuple[Explored, ...], steps: list[Action], missing: str
) -> None:
    """To the log a crash of a leader that has not served, and its StepDown, are the same."""
    left = [one for one in steps if one.name not in missing.split()]
    assert any(shown(found, 5, left)[0] for found in graphs)


@pytest.mark.tlc
def test_the_reading_is_the_projection(graphs: tuple[Explored, ...]) -> None:
    """What the proof reads off a state, by formulas, is what is read off here, by values."""
    interpreter, read, compared = Interpreter(), reading(TERMS), 0
    for found in graphs:
        for number in range(0, len(found.states), 40):
            state = found.states[number]
            world = ddl_world(READER.world(state), {})
            counted = frozenset((t,) for t, h in state[READER.raft.leader_known] if h)
            histories = {COUNTED: counted, NEWEST: frozenset({(newest(state),)})}
            histories |= {OPENED: frozenset(), TERMS.deposed: frozenset()}
            whole = evolve(world, state={**READER.world(state).state, **histories})
            for relation, expected in projected(state).items():
                one = read[relation]
                assert frozenset(interpreter.solutions(one.formals, one.body, whole)) == expected
                compared += 1
    assert compared > 500
