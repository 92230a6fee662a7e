"""`redoraft validate`: does the specification allow these recorded runs?"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.paths import spec_dir
from redoraft_check.report.traces import verdicts_json, verdicts_junit, verdicts_text
from redoraft_check.tlc.result import Progress
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine


class EngineName(StrEnum):
    """Who judges."""

    TLC = "tlc"


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("validate")(validate)


def validate(
    traces: Annotated[list[Path], typer.Argument(help="Trace files (.ndjson, .ndjson.zst).")],
    *,
    engine: Annotated[EngineName, typer.Option("--engine", help="Who judges.")] = EngineName.TLC,
    workers: opt.WorkersOption = 0,
    timeout: opt.TimeoutOption = None,
    heap: opt.HeapOption = None,
    format_: opt.FormatOption = opt.Format.TEXT,
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    quiet: opt.QuietOption = False,
    verbose: opt.VerboseOption = False,  # noqa: ARG001  (read by main, for tracebacks)
    no_color: opt.ColorOption = False,
) -> None:
    """Accept a trace, or name the first event that the specification does not allow.

    Exit codes: 0 all accepted, 21 one refused, 65 one unreadable, 22 nothing to check, 20 unknown.
    """
    screen = Screen(quiet=quiet, no_color=no_color)
    screen.say(f"validate: {len(traces)} trace(s), engine {engine.value}")
    judge = Engine(
        spec=spec_dir(spec),
        tools=find_tools(tla2tools, java),
        workers=workers,
        timeout_s=timeout,
        heap_mb=heap,
        on_progress=_progress(screen),
    )
    verdicts = judge.validate(_existing(traces))
    renderers = {
        opt.Format.TEXT: verdicts_text,
        opt.Format.JSON: lambda all_: json.dumps(verdicts_json(all_), indent=2, ensure_ascii=False),
        opt.Format.JUNIT: verdicts_junit,
    }
    typer.echo(renderers[format_](verdicts))
    code = worst(verdict.exit_code for verdict in verdicts)
    if code is not Exit.HELD:
        raise typer.Exit(int(code))


def _existing(traces: list[Path]) -> list[Path]:
    for path in traces:
        if not path.is_file():
            raise CliError(Exit.BAD_INPUT, f"{path}: no such trace file")
    return traces


def _progress(screen: Screen) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        screen.say(
            f"validate: {progress.seconds:.0f} s, {progress.distinct:,} states, depth {progress.depth:,}"
        )

    return report
