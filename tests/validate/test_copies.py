"""A node that gets a copy of another one's disks (H24): its event is judged, and wrong copies are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status

from .kit import ACCEPTED, Lines, judged, why

COPIED = ACCEPTED / "pages-seed-122-copied.ndjson"


@pytest.fixture(scope="module")
def copied() -> Lines:
    return Lines.read(COPIED)


def seed_in(lines: Lines) -> int:
    return lines.first(lambda event: event.action == "Seed")


def test_the_copy_has_pages_of_different_moments(copied: Lines) -> None:
    event = copied.events[seed_in(copied)]
    at = sorted(event.args["page_lsns"].values())
    assert at[0] < event.args["checkpoint_lsn"] < event.args["end_lsn"]
    assert event.args["checkpoint_lsn"] == event.vars["checkpoint_lsn"] == event.vars["deleted_lsn"] > 8204
    assert event.args["end_lsn"] == event.vars["last_lsn"] == event.vars["flushed_lsn"]
    later = [one.action for one in copied.events[seed_in(copied) + 1 :] if one.node == event.node]
    assert {"AppendEntries", "Acknowledge", "Recover"} <= set(later)


def changed(lines: Lines, **args: Any) -> Lines:
    """The run up to its Seed, with that changed, in what is shown too."""
    at = seed_in(lines)
    event = lines.events[at]
    shown = {"end_lsn": ("last_lsn", "flushed_lsn"), "checkpoint_lsn": ("checkpoint_lsn", "deleted_lsn")}
    told = {var: value for name, value in args.items() for var in shown.get(name, ())}
    less = {name: value for name, value in event.vars.items() if name not in {"last_index", "last_term"}}
    return lines.replaced(at, args=event.args | args, vars=less | told).cut(at + 1)


def pages_of(lines: Lines) -> dict[str, int]:
    pages: dict[str, int] = lines.events[seed_in(lines)].args["page_lsns"]
    return pages


def settled_page(lines: Lines) -> str:
    """A page that has its last change below the checkpoint: redo would not bring it again."""
    checkpoint = lines.events[seed_in(lines)].args["checkpoint_lsn"]
    return next(page for page, lsn in pages_of(lines).items() if lsn <= checkpoint)


def newest_page(lines: Lines) -> str:
    return max(pages_of(lines), key=lambda page: pages_of(lines)[page])


def ends(lines: Lines) -> list[int]:
    """The ends of the entries that the source has committed before its Seed, as it told of them."""
    leader = max(
        (event for event in lines.events[: seed_in(lines)] if event.action == "AdvanceMajority"),
        key=lambda event: event.args["lsn"],
    ).node
    whole = [event for event in lines.events[: seed_in(lines)] if event.node == leader]
    return sorted({one.args["lsn"] for one in whole if one.action == "AdvanceMajority"})


def test_nothing_else_is_wrong_with_what_is_changed(
    engine: OracleEngine, copied: Lines, tmp_path: Path
) -> None:
    assert judged(engine, changed(copied).write(tmp_path / "t.ndjson")).status is Status.ACCEPTED


WRONG: dict[str, tuple[Callable[[Lines], dict[str, Any]], str]] = {
    "a page is older than the checkpoint": (
        lambda run: {"page_lsns": pages_of(run) | {settled_page(run): ends(run)[0]}},
        "",
    ),
    "a page is missing": (
        lambda run: {"page_lsns": {k: v for k, v in pages_of(run).items() if k != settled_page(run)}},
        "",
    ),
    "the log ends below a page (SnapshotTooShort)": (
        lambda run: {"end_lsn": [end for end in ends(run) if end < pages_of(run)[newest_page(run)]][-1]},
        "no mtr end",
    ),
    "the log is not committed": (
        lambda run: {"end_lsn": run.events[seed_in(run) - 1].vars["last_lsn"]},
        "",
    ),
    "the checkpoint is not in the log": (lambda _: {"checkpoint_lsn": 8205}, "no mtr end"),
}
"""What is changed, and a part of the reason where no conjunct is."""


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_copy_is_refused(engine: OracleEngine, copied: Lines, tmp_path: Path, name: str) -> None:
    change, reason = WRONG[name]
    verdict = judged(engine, changed(copied, **change(copied)).write(tmp_path / "t.ndjson"))
    assert (verdict.status, verdict.line) == (Status.REFUSED, seed_in(copied) + 2), verdict
    assert reason in verdict.reason


@pytest.mark.parametrize("name", ["term", "end_lsn", "checkpoint_lsn", "page_lsns"])
def test_a_copy_that_is_not_told_in_whole_is_not_judged(
    engine: OracleEngine, copied: Lines, tmp_path: Path, name: str
) -> None:
    at = seed_in(copied)
    args = {key: value for key, value in copied.events[at].args.items() if key != name}
    verdict = judged(engine, copied.replaced(at, args=args).write(tmp_path / "t.ndjson"))
    assert (verdict.status, verdict.line) == (Status.UNKNOWN, at + 2)
    assert f"Seed without {name}" in verdict.reason


def test_a_node_keeps_what_it_has_acknowledged(engine: OracleEngine, copied: Lines, tmp_path: Path) -> None:
    """Once more, the same copy, when the node has acknowledged more to the same leader (SnapshotForgets)."""
    at = seed_in(copied)
    event = copied.events[at]
    later = copied.first(
        lambda one: (
            one.action == "Acknowledge" and one.node == event.node and one.args["lsn"] > event.args["end_lsn"]
        ),
        at,
    )
    term = copied.events[later].vars["term"]
    again = structs.replace(event, vars=event.vars | {"term": term})
    run = Lines(copied.header, [*copied.events[: later + 1], again]).renumbered()
    assert judged(engine, run.write(tmp_path / "t.ndjson")).status is Status.REFUSED
    told = why(tmp_path / "t.ndjson", with_rules=False).conjunct
    assert told is not None
    assert told.text == "Promised(n, e)"


def test_redo_that_somebody_needs_is_deleted_only_where_retention_is_bounded(
    engine: OracleEngine, copied: Lines, tmp_path: Path
) -> None:
    constants = {name: value for name, value in copied.header.constants.items() if name != "retain"}
    verdict = judged(engine, copied.headed(constants=constants).write(tmp_path / "t.ndjson"))
    assert verdict.status is Status.REFUSED
    assert verdict.line is not None
    assert copied.events[verdict.line - 2].action == "DeleteRedo"
    told = why(tmp_path / "t.ndjson")
    assert told.rules == ("LOG-8",)


def test_retention_is_a_number_of_bytes(engine: OracleEngine, copied: Lines, tmp_path: Path) -> None:
    for retain in (-1, "256", True):
        run = copied.headed(constants={**copied.header.constants, "retain": retain})
        assert judged(engine, run.write(tmp_path / "t.ndjson")).status is Status.UNREADABLE
    run = copied.headed(modules=["Startup"])
    assert "retain in constants" in judged(engine, run.write(tmp_path / "t.ndjson")).reason
