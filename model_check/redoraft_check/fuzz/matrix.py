"""Which mutants of the implementation are caught, by what, and how soon: mutant x catcher.

Three catchers look at the same examples, and none has the help of the others:

refusal    the oracle refuses an event
invariant  without the rule that the mutant takes out, the specification follows the run as far as it can; an
           invariant of it is then false in a state
ending     nobody judges; the cluster breaks a promise that pages, disks and answers show, or does not come to
           rest once it is healed, or the implementation raises

The examples are made without guidance, so that example N is the same for all mutants and catchers.  The first
row is the implementation itself: what catches that catches nothing.  The mutants are those of Raft's rules,
which are switches of Startup, or those of DDL, in runs with tables: then it is DdlFileOps that refuses, and
there is no second catcher.  Those of storage and log are caught where their rules are tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
from attrs import define, field, frozen

from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.ddl.mutants import MUTANTS as DDL_MUTANTS
from redoraft.mutants import ALL_MUTANTS
from redoraft.raft.mutants import MUTANTS
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz.example import Examined, Subject, end_of, judges, run_example
from redoraft_check.fuzz.guide import Guide
from redoraft_check.fuzz.plan import Plan
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.validate.oracle_engine import FrontierFull, Judged, judge
from redoraft_check.validate.prepare import Projected, constants_of
from redoraft_check.validate.projection import Projection, Unprojectable, Unsupported

VERSION: Final = 1
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


@frozen
class Trial:
    """What is tried: so many examples, with this seed."""

    seed: int
    examples: int
    steps: int = 500
    faults: frozenset[Fault] = ALL_FAULTS
    spec: str | None = None
    ddl: bool = False
    """Whether the mutants are those of DDL, and all examples have tables."""

    @property
    def subjects(self) -> tuple[str | None, ...]:
        """The implementation, and the mutants by name."""
        return (None, *(DDL_MUTANTS if self.ddl else MUTANTS))


@frozen
class Caught:
    """The first example in which a catcher sees a mutant, from 1, and what it says of it."""

    example: int
    what: str


@frozen
class Row:
    """What catches one mutant; no mutant and no rule for the implementation itself.

    `unfollowed` counts the examples that the specification refuses without the rule too.
    """

    mutant: str | None
    rule: str | None
    refusal: Caught | None = None
    invariant: Caught | None = None
    ending: Caught | None = None
    unfollowed: int = 0

    @property
    def is_right(self) -> bool:
        """Whether something catches the mutant, or nothing the implementation."""
        return any((self.refusal, self.invariant, self.ending)) is (self.mutant is not None)


@frozen
class Matrix:
    """A record: all rows, and what they depend on.

    `specification` is a SHA-256, `implementation` the first 12 digits of one, as in the header of a trace.
    """

    redoraft_matrix: int
    command: str
    seed: int
    examples: int
    specification: str
    implementation: str
    rows: tuple[Row, ...]
    ddl: bool = False

    def write(self, path: Path) -> None:
        """Put it into a file.  Raises OSError."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2)
        path.write_bytes(text + b"\n")


def read_matrix(path: Path) -> Matrix:
    """Read one.  Raises `CliError` (65) for a file that cannot be read, or is not one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Matrix)
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: not a record of mutants: {error}") from None


def row_of(mutant: str | None, trial: Trial) -> Row:
    """Try one mutant until every catcher has seen it, or the examples are used up.

    Raises `CliError` when the specification cannot be read.
    """
    guide = Guide(trial.seed, trial.faults, trial.steps, guided=False, ddl=float(trial.ddl))
    catchers = {name: sees for name, sees in _CATCHERS.items() if not (trial.ddl and name == "invariant")}
    subject = Subject(mutant, trial.spec)
    caught: dict[str, Caught] = {}
    unfollowed = 0
    for number in range(1, trial.examples + 1):
        run = _Run(guide.plan(number), subject)
        for name, sees in catchers.items():
            if name not in caught and (what := sees(run)):
                caught[name] = Caught(number, what)
        unfollowed += run.unfollowed
        if len(caught) == len(catchers):
            break
    return Row(mutant, ALL_MUTANTS[mutant].rule if mutant else None, **caught, unfollowed=unfollowed)


def table(matrix: Matrix) -> str:
    """The rows as a table of Markdown."""
    heads = ["mutant", "rule off", "oracle refuses", "invariant of the specification", "end state, answers"]
    if matrix.ddl:
        heads.remove("invariant of the specification")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in matrix.rows:
        name = f"`{row.mutant}`" if row.mutant else "none"
        unseen = f"no ({row.unfollowed} not followed)" if row.unfollowed else "no"
        invariant = () if matrix.ddl else (_cell(row.invariant, unseen),)
        cells = (_cell(row.refusal), *invariant, _cell(row.ending))
        lines.append(f"| {name} | {row.rule or ''} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(caught: Caught | None, unseen: str = "no") -> str:
    return f"{caught.example}: {caught.what}" if caught else unseen


# --- the catchers ---


@define(slots=False)
class _Run:
    plan: Plan
    subject: Subject
    unfollowed: bool = False

    @cached_property
    def unjudged(self) -> Examined:
        """The example as it ends by itself."""
        return end_of(self.plan, self.subject)


def _refusal(run: _Run) -> str | None:
    trouble = run_example(run.plan, run.subject).trouble
    return trouble.cause[1] if trouble is not None and trouble.cause[0] == "refused" else None


def _ending(run: _Run) -> str | None:
    trouble = run.unjudged.outcome.trouble
    # The promise that is broken, or the type of what was raised.
    return trouble.cause[min(1, len(trouble.cause) - 1)] if trouble is not None else None


def _invariant(run: _Run) -> str | None:
    mutant = run.subject.mutant
    follower = _Follower(run.unjudged, run.subject.spec, (MUTANTS[mutant].rule,) if mutant else ())
    found = follower.violated()
    run.unfollowed = found is None and follower.judged.passed < len(run.unjudged.events)
    return found


_CATCHERS: Final[dict[str, Callable[[_Run], str | None]]] = {
    "refusal": _refusal,
    "invariant": _invariant,
    "ending": _ending,
}


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
