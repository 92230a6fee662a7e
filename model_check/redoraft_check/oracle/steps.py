"""A specification that runs: its initial states and its steps, as compiled code finds them.

This is all that a run needs; what the code was compiled from (`spec`) is asked for only by what explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, Final, Protocol, TypeAlias

from attrs import define, field

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle import library, runtime, values
from redoraft_check.oracle.errors import EvaluationError, Place
from redoraft_check.oracle.values import Names, Value

FILE: Final = "<oracle>"
"""What compiled code has for the name of its file."""

State: TypeAlias = tuple[Value, ...]
Step: TypeAlias = Callable[..., Iterator[None]]
"""A generator function of a state and of the next one, as far as it is known; it yields once for each way."""


@define
class Origin:
    """Where a compiled function comes from, for messages."""

    operator: str
    place: Place


class Written(Protocol):
    """The Python source that runs, and the operator behind each of its functions."""

    @property
    def lines(self) -> list[str]:
        """Its lines; spec lines stand behind them in comments."""

    @property
    def origins(self) -> dict[str, Origin]:
        """By the name of the function."""


def vocabulary(names: Names) -> dict[str, Any]:
    """The globals of compiled code, before it: what it calls, and the order of names."""
    known = {
        name: thing
        for module in (values, runtime, library)
        for name, thing in vars(module).items()
        if name[0] != "_"
    }
    return {**known, "NAMES": names}


@define
class Steps:
    """States and steps of a specification under one configuration."""

    root: str
    """The name of its root module."""

    variables: tuple[str, ...]
    _initial: Step | None
    _written: Written
    _steps: dict[str, Step] = field(kw_only=True, factory=dict)
    _whole: Callable[[Mapping[int, Value]], State] = field(init=False)

    def __attrs_post_init__(self) -> None:
        places = tuple(range(len(self.variables)))
        # itemgetter gives a bare value for one place, and wants at least one.
        several = len(places) > 1
        self._whole = itemgetter(*places) if several else lambda found: tuple(found[at] for at in places)

    def initial_states(self) -> Iterator[State]:
        """Every initial state, without repetition.  Raises `EvaluationError`."""
        if self._initial is None:
            raise CliError(Exit.BAD_INPUT, f"{self.root}: the configuration names no initial predicate")
        seen = set()
        with self.evaluating():
            found: dict[int, Value] = {}
            for _ in self._initial(None, found):
                state = self._whole(found)
                if state not in seen:
                    seen.add(state)
                    yield state

    def stepper(self, action: str) -> Callable[[State], list[State]]:
        """The steps of an operator without arguments, as a plain function; use it inside `evaluating`."""
        step, whole = self._operator_step(action), self._whole

        def steps(state: State) -> list[State]:
            found: dict[int, Value] = {}
            return [whole(found) for _ in step(state, found)]

        return steps

    def as_dict(self, state: State) -> dict[str, Value]:
        """A state by the names of its variables."""
        return dict(zip(self.variables, state, strict=True))

    def difference(self, state: State, target: State) -> str:
        """Which variables of a state of the specification are not those of another state, and both values."""
        pairs = zip(self.variables, state, target, strict=True)
        return "; ".join(
            f"{name}: {ours} in the specification, {theirs} here"
            for name, ours, theirs in pairs
            if ours != theirs
        )

    def _operator_step(self, action: str) -> Step:
        step = self._steps.get(action)
        if step is None:
            step = self._steps[action] = self._written_step(action)
        return step

    def written_as(self, actions: Iterable[str]) -> tuple[str | None, dict[str, str]]:
        """The names that the initial states and these steps have in the code."""
        initial = None if self._initial is None else self._initial.__name__
        return initial, {action: self._operator_step(action).__name__ for action in actions}

    def _written_step(self, action: str) -> Step:
        """A step that is not there yet."""
        raise CliError(Exit.BAD_INPUT, f"{self.root}: the step {action} was not compiled")

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Whatever Python refuses while compiled code runs is an evaluation error of the specification."""
        try:
            yield
        except EvaluationError as error:
            if error.stack:
                raise
            raise EvaluationError(error.reason, _stack(error, self._written)) from error
        except RecursionError as error:
            raise EvaluationError("too deep a recursion", _stack(error, self._written)[:3]) from error
        except (TypeError, AttributeError, IndexError, ValueError, ZeroDivisionError) as error:
            raise EvaluationError(
                f"a value of the wrong kind ({error})", _stack(error, self._written)
            ) from error
        except KeyError as error:
            at = error.args[0] if error.args else None
            named = self.variables[at] if isinstance(at, int) and at < len(self.variables) else at
            raise EvaluationError(f"{named}' has no value here", _stack(error, self._written)) from error


def _stack(error: BaseException, written: Written) -> tuple[str, ...]:
    """The operators that were being evaluated, each with the spec line that its code came from."""
    out: list[str] = []
    trace: Any = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        origin = written.origins.get(code.co_name)
        if code.co_filename == FILE and origin is not None:
            line = written.lines[trace.tb_lineno - 1] if trace.tb_lineno <= len(written.lines) else ""
            place = line.rpartition("  # ")[2] if "  # " in line else str(origin.place)
            out.append(f"{origin.operator} ({place})")
        trace = trace.tb_next
    return tuple(out)
