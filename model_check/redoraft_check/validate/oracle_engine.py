"""The oracle engine of `redoraft validate`: the trace specification itself, stepped in process.

TraceStartup is compiled once with one run in the place of `Runs`, and a frontier of possible states goes from
event to event as they are read: `Pass` takes the event, `HiddenStep` and `ImpliedCrash` may come before it.
So the two engines judge by the same text; only who evaluates it differs, and the file is never held whole.
"""

from __future__ import annotations

import gc
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from attrs import define, evolve, field, frozen

from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.kept import keep, kept_steps, key_of_code
from redoraft_check.oracle.persistent import Sequence
from redoraft_check.oracle.steps import State, Steps
from redoraft_check.oracle.values import Function, Value, make_set
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.mapping import BESIDE, DDL, LIMITS, load_mapping, told_of, vars_of
from redoraft_check.validate.prepare import (
    Constants,
    Projected,
    Projecting,
    Reading,
    constants_of,
    judge_file,
    refused,
)
from redoraft_check.validate.projection import SpecEvent
from redoraft_check.validate.tla import MODULE, config, data_module
from redoraft_check.validate.told import in_trace_words
from redoraft_check.validate.verdict import NodeStates, Status, Verdict
from redoraft_check.validate.words import ABSENT_NAME
from redoraft_traces.stream import GrowingSource

if TYPE_CHECKING:
    from redoraft_check.oracle.spec import Spec

MAX_FRONTIER = 20_000
"""States that may be possible at once before the answer is `unknown`."""

BEFORE = frozenset({"Restart", ABSENT_NAME})
"""Where TraceStartup!ImpliedCrash may happen; the specification decides, this only saves asking."""


class FrontierFull(Exception):
    """More states are possible than the bound allows."""


class _Newest:
    """The items of a sequence of which only the newest is kept: that is the only one that is asked for."""

    def __init__(self) -> None:
        self._item: Value = None

    def put(self, item: Value) -> None:
        self._item = item

    def __getitem__(self, at: int) -> Value:
        return self._item


class Operators(NamedTuple):
    """What a trace specification calls its steps: passing an event, and what may come before it."""

    passing: str
    crash: str
    hidden: str


SINGLE: Final = Operators("Pass", "ImpliedCrash", "HiddenStep")
JOINT: Final = Operators("JointPass", "JointCrash", "JointHidden")


@frozen
class TraceSpec:
    """A trace specification, compiled for some constants, and the events of its one run, as far as they were
    fed.  `steps` is what a run needs of it."""

    steps: Steps
    events: Sequence
    _newest: _Newest
    operators: Operators
    _load: Callable[[], Spec]

    @cached_property
    def spec(self) -> Spec:
        """All of it.  Raises `OutsideSubset` (20) and `CliError` (65)."""
        return self._load()

    def feed(self, event: SpecEvent, number: int) -> None:
        """Event `number` of the run, from 1."""
        self._newest.put(tuple(event))
        self.events.count = number

    def restart(self) -> None:
        """Another run begins."""
        self.events.count = 0


@define
class Judged:
    """How far a run came: events passed, the states possible after the last of them, how many were possible
    after an event at most, and the event that none of them allows."""

    passed: int = 0
    frontier: list[State] = field(factory=list)
    largest_frontier: int = 1
    refused: Projected | None = None


