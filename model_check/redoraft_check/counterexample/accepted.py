"""The other way: an accepted trace as a behaviour of the specification, state by state."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from redoraft_check.counterexample.behaviour import Behaviour
from redoraft_check.counterexample.export import Members
from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.spec import Spec, State
from redoraft_check.oracle.values import to_tlc
from redoraft_check.tlc.values import Value
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.oracle_engine import MAX_FRONTIER, load_trace_spec
from redoraft_check.validate.prepare import Prepared, prepare
from redoraft_check.validate.verdict import Verdict

_OF_THE_TRACE = frozenset({"run", "cursor"})
"""Variables of TraceStartup that are not the specification's."""


def behaviour_of_trace(path: Path, spec: Path, off: tuple[str, ...] = ()) -> Behaviour:
    """One behaviour of Startup, without the rules `off`, that the trace may be a record of.

    Crashes and hidden steps that the trace does not show are in it; where several are possible, one is taken.
    Raises CliError with the exit code of `redoraft validate` where the trace is not accepted.
    """
    one = prepare(path, load_mapping(spec))
    if isinstance(one, Verdict) or one.stopped is not None:
        verdict = one if isinstance(one, Verdict) else one.stopped
        assert verdict is not None
        raise CliError(verdict.exit_code, f"{verdict.place}: {verdict.reason}")
    try:
        compiled = load_trace_spec(spec, one.constants, [one.spec_events], off=off)
        states = _path(compiled, one)
    except (OutsideSubset, EvaluationError) as error:
        raise CliError(Exit.UNKNOWN, f"{path}: {error.message}") from error
    data, log, _ = one.constants
    return Behaviour(tuple(_values(compiled, state) for state in states), members=Members(data, log))


def _path(spec: Spec, one: Prepared) -> list[State]:
    """From an initial state over the whole trace."""
    before: dict[State, State | None] = dict.fromkeys(spec.initial_states())
    frontier = list(before)
    between = [spec.stepper("ImpliedCrash"), spec.stepper("HiddenStep")]
    passing = spec.stepper("Pass")
    with spec.evaluating():
        for passed in range(len(one.spec_events)):
            waiting = list(frontier)
            while waiting:
                state = waiting.pop()
                found = _new(before, state, (s for step in between for s in step(state)))
                waiting += found
                frontier += found
                _check_bound(one.path, frontier)
            frontier = [found for state in frontier for found in _new(before, state, passing(state))]
            if not frontier:
                where = f"{one.path}:{one.lines[passed]}"
                raise CliError(Exit.REJECTED, f"{where}: refused: see redoraft validate {one.path}")
            _check_bound(one.path, frontier)
    path: list[State] = []
    at: State | None = frontier[0]
    while at is not None:
        path.append(at)
        at = before[at]
    return path[::-1]


def _new(before: dict[State, State | None], state: State, successors: Iterable[State]) -> list[State]:
    """The successors not seen yet, each with where it came from."""
    found = [one for one in dict.fromkeys(successors) if one not in before]
    before.update(dict.fromkeys(found, state))
    return found


def _check_bound(path: Path, frontier: list[State]) -> None:
    if len(frontier) > MAX_FRONTIER:
        raise CliError(Exit.UNKNOWN, f"{path}: more than {MAX_FRONTIER:,} states are possible at once")


def _values(spec: Spec, state: State) -> dict[str, Value]:
    return {name: to_tlc(value) for name, value in spec.as_dict(state).items() if name not in _OF_THE_TRACE}
