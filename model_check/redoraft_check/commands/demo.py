"""`redoraft demo`: the main job once, on real input, in under two minutes.

TLC verifies the repaired model and refutes it without one rule; a seeded cluster runs under faults; its
trace is judged against the specification; the same trace with one lie in it is refused.  Another seed or
rule tells another story.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from attrs import define, evolve, field, frozen

from redoraft.cluster.faults import parse_faults
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trace import trace_header
from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import plain_table
from redoraft_check.exits import Exit, worst
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.report.record import command_line
from redoraft_check.report.story import story_text, tell
from redoraft_check.report.traces import verdicts_text
from redoraft_check.tlc.manifest import Manifest, Rule, load_manifest
from redoraft_check.tlc.session import Limits, ModelRun, manifest_tasks, run_tasks
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, LocatedEvent, TraceWriter, read_trace


@frozen
class _Row:
    """One line of the closing table."""

    step: str
    expected: str
    got: str
    seconds: float
    wrote: str
    exit_code: Exit


@define
class _Demo:
    """What the steps share."""

    rule: Rule
    manifest: Manifest
    spec: Path
    tools: Tools
    screen: Screen
    out: Path
    seed: int
    steps: int
    rows: list[_Row] = field(factory=list)

    def model(self, name: str, *, workers: int) -> ModelRun:
        """Run one model of the manifest to its verdict."""
        limits = Limits(workers=workers)
        tasks = manifest_tasks(self.manifest, [self.manifest.model(name)], library_dirs(self.spec), limits)
        with self.screen.running():
            return next(iter(run_tasks(tasks, self.tools, limits, self.screen.hooks(), self.out)))

    def validate(self, path: Path) -> Verdict:
        """Judge one trace with TLC."""
        return Engine(spec=self.spec, tools=self.tools).validate([path])[0]


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("demo")(demo)


def demo(
    *,
    seed: Annotated[int, typer.Option("--seed", help="The seed of the cluster's run and of the lie.")] = 7,
    rule: Annotated[str, typer.Option("--rule", help="The rule to switch off (redoraft why --list).")] = "H8",
    steps: Annotated[int, typer.Option("--steps", min=50, help="Steps of the cluster.")] = 1000,
    out: opt.OutOption = Path("out/demo"),
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    quiet: opt.QuietOption = False,
    verbose: opt.VerboseOption = False,  # noqa: ARG001  (read by main, for tracebacks)
    no_color: opt.ColorOption = False,
) -> None:
    """Run the main job once: verify, refute, simulate, validate, and refuse a broken trace."""
    folder = spec_dir(spec)
    manifest = load_manifest(folder / "models")
    screen = Screen(quiet=quiet, no_color=no_color)
    state = _Demo(
        manifest.rule(rule), manifest, folder, find_tools(tla2tools, java), screen, out, seed, steps
    )
    out.mkdir(parents=True, exist_ok=True)
    for step in (_verify, _refute, _simulate, _accept, _refuse):
        _timed(state, step)
    columns = ("step", "expected", "got", "seconds", "wrote")
    rows = [(row.step, row.expected, row.got, f"{row.seconds:.1f}", row.wrote) for row in state.rows]
    typer.echo("\n" + plain_table(columns, rows))
    again = command_line("demo", "--seed", str(seed), "--rule", state.rule.id, "--steps", str(steps))
    code = worst(row.exit_code for row in state.rows)
    typer.echo(f"\n{'all as expected' if code is Exit.HELD else 'NOT as expected'}; repeat with: {again}")
    raise typer.Exit(int(code))


def _timed(state: _Demo, step: Callable[[_Demo], _Row]) -> None:
    started = time.monotonic()
    row = step(state)
    state.rows.append(evolve(row, seconds=time.monotonic() - started))


def _verify(state: _Demo) -> _Row:
    name = state.rule.repaired or state.rule.model
    run = state.model(name, workers=0)
    counts = run.result.counts if run.result is not None else None
    states = f", {counts.distinct:,} distinct states" if counts is not None and counts.distinct else ""
    got = ("holds" if run.verdict.ok else "; ".join(run.verdict.reasons) or run.verdict.status.value) + states
    typer.echo(f"1. The repaired model {name}: {got}")
    log = str(state.out / f"{name}.tlc.txt")
    return _Row(f"TLC verifies {name}", "holds", got, 0, log, run.verdict.exit_code)


def _refute(state: _Demo) -> _Row:
    rule = state.rule
    run = state.model(rule.model, workers=1)
    typer.echo(f"\n2. Without {rule.id} ({rule.title}):\n")
    violated = run.result.property_name if run.result is not None else None
    if run.result is not None:
        story = tell(run.result, run.task.config.constants)
        typer.echo(story_text(story) if story is not None else "(no counterexample)")
    typer.echo(f"\n   The repair: {rule.repair}")
    got = f"violates {violated}" if violated else run.verdict.status.value
    expected = run.task.expected
    return _Row(
        f"TLC refutes {rule.model}",
        expected,
        got,
        0,
        str(state.out / f"{rule.model}.tlc.txt"),
        run.verdict.exit_code,
    )


def _trace_path(state: _Demo) -> Path:
    return state.out / f"seed-{state.seed}.ndjson"


def _simulate(state: _Demo) -> _Row:
    path = _trace_path(state)
    source = command_line(
        "simulate", "--seed", str(state.seed), "--steps", str(state.steps), "--faults", "all"
    )
    members = members_of(3, 1)
    with TraceWriter(path, trace_header(members, source)) as trace:
        simulator = Simulator(Settings(state.seed, members, parse_faults("all")), trace.write)
        simulator.run(state.steps)
    counts = simulator.counts
    got = (
        f"{counts['events']:,} events, {counts['BecomeLeader']} leaders, {counts['crashes']} crashes, "
        f"{counts['AckCommit']} commits answered"
    )
    typer.echo(f"\n3. Two data nodes and a log node, seed {state.seed}, all faults: {got}")
    code = Exit.HELD if counts["events"] else Exit.NOTHING
    return _Row("a cluster under faults", "a trace", got, 0, str(path), code)


def _accept(state: _Demo) -> _Row:
    verdict = state.validate(_trace_path(state))
    typer.echo(f"\n4. {verdicts_text([verdict])}")
    return _Row("TLC judges its trace", "accepted", verdict.status.value, 0, "", verdict.exit_code)


def _refuse(state: _Demo) -> _Row:
    path, line = _with_a_lie(state)
    verdict = state.validate(path)
    typer.echo(f"\n5. The same trace, but line {line} shows a flushed LSN as if its fsync had not been:")
    typer.echo(verdicts_text([verdict]))
    named = verdict.status is Status.REFUSED and verdict.line == line
    got = f"{verdict.status.value} at line {verdict.line}"
    code = Exit.HELD if named else Exit.DISAGREES
    return _Row("TLC judges a broken trace", f"refused at line {line}", got, 0, str(path), code)


def _with_a_lie(state: _Demo) -> tuple[Path, int]:
    """Copy the trace, with one fsync (chosen by the seed) whose flushed LSN stays what it was before."""
    trace = read_trace(_trace_path(state))
    liars = list(_fsyncs(trace.events))
    at, lie = random.Random(state.seed).choice(liars)
    path = state.out / f"seed-{state.seed}-broken.ndjson"
    with TraceWriter(path, trace.header) as broken:
        for i, (_, event) in enumerate(trace.events):
            broken.write(lie if i == at else event)
    return path, trace.events[at].line


def _fsyncs(events: list[LocatedEvent]) -> list[tuple[int, Event]]:
    before: dict[str, int] = {}
    found: list[tuple[int, Event]] = []
    for i, (_, event) in enumerate(events):
        if event.action == "Fsync" and event.node in before:
            lie = {**event.vars, "flushed_lsn": before[event.node]}
            found.append((i, msgspec.structs.replace(event, vars=lie)))
        before[event.node] = event.vars["flushed_lsn"]
    return found
