"""The words that projections share: what is absent, what a value has to be, and why an event has no words."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from redoraft_check.validate.logview import LogView
from redoraft_traces import Event

ABSENT: Final = -1
ABSENT_NAME: Final = "?"

Value: TypeAlias = "int | str | tuple[Value, ...]"
_LONGEST_QUOTE: Final = 60
_NO_PAGE: Final = frozenset({ABSENT_NAME, "none", "data", "meta", "half", "other"})
"""Words of the specification: no page can be called so."""


class Unprojectable(Exception):
    """An event that says something the specification has no words for; the text is the reason."""


class Unsupported(Exception):
    """An event that leaves out what this projection needs; the text says which value and why."""


def present(given: dict[str, Any]) -> dict[str, Any]:
    """Without what is null, which is absent too."""
    if None not in given.values():
        return given
    return {name: value for name, value in given.items() if value is not None}


def position_in(view: LogView, lsn: int, name: str, whose: str) -> int:
    """How many mtrs of a log end at or below `lsn`.  Raises `Unprojectable` where none ends there."""
    found = view.position(lsn)
    if found is None:
        raise Unprojectable(f"{name} {lsn} is no mtr end in {whose}, which ends at {view.last_lsn}")
    return found


def number_of(value: Any, name: str) -> int:
    """A number of a trace.  Raises `Unprojectable` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unprojectable(f"{name} is {quoted(value)}, not a whole number from 0")
    return value


def text_of(value: Any, name: str) -> str:
    """A name of a trace.  Raises `Unprojectable` for anything else."""
    if not isinstance(value, str) or value == ABSENT_NAME:
        # A question mark would mean "not recorded" to the specification, and so allow everything.
        raise Unprojectable(f"{name} is {quoted(value)}, not a name")
    return value


def quoted(value: Any) -> str:
    """A value from a trace, on one line and not too long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "..."


def whole(event: Event, name: str, given: Any) -> Any:
    """What a node was given from outside.  Raises `Unsupported` where it is left out."""
    if given is None:
        raise Unsupported(f"{event.action} without {name}: what the node was given is not known")
    return given


def page_named(name: Any) -> str:
    """The name of a page.  Raises `Unprojectable` for anything else."""
    if not isinstance(name, str) or name in _NO_PAGE:
        raise Unprojectable(f"a page is called {quoted(name)}: not a name, or a word of the specification")
    return name
