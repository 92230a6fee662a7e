"""The oracle one event at a time, for who makes events in turn with it; after each the invariants can be
asked, and what was reached is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from redoraft_check.fuzz.catchers import INVARIANTS
from redoraft_check.fuzz.example import judges
from redoraft_check.fuzz.seen import Seen
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.spec import State
from redoraft_check.validate.oracle_engine import FrontierFull, Stepping
from redoraft_check.validate.prepare import constants_of
from redoraft_check.validate.projection import Projection, SpecEvent
from redoraft_check.validate.words import Unprojectable, Unsupported
from redoraft_traces import Event, Header


class Refused(Exception):
    """No state that was possible allows the event; the text says why, as far as that is known."""


class Undecided(Exception):
    """The oracle cannot say; the text says why."""


class Lockstep:
    """Follows one run.  One of them at a time is fed: the compiled specification holds the newest event."""

    def __init__(self, header: Header, spec: str | None = None) -> None:
        """Raises `CliError` (65) when the specification cannot be read."""
        engine, mapping = judges(spec)
        constants = constants_of(header)
        trace = engine.compiled(constants)
        self._spec: Final = trace.spec
        self._projection: Final = Projection(header, mapping)
        self._stepping: Final = Stepping(trace, hidden=False)
        self._tests: Final[list[tuple[str, Callable[[Any], bool]]]] = [
            (name, trace.spec.predicate(name)) for name in INVARIANTS
        ]
        self.seen: Final = Seen(trace.spec, constants[0], constants[1])
        self.projected: Final[list[SpecEvent]] = []
        """The events that were taken, in positions."""
        self.frontier: list[State] = self._stepping.start()

    def take(self, event: Event, step: int) -> None:
        """Judge the next event, which came with step `step` of the run.  Raises Refused, Undecided."""
        self._projection.remember(event.node)
        try:
            projected = self._projection.event(event)
            self.projected.append(projected)
            with self._spec.evaluating():
                following = self._stepping.advance(self.frontier, projected, len(self.projected))
        except Unprojectable as error:
            raise Refused(str(error)) from None
        except (Unsupported, EvaluationError) as error:
            raise Undecided(str(error)) from None
        except FrontierFull:
            raise Undecided("too many states are possible at once") from None
        if not following:
            raise Refused("the specification does not allow it with what the node showed")
        self.frontier = following
        self.seen.note(step, event, following)

    def violated(self) -> str | None:
        """An invariant that is false in every state that is possible now."""
        with self._spec.evaluating():
            return next((name for name, holds in self._tests if not any(map(holds, self.frontier))), None)
