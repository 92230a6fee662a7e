"""Breadth first search: every reachable state, the depth, and the first thing that is wrong.

As in TLC, a state outside the CONSTRAINTs is checked and then dropped, a state without any step is a
deadlock (CONSTRAINTs do not make one), and the first violation in breadth-first order ends the search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field, frozen

from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.properties import Property
from redoraft_check.oracle.spec import Spec, State
from redoraft_check.tlc.result import PropertyKind

DEADLOCK: Final = "deadlock"
_REPORT_EVERY: Final = 1000
"""States between two calls of `watch`."""


@frozen
class Violation:
    """A reachable state in which an invariant does not hold, or the end of a step that a property forbids;
    `invariant` names it, and is `DEADLOCK` for a state without a step."""

    invariant: str
    state: State
    kind: PropertyKind = PropertyKind.INVARIANT


@define
class Graph:
    """What was reached.

    `states` numbers them in the order in which they were found; `origins` has for each the number of the
    state before it (-1 for an initial one) and the action.  `generated` counts steps and initial states,
    `fired` the steps of each action, `found` those that led to a new state, `left` the states whose steps
    were not looked at.  `depth` counts the initial states as 1; `complete` is False when `limit` was hit.
    """

    states: dict[State, int] = field(factory=dict)
    origins: list[tuple[int, str]] = field(factory=list)
    edges: set[tuple[int, str, int]] = field(factory=set)
    fired: dict[str, int] = field(factory=dict)
    found: dict[str, int] = field(factory=dict)
    initial: int = 0
    generated: int = 0
    depth: int = 0
    left: int = 0
    complete: bool = True
    violation: Violation | None = None

    def path(self, last: tuple[int, str, State]) -> list[tuple[str | None, State]]:
        """A shortest behaviour to a state: (action, state), the first without an action.

        `last` is the number of the state before it (-1 when it is initial), the action and the state.
        """
        source, action, state = last
        known = list(self.states)
        out: list[tuple[str | None, State]] = [(action if source >= 0 else None, state)]
        while source >= 0:
            before, led = self.origins[source]
            out.append((led if before >= 0 else None, known[source]))
            source = before
        return out[::-1]


class Stopped(EvaluationError):
    """An evaluation error during the search; `graph` and `last` say where, as for `Graph.path`."""

    def __init__(self, error: EvaluationError, graph: Graph, last: tuple[int, str, State] | None) -> None:
        super().__init__(error.reason, error.stack)
        self.graph = graph
        self.last = last


@define
class Search:
    """One search.  `watch` is told every now and then how far it is; what it raises ends the search."""

    spec: Spec
    invariants: tuple[str, ...]
    deadlock: bool = False
    edges: bool = False
    limit: int | None = None
    properties: Sequence[Property] = ()
    watch: Callable[[Graph], None] = lambda _: None
    graph: Graph = field(init=False, factory=Graph)
    last: tuple[int, str, State] | None = field(init=False, default=None)
    _checks: tuple[tuple[str, Callable[[State], bool]], ...] = field(init=False, default=())
    _step_checks: tuple[tuple[str, Callable[[State, State], bool]], ...] = field(init=False, default=())
    _level: list[State] = field(init=False, factory=list)
    _identity: Callable[[State], object] | None = field(init=False, default=None)
    _numbers: dict[object, int] = field(init=False, factory=dict)

    def run(self) -> Graph:
        """Search to the end.  Raises `Stopped` where TLC would stop with an error."""
        always = [demand for one in self.properties for demand in one.always]
        self._checks = (*((name, self.spec.predicate(name)) for name in self.invariants), *always)
        self._step_checks = tuple(demand for one in self.properties for demand in one.steps)
        self._identity = self.spec.identity()
        graph = self.graph
        graph.fired = dict.fromkeys(self.spec.action_names, 0)
        graph.found = dict.fromkeys(self.spec.action_names, 0)
        try:
            with self.spec.evaluating():
                self._search()
        except EvaluationError as error:
            raise Stopped(error, graph, self.last) from error
        return graph

    def _search(self) -> None:
        graph = self.graph
        for state in self.spec.initial_states():
            graph.generated += 1
            self.last = (-1, "", state)
            if self._identity is not None and self._known(state) is not None:
                continue
            self._enter(-1, "", state)
            for name, holds in (demand for one in self.properties for demand in one.initial):
                if not holds(state):
                    graph.violation = Violation(name, state, PropertyKind.INITIAL)
            if graph.violation is not None:
                return
        graph.initial = len(graph.states)
        while self._level:
            graph.depth += 1
            level, self._level = self._level, []
            for state in level:
                self._expand(state)
                if graph.violation is not None:
                    graph.depth += bool(self._level)
                    return
            if self.limit is not None and len(graph.states) >= self.limit and self._level:
                graph.complete, graph.left = False, len(self._level)
                return

    def _expand(self, state: State) -> None:
        graph = self.graph
        states, fired, allowed = graph.states, graph.fired, self.spec.step_allowed
        source = states[state]
        if source % _REPORT_EVERY == 0:
            graph.left = len(states) - source
            self.watch(graph)
        stuck = True
        here = self.last = (*graph.origins[source], state)
        for action, successor in self.spec.steps(state):
            stuck = False
            graph.generated += 1
            fired[action] += 1
            if not allowed(state, successor):
                continue
            target = states.get(successor) if self._identity is None else self._known(successor)
            if target is None:
                self.last = (source, action, successor)
                target = self._enter(source, action, successor)
                if graph.violation is not None:
                    return
                self.last = here
            for name, holds in self._step_checks:
                if not holds(state, successor):
                    self.last = (source, action, successor)
                    graph.violation = Violation(name, successor, PropertyKind.ACTION)
                    return
            if self.edges and target >= 0:
                graph.edges.add((source, action, target))
        if stuck and self.deadlock:
            graph.violation = Violation(DEADLOCK, state)
        graph.left = 0

    def _known(self, state: State) -> int | None:
        assert self._identity is not None, "asked only where states have another identity"
        return self._numbers.get(self._identity(state))

    def _enter(self, source: int, action: str, state: State) -> int:
        graph = self.graph
        for name, holds in self._checks:
            if not holds(state):
                graph.violation = Violation(name, state)
        if not self.spec.within_constraints(state):
            return -1
        if source >= 0:
            graph.found[action] += 1
        number = graph.states[state] = len(graph.states)
        if self._identity is not None:
            self._numbers[self._identity(state)] = number
        graph.origins.append((source, action))
        self._level.append(state)
        return number


def explore(
    spec: Spec, *, limit: int | None = None, edges: bool = False, invariants: tuple[str, ...] | None = None
) -> Graph:
    """Search until all states are known, an invariant is violated, or `limit` distinct states were found.

    Raises `EvaluationError` as TLC would stop with one.
    """
    checked = spec.invariants if invariants is None else invariants
    return Search(spec, checked, edges=edges, limit=limit).run()
