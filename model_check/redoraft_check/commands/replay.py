"""`redoraft replay`: a counterexample's scenario, taken again by the implementation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from attrs import frozen

from redoraft.cluster.trace import trace_header
from redoraft.errors import RedoError
from redoraft.mutant import Mutant
from redoraft.mutants import AnyMutant
from redoraft.raft.mutants import MUTANTS
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.raft.state import Members
from redoraft.scenario import Replay, replay
from redoraft.types import NodeId
from redoraft_check.commands import options as opt
from redoraft_check.commands.replay_machines import MachineReport, replay_machine
from redoraft_check.commands.simulate import mutant_named
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.machines.scenario import read_machine_scenario
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line
from redoraft_check.report.traces import verdicts_json, verdicts_text
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import TraceError, TraceWriter
from redoraft_traces.scenario import Scenario, read_scenario


class Judge(StrEnum):
    """Who judges the trace of the run."""

    ORACLE = "oracle"
    TLC = "tlc"


class Ending(StrEnum):
    """What a replay came to."""

    REFUSED = "refused"
    """The rule stopped the counterexample, and the specification allows all that was done."""
    FOLLOWED = "followed"
    """The implementation did what the specification forbids."""
    ALLOWED = "allowed"
    """No rule is named, and the specification allows all that was done, up to the last step at least."""
    STRAYED = "strayed"
    """The counterexample could not be followed, and not because of its rule."""
    UNKNOWN = "unknown"
    """The trace of the run could not be judged."""


EXITS: Final = {
    Ending.REFUSED: Exit.HELD,
    Ending.ALLOWED: Exit.HELD,
    Ending.FOLLOWED: Exit.REJECTED,
    Ending.STRAYED: Exit.DISAGREES,
    Ending.UNKNOWN: Exit.UNKNOWN,
}


@frozen
class Report:
    """A replay with the verdict on its trace."""

    path: Path
    mutant: Mutant[Rules] | None
    run: Replay
    verdict: Verdict

    @property
    def ending(self) -> Ending:
        """What it came to."""
        if self.verdict.status is Status.REFUSED:
            return Ending.FOLLOWED
        # With nothing done there is nothing to judge: the first step was refused.
        if self.verdict.status not in {Status.ACCEPTED, Status.EMPTY}:
            return Ending.UNKNOWN
        parting = self.run.parting
        if not self.run.scenario.rule:
            came_far = parting is None or parting.number == len(self.run.scenario.steps)
            return Ending.ALLOWED if came_far else Ending.STRAYED
        return Ending.REFUSED if parting is not None and parting.decisions else Ending.STRAYED


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("replay")(replay_command)


def replay_command(
    files: Annotated[list[Path], typer.Argument(help="Scenarios (redoraft why RULE --scenario FILE).")],
    *,
    mutant: Annotated[
        str | None,
        typer.Option("--mutant", help="Take one rule out: a name or a rule of simulate --list-mutants."),
    ] = None,
    engine: Annotated[Judge, typer.Option("--engine", help="Who judges the run.")] = Judge.ORACLE,
    out: opt.OutOption = Path("out/replay"),
    format_: opt.FormatOption = opt.Format.TEXT,
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    quiet: opt.QuietOption = False,  # noqa: ARG001  (nothing here takes long)
    verbose: opt.VerboseOption = False,
) -> None:
    """Take a counterexample's steps with the implementation: its rule must refuse one of them.

    The steps of a log or of a storage engine (kind = "log", "storage") must all be allowed.

    Exit codes: 0 refused by the rule, or all allowed, 21 the implementation did what the specification
    forbids, 1 the scenario cannot be followed for another reason, 20 unknown.
    """
    if format_ is opt.Format.JUNIT:
        raise CliError(Exit.USAGE, "replay has no junit report: use text or json")
    folder = spec_dir(spec)
    judges: dict[Judge, Callable[[], OracleEngine | Engine]] = {
        Judge.ORACLE: lambda: OracleEngine(spec=folder, tools=lambda: find_tools(tla2tools, java)),
        Judge.TLC: lambda: Engine(spec=folder, tools=find_tools(tla2tools, java)),
    }
    chosen = mutant_named(mutant)
    machines = {file: found for file in files if (found := read_machine_scenario(file)) is not None}
    if machines and engine is Judge.TLC:
        raise CliError(Exit.USAGE, f"{next(iter(machines))}: a machine is judged by the oracle only")
    others = [file for file in files if file not in machines]
    raft = _raft_mutant(chosen) if others else None
    played = {file: replay_machine(file, one, chosen, folder) for file, one in machines.items()}
    reports: list[Report] = []
    if others:
        reports = run_scenarios([(file, raft) for file in others], judges[engine](), out)
    rest = iter(reports)
    in_order = [played[file] if file in played else next(rest) for file in files]
    if format_ is opt.Format.JSON:
        dicts = [one.as_dict() if isinstance(one, MachineReport) else _as_dict(one) for one in in_order]
        typer.echo(json.dumps(dicts, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_any_text(one, verbose=verbose) for one in in_order))
    exits = [one.exit if isinstance(one, MachineReport) else EXITS[one.ending] for one in in_order]
    raise typer.Exit(int(worst(exits)))


def _any_text(report: Report | MachineReport, *, verbose: bool) -> str:
    if isinstance(report, MachineReport):
        return report.text(verbose=verbose)
    return _text(report, verbose=verbose)


def _raft_mutant(found: AnyMutant | None) -> Mutant[Rules] | None:
    """The same mutant; CliError (2) for one whose rule no counterexample's specification has."""
    if found is not None and found.name not in MUTANTS:
        raise CliError(
            Exit.USAGE,
            f"{found.name} takes {found.rule} out of the log or the pages, of which scenarios say nothing"
            " but those of kind log or storage: give it to redoraft simulate",
        )
    return None if found is None else MUTANTS[found.name]


