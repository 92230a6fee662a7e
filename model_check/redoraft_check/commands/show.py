"""`redoraft show`: a trace as text, as a Mermaid sequence diagram, or as a page."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

import typer

from redoraft_check.commands import options as opt
from redoraft_check.exits import CliError, Exit
from redoraft_traces import TraceError, TraceReader
from redoraft_traces.diagram import Row, mermaid, rows, text
from redoraft_traces.page import page


class View(StrEnum):
    """How a trace is shown."""

    TEXT = "text"
    MERMAID = "mermaid"
    HTML = "html"


MOST: Final = {View.MERMAID: 200, View.HTML: 2_000}
"""Events that are drawn unless --to says otherwise: more are no picture."""


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("show")(show)


def show(
    trace: Annotated[Path, typer.Argument(help="A trace (.ndjson, .ndjson.zst).")],
    *,
    view: Annotated[View, typer.Option("--format", help="How to show it.")] = View.TEXT,
    first: Annotated[int, typer.Option("--from", min=1, help="The first event to show.")] = 1,
    last: Annotated[int | None, typer.Option("--to", min=1, help="The last event to show.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write there, not on stdout.")] = None,
    quiet: opt.QuietOption = False,
) -> None:
    """Show what happened in a trace; nothing is judged."""
    if last is not None and last < first:
        raise CliError(Exit.USAGE, f"--from {first} is behind --to {last}")
    upto = last if last is not None or view not in MOST else first + MOST[view] - 1
    try:
        with TraceReader(trace) as reader:
            shown = _from_the_first(rows((event for _, event in reader), first, upto), first, trace)
            nodes = reader.header.nodes
            _put(_lines(view, trace, nodes, shown, reader.header.source), out)
            more = last is None and upto is not None and next(iter(reader), None) is not None
    except TraceError as error:
        raise CliError(Exit.BAD_INPUT, str(error)) from None
    if more and not quiet:
        typer.echo(f"{trace}: events {first} to {upto}; choose others with --from and --to", err=True)


def _from_the_first(shown: Iterator[Row], first: int, trace: Path) -> Iterator[Row]:
    """The same rows; CliError (2) if a first one was asked for and is not there."""
    row = next(shown, None)
    if row is None and first > 1:
        raise CliError(Exit.USAGE, f"--from {first}: {trace} has fewer events; begin with one that it has")
    return iter(()) if row is None else chain([row], shown)


def _lines(view: View, path: Path, nodes: list[str], shown: Iterator[Row], note: str) -> Iterator[str]:
    if view is View.TEXT:
        yield from (line + "\n" for line in text(shown))
    elif view is View.MERMAID:
        yield mermaid(nodes, shown)
    else:
        yield page(path.name, nodes, list(shown), note)


def _put(parts: Iterator[str], out: Path | None) -> None:
    if out is None:
        for part in parts:
            typer.echo(part, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", encoding="utf-8") as file:
            file.writelines(parts)
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{out}: cannot be written: {error.strerror}") from None
