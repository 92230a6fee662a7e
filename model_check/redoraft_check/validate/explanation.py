"""What `--explain` says of one refused event: plain data."""

from __future__ import annotations

from attrs import field, frozen


@frozen
class WrongField:
    """A value in the event with which it cannot be what the specification allows.

    `name` is `args.lsn`, `vars.term`, `action` or `seq`; `shown` its value in the trace; `allowed` those that
    the specification would have allowed there, in order, under the names and in the units (bytes) of a trace.
    `alone` says that leaving out only this one makes the event allowed.
    """

    name: str
    shown: object
    allowed: tuple[object, ...] = ()
    alone: bool = False


@frozen
class Conjunct:
    """A false conjunct: `place` as MODULE.tla:LINE, its file, its text, and what its sides are.

    `inside` names the operators around it, outermost first; `values` and `bound` are pairs of text and value,
    LSNs in mtrs as in the specification; `in_bytes` says of some of these where they are in the trace.
    """

    place: str
    file: str
    line: int
    text: str
    inside: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    bound: tuple[tuple[str, str], ...]
    reason: str = ""


@frozen
class Explanation:
    """Why an event was refused.

    `accepted` counts the events before it; `action` is the nearest action, `met` how many of its conjuncts
    hold in order; `conjunct` the first false one, `also` the false ones behind it.  `rules` are the rules
    without any one of which the event would be allowed (`exact`), or else that conjunct true.  `mentioned`
    are ids in the comments above the operators around the conjunct.  `frontier` gives for each node and
    variable every value that was possible before the event, `states` how many states that were, and
    `looked_at` how many of them were searched.  `led_here` are the last events before, with their lines.
    """

    accepted: int
    action: str | None = None
    met: int = 0
    conjunct: Conjunct | None = None
    also: tuple[Conjunct, ...] = ()
    fields: tuple[WrongField, ...] = ()
    rules: tuple[str, ...] = ()
    exact: bool = False
    mentioned: tuple[str, ...] = ()
    states: int = 0
    looked_at: int = 0
    frontier: tuple[tuple[str, dict[str, tuple[object, ...]]], ...] = field(factory=tuple)
    led_here: tuple[tuple[int, str], ...] = ()
    note: str = ""

    @property
    def cause(self) -> tuple[object, ...]:
        """What makes two refusals the same: the action, and the conjunct, or else the fields."""
        if self.conjunct is not None:
            return self.action, self.conjunct.place, self.conjunct.text
        return self.action, tuple(one.name for one in self.fields)
