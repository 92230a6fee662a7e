"""A campaign: examples until their number or the time is used up, what they reached, and what they found."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from time import monotonic
from typing import Final

from attrs import define, field, frozen

from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft_check.fuzz.example import UNDECIDED, Outcome, Subject, Trouble, run_example
from redoraft_check.fuzz.guide import Guide
from redoraft_check.fuzz.plan import Plan, Shares
from redoraft_check.fuzz.seen import Feature

AHEAD: Final = 32
"""Example N is planned from what the examples up to N - 32 have shown, however many run at once: so a
campaign does not depend on how many do."""
SHARES: Final = Shares(ddl=0.4, binlog=0.15, pages=0.15, reads=0.3, undo=0.4, small_files=0.5)
"""What examples made afresh have where nobody says."""


@frozen
class Order:
    """What a campaign is asked for; without `examples` and `seconds` it goes on until it is interrupted."""

    seed: int
    subject: Subject = field(factory=Subject)
    examples: int | None = None
    seconds: float | None = None
    faults: frozenset[Fault] = ALL_FAULTS
    steps: int = 500
    guided: bool = True
    stop_at_first: bool = False
    shares: Shares = SHARES


@define
class Found:
    """Something found: the first example that showed it, and how many have."""

    example: int
    plan: Plan
    trouble: Trouble
    times: int = 1


@frozen
class Mark:
    """How far a campaign was after so many seconds and events: the states and action pairs it had reached."""

    seconds: float
    events: int
    states: int
    pairs: int


@define
class Campaign:
    """The state of a campaign; what it has reached so far stays when it is interrupted."""

    order: Order
    on_progress: Callable[[Campaign], None] = lambda _: None
    on_finding: Callable[[Found], None] = lambda _: None
    examples: int = field(default=0, init=False)
    steps: int = field(default=0, init=False)
    events: int = field(default=0, init=False)
    crashes: int = field(default=0, init=False)
    elapsed: float = field(default=0.0, init=False)
    states: set[Feature] = field(factory=set, init=False)
    pairs: set[Feature] = field(factory=set, init=False)
    found: dict[tuple[str, ...], Found] = field(factory=dict, init=False)
    marks: list[Mark] = field(factory=list, init=False)
    """One after each example."""
    _began: float = field(default=0.0, init=False)

    @property
    def findings(self) -> list[Found]:
        """What is wrong, in the order of the examples; not what could not be decided."""
        return [one for cause, one in self.found.items() if cause[0] != UNDECIDED]

    @property
    def undecided(self) -> list[Found]:
        """What the oracle could not decide."""
        return [one for cause, one in self.found.items() if cause[0] == UNDECIDED]

    def run(self, executor: Executor) -> None:
        """Run it.  Raises what an example raises (`CliError`), and lets an interruption through."""
        self._began = monotonic()
        order = self.order
        guide = Guide(order.seed, order.faults, order.steps, order.guided, order.shares)
        pending: deque[tuple[int, Plan, Future[Outcome]]] = deque()
        number = 0
        try:
            while not self._is_over(number):
                if len(pending) == AHEAD:
                    self._merge(guide, *pending.popleft())
                    continue
                number += 1
                plan = guide.plan(number)
                pending.append((number, plan, executor.submit(run_example, plan, order.subject)))
            while pending and not (order.stop_at_first and self.findings):
                number, plan, future = pending.popleft()
                # When time is up, what runs is waited for, and what has not begun is not.
                if not (self._is_late() and future.cancel()):
                    self._merge(guide, number, plan, future)
        finally:
            for _, _, future in pending:
                future.cancel()
            self.elapsed = monotonic() - self._began

    def _is_over(self, number: int) -> bool:
        order = self.order
        if order.stop_at_first and self.findings:
            return True
        return (order.examples is not None and number >= order.examples) or self._is_late()

    def _is_late(self) -> bool:
        return self.order.seconds is not None and monotonic() - self._began >= self.order.seconds

    def _merge(self, guide: Guide, number: int, plan: Plan, future: Future[Outcome]) -> None:
        outcome = future.result()
        self.examples += 1
        self.steps += outcome.steps
        self.events += outcome.events
        self.crashes += outcome.crashes
        self.states.update(feature for feature, _ in outcome.states)
        self.pairs.update(feature for feature, _ in outcome.pairs)
        guide.learn(plan, outcome)
        if outcome.trouble is not None:
            self._note(Found(number, plan, outcome.trouble))
        self.elapsed = monotonic() - self._began
        self.marks.append(Mark(self.elapsed, self.events, len(self.states), len(self.pairs)))
        self.on_progress(self)

    def _note(self, one: Found) -> None:
        known = self.found.setdefault(one.trouble.cause, one)
        if known is not one:
            known.times += 1
        elif one.trouble.cause[0] != UNDECIDED:
            self.on_finding(one)
