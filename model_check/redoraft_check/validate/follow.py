"""Judging a trace while it is written: `redoraft validate --follow`.

A line is judged when its newline is there.  A refusal ends it at once; otherwise the user does, by an
interrupt (Ctrl-C) or SIGTERM, and the verdict is that on what had come until then.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from attrs import define, evolve, field

from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces.stream import GrowingSource

POLL_S: Final = 0.05
"""Seconds between two looks at the file."""

REPORT_S: Final = 1.0
"""Seconds between two lines of progress, while there is progress."""


@define
class _Watch:
    """Waits for more of a file, tells how far it is, and knows whether the user has had enough."""

    report: Callable[[str], None]
    lines: int = 0
    ended: bool = False
    _told: tuple[float, int] = field(init=False, factory=lambda: (time.monotonic(), 0))

    def wait(self) -> bool:
        """Whether to look again, after a while."""
        self.tell()
        if not self.ended:
            time.sleep(POLL_S)
        return not self.ended

    def tell(self) -> None:
        """A line of progress, now and then."""
        at, lines = self._told
        if self.lines > lines and time.monotonic() - at >= REPORT_S:
            self.report(f"follow: {max(0, self.lines - 1):,} events read, none refused")
            self._told = time.monotonic(), self.lines


class _Counting(GrowingSource):
    """Counts the lines that are given, and gives none once the user has had enough."""

    def __init__(self, path: Path, watch: _Watch) -> None:
        super().__init__(path, watch.wait)
        self._watch = watch

    def readline(self, limit: int) -> bytes:
        if self._watch.ended:
            return b""
        self._watch.tell()
        line = super().readline(limit)
        self._watch.lines += bool(line)
        return line


def follow(
    path: Path, engine: OracleEngine, report: Callable[[str], None], timeout_s: float | None = None
) -> Verdict:
    """The verdict when the trace is refused, or when the user ends it.

    `timeout_s` is how long the file may take to appear, in seconds; None is for ever.  Raises `CliError`
    (65).
    """
    watch = _Watch(report)
    with _ended_by_signals(watch):
        if not _appears(path, watch, timeout_s):
            reason = "the file did not appear" if not watch.ended else "ended before the file appeared"
            return Verdict(path, Status.UNKNOWN, reason=reason)
        verdict = engine.follow(path, lambda place: _Counting(place, watch))
    if watch.ended and verdict.status is Status.UNREADABLE and not watch.lines:
        return Verdict(path, Status.EMPTY, reason="ended before there was a header: nothing was checked")
    if watch.ended and verdict.status is Status.ACCEPTED:
        return evolve(verdict, reason="so far")
    return verdict


def _appears(path: Path, watch: _Watch, timeout_s: float | None) -> bool:
    """Whether the file is there, in time."""
    last = None if timeout_s is None else time.monotonic() + timeout_s
    if not path.exists():
        watch.report(f"follow: waiting for {path}")
    while not path.exists():
        if (last is not None and time.monotonic() >= last) or not watch.wait():
            return False
    return True


@contextmanager
def _ended_by_signals(watch: _Watch) -> Iterator[None]:
    def end(_: int, __: FrameType | None) -> None:
        watch.ended = True

    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
