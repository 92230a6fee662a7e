"""Simulated nodes that tell of their pages: StorageLimits judges every step, and notices what is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from redoraft.observe import FOUND_AT_START, OBSERVED, STORAGE_OBSERVED
from redoraft_check.paths import spec_dir
from redoraft_check.validate.mapping import STORAGE, load_mapping
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event

from .kit import ACCEPTED, Lines, judged, simulate, why

CRASHED = ACCEPTED / "pages-seed-196.ndjson"
SEEDS = (1, 3, 75, 122, 196)
STORAGE_ACTIONS = load_mapping(spec_dir()).own_actions(STORAGE)


@pytest.fixture(scope="module")
def crashed() -> Lines:
    return Lines.read(CRASHED)


def test_storage_steps_are_steps_of_the_specification(engine: OracleEngine, tmp_path: Path) -> None:
    counts: Counter[str | None] = Counter()
    for seed in SEEDS:
        path = simulate(tmp_path / f"{seed}.ndjson", seed, 400, pages=True)
        verdict = judged(engine, path)
        assert verdict.status is Status.ACCEPTED, (seed, verdict)
        counts.update(event.action for event in Lines.read(path).events)
    assert all(counts[action] for action in STORAGE_ACTIONS), counts
    assert counts["Restart"] > 10


REFUSED = {
    "checkpoints-ahead": (18, "c \\in (checkpoint + 1)..CheckpointLimit", ("LIM-1",)),
    "flushes-ahead": (12, "PageLsn(buffer[p]) <= FlushLimit", ("LIM-2",)),
    "flushes-unsynced": (21, "PageLsn(copy[p]) <= FlushLimit", ("H33",)),
    "forgets-dirty-pages": (18, "c \\in (checkpoint + 1)..CheckpointLimit", ()),
    "forgets-followers": (1, "l \\in (oldest + 1)..DeletionLimit", ("LOG-8",)),
    "applies-twice": (3, "p \\in Dirty", ()),
    "applies-all": (1, "l \\in (applied[n] + 1)..ApplyLimit(n)", ("LIM-3",)),
}
"""Mutant: the seed, the conjunct that is false, and the rules without which the step would be allowed."""


@pytest.mark.parametrize("mutant", REFUSED)
def test_a_mutant_is_refused_and_its_rule_named(engine: OracleEngine, tmp_path: Path, mutant: str) -> None:
    seed, conjunct, rules = REFUSED[mutant]
    path = simulate(tmp_path / "t.ndjson", seed, 300, mutant=mutant, pages=True)
    assert judged(engine, path).status is Status.REFUSED
    told = why(path)
    assert told.conjunct is not None
    assert (told.conjunct.text, told.rules) == (conjunct, rules)


def test_every_event_shows_the_storage_of_its_node(crashed: Lines) -> None:
    for event in crashed.events:
        seen = set(event.vars) - set(OBSERVED)
        expected = set() if event.node == "n3" else set(STORAGE_OBSERVED)
        if expected and event.action == "Restart":
            expected |= {FOUND_AT_START}
        assert seen == expected


def restart(lines: Lines) -> tuple[int, dict[str, int]]:
    """A Restart that finds a page on disk of which nobody has told; and what was told."""
    told: dict[str, dict[str, int]] = {}
    for at, event in enumerate(lines.events):
        pages = told.setdefault(event.node, {})
        if event.action in {"FlushPage", "FlushCopy"}:
            pages[event.args["page"]] = event.args["page_lsn"]
        if event.vars.get(FOUND_AT_START, pages) != pages:
            return at, pages
    raise AssertionError("no crash between a page write and its event")


def wrong(event: Event, told: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Variables of a Restart of which only one is wrong."""
    pages, start = event.vars[FOUND_AT_START], 8204
    page, lsn = max(told.items(), key=lambda item: item[1])
    assert lsn > start
    return {
        "an older page": {FOUND_AT_START: pages | {page: start}},
        "a page lost": {FOUND_AT_START: {name: at for name, at in pages.items() if name != page}},
        "a page too many": {FOUND_AT_START: pages | {"9:9": lsn}},
        "another checkpoint": {"checkpoint_lsn": start},
        "deleted beyond the checkpoint": {"deleted_lsn": event.vars["last_lsn"]},
    }


def test_what_a_restart_finds_on_disk_is_compared(
    engine: OracleEngine, crashed: Lines, tmp_path: Path
) -> None:
    at, told = restart(crashed)
    assert crashed.events[at].vars["checkpoint_lsn"] > crashed.events[at].vars["deleted_lsn"]
    for name, values in wrong(crashed.events[at], told).items():
        path = crashed.shown(at, **values).cut(at + 1).write(tmp_path / f"{name}.ndjson")
        verdict = judged(engine, path)
        assert (verdict.status, verdict.line) == (Status.REFUSED, at + 2), name


def test_redo_may_be_deleted_before_a_crash_that_nobody_tells_of(
    engine: OracleEngine, crashed: Lines, tmp_path: Path
) -> None:
    at, _ = restart(crashed)
    path = crashed.shown(at, deleted_lsn=crashed.events[at].vars["checkpoint_lsn"]).cut(at + 1)
    assert judged(engine, path.write(tmp_path / "t.ndjson")).status is Status.ACCEPTED


def test_pages_that_a_restart_does_not_show_are_tried(
    engine: OracleEngine, crashed: Lines, tmp_path: Path
) -> None:
    at, _ = restart(crashed)
    event = crashed.events[at]
    less = {name: value for name, value in event.vars.items() if name in OBSERVED}
    path = crashed.replaced(at, vars=less).write(tmp_path / "t.ndjson")
    assert judged(engine, path).status is Status.ACCEPTED
    # A page write that nobody told of is allowed only where a crash could have come in between.
    flush = crashed.first(lambda one: one.action == "FlushPage")
    page, node = crashed.events[flush].args["page"], crashed.events[flush].node
    again = crashed.first(lambda one: one.action == "Checkpoint" and one.node == node, flush)
    path = crashed.without(flush).cut(again).renumbered().write(tmp_path / "u.ndjson")
    assert judged(engine, path).status is Status.REFUSED, page


def test_a_storage_step_has_the_state_that_it_leads_to(
    engine: OracleEngine, crashed: Lines, tmp_path: Path
) -> None:
    at = crashed.first(lambda one: one.action == "Checkpoint")
    path = crashed.shown(at, checkpoint_lsn=8204).cut(at + 1).write(tmp_path / "t.ndjson")
    assert judged(engine, path).status is Status.REFUSED
    assert [one.name for one in why(path).fields] == ["vars.checkpoint_lsn"]
    event = structs.replace(crashed.events[at], node="n3")
    path = crashed.replaced(at, node=event.node, vars={}).cut(at + 1).renumbered().write(path)
    assert judged(engine, path).status is Status.REFUSED
