"""`redoraft check`: TLC, or the oracle, on the models of the manifest, or on a module of your own."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from attrs import frozen

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import plain_table, print_table
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.json_file import write_json
from redoraft_check.oracle.check import run_oracle
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.report.junit import junit_xml
from redoraft_check.report.record import (
    Revision,
    combined_record,
    command_line,
    files_revision,
    run_record,
    spec_revision,
)
from redoraft_check.report.story import story_text, tell
from redoraft_check.tlc.definitions import module_files
from redoraft_check.tlc.distributed import LOOPBACK
from redoraft_check.tlc.manifest import Manifest, Model, disagreements, load_manifest, orphans, unlisted
from redoraft_check.tlc.result import VIOLATIONS
from redoraft_check.tlc.runner import Simulation, library_of
from redoraft_check.tlc.session import Backend, Limits, ModelRun, Task, file_task, manifest_tasks, run_tasks
from redoraft_check.tlc.tools import Tools, find_tools

_TABLE = ("model", "expected", "got", "distinct", "depth", "seconds", "verdict")


@frozen
class _Request:
    """One `redoraft check`, as asked for."""

    spec: Path
    limits: Limits
    out: Path
    format: opt.Format
    screen: Screen
    verbose: bool
    names: tuple[str, ...]
    repeat: tuple[str, ...]
    backend: opt.Backend = opt.Backend.TLC


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("check", no_args_is_help=False)(check)


def check(
    models: Annotated[
        list[str] | None, typer.Argument(help="Model names or globs, or .tla files; all models by default.")
    ] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="List the models and stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and stop.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Also the models that take long.")] = False,
    mutants: Annotated[bool, typer.Option("--mutants", help="The models of mutants/ instead.")] = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="The .cfg for a .tla file, if not beside it.")
    ] = None,
    deadlock: Annotated[
        bool, typer.Option("--deadlock/--no-deadlock", help="For a .tla file: is a deadlock an error?")
    ] = True,
    simulate: Annotated[
        int | None, typer.Option("--simulate", min=1, help="This many random behaviours per worker instead.")
    ] = None,
    depth: Annotated[int, typer.Option("--depth", min=1, help="States per simulated behaviour.")] = 100,
    seed: Annotated[int | None, typer.Option("--seed", help="TLC's seed for --simulate.")] = None,
    distributed: Annotated[
        int, typer.Option("--distributed", min=0, help="TLC's own server and this many worker processes.")
    ] = 0,
    host: Annotated[
        str, typer.Option("--host", help="Address of this machine for workers that join --distributed.")
    ] = LOOPBACK,
    backend: opt.BackendOption = opt.Backend.TLC,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Models at a time; they share the cores.")] = 1,
    workers: opt.WorkersOption = 0,
    timeout: opt.TimeoutOption = None,
    heap: opt.HeapOption = None,
    format_: opt.FormatOption = opt.Format.TEXT,
    out: opt.OutOption = Path("out/check"),
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    quiet: opt.QuietOption = False,
    verbose: opt.VerboseOption = False,
    no_color: opt.ColorOption = False,
) -> None:
    """Check models with TLC: repaired ones must hold, as-written ones must fail as the manifest says."""
    if simulate is not None and distributed:
        raise CliError(Exit.USAGE, "--simulate and --distributed exclude each other")
    if backend is opt.Backend.ORACLE and (simulate is not None or distributed or workers or heap):
        raise CliError(Exit.USAGE, "--simulate, --distributed, --workers and --heap are for --backend tlc")
    if jobs > 1 and (distributed or backend is opt.Backend.ORACLE):
        raise CliError(Exit.USAGE, "--jobs is for TLC on this machine: leave out --distributed and --backend")
    if seed is not None and simulate is None:
        raise CliError(Exit.USAGE, "--seed is for --simulate N: TLC's search of all states has no dice")
    names = tuple(models or ())
    if config is not None and not any(name.endswith(".tla") for name in names):
        raise CliError(Exit.USAGE, "--config is for a .tla file: a model of the manifest has its own")
    simulation = Simulation(simulate, depth, seed) if simulate is not None else None
    limits = Limits(workers, timeout, heap, simulation, distributed, host, jobs)
    request = _Request(
        spec=spec_dir(spec),
        limits=limits,
        out=out,
        format=format_,
        screen=Screen(quiet=quiet, no_color=no_color),
        verbose=verbose,
        names=names,
        repeat=_repeat(limits, spec, config, backend, {"--mutants": mutants, "--no-deadlock": not deadlock}),
        backend=backend,
    )
    if any(name.endswith(".tla") for name in names):
        library = library_dirs(request.spec)
        tasks = tuple(file_task(Path(n), config, library, limits, check_deadlock=deadlock) for n in names)
    else:
        manifest = load_manifest(request.spec / ("mutants" if mutants else "models"))
        chosen = manifest.select(names, deep=deep)
        if list_:
            _print_list(manifest, chosen, format_)
            return
        tasks = _tasks(request, manifest, chosen, named=bool(names))
    if dry_run:
        _print_plan(tasks)
        return
    if backend is opt.Backend.ORACLE:
        raise typer.Exit(
            _run(request, tasks, None, partial(run_oracle, tools=partial(find_tools, tla2tools, java)))
        )
    raise typer.Exit(_run(request, tasks, find_tools(tla2tools, java)))


def _tasks(
    request: _Request, manifest: Manifest, models: tuple[Model, ...], *, named: bool
) -> tuple[Task, ...]:
    limits = request.limits
    if limits.simulation is not None:
        models = tuple(model for model in models if model.holds)
    tasks = manifest_tasks(manifest, models, library_dirs(request.spec), limits)
    for task in tasks:
        extra = unlisted(task.model, task.config) if task.model else ()
        if extra and task.model and task.model.holds:
            request.screen.say(f"note: {task.name}: not in its manifest entry: {', '.join(extra)}")
    if not named and (lost := orphans(manifest)):
        request.screen.say(f"note: no model uses {', '.join(lost)}")
    return tasks


def _run(
    request: _Request, tasks: tuple[Task, ...], tools: Tools | None, checker: Backend | None = None
) -> Exit:
    screen = request.screen
    request.out.mkdir(parents=True, exist_ok=True)
    for warning in tools.warnings if tools else ():
        screen.say(f"warning: {warning}")
    revision = _revision(request, tasks)
    runs: list[ModelRun] = []
    records: list[dict[str, object]] = []
    command = command_line("check", *request.names, *request.repeat)
    finished = False
    try:
        with screen.running():
            ran = run_tasks(tasks, tools, request.limits, screen.hooks(), request.out, backend=checker)
            for run in ran:
                runs.append(run)
                again = command_line("check", *_words(run.task), *request.repeat)
                records.append(run_record(run, revision, tools, again))
                write_json(request.out / f"{run.task.name}.json", records[-1])
        finished = True
    finally:
        in_order = {task.name: place for place, task in enumerate(tasks)}
        runs.sort(key=lambda run: in_order[run.task.name])
        records.sort(key=lambda record: in_order[str(record["model"])])
        code = worst(run.verdict.exit_code for run in runs)
        combined = combined_record(
            records, code if finished else Exit.INTERRUPTED, command, interrupted=not finished
        )
        write_json(request.out / "run.json", combined)
    _PRINTERS[request.format](request, runs, combined, revision)
    return code


def _revision(request: _Request, tasks: tuple[Task, ...]) -> Revision:
    """Of the specification, or of the files that were named."""
    alone = [task.job for task in tasks if task.model is None]
    if not alone:
        return spec_revision(request.spec)
    modules = [path for job in alone for path in module_files(job.module, library_of(job))]
    return files_revision([*modules, *(job.config for job in alone)])


def _words(task: Task) -> tuple[str, ...]:
    """How one task is named on the command line."""
    if task.model is not None:
        return (task.name,)
    return (task.job.module.name, "--config", task.job.config.name)


def _repeat(
    limits: Limits, spec: Path | None, config: Path | None, backend: opt.Backend, flags: dict[str, bool]
) -> tuple[str, ...]:
    """The options that matter for repeating a run."""
    simulation = limits.simulation
    pairs: tuple[tuple[str, object], ...] = (
        ("--backend", backend.value if backend is not opt.Backend.TLC else None),
        ("--jobs", limits.jobs if limits.jobs > 1 else None),
        ("--workers", limits.workers or None),
        ("--heap", limits.heap_mb),
        ("--timeout", None if limits.timeout_s is None else f"{limits.timeout_s:g}"),
        ("--simulate", simulation.behaviours if simulation else None),
        ("--depth", simulation.depth if simulation else None),
        ("--seed", simulation.seed if simulation else None),
        ("--distributed", limits.distributed or None),
        ("--config", config),
        ("--spec", spec),
    )
    given = [word for name, value in pairs if value is not None for word in (name, str(value))]
    return (*(name for name, wanted in flags.items() if wanted), *given)


# --- printing ----------------------------------------------------------------------------------------


def _print_text(
    request: _Request, runs: list[ModelRun], combined: dict[str, object], revision: Revision
) -> None:
    if runs:
        statuses = [run.verdict.status for run in runs]
        print_table(_TABLE, [_row(run) for run in runs], statuses, no_color=request.screen.no_color)
    for run in runs:
        for line in (*run.verdict.reasons, *(f"note: {note}" for note in run.verdict.notes)):
            typer.echo(f"{run.task.name}: {line}")
    for run in runs:
        story = tell(run.result, run.task.config.constants) if run.result else None
        if story is not None and (request.verbose or not run.verdict.ok):
            typer.echo(f"\n{run.task.name}: {story_text(story)}")
        if run.result is not None and not run.verdict.ok:
            for error in run.result.errors:
                typer.echo(f"\n{run.task.name}: {_SPEAKERS[request.backend]} says:\n{error}")
    fine = sum(run.verdict.ok for run in runs)
    if not runs:
        typer.echo("nothing was checked: no model was chosen")
    typer.echo(
        f"\n{fine} of {len(runs)} as expected; exit code {combined['exit_code']} ({combined['verdict']})"
    )
    revised = f", git {revision.git[:12]}{'+' if revision.modified else ''}" if revision.git else ""
    typer.echo(f"specification {revision.sha256[:16]}{revised}")
    typer.echo(f"repeat with: {combined['command']}")


def _print_json(_: _Request, _runs: list[ModelRun], combined: dict[str, object], _revision: Revision) -> None:
    typer.echo(json.dumps(combined, indent=2, ensure_ascii=False))


def _print_junit(_: _Request, runs: list[ModelRun], _combined: dict[str, object], _r: Revision) -> None:
    sys.stdout.write(junit_xml(runs))


_SPEAKERS = {opt.Backend.TLC: "TLC", opt.Backend.ORACLE: "the oracle"}

_PRINTERS = {
    opt.Format.TEXT: _print_text,
    opt.Format.JSON: _print_json,
    opt.Format.JUNIT: _print_junit,
}


def _row(run: ModelRun) -> tuple[str, ...]:
    result = run.result
    counts = result.counts if result else None
    return (
        run.task.name,
        run.task.expected,
        _got(run),
        _number(counts.distinct if counts else None),
        _number(counts.depth if counts else None),
        f"{run.seconds:.1f}",
        run.verdict.status.value,
    )


def _got(run: ModelRun) -> str:
    result = run.result
    if result is None:
        return "not run"
    if result.outcome in VIOLATIONS and result.property_name:
        return f"{result.outcome.value}: {result.property_name}"
    return result.outcome.value


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _print_list(manifest: Manifest, models: tuple[Model, ...], format_: opt.Format) -> None:
    if format_ is opt.Format.JSON:
        fields = (
            "name",
            "module",
            "config",
            "expect",
            "violates",
            "off",
            "distinct",
            "depth",
            "deep",
            "summary",
        )
        listed = [{name: getattr(model, name) for name in fields} for model in models]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    rows = [
        (
            model.name,
            f"{model.expect}: {model.violates}" if model.violates else model.expect,
            ",".join(model.off) or "-",
            _number(model.distinct),
            "deep" if model.deep else "",
            model.summary,
        )
        for model in models
    ]
    if rows:
        typer.echo(plain_table(("model", "expected", "off", "distinct", "", "shows"), rows))
    hidden = sum(model.deep for model in manifest.models) - sum(model.deep for model in models)
    typer.echo(f"\n{len(models)} models" + (f"; {hidden} more with --deep" if hidden else ""))


def _print_plan(tasks: tuple[Task, ...]) -> None:
    for task in tasks:
        job = task.job
        flags = [f"-workers {job.workers}", *([] if job.check_deadlock else ["-deadlock"])]
        typer.echo(f"{task.name}: TLC {' '.join(flags)} -config {job.config.name} {job.module.name}")
        typer.echo(f"    expect {task.expected}")
        for complaint in disagreements(task.model, task.config) if task.model else ():
            typer.echo(f"    RED before it runs: {complaint}")
    typer.echo(f"\n{len(tasks)} models would be run")
