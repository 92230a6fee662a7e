"""One example: a plan is simulated, and every event is judged by the oracle as it comes.

Where the specification refuses an event the run ends.  Otherwise the cluster is healed at the end of the
plan, judged on until it comes to rest, and compared with what was promised.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from collections.abc import Mapping as Counts
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from attrs import define, field, frozen

from redoraft.cluster.ending import divergences, has_settled
from redoraft.cluster.filewatch import NOBODY
from redoraft.cluster.history import History
from redoraft.cluster.simulator import Settings, Simulator
from redoraft.cluster.trace import trace_header
from redoraft.mutants import ALL_MUTANTS, NodeRules, rules_of
from redoraft_check import linearizability
from redoraft_check.campaign.clients import unexplained
from redoraft_check.fuzz.ddl_lockstep import DdlLockstep, local_file_ops
from redoraft_check.fuzz.plan import Plan, turn
from redoraft_check.fuzz.seen import Feature, Seen
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.paths import spec_dir
from redoraft_check.validate.mapping import Mapping, load_mapping
from redoraft_check.validate.oracle_engine import FrontierFull, Judged, OracleEngine, judge
from redoraft_check.validate.prepare import Projected, constants_of
from redoraft_check.validate.projection import Projection
from redoraft_check.validate.words import Unprojectable, Unsupported
from redoraft_traces import Event, Header

REST: Final = 4000
"""Steps within which a healed cluster has come to rest."""
FIRST_LINE: Final = 2
"""The line of a file's first event."""
UNDECIDED: Final = "undecided"
HISTORY_STATES: Final = 100_000
"""States after which the search for an order of what clients saw is given up."""

COLLECT_EVERY: Final = 16
"""Examples after which the memory of their simulators is given back."""

_NUMBERS: Final = count(1)
_ONE_AT_A_TIME: Final = Lock()
"""A compiled specification holds the events that it is fed, so one thread uses it at a time."""


Features: TypeAlias = tuple[tuple[Feature, int], ...]
"""Features, each with the step at which it was first seen."""


@frozen
class Subject:
    """What is tried: the implementation, with one of its mutants or none, against a specification folder.

    Without a folder it is the one that the process finds by itself, on whatever machine it runs.
    """

    mutant: str | None = None
    spec: str | None = None

    @property
    def rules(self) -> NodeRules:
        """The rules of its nodes."""
        return rules_of(None if self.mutant is None else ALL_MUTANTS[self.mutant])


@frozen
class Trouble:
    """What an example has shown.

    `cause` is what makes two of them the same, its first word being refused, diverged, unsettled, history,
    exception or undecided; `text` says it for a reader, and `step` is the step of the simulator that it came
    with.
    """

    cause: tuple[str, ...]
    text: str
    step: int


@frozen
class Outcome:
    """What one example came to; `states` and `pairs` are what it has reached."""

    steps: int
    events: int
    crashes: int
    states: Features
    pairs: Features
    trouble: Trouble | None
    counts: Counts[str, int] = field(factory=dict, hash=False)
    """How often each action or accident happened (Simulator.counts)."""


@frozen
class Examined:
    """An example with its trace, and what its clients saw."""

    outcome: Outcome
    header: Header
    events: tuple[Event, ...]
    history: History


def run_example(plan: Plan, subject: Subject) -> Outcome:
    """Simulate and judge a plan.  Raises `CliError` when the specification cannot be read."""
    return examine(plan, subject).outcome


def examine(plan: Plan, subject: Subject) -> Examined:
    """The same, with the trace.  Raises `CliError` as above, ValueError for what no cluster can be."""
    with _one_at_a_time():
        return _Example(plan, subject, subject.rules).run()


def end_of(plan: Plan, subject: Subject, rules: NodeRules | None = None) -> Examined:
    """The same with nobody judging: what counts is only how it ends.  `rules` may be others than those of
    the subject's mutant.  Raises ValueError as above."""
    with _one_at_a_time():
        return _Example(plan, subject, rules or subject.rules).run_unjudged()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """While it lasts, nobody else uses a compiled specification.

    A simulator is full of cycles, and `judge` freezes what the collector would have to look at: without
    asking for it, no simulator would ever be freed.
    """
    with _ONE_AT_A_TIME:
        yield
        if next(_NUMBERS) % COLLECT_EVERY == 0:
            gc.collect()


@cache
def judges(spec: str | None, off: tuple[str, ...] = ()) -> tuple[OracleEngine, Mapping]:
    """The oracle without the rules `off`, and the table of events.  Raises `CliError` (65)."""
    folder = spec_dir(Path(spec) if spec is not None else None)
    return OracleEngine(folder, off=off), load_mapping(folder)


def history_trouble(history: History, step: int) -> Trouble | None:
    """What is wrong with what clients saw, until step `step`; also that it could not be told."""
    try:
        found = unexplained(history, HISTORY_STATES)
    except linearizability.Undecided as error:
        return Trouble((UNDECIDED, "history"), f"the history of the clients: {error}", step)
    if found is None:
        return None
    return Trouble(("history", found.call.kind.value), f"history: {'; '.join(found.lines)}", step)


