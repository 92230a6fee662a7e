"""What of the specification a machine has reached: shapes of states, and which action followed which."""

from __future__ import annotations

from attrs import define, field


@define
class Coverage:
    """Of one run; Hypothesis is told how much it is (`target`)."""

    states: set[object] = field(factory=set)
    pairs: set[tuple[str, str]] = field(factory=set)
    _last: str = "Init"

    def note(self, action: str, shape: object) -> None:
        """The specification took `action`, to a state of that shape."""
        self.pairs.add((self._last, action))
        self.states.add(shape)
        self._last = action
