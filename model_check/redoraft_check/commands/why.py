"""`redoraft why RULE`: switch one rule off and tell what goes wrong, and what the repair is."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve, frozen

from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import plain_table
from redoraft_check.counterexample.behaviour import from_tlc, write_rule_scenario, write_trace
from redoraft_check.counterexample.itf import write_itf
from redoraft_check.counterexample.recorded import Kept, recorded
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.json_file import write_json
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.report.record import command_line, run_record, spec_revision
from redoraft_check.report.retelling import Retelling, plain_steps, sequence_diagram
from redoraft_check.report.story import Story, story_dict, story_markdown, story_text, tell
from redoraft_check.report.story_mermaid import story_mermaid
from redoraft_check.report.words import FILE, load_words
from redoraft_check.tlc.definitions import Definition, definitions
from redoraft_check.tlc.manifest import Manifest, Rule, load_manifest
from redoraft_check.tlc.session import Limits, ModelRun, manifest_tasks, run_tasks
from redoraft_check.tlc.tools import find_tools


class StoryFormat(StrEnum):
    """What stdout gets."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    MERMAID = "mermaid"


@frozen
class _Answer:
    """Everything that is told of a rule."""

    rule: Rule
    refuted: ModelRun
    story: Story | None
    violated: Definition | None
    retelling: Retelling | None
    repaired: ModelRun | None = None

    @property
    def exit_code(self) -> Exit:
        return worst(run.verdict.exit_code for run in (self.refuted, self.repaired) if run is not None)


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("why")(why)


def why(
    rule: Annotated[str | None, typer.Argument(help="The rule to switch off, for example H8.")] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="List the rules and stop.")] = False,
    repaired: Annotated[
        bool, typer.Option("--repaired/--no-repaired", help="Also run the model with the rule on.")
    ] = True,
    format_: Annotated[
        StoryFormat, typer.Option("--format", help="What to print on stdout.")
    ] = StoryFormat.TEXT,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="Write the counterexample for redoraft replay (TOML)."),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", help="Write it as a trace (.ndjson, .ndjson.zst), which is refused."),
    ] = None,
    itf: Annotated[
        Path | None, typer.Option("--itf", help="Write its states in Informal Trace Format (.itf.json).")
    ] = None,
    workers: opt.WorkersOption = 0,
    timeout: opt.TimeoutOption = None,
    heap: opt.HeapOption = None,
    out: opt.OutOption = Path("out/why"),
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    quiet: opt.QuietOption = False,
    verbose: opt.VerboseOption = False,  # noqa: ARG001  (read by main, for tracebacks)
    no_color: opt.ColorOption = False,
) -> None:
    """Switch one rule off and tell the story of what goes wrong, with the repair that stops it."""
    folder = spec_dir(spec)
    manifest = load_manifest(folder / "models")
    if list_:
        _print_list(manifest, format_)
        return
    if rule is None:
        known = ", ".join(found.id for found in manifest.rules) or "none"
        raise CliError(Exit.USAGE, f"name a rule; there are: {known}")
    screen = Screen(quiet=quiet, no_color=no_color)
    chosen = manifest.rule(rule)
    refuting = chosen.drivable if scenario or trace else chosen.model
    names = [refuting, *([chosen.repaired] if repaired and chosen.repaired else [])]
    library = library_dirs(folder)
    limits = Limits(workers, timeout, heap)
    tasks = list(manifest_tasks(manifest, [manifest.model(name) for name in names], library, limits))
    # One worker searches in order, so its counterexample is a shortest one and the same every time.
    tasks[0] = evolve(tasks[0], job=evolve(tasks[0].job, workers=1))
    tools = find_tools(tla2tools, java)
    for warning in tools.warnings:
        screen.say(f"warning: {warning}")
    out.mkdir(parents=True, exist_ok=True)
    revision = spec_revision(folder)
    command = command_line("why", chosen.id, *(["--spec", str(spec)] if spec else []))
    runs = run_tasks(tasks, tools, limits, screen.hooks(), out)

    def noted(run: ModelRun) -> ModelRun:
        write_json(out / f"{run.task.name}.json", run_record(run, revision, tools, command))
        return run

    with screen.running():
        refuted = noted(next(runs))
    _write_files(chosen, refuted, _Files(scenario, trace, itf), screen)
    answer = _answer(chosen, refuted, library, _retelling(manifest, refuted, folder, screen))
    printer = _PRINTERS[format_]
    printer.story(answer)
    with screen.running():
        for run in runs:
            answer = evolve(answer, repaired=noted(run))
    printer.repaired(answer)
    raise typer.Exit(answer.exit_code)


