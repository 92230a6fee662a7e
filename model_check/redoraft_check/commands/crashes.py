"""`redoraft crashes`: power fails at every operation of a small run, and keeps any of what was pending."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from redoraft.cluster.crashes import Bounds, Tally, enumerate_crashes
from redoraft.cluster.trio import MEMBERS
from redoraft.mutants import rules_of
from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.simulate import mutant_named
from redoraft_check.evidence.runs import CRASHES
from redoraft_check.evidence.sources import implementation_revision
from redoraft_check.exits import CliError, Exit
from redoraft_check.json_file import write_json
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line

_POINTS_BETWEEN_NEWS = 20
_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("crashes")(crashes)


def crashes(
    *,
    every: Annotated[
        int, typer.Option("--every", min=0, help="Up to so many pending changes: every subset of them.")
    ] = 2,
    odd: Annotated[
        int,
        typer.Option("--odd", min=0, help="Beyond that: subsets that keep, or lose, at most so many."),
    ] = 0,
    stride: Annotated[
        int, typer.Option("--stride", min=1, help="Crash at every so many-th operation only.")
    ] = 1,
    mutant: Annotated[
        str | None, typer.Option("--mutant", help="Take one rule out: see simulate --list-mutants.")
    ] = None,
    record: Annotated[Path | None, typer.Option("--record", help="Write the counts into this file.")] = None,
    quiet: opt.QuietOption = False,
) -> None:
    """Crash each node of a small run at every operation of its disks; heal it under every first candidate.

    Exit codes: 0 all is as it has to be; 12 a crash is found after which it is not.
    """
    if 2 * odd >= every:
        raise CliError(Exit.USAGE, f"--odd {odd} is more than --every {every} allows: less than half of it")
    bounds, broken = Bounds(every, odd, stride), mutant_named(mutant)
    if record is not None:
        record.parent.mkdir(parents=True, exist_ok=True)
    made_by = {"implementation": implementation_revision(), "sources": CRASHES.revision(spec_dir())}
    screen = Screen(quiet=quiet)
    tally = Tally()
    for tally in enumerate_crashes(bounds, rules_of(broken)):
        if len(tally.pending) % _POINTS_BETWEEN_NEWS == 0:
            screen.say(f"    {len(tally.pending)} points, {tally.runs:,} runs, {len(tally.findings)} wrong")
    words = ("crashes", "--every", str(every), "--odd", str(odd), "--stride", str(stride))
    again = command_line(*words, *(("--mutant", broken.name) if broken else ()))
    _print(tally, again)
    if record is not None:
        write_json(record, _record(tally, again) | made_by)
    if tally.findings:
        raise typer.Exit(int(Exit.SAFETY))


def _print(tally: Tally, again: str) -> None:
    operations = ", ".join(f"{node} {count}" for node, count in tally.operations.items())
    typer.echo(f"operations of disks: {operations}; at most {max(tally.pending, default=0)} changes pending")
    typer.echo(
        f"{len(tally.pending)} points, {tally.outcomes:,} outcomes, x {len(MEMBERS.nodes)} first candidates"
        f" = {tally.runs:,} runs; {len(tally.findings)} wrong"
    )
    for one in tally.findings[:_SHOWN]:
        kept = "".join("01"[survives] for survives in one.survives) or "nothing pending"
        typer.echo(
            f"{one.victim}, operation {one.operation}, kept {kept}, {one.first} stands first: {one.what}"
        )
    typer.echo(f"repeat with: {again}")


def _record(tally: Tally, again: str) -> dict[str, object]:
    return {
        "command": again,
        "operations": dict(tally.operations),
        "points": len(tally.pending),
        "most_pending": max(tally.pending, default=0),
        "outcomes": tally.outcomes,
        "runs": tally.runs,
        "wrong": len(tally.findings),
    }
