"""The oracle engine on a longer trace: an event costs the same anywhere, and the file is not held.

Counts of calls and of bytes, no times: benchmarks/oracle.py has those.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import pytest
from benchmarks.oracle import REIGN, write

from redoraft_check.validate import oracle_engine
from redoraft_check.validate.oracle_engine import Judged, OracleEngine, TraceSpec
from redoraft_check.validate.prepare import Projected
from redoraft_check.validate.verdict import Status

from .conftest import SPEC

SEED: Final = 5
WINDOW: Final = 1_500
EARLY, LATE = 1_000, 2 * REIGN + 1_000
"""Where the windows begin: both inside a reign, because a restart costs what the log that is copied costs."""


class Calls:
    """Function calls while events of a window pass, by the window's first event."""

    def __init__(self) -> None:
        self.of = dict.fromkeys((EARLY, LATE), 0)
        self._window: int | None = None

    def watching(self, events: Iterable[Projected]) -> Iterator[Projected]:
        """The events, with the hook set where a window begins and taken away where it ends."""
        for number, event in enumerate(events):
            if number in self.of:
                self._window = number
                sys.setprofile(self._hook)
            elif self._window is not None and number == self._window + WINDOW:
                sys.setprofile(None)
                self._window = None
            yield event

    def _hook(self, _: FrameType, event: str, __: object) -> None:
        if self._window is not None and event in ("call", "c_call"):
            self.of[self._window] += 1


@pytest.fixture(scope="module")
def engine() -> OracleEngine:
    return OracleEngine(SPEC)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("linear") / "t.ndjson", LATE + WINDOW + 100, SEED)


def test_an_event_costs_as_many_calls_late_as_early(
    engine: OracleEngine, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, whole = Calls(), oracle_engine.judge

    def judge(
        spec: TraceSpec, events: Iterable[Projected], judged: Judged, *, hidden: bool, max_frontier: int
    ) -> None:
        try:
            whole(spec, calls.watching(events), judged, hidden=hidden, max_frontier=max_frontier)
        finally:
            sys.setprofile(None)

    monkeypatch.setattr(oracle_engine, "judge", judge)
    [verdict] = engine.validate([trace])
    assert verdict.status is Status.ACCEPTED
    assert calls.of[EARLY] > 10 * WINDOW
    assert calls.of[LATE] < 1.02 * calls.of[EARLY], calls.of


def test_memory_grows_with_the_log_and_not_with_the_file(engine: OracleEngine, trace: Path) -> None:
    short = write(trace.with_name("short.ndjson"), EARLY, SEED)
    engine.validate([short])
    peaks = [peak(engine, path) for path in (short, trace)]
    longer = trace.stat().st_size - short.stat().st_size
    assert peaks[1] - peaks[0] < longer / 2, (peaks, longer)


def peak(engine: OracleEngine, path: Path) -> int:
    """Bytes that Python held at most while a trace was judged."""
    tracemalloc.start()
    try:
        [verdict] = engine.validate([path])
        assert verdict.status is Status.ACCEPTED
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
