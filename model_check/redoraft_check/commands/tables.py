"""Results as tables on stdout, plain text when there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from redoraft_check.tlc.gate import Status

_COLORS = {
    Status.AS_EXPECTED: "green",
    Status.VIOLATED: "bold red",
    Status.DISAGREES: "red",
    Status.BROKEN: "red",
    Status.UNKNOWN: "yellow",
    Status.NOTHING: "yellow",
}


def counted(number: int, one: str, several: str = "") -> str:
    """A number and what is counted: "1 crash", "1,200 crashes"; `several` where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], statuses: Sequence[Status], *, no_color: bool
) -> None:
    """A table on stdout; `statuses` gives the colour of each row's last cell.  Nothing is ever cut off."""
    if not sys.stdout.isatty():
        typer.echo(plain_table(headers, rows))
        return
    from rich.console import Console  # noqa: PLC0415  (start-up stays quick)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    for row, status in zip(rows, statuses, strict=True):
        table.add_row(*(Text(cell) for cell in row[:-1]), Text(row[-1], style=_COLORS[status]))
    Console(no_color=no_color or None).print(table)


def plain_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    widths = [max(len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headers, *rows)
    ]
    return "\n".join(lines)