@define
class OracleEngine:
    """The oracle on TraceStartup, with the rules `off` switched off.

    `tools` is asked for Java only when SANY's answer is not in the cache.
    """

    spec: Path
    tools: Callable[[], Tools] = find_tools
    max_frontier: int = MAX_FRONTIER
    off: tuple[str, ...] = ()
    _compiled: dict[Constants, TraceSpec] = field(factory=dict, init=False)

    def validate(self, paths: Iterable[Path]) -> list[Verdict]:
        """Judge traces; one verdict a path, in order.

        Raises `CliError` (65) when the specification or its mapping table cannot be read.
        """
        mapping = load_mapping(self.spec)
        return [judge_file(path, mapping, self._judge) for path in paths]

    def follow(self, path: Path, growing: Callable[[Path], GrowingSource]) -> Verdict:
        """Judge a trace while it is written: until it is refused, or `growing` says that it has ended.

        Raises `CliError` (65) when the specification or its mapping table cannot be read.
        """
        return judge_file(path, load_mapping(self.spec), self._judge, growing)

    def compiled(self, constants: Constants) -> TraceSpec:
        """TraceStartup for these constants.  Raises `OutsideSubset` and `CliError` (65)."""
        found = self._compiled.get(constants)
        if found is None:
            found = self._compiled[constants] = load_trace_spec(self.spec, constants, self.tools, self.off)
        return found

    def _judge(self, reading: Reading) -> Verdict:
        path, constants = reading.reader.path, constants_of(reading.reader.header)
        try:
            trace = self.compiled(constants)
        except OutsideSubset as error:
            return Verdict(path, Status.UNKNOWN, reason=error.message)
        judged = Judged()
        try:
            judge(trace, reading, judged, hidden=bool(constants.hidden), max_frontier=self.max_frontier)
        except FrontierFull:
            reason = (
                f"more than {self.max_frontier:,} states are possible at event {judged.passed + 1}: bound hit"
            )
            verdict = Verdict(path, Status.UNKNOWN, reason=reason)
        except EvaluationError as error:
            verdict = Verdict(path, Status.UNKNOWN, reason=f"event {judged.passed + 1}: {error.message}")
        else:
            verdict = self._came_to(reading, trace, judged)
        return evolve(verdict, largest_frontier=judged.largest_frontier)

    def _came_to(self, reading: Reading, trace: TraceSpec, judged: Judged) -> Verdict:
        path = reading.reader.path
        if judged.refused is not None:
            verdict = refused(path, judged.refused, judged.passed + 1)
        elif reading.stopped is not None:
            # All that could be projected is allowed: what stopped the projection has the last word.
            verdict = reading.stopped
        else:
            return Verdict(path, Status.ACCEPTED)
        if verdict.status is not Status.REFUSED:
            return verdict
        return evolve(verdict, last_good=_by_node(trace.steps, judged, reading.projection))


