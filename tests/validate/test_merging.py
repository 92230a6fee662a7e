"""A run in several files: judged as one, in an order that nobody wrote down."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.command import run_redoraft

from redoraft_check.paths import spec_dir
from redoraft_check.validate.merging import validate_merged
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event

from .kit import ACCEPTED, REJECTED, Lines, accepted_paths

ONLY_AS_ONE_FILE = {
    "leader-before-its-votes": "what is wrong with it is the order of two nodes, and the files have none",
}


@pytest.fixture(scope="module")
def oracle() -> OracleEngine:
    return OracleEngine(spec=spec_dir())


def split(lines: Lines, folder: Path) -> list[Path]:
    """One file for each node."""

    def of(node: str) -> Lines:
        return lines.mapped(lambda _, event: event if event.node == node else None)

    return [of(node).write(folder / f"{node.encode().hex()}.ndjson") for node in lines.header.nodes]


def without_messages(_: int, event: Event) -> Event:
    return msgspec.structs.replace(event, sent=[], received=None)


@pytest.mark.parametrize("path", accepted_paths(), ids=lambda path: path.name)
@pytest.mark.parametrize("messages", [True, False], ids=["messages", "no messages"])
def test_an_accepted_run_is_accepted_in_pieces(
    path: Path, messages: bool, oracle: OracleEngine, tmp_path: Path
) -> None:
    lines = Lines.read(path)
    lines = lines if messages else lines.mapped(without_messages)
    merged = validate_merged(split(lines, tmp_path)[::-1], oracle)
    assert merged.verdict.status is Status.ACCEPTED, merged.verdict.reason
    assert len(merged.events) == len(lines.events) == merged.verdict.events
    # The order that was found is one that the other way of judging accepts too.
    again = Lines(lines.header, list(merged.events)).write(tmp_path / "merged.ndjson")
    assert oracle.validate([again])[0].status is Status.ACCEPTED
    if messages:
        place = {message: at for at, event in enumerate(merged.events) for message in event.sent}
        heard = [(event.received, at) for at, event in enumerate(merged.events) if event.received in place]
        assert all(place[str(message)] < at for message, at in heard)


@pytest.mark.parametrize(
    "path", sorted(REJECTED.glob("mutant-*.ndjson")) + sorted(REJECTED.glob("shows-*.ndjson")),
    ids=lambda path: path.stem,
)  # fmt: skip
def test_a_refused_run_is_not_accepted_in_pieces(path: Path, oracle: OracleEngine, tmp_path: Path) -> None:
    merged = validate_merged(split(Lines.read(path), tmp_path), oracle, bound=300)
    assert merged.verdict.status in (Status.REFUSED, Status.UNKNOWN)
    assert "the longest has" in merged.verdict.reason


def test_what_only_the_order_says_is_lost_with_it(oracle: OracleEngine, tmp_path: Path) -> None:
    for name, why in ONLY_AS_ONE_FILE.items():
        lines = Lines.read(REJECTED / f"{name}.ndjson").mapped(without_messages)
        merged = validate_merged(split(lines, tmp_path), oracle)
        assert merged.verdict.status is Status.ACCEPTED, why


def test_files_that_are_no_run_are_named(tmp_path: Path) -> None:
    lines = Lines.read(ACCEPTED / "calm-seed-3.ndjson")
    first, *rest = split(lines, tmp_path)
    other = lines.cut(1).headed(hidden=["Fsync"]).write(tmp_path / "other.ndjson")
    for files, said in (
        ([first, other], "the header's hidden is not that of"),
        ([first, first], "has events in"),
        ([first, tmp_path / "none.ndjson"], "cannot be read"),
    ):
        ran = run_redoraft("validate", "--merge", "--engine", "oracle", *files, cwd=tmp_path)
        assert (ran.returncode, said in ran.stdout) == (65, True), ran.stdout
    ran = run_redoraft("validate", "--merge", first, cwd=tmp_path)
    assert ran.returncode == 2 and "--engine oracle" in ran.stderr
    ran = run_redoraft("validate", "--merge", "--engine", "oracle", first, *rest, cwd=tmp_path)
    assert ran.returncode == 0 and "109 events" in ran.stdout
