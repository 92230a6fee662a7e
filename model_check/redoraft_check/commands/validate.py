"""`redoraft validate`: does the specification allow these recorded runs?"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.paths import spec_dir
from redoraft_check.report.traces import json_text, verdicts_junit, verdicts_text
from redoraft_check.tlc.result import Progress
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.minimize import minimize
from redoraft_check.validate.oracle_engine import OracleEngine, agreed
from redoraft_check.validate.refusals import explained
from redoraft_check.validate.verdict import Verdict


class EngineName(StrEnum):
    """Who judges."""

    TLC = "tlc"
    ORACLE = "oracle"
    BOTH = "both"


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("validate")(validate)


def validate(
    traces: Annotated[list[Path], typer.Argument(help="Trace files (.ndjson, .ndjson.zst).")],
    *,
    engine: Annotated[EngineName, typer.Option("--engine", help="Who judges.")] = EngineName.TLC,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each refused trace was refused (the oracle looks).")
    ] = False,
    shrink: Annotated[
        bool, typer.Option("--minimize", help="Shrink one refused trace (the oracle judges).")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where --minimize writes the short trace.")
    ] = None,
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
    if shrink or out is not None:
        if not shrink or out is None or len(traces) != 1:
            raise CliError(Exit.USAGE, "shrink one trace into another: --minimize --out FILE TRACE")
        short = minimize(traces[0], spec_dir(spec), lambda: find_tools(tla2tools, java), _shrinking(screen))
        short.write(out)
        screen.say(f"minimize: {short.before} events to {len(short.events)}, {short.runs} oracle runs: {out}")
        traces = [out]
    screen.say(f"validate: {len(traces)} trace(s), engine {engine.value}")
    folder = spec_dir(spec)

    def with_tlc() -> list[Verdict]:
        judge = Engine(
            spec=folder,
            tools=find_tools(tla2tools, java),
            workers=workers,
            timeout_s=timeout,
            heap_mb=heap,
            on_progress=_progress(screen),
        )
        return judge.validate(traces)

    def with_oracle() -> list[Verdict]:
        return OracleEngine(spec=folder, tools=lambda: find_tools(tla2tools, java)).validate(traces)

    judges: dict[EngineName, Callable[[], list[Verdict]]] = {
        EngineName.TLC: with_tlc,
        EngineName.ORACLE: with_oracle,
        EngineName.BOTH: lambda: agreed(with_oracle(), with_tlc()),
    }
    verdicts = judges[engine]()
    if explain:
        verdicts = explained(verdicts, folder, lambda: find_tools(tla2tools, java))
    renderers = {
        opt.Format.TEXT: verdicts_text,
        opt.Format.JSON: json_text,
        opt.Format.JUNIT: verdicts_junit,
    }
    typer.echo(renderers[format_](verdicts))
    code = worst(verdict.exit_code for verdict in verdicts)
    if code is not Exit.HELD:
        raise typer.Exit(int(code))


def _shrinking(screen: Screen) -> Callable[[int, int], None]:
    return lambda runs, left: screen.say(f"minimize: {runs} oracle runs, {left} events left")


def _progress(screen: Screen) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        screen.say(
            f"validate: {progress.seconds:.0f} s, {progress.distinct:,} states, depth {progress.depth:,}"
        )

    return report
