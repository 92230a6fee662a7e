"""`redoraft validate`: does the specification allow these recorded runs?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.paths import spec_dir
from redoraft_check.report.traces import json_text, verdicts_junit, verdicts_text
from redoraft_check.tlc.manifest import load_manifest
from redoraft_check.tlc.result import Progress
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.coverage import actions_taken, missing_actions
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.merging import validate_merged
from redoraft_check.validate.minimize import minimize
from redoraft_check.validate.oracle_engine import OracleEngine, agreed
from redoraft_check.validate.refusals import explained
from redoraft_check.validate.verdict import Status, Verdict


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
    required: Annotated[
        str | None,
        typer.Option("--require-actions", help="A,B: actions that some accepted trace must take, else 22."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="The files are one run, each with the events of some nodes.")
    ] = False,
    off: Annotated[
        list[str] | None,
        typer.Option("--off", help="Judge without this rule, for example H8; may be given repeatedly."),
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
    if merge and engine is not EngineName.ORACLE:
        raise CliError(Exit.USAGE, "--merge needs a search that TLC is not asked for; add --engine oracle")
    if merge and (explain or shrink or required is not None):
        raise CliError(Exit.USAGE, "--merge goes with none of --explain, --minimize, --require-actions")
    if off and (explain or shrink):
        raise CliError(Exit.USAGE, "--explain and --minimize are about all rules: leave out --off")
    screen = Screen(quiet=quiet, no_color=no_color)
    folder = spec_dir(spec)
    without = rules_off(folder, off or [])

    def tools() -> Tools:
        return find_tools(tla2tools, java)

    if shrink or out is not None:
        traces = [_shrunk(traces, out if shrink else None, folder, tools, screen)]
    screen.say(f"validate: {len(traces)} trace(s), engine {engine.value}")

    def with_tlc() -> list[Verdict]:
        judge = Engine(
            spec=folder,
            tools=tools(),
            workers=workers,
            timeout_s=timeout,
            heap_mb=heap,
            on_progress=_progress(screen),
            off=without,
        )
        return judge.validate(traces)

    def with_oracle() -> list[Verdict]:
        oracle = OracleEngine(spec=folder, tools=tools, off=without)
        return [validate_merged(traces, oracle).verdict] if merge else oracle.validate(traces)

    judges: dict[EngineName, Callable[[], list[Verdict]]] = {
        EngineName.TLC: with_tlc,
        EngineName.ORACLE: with_oracle,
        EngineName.BOTH: lambda: agreed(with_oracle(), with_tlc()),
    }
    verdicts = [_without(verdict, without) for verdict in judges[engine]()]
    if explain:
        verdicts = explained(verdicts, folder, tools)
    renderers = {
        opt.Format.TEXT: verdicts_text,
        opt.Format.JSON: json_text,
        opt.Format.JUNIT: verdicts_junit,
    }
    typer.echo(renderers[format_](verdicts))
    codes = [verdict.exit_code for verdict in verdicts]
    if required is not None:
        missing = missing_actions(required, actions_taken(verdicts, load_mapping(folder)))
        if missing:
            typer.echo(f"redoraft: no accepted trace takes {', '.join(missing)}", err=True)
            codes.append(Exit.NOTHING)
    code = worst(codes)
    if code is not Exit.HELD:
        raise typer.Exit(int(code))


def _without(verdict: Verdict, off: tuple[str, ...]) -> Verdict:
    """An acceptance without a rule is none of the specification's: it says so."""
    if not off or verdict.status is not Status.ACCEPTED:
        return verdict
    return evolve(verdict, reason=f"judged without {', '.join(off)}")


def rules_off(spec: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The rules of these names, as the specification writes them.  Raises CliError (2) for an unknown one."""
    if not names:
        return ()
    manifest = load_manifest(spec / "models")
    return tuple(manifest.rule(name).id for name in names)


def _shrunk(
    traces: list[Path], out: Path | None, spec: Path, tools: Callable[[], Tools], screen: Screen
) -> Path:
    """Where the short trace was written, which is then judged in the place of the long one."""
    if out is None or len(traces) != 1:
        raise CliError(Exit.USAGE, "shrink one trace into another: --minimize --out FILE TRACE")

    def report(runs: int, left: int) -> None:
        screen.say(f"minimize: {runs} oracle runs, {left} events left")

    short = minimize(traces[0], spec, tools, report)
    short.write(out)
    screen.say(f"minimize: {short.before} events to {len(short.events)}, {short.runs} oracle runs: {out}")
    return out


def _progress(screen: Screen) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        screen.say(
            f"validate: {progress.seconds:.0f} s, {progress.distinct:,} states, depth {progress.depth:,}"
        )

    return report
