"""`redoraft matrix`: every mutant of the specification against every property."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve
from msgspec.structs import replace

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.evidence.asked import Asked, asked_of
from redoraft_check.evidence.records import KILLS, KillRow, Within, read_records, write_records
from redoraft_check.exits import Exit
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.tlc.manifest import Manifest, Model, load_manifest
from redoraft_check.tlc.matrix import Row, run_row
from redoraft_check.tlc.search import Search
from redoraft_check.tlc.temporal import Cell, run_cell
from redoraft_check.tlc.tools import find_tools


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("matrix")(matrix)


def matrix(
    mutants: Annotated[
        list[str] | None, typer.Argument(help="Mutants; by default those without a complete row.")
    ] = None,
    *,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds for each search.")] = 120,
    out: opt.OutOption = Path("out/matrix"),
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    quiet: opt.QuietOption = False,
    no_color: opt.ColorOption = False,
) -> None:
    """Search each mutant for everything that it violates, and keep its row in spec/records."""
    folder = spec_dir(spec)
    library = library_dirs(folder)
    models, broken = load_manifest(folder / "models"), load_manifest(folder / "mutants")
    screen = Screen(quiet=quiet, no_color=no_color)
    asked = {one.name: asked_of(models, broken, one, library) for one in broken.models}
    records = {name: row for name, row in read_records(folder, KILLS, KillRow).items() if name in asked}
    kept = _rows(records, asked)
    chosen = [broken.model(name) for name in mutants or ()] or [
        one for one in broken.models if one.name not in kept or not kept[one.name].complete
    ]
    tools = find_tools(tla2tools, java)
    for number, one in enumerate(chosen, 1):
        before = kept.get(one.name) or _empty(one, asked[one.name])
        row = _searched(broken, one, asked[one.name], before, Search(tools, timeout, log=out / one.name))
        kept[one.name] = row
        # After each row, so that what was searched is kept when the next is stopped.
        write_records(folder, KILLS, (records | kept).values())
        screen.say(f"[{number}/{len(chosen)}] {one.name}: {_says(row)} after {row.seconds:.0f} s")
    complete = sum(row.complete for row in kept.values())
    typer.echo(f"{len(kept)} of {len(broken.models)} mutants have a row, {complete} a complete one")
    raise typer.Exit(Exit.HELD if len(kept) == len(broken.models) else Exit.UNKNOWN)


def _rows(kept: Mapping[str, KillRow], asked: Mapping[str, Asked]) -> dict[str, KillRow]:
    """The rows that are of the present specification, with the columns that are asked for now."""
    fitting = {name: asked[name].fits(row) for name, row in kept.items()}
    return {name: row for name, row in fitting.items() if row is not None}


def _empty(mutant: Model, asked: Asked) -> KillRow:
    return KillRow(name=mutant.name, sha256=asked.sha256, asked=asked.names, killed=())


def _searched(broken: Manifest, mutant: Model, asked: Asked, row: KillRow, search: Search) -> KillRow:
    """The row of a mutant, searched where it has left anything open; what was found stays found."""
    spec, logs = broken.folder.parent, f"{search.log}"
    notes: list[str] = []
    if not row.decides(asked.states):
        found = run_row(spec, broken, mutant, asked.states, evolve(search, log=Path(f"{logs}.tlc.txt")))
        row = _with_states(row, found)
        notes += [] if row.decides(asked.states) else [found.note]
    for column in asked.behaviours:
        if not row.decides([column.name]):
            log = Path(f"{logs}.{column.name}.tlc.txt")
            cell = run_cell(spec, broken, mutant, column, evolve(search, log=log))
            row = _with_cell(row, cell, asked.within[column.name][cell.model.name] if cell.model else None)
            notes += [] if row.decides([column.name]) else [f"{column.name}: {cell.note}"]
    return replace(row, note="; ".join(notes))


def _with_states(row: KillRow, found: Row) -> KillRow:
    killed = {*row.killed, *found.killed}
    counts = found.result.counts
    return replace(
        row,
        killed=tuple(name for name in row.asked if name in killed),
        held=tuple(name for name in row.asked if name in {*row.held, *found.held}),
        failed=tuple(name for name in row.asked if name in {*row.failed, *found.failed} - killed),
        distinct=counts.distinct,
        depth=counts.depth,
        seconds=round(found.result.seconds, 1),
        tlc=found.result.version or "",
    )


def _with_cell(row: KillRow, cell: Cell, within: Within | None) -> KillRow:
    decided = cell.killed or cell.held or cell.failed
    bounds = {cell.name: replace(within, distinct=cell.distinct)} if within and decided else {}
    return replace(
        row,
        within=row.within | bounds,
        killed=(*row.killed, cell.name) if cell.killed else row.killed,
        held=(*row.held, cell.name) if cell.held else row.held,
        failed=(*row.failed, cell.name) if cell.failed else row.failed,
        seconds=round(row.seconds + cell.seconds, 1),
    )


def _says(row: KillRow) -> str:
    ended = row.note or "complete"
    if row.failed:
        ended += f"; cannot be evaluated: {', '.join(row.failed)}"
    return f"{len(row.killed)} of {len(row.asked)} violated ({', '.join(row.killed) or 'none'}); {ended}"
