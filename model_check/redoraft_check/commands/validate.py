"""`redoraft validate`: does the specification allow these recorded runs?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from attrs import evolve

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.paths import spec_dir
from redoraft_check.report.traces import json_text, printable, verdicts_json, verdicts_junit, verdicts_text
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.oracle_engine import OracleEngine, agreed
from redoraft_check.validate.verdict import Status, Verdict

if TYPE_CHECKING:
    from redoraft_check.tlc.result import Progress
    from redoraft_check.validate.branches import Exercised
    from redoraft_check.validate.visited import Visited


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
    following: Annotated[
        bool, typer.Option("--follow", help="Judge one trace while it is written; Ctrl-C ends it.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which actions and branches accepted traces have taken.")
    ] = False,
    coverage_model: Annotated[
        str | None,
        typer.Option("--coverage-model", help="MODEL: also the share of its states that they have visited."),
    ] = None,
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
    coverage = coverage or coverage_model is not None
    for wrong, said in (
        (
            merge and engine is not EngineName.ORACLE,
            "--merge needs a search that TLC is not asked for; add --engine oracle",
        ),
        (
            merge and (explain or shrink or required is not None),
            "--merge goes with none of --explain, --minimize, --require-actions",
        ),
        (
            bool(off) and (explain or shrink),
            "--explain and --minimize are about all rules: leave out --off",
        ),
        (
            coverage and (merge or bool(off) or format_ is opt.Format.JUNIT),
            "--coverage goes with none of --merge, --off, --format junit",
        ),
        (
            following and (engine is not EngineName.ORACLE or len(traces) != 1),
            "--follow takes one trace, and the oracle: add --engine oracle",
        ),
        (
            following and (merge or shrink or coverage or required is not None),
            "--follow goes with none of --merge, --minimize, --coverage, --require-actions",
        ),
        (
            following and traces[0].suffix == ".zst",
            "--follow reads plain files: a compressed line ends nowhere; write .ndjson",
        ),
    ):
        if wrong:
            raise CliError(Exit.USAGE, said)
    screen = Screen(quiet=quiet, no_color=no_color)
    folder = spec_dir(spec)
    without = rules_off(folder, off or [])

    def tools() -> Tools:
        return find_tools(tla2tools, java)

    _not_taken(required, (), folder)
    if shrink or out is not None:
        traces = [_shrunk(traces, out if shrink else None, folder, tools, screen)]
    screen.say(f"validate: {len(traces)} trace(s), engine {engine.value}")

    def with_tlc() -> list[Verdict]:
        from redoraft_check.validate.engine import Engine

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
        if following:
            from redoraft_check.validate.follow import follow

            return [follow(traces[0], oracle, screen.say, timeout)]
        if merge:
            from redoraft_check.validate.merging import validate_merged

            return [validate_merged(traces, oracle).verdict]
        return oracle.validate(traces)

    judges: dict[EngineName, Callable[[], list[Verdict]]] = {
        EngineName.TLC: with_tlc,
        EngineName.ORACLE: with_oracle,
        EngineName.BOTH: lambda: agreed(with_oracle(), with_tlc()),
    }
    verdicts = [_without(verdict, without) for verdict in judges[engine]()]
    if explain:
        from redoraft_check.validate.refusals import explained

        verdicts = explained(verdicts, folder, tools)
    covered: tuple[Exercised, Visited | None] | None = None
    if coverage:
        covered = _covered(verdicts, coverage_model, OracleEngine(spec=folder, tools=tools), screen)
    _print(verdicts, covered, format_)
    codes = [verdict.exit_code for verdict in verdicts]
    if missing := _not_taken(required, verdicts, folder):
        typer.echo(f"redoraft: no accepted trace takes {', '.join(missing)}", err=True)
        codes.append(Exit.NOTHING)
    code = worst(codes)
    if code is not Exit.HELD:
        raise typer.Exit(int(code))


def _not_taken(required: str | None, verdicts: Sequence[Verdict], spec: Path) -> list[str]:
    """The required actions that no accepted trace takes.  Raises CliError (2) for an unknown one."""
    if required is None:
        return []
    from redoraft_check.validate.coverage import actions_taken, missing_actions

    return missing_actions(required, actions_taken(verdicts, load_mapping(spec)))


def _print(
    verdicts: list[Verdict], covered: tuple[Exercised, Visited | None] | None, format_: opt.Format
) -> None:
    if covered is not None and format_ is opt.Format.JSON:
        from redoraft_check.report.coverage import coverage_json

        typer.echo(printable({"traces": verdicts_json(verdicts), "coverage": coverage_json(*covered)}))
        return
    typer.echo(_RENDERERS[format_](verdicts))
    if covered is not None:
        from redoraft_check.report.coverage import coverage_text

        typer.echo(coverage_text(*covered))


_RENDERERS: Final = {
    opt.Format.TEXT: verdicts_text,
    opt.Format.JSON: json_text,
    opt.Format.JUNIT: verdicts_junit,
}


def _covered(
    verdicts: list[Verdict], model: str | None, engine: OracleEngine, screen: Screen
) -> tuple[Exercised, Visited | None]:
    """What the accepted traces have taken of the specification, and of a model's states."""
    from redoraft_check.validate.branches import exercised
    from redoraft_check.validate.visited import reachable

    visited = reachable(model, engine, screen.say) if model is not None else None
    return exercised(verdicts, engine, visited.add if visited is not None else None, screen.say), visited


def _without(verdict: Verdict, off: tuple[str, ...]) -> Verdict:
    """An acceptance without a rule is none of the specification's: it says so."""
    if not off or verdict.status is not Status.ACCEPTED:
        return verdict
    return evolve(verdict, reason=f"judged without {', '.join(off)}")


def rules_off(spec: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The rules of these names, as the specification writes them.  Raises CliError (2) for an unknown one."""
    if not names:
        return ()
    from redoraft_check.tlc.manifest import load_manifest

    manifest = load_manifest(spec / "models")
    return tuple(dict.fromkeys(manifest.rule(name).id for name in names))


def _shrunk(
    traces: list[Path], out: Path | None, spec: Path, tools: Callable[[], Tools], screen: Screen
) -> Path:
    """Where the short trace was written, which is then judged in the place of the long one."""
    if out is None or len(traces) != 1:
        raise CliError(Exit.USAGE, "shrink one trace into another: --minimize --out FILE TRACE")

    def report(runs: int, left: int) -> None:
        screen.say(f"minimize: {runs} oracle runs, {left} events left")

    from redoraft_check.validate.minimize import minimize

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
