"""`redoraft matrix`: every mutant of the specification against every property."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.counterexample.recorded import model_hash
from redoraft_check.evidence.records import KILLS, KillRow, read_records, write_records
from redoraft_check.exits import Exit
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.tlc.manifest import Manifest, Model, load_manifest
from redoraft_check.tlc.matrix import Row, Search, properties_of, run_row
from redoraft_check.tlc.tools import find_tools


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("matrix")(matrix)


def matrix(
    mutants: Annotated[
        list[str] | None, typer.Argument(help="Mutants; by default those without a complete row.")
    ] = None,
    *,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds for each mutant.")] = 120,
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
    kept = read_records(folder, KILLS, KillRow)
    hashes = {one.name: model_hash(broken, one, library) for one in broken.models}
    chosen = [broken.model(name) for name in mutants or ()] or [
        one for one in broken.models if not _is_done(kept.get(one.name), hashes[one.name])
    ]
    tools = find_tools(tla2tools, java)
    for number, one in enumerate(chosen, 1):
        asked = properties_of(models, broken, one, library)
        search = Search(tools, timeout, log=out / f"{one.name}.tlc.txt")
        row = run_row(folder, broken, one, asked, search)
        before = kept.get(one.name)
        kept[one.name] = _record(one, row, hashes[one.name], before)
        # After each row, so that what was searched is kept when the next is stopped.
        write_records(folder, KILLS, _present(kept, broken))
        screen.say(
            f"[{number}/{len(chosen)}] {one.name}: {_says(kept[one.name])} after {row.result.seconds:.0f} s"
        )
    typer.echo(f"{len(_present(kept, broken))} of {len(broken.models)} mutants have a row")
    raise typer.Exit(Exit.HELD if len(_present(kept, broken)) == len(broken.models) else Exit.UNKNOWN)


def _is_done(row: KillRow | None, sha256: str) -> bool:
    return row is not None and row.sha256 == sha256 and row.complete


def _present(kept: dict[str, KillRow], manifest: Manifest) -> list[KillRow]:
    names = {one.name for one in manifest.models}
    return [row for name, row in kept.items() if name in names]


def _record(mutant: Model, row: Row, sha256: str, before: KillRow | None) -> KillRow:
    """What a shorter search of the same files has found before stays found."""
    old = frozenset(before.killed) if before is not None and before.sha256 == sha256 else frozenset()
    killed = tuple(name for name in row.asked if name in row.killed or name in old)
    counts = row.result.counts
    kept = KillRow(
        name=mutant.name,
        sha256=sha256,
        asked=row.asked,
        killed=killed,
        held=row.held,
        failed=tuple(name for name in row.failed if name not in killed),
        distinct=counts.distinct,
        depth=counts.depth,
        seconds=round(row.result.seconds, 1),
        tlc=row.result.version or "",
    )
    return kept if kept.complete else replace(kept, note=row.note)


def _says(row: KillRow) -> str:
    ended = row.note or "complete"
    if row.failed:
        ended += f"; cannot be evaluated: {', '.join(row.failed)}"
    return f"{len(row.killed)} of {len(row.asked)} violated ({', '.join(row.killed) or 'none'}); {ended}"
