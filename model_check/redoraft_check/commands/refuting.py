"""`redoraft prove --refute RULE`: executions that break what is proved, and their traces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer
from attrs import asdict, evolve, frozen

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import plain_table
from redoraft_check.counterexample.behaviour import write_trace
from redoraft_check.counterexample.one_node import write_one_node
from redoraft_check.evidence.documented import read_documented, write_documented
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line
from redoraft_check.smt.refutations import (
    REFUTED,
    UNTRACED,
    Refutation,
    chosen,
    refutation,
    write_refutation,
)
from redoraft_check.tlc.manifest import Manifest, load_manifest
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.mapping import RAFT
from redoraft_check.validate.oracle_engine import OracleEngine, agreed
from redoraft_check.validate.verdict import Status, Verdict

RECORD = "refutations-tlc.json"
"""What TLC has said of each trace, by gate model, in docs/records."""


class Judge(StrEnum):
    """Who judges the traces of refutations."""

    TLC = "tlc"
    ORACLE = "oracle"
    BOTH = "both"


@frozen
class Refuting:
    """What is asked of a refutation: which rules, who judges, and whether TLC's verdicts are recorded."""

    rules: Sequence[str]
    judge: Judge
    record: bool


@frozen
class _Row:
    """A refutation as it is reported; `alone` says why its trace is judged by its own module alone."""

    rule: str
    refutes: str
    steps: int
    model: str
    alone: str = ""
    trace: str = ""
    events: int = 0
    accepted_without: bool = False
    refused_at: int = 0


def refute_rules(asked: Refuting, out: Path, format_: opt.Format, screen: Screen) -> None:
    """Refute each of the rules by itself, write the traces into `out`, and have them judged.

    Raises CliError (1) where an execution refutes nothing, or its trace is not judged as it must be; (2) for
    a record that TLC is not asked for.
    """
    if format_ is opt.Format.JUNIT:
        raise CliError(Exit.USAGE, "--refute has no JUnit report; take --format text or json")
    if asked.record and asked.judge is Judge.ORACLE:
        raise CliError(Exit.USAGE, "--record keeps what TLC says of the traces: add --judge tlc or both")
    spec = spec_dir(None)
    manifest = load_manifest(spec / "models")
    names = chosen(manifest, asked.rules)
    rows = []
    for number, name in enumerate(names, start=1):
        row = _row(manifest, refutation(manifest, name), out)
        screen.say(f"[{number}/{len(names)}] {row.rule}: {row.refutes} is broken in {row.steps} steps")
        rows.append(row)
    rows = _all_judged(rows, spec, asked.judge, screen)
    if asked.record:
        screen.say(f"{_kept(spec, rows)}: {len(rows)} traces judged by TLC")
    if format_ is opt.Format.JSON:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = [(row.rule, row.refutes, str(row.steps), row.model, _said(row)) for row in rows]
    typer.echo(plain_table(("rule", "refutes", "steps", "model", "trace"), table))


def _row(manifest: Manifest, found: Refutation, out: Path) -> _Row:
    """A refutation, written as a trace."""
    rule = ", ".join(found.off)
    row = _Row(rule, found.broken, found.steps, found.gate_model, UNTRACED.get(found.gate_model, ""))
    path = out / f"{found.gate_model}.ndjson"
    out.mkdir(parents=True, exist_ok=True)
    source = command_line("prove", "--refute", found.off[0])
    events = write_its_trace(path, manifest, found, f"{source} (violates {found.broken})")
    return evolve(row, trace=str(path), events=events)


def write_its_trace(path: Path, manifest: Manifest, found: Refutation, source: str) -> int:
    """Write a refutation as a trace; how many events it has.  Raises as `write_trace`.

    What is no run of a cluster whatever is off (`UNTRACED`) is a trace for its own module alone.
    """
    if found.gate_model not in UNTRACED:
        return write_refutation(path, manifest, found, source)
    if found.module == "MCStorageLimits":
        return write_one_node(path, found.behaviour, manifest.folder.parent, source)
    return write_trace(path, found.behaviour, source, RAFT)


def _all_judged(rows: Sequence[_Row], spec: Path, judge: Judge, screen: Screen) -> list[_Row]:
    """Each trace has to be refused with its rules, and accepted without them.  Raises CliError (1)."""
    refusals = _judged([Path(row.trace) for row in rows], spec, judge)
    out = []
    for row, with_it in zip(rows, refusals, strict=True):
        [without] = _judged([Path(row.trace)], spec, judge, tuple(row.rule.split(", ")))
        if with_it.status is not Status.REFUSED or without.status is not Status.ACCEPTED:
            said = f"{with_it.status.value}, and {without.status.value} without {row.rule}"
            why = f"{with_it.reason} {without.reason}"
            raise CliError(Exit.DISAGREES, f"{row.trace}: {judge.value} says {said}: {why}")
        if judge is not Judge.ORACLE:
            screen.say(f"TLC: {row.trace}: accepted without {row.rule}, refused with it")
        out.append(evolve(row, accepted_without=True, refused_at=with_it.line or 0))
    return out


def _judged(paths: Sequence[Path], spec: Path, judge: Judge, off: tuple[str, ...] = ()) -> list[Verdict]:
    """A verdict a trace; unknown where two judges differ.  Of several states that were possible before a
    refused event, each names one: they need not be the same."""
    said: list[list[Verdict]] = []
    if judge is not Judge.TLC:
        said.append(OracleEngine(spec, off=off).validate(paths))
    if judge is not Judge.ORACLE:
        said.append(Engine(spec, find_tools(), workers=1, off=off).validate(paths))
    bare = [[evolve(one, last_good=()) for one in verdicts] for verdicts in said]
    return agreed(*bare) if len(bare) == 2 else bare[0]


def _kept(spec: Path, rows: Sequence[_Row]) -> Path:
    """Put what TLC has said into the record, in the order of `REFUTED`; its path."""
    tools = find_tools()
    new = {row.model: _entry(row, tools.jar.version) for row in rows}
    old: dict[str, Any] = read_documented(spec, RECORD) or {}
    both = old | new
    return write_documented(spec, RECORD, {name: both[name] for name in REFUTED if name in both})


def _entry(row: _Row, tlc: str | None) -> dict[str, object]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "off": row.rule.split(", "),
        "events": row.events,
        "accepted_without": row.accepted_without,
        "refused_in_line": row.refused_at,
        "tlc": tlc,
        "sha256": events_hash(Path(row.trace)),
    }


def events_hash(trace: Path) -> str:
    """The SHA-256 of a trace's lines but for its header, which names who wrote it."""
    return hashlib.sha256(b"\n".join(trace.read_bytes().splitlines()[1:])).hexdigest()


def _said(row: _Row) -> str:
    return f"{row.trace}: accepted without {row.rule}, else refused in line {row.refused_at}"
