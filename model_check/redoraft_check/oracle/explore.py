"""Breadth first search: every reachable state, the depth, and the first violated invariant."""

from __future__ import annotations

from attrs import define, field, frozen

from redoraft_check.oracle.spec import Spec, State


@frozen
class Violation:
    """A reachable state in which an invariant does not hold."""

    invariant: str
    state: State


@define
class Graph:
    """What was reached.  `depth` counts the initial states as 1; `complete` is False when `limit` was hit."""

    states: dict[State, int] = field(factory=dict)
    edges: set[tuple[int, str, int]] = field(factory=set)
    generated: int = 0
    depth: int = 0
    complete: bool = True
    violation: Violation | None = None


def explore(
    spec: Spec, *, limit: int | None = None, edges: bool = False, invariants: tuple[str, ...] | None = None
) -> Graph:
    """Search until all states are known, an invariant is violated, or `limit` distinct states were found.

    Raises `EvaluationError` as TLC would stop with one.
    """
    graph = Graph()
    checked = spec.invariants if invariants is None else invariants
    level: list[State] = []
    for state in spec.initial_states():
        graph.generated += 1
        _enter(spec, graph, state, checked, level)
    while level and graph.violation is None:
        graph.depth += 1
        level = _next_level(spec, graph, level, checked, edges=edges)
        if limit is not None and len(graph.states) >= limit and level:
            graph.complete = False
            break
    return graph


def _next_level(
    spec: Spec, graph: Graph, level: list[State], checked: tuple[str, ...], *, edges: bool
) -> list[State]:
    states = graph.states
    found: list[State] = []
    for state in level:
        source = states[state]
        for action, successor in spec.successors(state):
            graph.generated += 1
            target = states.get(successor)
            if target is None:
                target = _enter(spec, graph, successor, checked, found)
            if edges and target >= 0:
                graph.edges.add((source, action, target))
            if graph.violation is not None:
                return []
    return found


def _enter(spec: Spec, graph: Graph, state: State, checked: tuple[str, ...], level: list[State]) -> int:
    for name in checked:
        if not spec.check(name, state):
            graph.violation = Violation(name, state)
    if not spec.within_constraints(state):
        return -1
    number = graph.states[state] = len(graph.states)
    level.append(state)
    return number
