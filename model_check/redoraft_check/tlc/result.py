"""What one run of TLC came to."""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen

from redoraft_check.tlc.values import Value, ValueSyntaxError, parse


class Outcome(Enum):
    """The verdict of one run."""

    HOLDS = "holds"
    DEADLOCK = "deadlock"
    SAFETY = "safety"
    LIVENESS = "liveness"
    ERROR = "error"
    """The specification, its configuration or TLC itself failed; nothing was judged."""
    UNKNOWN = "unknown"
    """The run was stopped, or ran out of memory, before it had an answer."""


VIOLATIONS = frozenset({Outcome.DEADLOCK, Outcome.SAFETY, Outcome.LIVENESS})


class PropertyKind(Enum):
    """How a violated property was stated."""

    INVARIANT = "invariant"
    INITIAL = "initial predicate"
    ACTION = "action property"
    TEMPORAL = "temporal property"


class Stop(Enum):
    """Who ended the process."""

    ITSELF = "itself"
    TIMEOUT = "the time-out"
    DESERTED = "the loss of every worker"


@frozen
class Location:
    """A piece of a module: lines and columns from 1, both ends included."""

    module: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line}"


@frozen
class TraceState:
    """One state of a counterexample.

    `number` counts from 1; `action` is None for an initial state; `variables` are (name, printed value).
    """

    number: int
    action: str | None
    location: Location | None
    variables: tuple[tuple[str, str], ...]

    def values(self) -> dict[str, Value]:
        """The variables with their values read; one TLC printed lazily stays out."""
        read: dict[str, Value] = {}
        for name, text in self.variables:
            try:
                read[name] = parse(text)
            except ValueSyntaxError:
                continue
        return read


@frozen
class Counterexample:
    """A behaviour that violates a property.

    It ends where the property fails, or stutters in its last state for ever, or goes back to the state
    numbered `loop_to`.
    """

    states: tuple[TraceState, ...]
    stutters: bool = False
    loop_to: int | None = None


@frozen
class Counts:
    """States counted by TLC; None where it did not say.  `depth` counts the initial state as 1."""

    initial: int | None = None
    generated: int | None = None
    distinct: int | None = None
    queue: int | None = None
    depth: int | None = None


@frozen
class ActionCount:
    """How often an action produced a state, and how many of those were new.

    `name` is the operator's; `label` tells apart the disjuncts that TLC could not name.
    """

    name: str
    label: str
    location: Location
    distinct: int
    generated: int
    initial: bool = False


@frozen
class Progress:
    """Where a run is; rates are states per second since it started, seconds are wall time."""

    seconds: float
    generated: int
    distinct: int
    queue: int
    depth: int

    @property
    def per_second(self) -> float:
        """Distinct states found per second so far."""
        return self.distinct / self.seconds if self.seconds > 0 else 0.0


@frozen
class TlcResult:
    """The outcome of one run and everything TLC said about it.

    `property_name` is None when TLC did not name it.  `note` says in one line why the outcome is ERROR or
    UNKNOWN.  `printed` holds the values printed by the specification, one entry per value even when TLC
    broke it over lines.  `seconds` is wall time; `seed` is the one of TLC's random choices.
    """

    outcome: Outcome
    property_name: str | None = None
    property_kind: PropertyKind | None = None
    counterexample: Counterexample | None = None
    counts: Counts = field(factory=Counts)
    coverage: tuple[ActionCount, ...] = ()
    printed: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    note: str | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    version: str | None = None
    seed: int | None = None
    command: tuple[str, ...] = ()

    def witnesses(self) -> frozenset[str]:
        """The names printed as `<<"WITNESS", name>>`."""
        found: set[str] = set()
        for text in self.printed:
            if not text.startswith("<<"):
                continue
            try:
                value = parse(text)
            except ValueSyntaxError:
                continue
            if isinstance(value, tuple) and len(value) == 2 and value[0] == "WITNESS":
                found.add(str(value[1]))
        return frozenset(found)
