"""What StorageLog reads off Startup's states is a behaviour of StorageLimits' log, on edges of TLC's graphs.

The projection is written here once more, over values; StorageLimits' own actions judge it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.smt.test_tie_startup import READER, cluster
from tests.smt.tie import Explored

from redoraft_check.smt.concrete import Interpreter, World
from redoraft_check.smt.formula import Action, Function, Relation
from redoraft_check.smt.mapping import always
from redoraft_check.smt.models import storage_limits
from redoraft_check.smt.sequences import RIGID, Log, Mapped, prefixes
from redoraft_check.smt.storage_reading import KEPT, S, reading, self_of
from redoraft_check.smt.storage_state import CHANGES, COPIED, DICT_PAGE, NOTE, PAGE, SNAPSHOT

LOG_STEPS = {
    *("CommittedGrows", "Receive", "PeerGains", "Fsync", "Learn", "Truncate", "Crash", "Apply"),
    *("StartServing", "WriteMtr", "CloseEntry"),
}
DATA_NODES = ("n1", "n2")
MOST = 6
"""Steps of StorageLimits that one step of Startup shows as: entries come in twos at most, and so on."""


def whole(log: Log) -> Log:
    return max((h for h in prefixes(log) if not h or h[-1][1] == "meta"), key=len)


def projected(state: Mapped, me: str) -> dict[Relation, frozenset[Any]]:
    """StorageLimits' log of one node, without pages."""
    s, start = READER.raft, READER.start
    by_node: dict[Relation, dict[str, Any]] = {
        one: dict(state[one]) for one in (s.role, s.term, s.log, s.durable, s.known, s.settled)
    }
    pages: dict[str, Log] = dict(state[start.applied])
    applied = pages[me]
    ready = (me, "ready") in state[start.phase]
    term, log = by_node[s.term][me], by_node[s.log][me]
    down = by_node[s.role][me] == "down"

    def committed_to(node: str) -> set[Log]:
        return {h for t, h in state[s.committed_by] if t == by_node[s.term][node]} | {()}

    def everywhere(log: Log) -> bool:
        return all(
            log in committed_to(m) and by_node[s.durable][m][: len(log)] == log
            for m in by_node[s.role]
            if m != me
        )

    committed = max(committed_to(me), key=len)
    serves = by_node[s.role][me] == "leader" and ready and applied and applied[-1][0] == term
    values = {
        S.committed: committed,
        S.log: whole(log) if down else log,
        S.durable: whole(log) if down else by_node[s.durable][me],
        S.known: () if down else by_node[s.known][me],
        S.settled: by_node[s.settled][me],
        S.peer: max((h for h in prefixes(committed) if whole(h) == h and everywhere(h)), key=len),
        S.serving: term if serves else 0,
        S.applied: () if down else applied,
        S.checkpoint: (),
        S.oldest: (),
        S.seeded_at: (),
    }
    return {
        **{relation: frozenset({(value,)}) for relation, value in values.items()},
        **dict.fromkeys(S.versions, frozenset()),
    }


def storage_world(world: World, state: Mapped) -> World:
    rigid: dict[Function | Relation, Callable[..., Any]] = {**RIGID, DICT_PAGE.function: lambda: "dict"}
    rigid |= dict.fromkeys((CHANGES, NOTE, COPIED), lambda *_: False)
    return World({**world.things, PAGE: (), SNAPSHOT: ()}, rigid, state)


def between(one: Mapped, state: Mapped, end: Mapped) -> bool:
    """Each value is where it was, where it shall be, or on the way."""
    for relation in (*S.lsns, S.serving):
        [(old,)], [(now,)], [(new,)] = one[relation], state[relation], end[relation]
        on_the_way = relation != S.serving and new[: len(now)] == now and len(now) > len(old)
        if now not in {old, new} and not on_the_way:
            return False
    return True


def led_to(actions: list[Action], world: World, end: Mapped, interpreter: Interpreter) -> bool:
    """Whether some steps lead from the world's state to `end`."""
    seen, front = [world.state], [world.state]
    for _ in range(MOST):
        if end in front:
            return True
        reached = (
            after
            for state in front
            for action in actions
            for after in interpreter.steps(action, evolve(world, state=state))
        )
        front = []
        for state in reached:
            if state not in seen and between(world.state, state, end):
                seen.append(state)
                front.append(state)
    return end in front


def shown(found: Explored, sample: int, actions: list[Action]) -> tuple[list[str], Counter[str]]:
    """The edges that show as no steps of StorageLimits' log, and of how many labels they were compared."""
    interpreter, wrong, counted = Interpreter(), list[str](), Counter[str]()
    for source, label, target in sorted(found.graph.edges)[::sample]:
        world = READER.world(found.states[source], found.states[target])
        after = READER.within(found.states[target], world)
        for me in DATA_NODES:
            one, end = projected(world.state, me), projected(after, me)
            if one != end:
                counted[label] += 1
                if not led_to(actions, storage_world(world, one), end, interpreter):
                    wrong.append(f"{me}: {source} {label} {target}")
    return wrong, counted


@pytest.fixture(scope="module")
def graphs() -> tuple[Explored, ...]:
    return cluster("Startup_refines_crash"), cluster("Startup_t2", 4000)


@pytest.fixture(scope="module")
def steps() -> list[Action]:
    return [one for one in storage_limits().actions if one.name in LOG_STEPS]


@pytest.mark.tlc
def test_every_edge_shows_as_steps_of_the_log(graphs: tuple[Explored, ...], steps: list[Action]) -> None:
    compared = [shown(found, 15, steps) for found in graphs]
    assert [wrong[:5] for wrong, _ in compared] == [[], []]
    counted = compared[0][1] + compared[1][1]
    assert {"NodeCrashes", "NodeAppends", "NodeFsyncs", "NodeAdvances", "NodeTruncates"} <= set(counted)


@pytest.mark.tlc
@pytest.mark.parametrize("missing", ["CommittedGrows", "Receive", "Learn", "PeerGains", "Crash"])
def test_without_a_step_edges_show_as_none(
    graphs: tuple[Explored, ...], steps: list[Action], missing: str
) -> None:
    assert shown(graphs[0], 15, [one for one in steps if one.name != missing])[0]


@pytest.mark.tlc
def test_the_reading_is_the_projection(graphs: tuple[Explored, ...]) -> None:
    """What the proof reads off a state, by formulas, is what is read off here, by values."""
    interpreter, compared = Interpreter(), 0
    for found in graphs:
        for number in range(0, len(found.states), 40):
            world = READER.world(found.states[number])
            for me in DATA_NODES:
                kept = {S.checkpoint: frozenset({((),)}), S.disk: frozenset()}
                rigid = {**world.rigid, self_of(READER.raft): always(me)}
                whose = evolve(world, rigid=rigid, state={**world.state, **kept})
                expected = projected(world.state, me)
                for relation, read in reading(READER.start).items():
                    rows = frozenset(interpreter.solutions(read.formals, read.body, whose))
                    assert rows == expected[relation], (relation.name, number, me)
                    compared += 1
    assert compared > 500
    assert set(kept) == set(KEPT)
