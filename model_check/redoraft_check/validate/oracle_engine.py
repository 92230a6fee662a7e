"""The oracle engine of `redoraft validate`: the trace specification itself, stepped in process.

TraceStartup is compiled with the runs in the place of `Runs`, and a frontier of possible states goes from
event to event: `Pass` takes the event, `HiddenStep` and `ImpliedCrash` may come before it.  So the two
engines judge by the same text; only who evaluates it differs.
"""

from __future__ import annotations

import gc
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import define, evolve, frozen

from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import Function, Value, make_sequence, make_set
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.config import parse_config
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.engine import TOLD, TRACE_MODULE, NodeStates
from redoraft_check.validate.mapping import VARS, load_mapping
from redoraft_check.validate.prepare import Prepared, judge_together
from redoraft_check.validate.projection import ABSENT_NAME, Projection, SpecEvent
from redoraft_check.validate.tla import MODULE, config, data_module
from redoraft_check.validate.verdict import Status, Verdict

MAX_FRONTIER = 20_000
"""States that may be possible at once before the answer is `unknown`."""

BEFORE = frozenset({"Restart", ABSENT_NAME})
"""Where TraceStartup!ImpliedCrash may happen; the specification decides, this only saves asking."""


class FrontierFull(Exception):
    """More states are possible than the bound allows."""


@define
class Judged:
    """How far a run came: events passed, one state after the last of them, and the largest frontier.

    `frontier` has the states that were possible before the first event that was not passed.
    """

    passed: int = 0
    last: State | None = None
    widest: int = 1
    frontier: Sequence[State] = ()


@frozen
class OracleEngine:
    """The oracle on TraceStartup.  `tools` is asked for Java only when SANY's answer is not in the cache."""

    spec: Path
    tools: Callable[[], Tools] = find_tools
    max_frontier: int = MAX_FRONTIER

    def validate(self, paths: Sequence[Path]) -> list[Verdict]:
        """Judge traces; one verdict a path, in order.

        Raises `CliError` (65) when the specification or its mapping table cannot be read.
        """
        return judge_together(paths, load_mapping(self.spec), self._group)

    def _group(self, group: dict[int, Prepared]) -> dict[int, Verdict]:
        """Judge runs that share their constants."""
        constants = next(iter(group.values())).constants
        try:
            spec = load_trace_spec(
                self.spec, constants, [one.spec_events for one in group.values()], self.tools
            )
        except OutsideSubset as error:
            return {i: _unknown(one, error.message) for i, one in group.items()}
        hidden = bool(constants[2])
        return {
            i: self._verdict(spec, run, one, hidden) for run, (i, one) in enumerate(group.items(), start=1)
        }

    def _verdict(self, spec: Spec, run: int, one: Prepared, hidden: bool) -> Verdict:
        judged = Judged()
        try:
            judge(spec, run, one.spec_events, judged, hidden=hidden, max_frontier=self.max_frontier)
        except FrontierFull:
            reason = (
                f"more than {self.max_frontier:,} states are possible at event {judged.passed + 1}: bound hit"
            )
            return _unknown(one, reason)
        except EvaluationError as error:
            return _unknown(one, f"event {judged.passed + 1}: {error.message}")
        if judged.passed < len(one.spec_events):
            return _refused(one, judged.passed, _by_node(spec, judged, one))
        if one.stopped is None:
            return Verdict(one.path, Status.ACCEPTED, events=len(one.events), torn=one.torn)
        # All that could be projected is allowed: what stopped the projection has the last word.
        refused = one.stopped.status is Status.REFUSED
        return evolve(one.stopped, last_good=_by_node(spec, judged, one)) if refused else one.stopped


