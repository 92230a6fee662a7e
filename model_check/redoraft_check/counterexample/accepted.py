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
from redoraft_check.validate.oracle_engine import MAX_FRONTIER, TraceSpec, load_trace_spec, steps_before
from redoraft_check.validate.prepare import Prepared, constants_of, prepare
from redoraft_check.validate.verdict import Status, Verdict

_OF_THE_TRACE = frozenset({"run", "cursor"})
"""Variables of TraceStartup that are not the specification's."""


def behaviour_of_trace(path: Path, spec: Path, off: tuple[str, ...] = ()) -> Behaviour:
    """One behaviour of Startup, without the rules `off`, that the trace may be a record of.

    Crashes and hidden steps that the trace does not show are in it; where several are possible, one is taken.
    Raises CliError with the exit code of `redoraft validate` where the trace is not accepted.
    """
    one = prepare(path, load_mapping(spec))
    verdict = one if isinstance(one, Verdict) else one.verdict
    if isinstance(one, Verdict) or verdict.status is not Status.ACCEPTED:
        raise CliError(verdict.exit_code, f"{verdict.place}: {verdict.reason}")
    constants = constants_of(one.header)
    try:
        trace = load_trace_spec(spec, constants, off=off)
        states = _path(trace, one, hidden=bool(constants.hidden))
    except (OutsideSubset, EvaluationError) as error:
        raise CliError(Exit.UNKNOWN, f"{path}: {error.message}") from error
    return Behaviour(
        tuple(_values(trace.spec, state) for state in states),
        members=Members(constants.data_nodes, constants.log_nodes),
    )


def _path(trace: TraceSpec, one: Prepared, *, hidden: bool) -> list[State]:
    """From an initial state over the whole trace."""
    spec, file = trace.spec, one.verdict.path
    trace.restart()
    before: dict[State, State | None] = dict.fromkeys(spec.initial_states())
    frontier = list(before)
    between = steps_before(trace, hidden=hidden)
    passing = spec.stepper(trace.operators.passing)
    with spec.evaluating():
        for number, event in enumerate(one.events, start=1):
            trace.feed(event.spec, number)
            waiting = list(frontier)
            while waiting:
                state = waiting.pop()
                found = _new(before, state, (s for step in between for s in step(state)))
                waiting += found
                frontier += found
                _check_bound(file, frontier)
            frontier = [found for state in frontier for found in _new(before, state, passing(state))]
            if not frontier:
                where = f"{file}:{event.line}"
                raise CliError(Exit.REJECTED, f"{where}: refused: see redoraft validate {file}")
            _check_bound(file, frontier)
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
