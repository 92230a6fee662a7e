"""A clean stop of a simulated node with pages is that of a process, and its trace shows each wrong one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redoraft.cluster import simulator
from redoraft.node import Effect, Node, stop
from redoraft.storage.mutants import MUTANTS
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status

from .kit import Lines, judged, simulate, why

Stop = Callable[[Node], Iterator[Effect]]
STEPS = 400
CHECKPOINT = "c \\in (checkpoint + 1)..CheckpointLimit"
REFUSED = {
    "StopFlushesAll": (3, "FlushPage", "PageLsn(buffer[p]) <= FlushLimit"),
    "StopCheckpointsAtEnd": (14, "Checkpoint", CHECKPOINT),
    "checkpoints first": (1, "Checkpoint", CHECKPOINT),
}
"""How a stop goes wrong: the seed, the event that is refused, and the conjunct that is false there."""


def without(rule: str) -> Stop:
    """From the order to stop on, storage does not keep that rule."""
    rules = next(one for one in MUTANTS.values() if one.rule == rule).rules()

    def stops(node: Node) -> Iterator[Effect]:
        if node.storage is not None:
            object.__setattr__(node.storage, "rules", rules)
        yield from stop(node)

    return stops


def checkpoints_first(node: Node) -> Iterator[Effect]:
    """The checkpoint counts the pages as written that the stop is about to write."""
    flush, storage = node.flush_pages, node.storage

    def flush_later() -> int:
        if storage is not None:
            kept = storage.rules
            object.__setattr__(storage, "rules", MUTANTS["forgets-dirty-pages"].rules())
            node.checkpoint()
            object.__setattr__(storage, "rules", kept)
        return flush()

    object.__setattr__(node, "flush_pages", flush_later)
    yield from stop(node)


WRONG: dict[str, Stop] = {
    "StopFlushesAll": without("LIM-2"),
    "StopCheckpointsAtEnd": without("LIM-1"),
    "checkpoints first": checkpoints_first,
}


def test_a_stop_writes_pages_and_its_last_checkpoint(engine: OracleEngine, tmp_path: Path) -> None:
    path = simulate(tmp_path / "t.ndjson", 1, STEPS, pages=True)
    verdict = judged(engine, path)
    assert verdict.status is Status.ACCEPTED, verdict
    events = Lines.read(path).events
    stops = [at for at, event in enumerate(events) if event.action == "Shutdown"]
    before = [[event.action for event in events[:at] if event.node == events[at].node] for at in stops]
    assert any(one[-2:] == ["FlushPage", "Checkpoint"] for one in before), [one[-3:] for one in before]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_stop_is_refused(
    name: str, engine: OracleEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator, "stop", WRONG[name])
    seed, action, conjunct = REFUSED[name]
    path = simulate(tmp_path / "t.ndjson", seed, STEPS, pages=True)
    verdict = judged(engine, path)
    assert verdict.status is Status.REFUSED
    assert verdict.line is not None
    wrong, *behind = Lines.read(path).events[verdict.line - 2 :]
    assert wrong.action == action
    assert "Shutdown" in [event.action for event in behind if event.node == wrong.node][:4]
    told = why(path, with_rules=False).conjunct
    assert told is not None
    assert told.text == conjunct