@frozen
class _Files:
    """Where the counterexample is to be written."""

    scenario: Path | None
    trace: Path | None
    itf: Path | None


def _write_files(rule: Rule, run: ModelRun, files: _Files, screen: Screen) -> None:
    """Raises CliError (20) if nothing was refuted to be written, (65) if it cannot become that file."""
    wanted = [path for path in (files.scenario, files.trace, files.itf) if path is not None]
    if not wanted:
        return
    result = run.result
    if result is None or result.counterexample is None or not run.verdict.ok:
        raise CliError(Exit.UNKNOWN, f"{wanted[0]}: not written: {run.task.name} gave no counterexample")
    behaviour = from_tlc(result.counterexample, run.task.config.constants)
    violates = result.property_name or ""
    source = command_line("why", rule.id)
    if files.scenario:
        steps = write_rule_scenario(
            files.scenario, behaviour, rule, model=run.task.name, violates=violates, source=source
        )
        screen.say(f"{files.scenario}: {steps} steps; take them with: redoraft replay {files.scenario}")
    if files.trace:
        events = write_trace(files.trace, behaviour, f"{source} (model {run.task.name}, violates {violates})")
        screen.say(f"{files.trace}: {events} events; judge it with: redoraft validate {files.trace}")
    if files.itf:
        write_itf(files.itf, behaviour, f"{run.task.name} violates {violates}")
        screen.say(f"{files.itf}: {len(behaviour.states)} states")


def _retelling(manifest: Manifest, run: ModelRun, folder: Path, screen: Screen) -> Retelling | None:
    """The counterexample in sentences; None for a specification that has none for its actions."""
    model, result = run.task.model, run.result
    words = load_words(folder).of(model.module) if model and (folder / FILE).is_file() else None
    if model is None or result is None or result.counterexample is None or words is None:
        return None
    config = run.task.config
    kept = Kept(config, library_dirs(folder), words)
    try:
        return recorded(manifest, model, result, config.constants, kept).retold(words, config)
    except CliError as error:
        # An edited specification may have actions that nobody has written a sentence for.
        screen.say(f"warning: not told in plain words: {error.message}")
        return None


def _answer(rule: Rule, refuted: ModelRun, library: tuple[Path, ...], retelling: Retelling | None) -> _Answer:
    result = refuted.result
    story = tell(result, refuted.task.config.constants) if result is not None else None
    name = result.property_name if result is not None else None
    known = definitions(refuted.task.job.module, library) if name else {}
    return _Answer(rule, refuted, story, known.get(name or ""), retelling)


def _story_text(answer: _Answer) -> None:
    rule, refuted = answer.rule, answer.refuted
    typer.echo(f"{rule.id}: {rule.title}\n")
    typer.echo(
        f"Without it: {refuted.task.name} ({refuted.task.model.summary if refuted.task.model else ''})"
    )
    typer.echo(f"  bounds: {_bounds(refuted)}\n")
    for reason in refuted.verdict.reasons:
        typer.echo(f"Not what the manifest expects: {reason}\n")
    if answer.retelling is not None:
        typer.echo("In plain words:\n\n" + "\n".join(_plain(answer.retelling)) + "\n\nState by state:\n")
    if answer.story is not None:
        typer.echo(story_text(answer.story) + "\n")
    if answer.violated is not None:
        typer.echo(_quoted(answer.violated) + "\n")
    typer.echo(textwrap.fill(f"The repair: {rule.repair}", 100, subsequent_indent="  "))


def _repaired_text(answer: _Answer) -> None:
    if answer.repaired is not None:
        typer.echo(f"\nWith it: {answer.repaired.task.name} {_outcome(answer.repaired)}")
        for reason in answer.repaired.verdict.reasons:
            typer.echo(f"  {reason}")


