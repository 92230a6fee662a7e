"""Spec coverage from traces: which branches of which actions accepted runs have taken, and which states of a
small model they have been in.

Where a trace leaves something open, an event may be several steps.  A branch that all of them take is
*taken*; one that only some take is *perhaps* taken, as is what hidden actions did.  A state counts as visited
only where a single step was possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from attrs import define, field, frozen

from redoraft_check.oracle.branches import Branch, Branches
from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.explain import Explainer
from redoraft_check.oracle.source import Sources
from redoraft_check.oracle.spec import State
from redoraft_check.paths import library_dirs
from redoraft_check.validate.mapping import DDL, LIMITS, RAFT, Mapping, load_mapping
from redoraft_check.validate.oracle_engine import BEFORE, MAX_FRONTIER, FrontierFull, OracleEngine, TraceSpec
from redoraft_check.validate.prepare import Constants, Projected, Reading, constants_of, judge_file
from redoraft_check.validate.verdict import Status, Verdict

CRASH: Final = {"NodeCrash": "Crash"}
"""The action that writes no event: TraceStartup!ImpliedCrash takes it."""

CRASHES: Final[dict[str | None, dict[str, str]]] = {RAFT: {"Crash": "Crash"}, DDL: {}, LIMITS: {}}
"""The same where a module judges alone; in two of them a crash is the Restart that follows."""

MAX_WAYS: Final = 200
"""Steps that one event may be before its branches are left undetermined."""

Edge: TypeAlias = tuple[str, State, State]
"""A step of an operator of TraceStartup."""

OnStates: TypeAlias = Callable[[TraceSpec, Sequence[State]], None]


@define
class Exercised:
    """What accepted traces have taken.

    `branches` are those of the specification in its order, each with what stands there; `taken` counts the
    events that surely took one, `perhaps` those that may have.  `undetermined` counts events that could be
    more than `MAX_WAYS` steps, `left_out` says which accepted traces could not be looked at and why.
    """

    branches: dict[Branch, str] = field(factory=dict)
    taken: Counter[Branch] = field(factory=Counter)
    perhaps: Counter[Branch] = field(factory=Counter)
    traces: int = 0
    events: int = 0
    undetermined: int = 0
    left_out: list[str] = field(factory=list)


@frozen
class _Walker:
    """A compiled TraceStartup and its branches."""

    trace: TraceSpec
    branches: Branches
    hidden: bool

    def ways(self, frontier: Iterable[State], one: Projected, number: int) -> Iterator[tuple[Edge, ...]]:
        """Each way to pass an event: the steps before it, along one path to each state, and its own."""
        spec, event, named = self.trace.spec, one.spec, self.trace.operators
        self.trace.feed(event, number)
        led: dict[State, tuple[Edge, ...]] = dict.fromkeys(frontier, ())
        if self.hidden or event.action in BEFORE:
            waiting = list(led)
            for state in waiting:
                for operator in (named.crash, *([named.hidden] if self.hidden else [])):
                    for successor in spec.stepper(operator)(state):
                        if successor not in led:
                            led[successor] = (*led[state], (operator, state, successor))
                            waiting.append(successor)
                if len(led) > MAX_FRONTIER:
                    raise FrontierFull
        passing = spec.stepper(named.passing)
        for state, before in led.items():
            for successor in dict.fromkeys(passing(state)):
                yield (*before, (named.passing, state, successor))


def exercised(
    verdicts: Sequence[Verdict],
    engine: OracleEngine,
    on_states: OnStates | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Exercised:
    """Walk the accepted traces again and note every branch.

    `on_states` gets the states that were surely visited.  Raises `OutsideSubset` (20) and `CliError` (65).
    """
    mapping, out = load_mapping(engine.spec), Exercised()
    walkers = _Walkers(engine, mapping, out)
    # So that the branches are listed whatever the traces are.
    walkers.of(Constants(("n1",), (), ()))
    for verdict in verdicts:
        if verdict.status is not Status.ACCEPTED:
            continue

        def walk(reading: Reading) -> Verdict:
            walker = walkers.of(constants_of(reading.reader.header))
            return _walked(walker, reading, out, on_states)

        report(f"coverage: {verdict.path}")
        found = judge_file(verdict.path, mapping, walk)
        if found.status is Status.ACCEPTED:
            out.traces += 1
        else:
            out.left_out.append(f"{verdict.path}: {found.reason}")
    return out


@define
class _Walkers:
    """One walker for each cluster."""

    engine: OracleEngine
    mapping: Mapping
    out: Exercised
    _known: dict[Constants, _Walker] = field(init=False, factory=dict)

    def of(self, constants: Constants) -> _Walker:
        if constants not in self._known:
            spec = self.engine.spec
            sources = Sources((spec / "trace", *library_dirs(spec)))
            trace = self.engine.compiled(constants)
            rows = self.mapping.rows_of(constants.judge)
            implied = CRASHES.get(constants.judge, CRASH)
            actions = {row.operator: row.action for row in rows.values()} | implied
            branches = Branches(Explainer(trace.spec, sources), actions)
            self._known[constants] = _Walker(trace, branches, bool(constants.hidden))
            for branch in branches.listed:
                text = sources.text(branch.place) if branch.kind != "action" else ""
                self.out.branches.setdefault(branch, text)
        return self._known[constants]


def _walked(walker: _Walker, reading: Reading, out: Exercised, on_states: OnStates | None) -> Verdict:
    path, trace = reading.reader.path, walker.trace
    trace.restart()
    try:
        with trace.spec.evaluating():
            frontier = list(trace.spec.initial_states())
            if on_states is not None and len(frontier) == 1:
                on_states(trace, frontier)
            for number, one in enumerate(reading, 1):
                ways = list(walker.ways(frontier, one, number))
                if not ways:
                    return Verdict(path, Status.UNKNOWN, reason=f"the oracle refuses event {number}")
                _count(walker, ways, out)
                if on_states is not None and len(ways) == 1:
                    on_states(trace, [edge[2] for edge in ways[0]])
                frontier = list(dict.fromkeys(way[-1][2] for way in ways))
    except FrontierFull:
        return Verdict(path, Status.UNKNOWN, reason=f"more than {MAX_FRONTIER:,} states are possible at once")
    except (EvaluationError, OutsideSubset) as error:
        return Verdict(path, Status.UNKNOWN, reason=error.message)
    return reading.stopped or Verdict(path, Status.ACCEPTED)


def _count(walker: _Walker, ways: list[tuple[Edge, ...]], out: Exercised) -> None:
    out.events += 1
    if len(ways) > MAX_WAYS:
        out.undetermined += 1
        return
    taken = walker.branches.taken
    passed, before = [], []
    for *earlier, last in ways:
        early = frozenset[Branch]().union(*(taken(*edge) for edge in earlier))
        # Hidden steps may be taken in other orders, or by other nodes: of them one path is looked at.
        passed.append(taken(*last) if walker.hidden else taken(*last) | early)
        before.append(early)
    sure = frozenset.intersection(*passed)
    out.taken.update(sure)
    out.perhaps.update(frozenset[Branch]().union(*passed, *before) - sure)