def agreed(ours: Iterable[Verdict], theirs: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts of both engines as one; where they differ nothing is known, and both are named."""
    return [_common(one, other) for one, other in zip(ours, theirs, strict=True)]


def agree(ours: Verdict, theirs: Verdict) -> bool:
    """Whether the oracle and TLC say the same: of several states that were possible each may name another."""
    if (ours.largest_frontier or 1) > 1:
        theirs = evolve(theirs, last_good=ours.last_good)
    return ours == theirs


def _common(ours: Verdict, theirs: Verdict) -> Verdict:
    if agree(ours, theirs):
        return ours
    said = [
        f"{who} says {one.status.value}: {one.reason}" for who, one in (("the oracle", ours), ("TLC", theirs))
    ]
    return evolve(
        theirs, status=Status.UNKNOWN, reason=f"the engines differ: {'; '.join(said)}", last_good=()
    )


def load_trace_spec(
    spec: Path,
    constants: Constants,
    tools: Callable[[], Tools] = find_tools,
    off: tuple[str, ...] = (),
) -> TraceSpec:
    """TraceStartup, compiled, with one run, no event yet, and without the rules `off`.

    Raises `OutsideSubset` (20) and `CliError` (65).
    """
    newest = _Newest()
    events = Sequence.over(newest)
    runs: Value = (Function({"id": "", "hash": "", "events": events}),)
    definitions = {"Runs": runs, **{name: make_set(names) for name, names in _sets(constants).items()}}
    if constants.judge == DDL:
        definitions["Given"] = constants.tables
    configuration = config(constants, telling=False, off=off)
    module = spec / "trace" / f"{constants.module}.tla"
    operators = JOINT if constants.judge in BESIDE else SINGLE

    def whole() -> Spec:
        from redoraft_check.oracle.spec import load  # noqa: PLC0415  (start-up stays quick)
        from redoraft_check.tlc.config import parse_config  # noqa: PLC0415

        with _library(spec) as library:
            parsed = parse_config(configuration)
            return load(module, parsed, library, definitions=definitions, tools=tools)

    with _library(spec) as library:
        key = key_of_code(module, library, configuration, constants)
    steps = kept_steps(key, definitions)
    if steps is not None:
        return TraceSpec(steps, events, newest, operators, whole)
    compiled = whole()
    keep(key, compiled, operators if constants.hidden else operators[:2], definitions)
    return TraceSpec(compiled, events, newest, operators, lambda: compiled)


@contextmanager
def _library(spec: Path) -> Iterator[tuple[Path, ...]]:
    """Where modules are looked for.  The runs are not read from their module: it is always the same empty
    stub, so that what was made of it can be kept."""
    with tempfile.TemporaryDirectory(prefix="redoraft-") as folder:
        place = Path(folder)
        (place / f"{MODULE}.tla").write_text(data_module([]), encoding="utf-8")
        yield place, *library_dirs(spec)


def _sets(constants: Constants) -> dict[str, tuple[str, ...]]:
    if constants.judge == DDL:
        return {"DataNodes": constants.data_nodes, "TableNames": constants.table_names}
    if constants.judge == LIMITS:
        return {"DataNodes": constants.data_nodes, "Pages": constants.pages}
    return {
        "DataNodes": constants.data_nodes,
        "LogNodes": constants.log_nodes,
        "Hidden": constants.hidden,
    }


def judge(
    trace: TraceSpec,
    events: Iterable[Projected],
    judged: Judged,
    *,
    hidden: bool,
    max_frontier: int = MAX_FRONTIER,
) -> None:
    """Take a run through its events, as far as the specification allows; `judged` says how far.

    Raises `FrontierFull` at the bound, and `EvaluationError`.
    """
    stepping = Stepping(trace, hidden=hidden, max_frontier=max_frontier)
    frontier = judged.frontier = stepping.start()
    advance = stepping.advance
    try:
        with trace.steps.evaluating(), _settled_memory():
            for one in events:
                following = advance(frontier, one.spec, judged.passed + 1)
                if not following:
                    judged.refused = one
                    return
                frontier = judged.frontier = following
                judged.passed += 1
    finally:
        judged.largest_frontier = stepping.largest_frontier


class Stepping:
    """From the states that are possible before an event to those after it; use it inside `evaluating`.

    `largest_frontier` is how many states were possible after an event at most.
    """

    def __init__(self, trace: TraceSpec, *, hidden: bool, max_frontier: int = MAX_FRONTIER) -> None:
        self._trace = trace
        self._hidden = hidden
        self._bound = max_frontier
        self._pass = trace.steps.stepper(trace.operators.passing)
        self._before = steps_before(trace, hidden=hidden)
        self.largest_frontier = 1

    def start(self) -> list[State]:
        """The states before the first event."""
        self._trace.restart()
        return list(self._trace.steps.initial_states())

    def advance(self, frontier: list[State], event: SpecEvent, number: int) -> list[State]:
        """The states after event `number`, from 1; none when it is refused.  Raises `FrontierFull`."""
        self._trace.feed(event, number)
        if self._hidden or event.action in BEFORE:
            frontier = closure(frontier, self._before, self._bound)
        passing = self._pass
        following = [successor for state in frontier for successor in passing(state)]
        if len(following) > 1:
            following = list(dict.fromkeys(following))
            self.largest_frontier = max(self.largest_frontier, min(len(following), self._bound))
        if len(following) > self._bound:
            raise FrontierFull
        return following


def steps_before(trace: TraceSpec, *, hidden: bool) -> list[Callable[[State], list[State]]]:
    """What may happen before an event is passed."""
    crash, other = trace.steps.stepper(trace.operators.crash), trace.operators.hidden
    return [crash, trace.steps.stepper(other)] if hidden else [crash]


@contextmanager
def _settled_memory() -> Iterator[None]:
    """The events are there to stay: the collector need not look through them again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def closure(
    frontier: Iterable[State], steps: Iterable[Callable[[State], Iterable[State]]], bound: int
) -> list[State]:
    """All states that are reached without passing an event."""
    known = dict.fromkeys(frontier)
    waiting = list(known)
    while waiting:
        state = waiting.pop()
        for step in steps:
            for successor in step(state):
                if successor not in known:
                    known[successor] = None
                    waiting.append(successor)
                    if len(known) > bound:
                        raise FrontierFull
    return list(known)


def _by_node(steps: Steps, judged: Judged, projection: Projecting) -> NodeStates:
    return told_by_node(steps, judged.frontier[0], projection) if judged.passed else ()


def told_by_node(steps: Steps, state: State, projection: Projecting) -> NodeStates:
    """What the specification says of every node in a state, under the names and in the units of a trace."""
    values = steps.as_dict(state)
    judge = projection.judge
    kinds = vars_of(judge)
    if judge == LIMITS:
        [own] = projection.header.nodes
        values = {name: Function({own: value}) for name, value in values.items()}
    if judge != DDL:
        values["last"] = Function({node: len(log) for node, log in values["log"].items()})
    nodes: dict[str, dict[str, object]] = defaultdict(dict)
    for told, name in told_of(judge).items():
        for node, value in values[told].items():
            nodes[node][name] = in_trace_words(
                projection, kinds[name], value, partial(projection.in_bytes_before, node)
            )
    return tuple(sorted(nodes.items()))