def _story_markdown(answer: _Answer) -> None:
    rule, refuted = answer.rule, answer.refuted
    typer.echo(f"# {rule.id}: {rule.title}\n")
    typer.echo(f"Without it, `{refuted.task.name}` with `{_bounds(refuted)}`:\n")
    for reason in refuted.verdict.reasons:
        typer.echo(f"Not what the manifest expects: {reason}\n")
    if answer.retelling is not None:
        typer.echo("\n".join(plain_steps(answer.retelling)) + "\n")
    if answer.story is not None:
        typer.echo(story_markdown(answer.story) + "\n")
    if answer.violated is not None:
        typer.echo(f"`{answer.violated.module}.tla` line {answer.violated.line}:\n")
        typer.echo(f"```tla\n{answer.violated.text}\n```\n")
    typer.echo(f"**The repair**: {rule.repair}")


def _repaired_markdown(answer: _Answer) -> None:
    if answer.repaired is not None:
        typer.echo(f"\nWith it, `{answer.repaired.task.name}` {_outcome(answer.repaired)}.")


def _print_json(answer: _Answer) -> None:
    rule, violated, repaired = answer.rule, answer.violated, answer.repaired
    refuted = answer.refuted
    told = {
        "rule": rule.id,
        "title": rule.title,
        "model": refuted.task.name,
        "verdict": refuted.verdict.status.value,
        "reasons": list(refuted.verdict.reasons),
        "plain": list(plain_steps(answer.retelling)) if answer.retelling else None,
        "story": story_dict(answer.story) if answer.story else None,
        "violated": {"name": violated.name, "module": violated.module, "line": violated.line}
        | {"text": violated.text, "comment": violated.comment}
        if violated
        else None,
        "repair": rule.repair,
        "repaired": {"model": repaired.task.name, "verdict": repaired.verdict.status.value}
        if repaired
        else None,
        "exit_code": int(answer.exit_code),
    }
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _print_mermaid(answer: _Answer) -> None:
    if answer.retelling is not None:
        typer.echo(sequence_diagram(answer.retelling))
    elif answer.story is not None:
        typer.echo(story_mermaid(answer.story))


def _nothing(_answer: _Answer) -> None:
    """A format that says everything at once."""


@frozen
class _Printer:
    """The story is told as soon as it is known: the run of the repaired model takes longer."""

    story: Callable[[_Answer], None]
    repaired: Callable[[_Answer], None]


_PRINTERS = {
    StoryFormat.TEXT: _Printer(_story_text, _repaired_text),
    StoryFormat.MARKDOWN: _Printer(_story_markdown, _repaired_markdown),
    StoryFormat.JSON: _Printer(_nothing, _print_json),
    StoryFormat.MERMAID: _Printer(_print_mermaid, _nothing),
}


def _plain(told: Retelling) -> Iterator[str]:
    for line in plain_steps(told):
        yield textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="     ")


def _quoted(definition: Definition) -> str:
    lines = [f"What is violated ({definition.module}.tla line {definition.line}):", ""]
    if definition.comment:
        lines += [textwrap.indent(definition.comment, "  "), ""]
    return "\n".join([*lines, textwrap.indent(definition.text, "    ")])


def _bounds(run: ModelRun) -> str:
    return ", ".join(f"{name} = {value}" for name, value in run.task.config.constants.items())


def _outcome(run: ModelRun) -> str:
    if run.result is None:
        return "was not run"
    counts = run.result.counts
    states = f"{counts.distinct:,} distinct states, " if counts.distinct is not None else ""
    verdict = "holds" if run.verdict.ok else run.verdict.status.value
    return f"{verdict} ({states}{run.seconds:.1f} s)"


def _print_list(manifest: Manifest, format_: StoryFormat) -> None:
    if format_ is StoryFormat.JSON:
        fields = ("id", "title", "repair", "model", "repaired")
        listed = [{name: getattr(rule, name) for name in fields} for rule in manifest.rules]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    rows = [
        (rule.id, manifest.model(rule.model).violates or "deadlock", rule.title) for rule in manifest.rules
    ]
    if rows:
        typer.echo(plain_table(("rule", "violated without it", "what it says"), rows))
    typer.echo(f"\n{len(rows)} rules; tell one with: redoraft why RULE")
