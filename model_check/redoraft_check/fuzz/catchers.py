"""Who may catch a mutant in an example, each without the help of the others.

refusal    the oracle refuses an event
invariant  without the rule that the mutant takes out, the specification follows the run as far as it can; an
           invariant of it is then false in a state
ending     nobody judges; the cluster breaks a promise that pages, disks and answers show, or does not come to
           rest once it is healed, or the implementation raises
history    nobody judges; no order of one register explains what the clients saw until the run ended
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

from attrs import define, field

from redoraft.mutants import ALL_MUTANTS, Asked, watched_rules
from redoraft_check.fuzz.example import (
    UNDECIDED,
    Examined,
    Subject,
    end_of,
    history_trouble,
    judges,
    run_example,
)
from redoraft_check.fuzz.plan import Plan
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.validate.oracle_engine import FrontierFull, Judged, judge
from redoraft_check.validate.prepare import Projected, constants_of
from redoraft_check.validate.projection import Projection
from redoraft_check.validate.words import Unprojectable, Unsupported

INVARIANTS: Final = (
    "ElectionSafety",
    "LeaderAppendOnly",
    "LogMatching",
    "KnownIsCommitted",
    "SettledStays",
    "CommittedOnQuorum",
    "LeaderCompleteness",
    "AcknowledgedStays",
    "CommittedIsWhole",
    "LogNodesNeverServe",
    "OnlyTheLeaderWrites",
    "AppliedIsCommitted",
    "NothingAppliedBeforeRecovery",
    "WritersHaveRecovered",
)
"""Those of RaftRedo and Startup, without the types."""


@define(slots=False)
class Run:
    """One example of a mutant; `asked` is what it has asked of the rule that is out."""

    plan: Plan
    subject: Subject
    asked: Asked = field(factory=Asked)
    unfollowed: bool = False

    @cached_property
    def unjudged(self) -> Examined:
        """The example as it ends by itself."""
        mutant = self.subject.mutant
        rules = None if mutant is None else watched_rules(ALL_MUTANTS[mutant], self.asked)
        return end_of(self.plan, self.subject, rules)


def _refusal(run: Run) -> str | None:
    trouble = run_example(run.plan, run.subject).trouble
    return trouble.cause[1] if trouble is not None and trouble.cause[0] == "refused" else None


def _ending(run: Run) -> str | None:
    trouble = run.unjudged.outcome.trouble
    if trouble is None or trouble.cause[0] in {"history", UNDECIDED}:
        return None
    # The promise that is broken, or the type of what was raised.
    return trouble.cause[min(1, len(trouble.cause) - 1)]


def _history(run: Run) -> str | None:
    if run.plan.reads is None:
        return None
    trouble = history_trouble(run.unjudged.history, run.unjudged.outcome.steps)
    return (
        f"a {trouble.cause[1]}, {run.plan.reads}"
        if trouble is not None and trouble.cause[0] == "history"
        else None
    )


def _invariant(run: Run) -> str | None:
    mutant = run.subject.mutant
    follower = _Follower(run.unjudged, run.subject.spec, (ALL_MUTANTS[mutant].rule,) if mutant else ())
    found = follower.violated()
    run.unfollowed = found is None and follower.judged.passed < len(run.unjudged.events)
    return found


CATCHERS: Final[dict[str, Callable[[Run], str | None]]] = {
    "refusal": _refusal,
    "invariant": _invariant,
    "ending": _ending,
    "history": _history,
}
"""By name: what each sees in a run, None for nothing."""


@define
class _Follower:
    """Follows a run with the specification without the rules `off`, and looks at its invariants."""

    run: Examined
    spec: str | None
    off: tuple[str, ...]
    found: str | None = None
    judged: Judged = field(factory=Judged)

    def violated(self) -> str | None:
        """The first invariant that is false in every state possible after some event."""
        engine, mapping = judges(self.spec, self.off)
        trace = engine.compiled(constants_of(self.run.header))
        tests = [(name, trace.spec.predicate(name)) for name in INVARIANTS]
        events = self._watched(Projection(self.run.header, mapping), tests)
        # What the specification cannot follow any further is looked at up to there.
        with suppress(FrontierFull, EvaluationError, Unprojectable, Unsupported):
            judge(trace, events, self.judged, hidden=False)
        return self.found

    def _watched(
        self, projection: Projection, tests: list[tuple[str, Callable[[Any], bool]]]
    ) -> Iterator[Projected]:
        for line, event in enumerate(self.run.events, 2):
            projection.remember(event.node)
            yield Projected(line, event, projection.event(event))
            states = self.judged.frontier
            self.found = next((name for name, holds in tests if not any(map(holds, states))), None)
            if self.found is not None:
                return
