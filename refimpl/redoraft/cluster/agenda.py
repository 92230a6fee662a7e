"""Virtual time: what is due when, in milliseconds; nothing ever waits for a real clock."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from attrs import define, field

Happening = Callable[[], bool]
"""Does what is due; False if that was overtaken by events, and nothing happened."""


@define
class Agenda:
    """What is due, in the order of time; at the same time, in the order in which it was put down."""

    now_ms: int = field(default=0, init=False)
    _due: list[tuple[int, int, Happening]] = field(factory=list, init=False)
    _count: int = field(default=0, init=False)

    def after(self, delay_ms: int, happening: Happening) -> None:
        """Put `happening` down for `delay_ms` from now."""
        heappush(self._due, (self.now_ms + delay_ms, self._count, happening))
        self._count += 1

    def take_next(self) -> bool:
        """Let the next thing happen that still can; False if there is none."""
        while self._due:
            self.now_ms, _, happening = heappop(self._due)
            if happening():
                return True
        return False