def agreed(ours: Sequence[Verdict], theirs: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts of both engines as one; where they differ nothing is known, and both are named."""
    return [_common(one, other) for one, other in zip(ours, theirs, strict=True)]


def _common(ours: Verdict, theirs: Verdict) -> Verdict:
    if ours == theirs:
        return ours
    said = [
        f"{who} says {one.status.value}: {one.reason}" for who, one in (("the oracle", ours), ("TLC", theirs))
    ]
    return evolve(
        theirs, status=Status.UNKNOWN, reason=f"the engines differ: {'; '.join(said)}", last_good=()
    )


def load_trace_spec(
    spec: Path,
    constants: tuple[Sequence[str], Sequence[str], Sequence[str]],
    runs: Sequence[Sequence[SpecEvent]],
    tools: Callable[[], Tools] = find_tools,
    *,
    off: str = "",
) -> Spec:
    """TraceStartup, compiled, with these runs; `off` is a rule that is switched off.

    Raises `OutsideSubset` (20) and `CliError` (65).
    """
    with tempfile.TemporaryDirectory(prefix="redoraft-") as folder:
        place = Path(folder)
        # The runs are not read from the module: one empty stub keeps SANY's answer in the cache.
        (place / f"{MODULE}.tla").write_text(data_module([]), encoding="utf-8")
        return load(
            spec / "trace" / f"{TRACE_MODULE}.tla",
            parse_config(config(*constants, telling=False)),
            (place, *library_dirs(spec)),
            definitions={
                "Runs": make_sequence(_run(events) for events in runs),
                "Off": make_set([off] if off else []),
                **dict(zip(("DataNodes", "LogNodes", "Hidden"), map(make_set, constants), strict=True)),
            },
            tools=tools,
        )


def judge(
    spec: Spec,
    run: int,
    events: Sequence[SpecEvent],
    judged: Judged,
    *,
    hidden: bool,
    max_frontier: int = MAX_FRONTIER,
) -> None:
    """Take a run (from 1) through its events, as far as the specification allows; `judged` says how far.

    Raises `FrontierFull` at the bound, and `EvaluationError`.
    """
    which = spec.variables.index("run")
    frontier = [state for state in spec.initial_states() if state[which] == run]
    passing = spec.stepper("Pass")
    before = steps_before(spec, hidden=hidden)
    with spec.evaluating(), _settled_memory():
        for event in events:
            if hidden or event.action in BEFORE:
                frontier = closure(frontier, before, max_frontier)
            following = [successor for state in frontier for successor in passing(state)]
            if len(following) > 1:
                following = list(dict.fromkeys(following))
            if not following:
                break
            if len(following) > max_frontier:
                raise FrontierFull
            frontier = following
            judged.passed += 1
            judged.last = frontier[0]
            judged.widest = max(judged.widest, len(frontier))
    judged.frontier = frontier


def steps_before(spec: Spec, *, hidden: bool) -> list[Callable[[State], list[State]]]:
    """What may happen before an event is passed."""
    return [spec.stepper("ImpliedCrash"), *([spec.stepper("HiddenStep")] if hidden else [])]


@contextmanager
def _settled_memory() -> Iterator[None]:
    """The events are there to stay: the collector need not look through them again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def closure(
    frontier: Iterable[State], steps: Sequence[Callable[[State], Iterable[State]]], bound: int
) -> list[State]:
    """All states that are reached without passing an event.  Raises `FrontierFull`."""
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


def _run(events: Sequence[SpecEvent]) -> Value:
    rows = make_sequence((one.action, one.node, one.args, one.shown) for one in events)
    return Function({"id": "", "hash": "", "events": rows})


def _refused(one: Prepared, passed: int, last_good: NodeStates) -> Verdict:
    event = one.events[passed]
    where = f"event {passed + 1} ({event.node} seq {event.seq})"
    named = event.action or "any action"
    return Verdict(
        one.path,
        Status.REFUSED,
        events=len(one.events),
        line=one.lines[passed],
        reason=f"{where}: the specification does not allow {named} here with what the node showed after it",
        event=one.text(passed),
        last_good=last_good,
        torn=one.torn,
    )


def _by_node(spec: Spec, judged: Judged, one: Prepared) -> NodeStates:
    if judged.last is None:
        return ()
    return told_by_node(spec, judged.last, one.projected(judged.passed))


def told_by_node(spec: Spec, state: State, projection: Projection) -> NodeStates:
    """What the specification says of every node in a state, under the names and in the units of a trace."""
    values = spec.as_dict(state)
    values["last"] = Function({node: len(log) for node, log in values["log"].items()})
    nodes: dict[str, dict[str, object]] = defaultdict(dict)
    for told, name in TOLD.items():
        for node, value in values[told].items():
            if VARS[name] == "lsn":
                lsn = projection.in_bytes(node, value)
                nodes[node][name] = f"(mtr {value})" if lsn is None else lsn
            else:
                nodes[node][name] = value
    return tuple(sorted(nodes.items()))


def _unknown(one: Prepared, reason: str) -> Verdict:
    return Verdict(one.path, Status.UNKNOWN, events=len(one.events), reason=reason, torn=one.torn)
