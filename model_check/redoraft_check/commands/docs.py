"""`redoraft docs`: the pages that are made of the tree and of run records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.evidence.pages import PAGES, Source, load_source
from redoraft_check.evidence.recording import keep
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("docs")(docs)


def docs(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when a page is not of this tree.")
    ] = False,
    record: Annotated[
        list[Path] | None,
        typer.Option("--record", help="First keep the run record of this run.json in spec/records."),
    ] = None,
    of: Annotated[
        Path | None, typer.Option("--of", help="The specification those runs were of, if another copy.")
    ] = None,
    spec: opt.SpecOption = None,
    quiet: opt.QuietOption = False,
    no_color: opt.ColorOption = False,
) -> None:
    """Write docs/records.md, traceability.md, trust.md, kill-matrix.md and gate.md from the tree and run
    records."""
    folder = spec_dir(spec)
    source = load_source(folder)
    if not (source.tree.root / "docs").is_dir():
        raise CliError(Exit.USAGE, f"{source.tree.root}: there is no docs/ beside the specification")
    screen = Screen(quiet=quiet, no_color=no_color)
    for ran in record or ():
        screen.say(f"{ran}: {keep(folder, ran, of or folder)} runs kept")
    if check:
        _check(source)
        screen.say(f"{', '.join(PAGES)}: of this tree")
        return
    for name, page in PAGES.items():
        path = source.tree.root / "docs" / name
        text = page(source)
        path.write_text(text, encoding="utf-8")
        screen.say(f"{path.relative_to(source.tree.root)}: {len(text.splitlines())} lines")


def _check(source: Source) -> None:
    """Raises `CliError` (1) when a page is not what would be written."""
    old = [name for name, page in PAGES.items() if _written(source, name) != page(source)]
    if old:
        raise CliError(Exit.DISAGREES, f"not of this tree: {', '.join(old)}; run: redoraft docs")


def _written(source: Source, name: str) -> str:
    path: Path = source.tree.root / "docs" / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""