def run_scenarios(
    wanted: Sequence[tuple[Path, Mutant[Rules] | None]], judge: OracleEngine | Engine, out: Path
) -> list[Report]:
    """Replay scenarios, each with a mutant or none, with their traces in `out`; all are judged at once.

    Raises CliError (65) for a file that is no scenario, or one that no log can follow.
    """
    out.mkdir(parents=True, exist_ok=True)
    runs = [_replayed(file, mutant) for file, mutant in wanted]
    names = _names(wanted)
    paths = [
        _write(out / f"{name}.ndjson", run, mutant)
        for name, run, (_, mutant) in zip(names, runs, wanted, strict=True)
    ]
    verdicts = judge.validate(paths)
    return [
        Report(file, mutant, run, verdict)
        for (file, mutant), run, verdict in zip(wanted, runs, verdicts, strict=True)
    ]


def _names(wanted: Sequence[tuple[Path, Mutant[Rules] | None]]) -> list[str]:
    """A name for each trace; files of one name in several folders are numbered."""
    stems = [f"{file.stem}-{mutant.name}" if mutant else file.stem for file, mutant in wanted]
    return [f"{stem}-{at}" if stems.count(stem) > 1 else stem for at, stem in enumerate(stems, start=1)]


def _replayed(file: Path, mutant: Mutant[Rules] | None) -> Replay:
    try:
        scenario = read_scenario(file)
    except TraceError as error:
        raise CliError(Exit.BAD_INPUT, str(error)) from None
    own = next((one for one in MUTANTS.values() if one.rule == scenario.rule), None)
    if own is None and scenario.rule:
        raise CliError(
            Exit.BAD_INPUT, f"{file}: no mutant of the implementation is without rule {scenario.rule}"
        )
    try:
        return replay(scenario, mutant.rules() if mutant else ALL_RULES, own.rules() if own else None)
    except RedoError as error:
        raise CliError(Exit.BAD_INPUT, f"{file}: no log can follow it: {error}") from None


def _write(path: Path, run: Replay, mutant: Mutant[Rules] | None) -> Path:
    scenario = run.scenario
    members = Members(tuple(map(NodeId, scenario.data_nodes)), tuple(map(NodeId, scenario.log_nodes)))
    source = f"replay of {scenario.rule or 'a scenario'}" + (f" with mutant {mutant.name}" if mutant else "")
    with TraceWriter(path, trace_header(members, source)) as trace:
        for event in run.events:
            trace.write(event)
    return path


# --- printing ---


def _text(report: Report, *, verbose: bool) -> str:
    scenario, run = report.run.scenario, report.run
    who = f"the mutant {report.mutant.name}" if report.mutant else "the implementation"
    lines = [f"{report.path}: {_SENTENCES[report.ending].format(rule=scenario.rule or 'that is known')}"]
    violated = f"; the counterexample violates {scenario.violates}" if scenario.violates else ""
    about = ": ".join(filter(None, (scenario.rule, scenario.title)))
    lines += [f"    {about}{violated}"] if about else []
    lines.append(f"    {who} took {len(run.taken)} of {len(scenario.steps)} steps")
    if verbose:
        lines += [f"    {one.number:>3}  {_step(scenario, one.number)}" for one in run.taken]
    if run.parting is not None:
        number = run.parting.number
        lines.append(f"    step {number}, {_step(scenario, number)}: {run.parting.reason}")
        lines += [f"    refused here: rule {scenario.rule}: {one}" for one in run.parting.decisions[:1]]
    elif scenario.violates:
        lines.append(f"    and is in the state in which {scenario.violates} is false")
    if report.verdict.status is Status.REFUSED:
        lines.append("    its trace " + verdicts_text([report.verdict]).replace("\n", "\n    "))
    else:
        lines.append(f"    its trace is {report.verdict.status.value} ({report.verdict.events} events)")
    words = ["--mutant", report.mutant.name] if report.mutant else []
    again = command_line("replay", str(report.path), *words)
    return "\n".join([*lines, f"    repeat with: {again}"])


_SENTENCES: Final = {
    Ending.REFUSED: "passes: refused by rule {rule}",
    Ending.FOLLOWED: "FAILS: it does what the specification forbids",
    Ending.ALLOWED: "passes: the specification allows all that was done",
    Ending.STRAYED: "NOT FOLLOWED: and not because of rule {rule}",
    Ending.UNKNOWN: "UNKNOWN: its trace was not judged",
}


def _step(scenario: Scenario, number: int) -> str:
    step = scenario.steps[number - 1]
    args = ", ".join(f"{name} {value}" for name, value in step.args.items())
    return f"{step.node} {step.do}" + (f" ({args})" if args else "")


def _as_dict(report: Report) -> dict[str, object]:
    run, parting = report.run, report.run.parting
    return {
        "scenario": str(report.path),
        "rule": run.scenario.rule,
        "mutant": report.mutant.name if report.mutant else None,
        "ending": report.ending.value,
        "exit_code": int(EXITS[report.ending]),
        "taken": len(run.taken),
        "steps": len(run.scenario.steps),
        "parting": {
            "step": parting.number,
            "do": parting.step.do,
            "node": parting.step.node,
            "reason": parting.reason,
            "decisions": list(map(str, parting.decisions)),
        }
        if parting is not None
        else None,
        "trace": verdicts_json([report.verdict])[0],
    }