def _raise_failure(simulator: Simulator) -> None:
    """What a node has stopped for, for good."""
    for failure in simulator.failures:
        raise failure.error


@define
class _Example:
    plan: Plan
    subject: Subject
    rules: NodeRules
    step: int = 0
    events: list[Event] = field(factory=list)
    trouble: Trouble | None = None
    simulator: Simulator | None = None
    judged: Judged = field(factory=Judged)
    tables: DdlLockstep | None = None

    @property
    def settings(self) -> Settings:
        """What the simulator is made with."""
        return self.plan.settings(self.rules)

    @property
    def header(self) -> Header:
        """The header of its trace."""
        plan = self.plan
        return trace_header(
            self.settings.members, "redoraft fuzz", pages=plan.pages, binlog=plan.binlog, ddl=plan.ddl
        )

    def run_unjudged(self) -> Examined:
        """Simulate it, and look at how it ends."""
        for _ in self._simulated():
            pass
        if self.trouble is None:
            self._compare()
        return self._examined()

    def run(self) -> Examined:
        """Simulate and judge it, and look at how it ends."""
        if self.plan.ddl:
            self.tables = DdlLockstep(local_file_ops(self.subject.spec))
        header = self.header
        engine, mapping = judges(self.subject.spec)
        constants = constants_of(header)
        trace = engine.compiled(constants)
        seen = Seen(trace.steps, constants[0], constants[1])
        projected = self._projected(Projection(header, mapping), seen)
        try:
            judge(trace, projected, self.judged, hidden=False)
        except FrontierFull:
            self._found((UNDECIDED, "bound hit"), "too many states are possible at once")
        except EvaluationError as error:
            self._found((UNDECIDED, "no value"), error.message)
        refused = self.judged.refused
        if refused is not None and not self._is_refused():
            self._refused(refused.event, "the specification does not allow it with what the node showed")
        elif self.trouble is None:
            self._compare()
        return self._examined(tuple(seen.states.items()), tuple(seen.pairs.items()))

    def _examined(self, states: Features = (), pairs: Features = ()) -> Examined:
        counts = dict(self.simulator.counts) if self.simulator is not None else {}
        told = (self.step, len(self.events), counts.get("crashes", 0))
        outcome = Outcome(*told, states, pairs, self.trouble, counts)
        history = History() if self.simulator is None else self.simulator.history
        return Examined(outcome, self.header, tuple(self.events), history)

    def _projected(self, projection: Projection, seen: Seen) -> Iterator[Projected]:
        """The events as they come; each is noted once it has been judged."""
        for at, event in enumerate(self._simulated()):
            projection.remember(event.node)
            try:
                projected = projection.event(event)
            except Unprojectable as error:
                self._refused(event, str(error))
                return
            except Unsupported as error:
                self._found((UNDECIDED, "not shown"), str(error))
                return
            yield Projected(at + FIRST_LINE, event, projected)
            seen.note(self.step, event, self.judged.frontier)

    def _simulated(self) -> Iterator[Event]:
        """The events of the run.  What the implementation raises is a finding, and ends them."""
        try:
            yield from self._stepped()
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.name}"
            self._found(("exception", type(error).__name__, where), f"{type(error).__name__}: {error}")

    def _stepped(self) -> Iterator[Event]:
        plan = self.plan
        dice = plan.dice()
        watching = NOBODY if self.tables is None else self.tables.watching
        simulator = self.simulator = Simulator(self.settings, self.events.append, dice, watching)
        told = 0
        turns = iter(plan.turns)
        coming = next(turns, None)
        for self.step in range(1, plan.steps + 1):
            while coming is not None and coming.step < self.step:
                turn(dice, coming)
                coming = next(turns, None)
            simulator.run(1)
            yield from self.events[told:]
            told = len(self.events)
            _raise_failure(simulator)
            if self._is_refused():
                return
        simulator.heal()
        for self.step in range(plan.steps + 1, plan.steps + REST + 1):
            if has_settled(simulator):
                return
            simulator.run(1)
            yield from self.events[told:]
            told = len(self.events)
            _raise_failure(simulator)
            if self._is_refused():
                return
        self._found(("unsettled",), f"no rest within {REST} steps of healing")

    def _is_refused(self) -> bool:
        """Whether DdlFileOps does not allow what has become of tables and files."""
        refused = None if self.tables is None else self.tables.refused
        if refused is not None:
            self._found(("refused", f"DdlFileOps {refused.what}"), f"DdlFileOps: {refused.text}")
        return refused is not None

    def _compare(self) -> None:
        assert self.simulator is not None
        for promise, where in divergences(self.simulator):
            self._found(("diverged", promise), f"{promise}: {where}")
            return
        if self.plan.reads is not None:
            self.trouble = history_trouble(self.simulator.history, self.step)

    def _refused(self, event: Event, why: str) -> None:
        number = self.judged.passed + 1
        text = f"event {number} ({event.node} seq {event.seq}): {event.action}: {why}"
        self._found(("refused", event.action or "?"), text)

    def _found(self, cause: tuple[str, ...], text: str) -> None:
        self.trouble = Trouble(cause, text, self.step)
