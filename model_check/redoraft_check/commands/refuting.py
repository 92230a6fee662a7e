"""`redoraft prove --refute RULE`: executions that break what is proved, and their traces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import typer
from attrs import asdict, evolve, frozen

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import plain_table
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line
from redoraft_check.smt.refutations import UNTRACED, Refutation, chosen, refutation, write_refutation
from redoraft_check.tlc.manifest import Manifest, load_manifest
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status


@frozen
class _Row:
    """A refutation as it is reported; `untraced` says why there is no trace."""

    rule: str
    refutes: str
    steps: int
    model: str
    untraced: str = ""
    trace: str = ""
    events: int = 0
    accepted_without: bool = False
    refused_at: int = 0


def refute_rules(rules: Sequence[str], out: Path, format_: opt.Format, screen: Screen) -> None:
    """Refute each of the rules by itself, write what can be a trace into `out`, and have the oracle judge it.

    Raises CliError (1) where an execution refutes nothing, or its trace is not judged as it must be.
    """
    if format_ is opt.Format.JUNIT:
        raise CliError(Exit.USAGE, "--refute has no JUnit report; take --format text or json")
    spec = spec_dir(None)
    manifest = load_manifest(spec / "models")
    names = chosen(manifest, rules)
    rows = []
    for number, name in enumerate(names, start=1):
        row = _row(manifest, spec, refutation(manifest, name), out)
        screen.say(f"[{number}/{len(names)}] {row.rule}: {row.refutes} is broken in {row.steps} steps")
        rows.append(row)
    if format_ is opt.Format.JSON:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = [(row.rule, row.refutes, str(row.steps), row.model, _said(row)) for row in rows]
    typer.echo(plain_table(("rule", "refutes", "steps", "model", "trace"), table))


def _row(manifest: Manifest, spec: Path, found: Refutation, out: Path) -> _Row:
    rule = ", ".join(found.off)
    row = _Row(rule, found.broken, found.steps, found.gate_model, UNTRACED.get(found.gate_model, ""))
    if row.untraced:
        return row
    path = out / f"{found.gate_model}.ndjson"
    out.mkdir(parents=True, exist_ok=True)
    source = command_line("prove", "--refute", found.off[0])
    events = write_refutation(path, manifest, found, f"{source} (violates {found.broken})")
    [with_it] = OracleEngine(spec).validate([path])
    [without] = OracleEngine(spec, off=found.off).validate([path])
    if with_it.status is not Status.REFUSED or without.status is not Status.ACCEPTED:
        said = f"{with_it.status.value}, and {without.status.value} without {rule}"
        raise CliError(Exit.DISAGREES, f"{path}: the oracle says {said}")
    return evolve(row, trace=str(path), events=events, accepted_without=True, refused_at=with_it.line or 0)


def _said(row: _Row) -> str:
    if row.untraced:
        return f"none: {row.untraced}"
    return f"{row.trace}: accepted without {row.rule}, else refused in line {row.refused_at}"
