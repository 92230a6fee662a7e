"""`redoraft findings`: the page of all holes, from recorded counterexamples; and recording them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.counterexample.recorded import Kept, recorded, write_recorded
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.report.findings import AGAIN, Source, load_source, page, stale
from redoraft_check.tlc.session import Limits, ModelRun, manifest_tasks, run_tasks
from redoraft_check.tlc.tools import find_tools

PAGE = Path("docs/findings.md")


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("findings")(findings)


def findings(
    rules: Annotated[
        list[str] | None, typer.Argument(help="With --record: these rules, not the stale.")
    ] = None,
    *,
    record: Annotated[
        bool, typer.Option("--record", help="Run TLC and record the counterexamples first.")
    ] = False,
    page_: Annotated[Path, typer.Option("--page", help="The page to write.")] = PAGE,
    timeout: opt.TimeoutOption = None,
    heap: opt.HeapOption = None,
    out: opt.OutOption = Path("out/findings"),
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    quiet: opt.QuietOption = False,
    no_color: opt.ColorOption = False,
) -> None:
    """Write the page of all holes from the recorded counterexamples, or record those that are stale."""
    folder = spec_dir(spec)
    source = load_source(folder)
    screen = Screen(quiet=quiet, no_color=no_color)
    if rules and not record:
        raise CliError(Exit.USAGE, "rules are named to be recorded: add --record")
    page_.parent.mkdir(parents=True, exist_ok=True)
    if record:
        chosen = rules or [rule.id for rule, _ in stale(source)]
        named = (source.manifest.rule(rule).refuting for rule in chosen)
        models = tuple(dict.fromkeys(name for names in named for name in names))
        tools = find_tools(tla2tools, java)
        # One worker searches in order, so its counterexample is a shortest one and the same every time.
        limits = Limits(1, timeout, heap)
        tasks = manifest_tasks(
            source.manifest, [source.manifest.model(name) for name in models], source.library, limits
        )
        tasks = tuple(evolve(task, job=evolve(task.job, workers=1)) for task in tasks)
        with screen.running():
            for run in run_tasks(tasks, tools, limits, screen.hooks(), out):
                _record(source, run, screen)
    old = [rule.id for rule, _ in stale(source)]
    if old:
        screen.say(f"warning: not of the present specification: {', '.join(old)}; run: {AGAIN}")
    page_.write_text(page(source), encoding="utf-8")
    screen.say(f"{page_}: {len(source.manifest.rules)} rules")


def _record(source: Source, run: ModelRun, screen: Screen) -> None:
    """Raises CliError (20) when the run did not refute what it must, or a step is not found again."""
    model, result = run.task.model, run.result
    assert model is not None, "tasks of a manifest have their model"
    if result is None or not run.verdict.ok:
        reasons = "; ".join(run.verdict.reasons)
        raise CliError(Exit.UNKNOWN, f"{model.name}: not recorded: {run.verdict.status.value}: {reasons}")
    words = source.words.of(model.module)
    if words is None:
        raise CliError(Exit.BAD_INPUT, f"{model.module}: write its sentences into spec/stories.toml first")
    kept = Kept(run.task.config, source.library, words)
    found = recorded(source.manifest, model, result, run.task.config.constants, kept)
    screen.say(f"{write_recorded(source.spec, found)}: {len(found.arguments)} steps")
