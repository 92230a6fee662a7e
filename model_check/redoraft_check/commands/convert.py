"""`redoraft convert`: traces and counterexamples from one format into another."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve

from redoraft_check.commands import options as opt
from redoraft_check.commands.validate import rules_off
from redoraft_check.counterexample.accepted import behaviour_of_trace
from redoraft_check.counterexample.behaviour import Behaviour, from_tlc, write_rule_scenario, write_trace
from redoraft_check.counterexample.export import Members
from redoraft_check.counterexample.itf import from_itf, read_document, write_document, write_itf
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line
from redoraft_check.tlc.manifest import load_manifest
from redoraft_check.tlc.output import read_output
from redoraft_traces import Event, Header, TraceError, TraceWriter, read_trace
from redoraft_traces.itf import is_trace_itf, trace_from_itf, trace_to_itf


class Kind(StrEnum):
    """What a file holds, told by its name."""

    TRACE = ".ndjson"
    ITF = ".itf.json"
    TLC = ".tlc.txt"
    SCENARIO = ".toml"


_WRITABLE = frozenset({Kind.TRACE, Kind.ITF, Kind.SCENARIO})


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("convert")(convert)


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A .ndjson, .itf.json or .tlc.txt file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A .ndjson, .itf.json or .toml file.")],
    *,
    states: Annotated[
        bool, typer.Option("--states", help="From a trace: the specification's states, not what was shown.")
    ] = False,
    rule: Annotated[str, typer.Option("--rule", help="For a scenario: the rule that it breaks.")] = "",
    off: Annotated[
        list[str] | None, typer.Option("--off", help="With --states: this rule is off; may be repeated.")
    ] = None,
    log_nodes: Annotated[
        str,
        typer.Option("--log-nodes", help="The nodes without pages, with commas, where IN does not say."),
    ] = "",
    spec: opt.SpecOption = None,
    quiet: opt.QuietOption = False,
) -> None:
    """Convert between our traces, ITF (Apalache, Quint), TLC's output and scenarios."""
    told, wanted = _kind(source), _kind(target)
    if wanted not in _WRITABLE:
        raise CliError(Exit.USAGE, f"{target}: write a .ndjson, an .itf.json or a .toml file")
    if off and not states:
        raise CliError(Exit.USAGE, "--off is for --states: what a trace has shown stays as it is")
    try:
        found = _read(source, told, spec_dir(spec) if states else None, off or [])
        if isinstance(found, Behaviour):
            found = _with_members(found, log_nodes, source)
            count = _write_behaviour(target, wanted, found, str(source), rule=rule, spec=spec)
        elif log_nodes:
            raise _says_itself(source)
        else:
            count = _write_trace(target, wanted, *found)
    except TraceError as error:
        raise CliError(Exit.BAD_INPUT, str(error)) from None
    if not quiet:
        typer.echo(f"{target}: {count}", err=True)


def _kind(path: Path) -> Kind:
    name = path.name.removesuffix(".zst")
    for kind in Kind:
        if name.endswith(kind.value):
            return kind
    raise CliError(Exit.USAGE, f"{path}: the name does not end in {', '.join(Kind)}")


def _read(
    path: Path, kind: Kind, spec: Path | None, off: list[str]
) -> Behaviour | tuple[Header, list[Event]]:
    if kind is Kind.TRACE and spec is not None:
        return behaviour_of_trace(path, spec, rules_off(spec, off))
    if kind is Kind.TRACE:
        trace = read_trace(path)
        return trace.header, [event for _, event in trace.events]
    if kind is Kind.TLC:
        return _tlc(path)
    if kind is Kind.ITF:
        document = read_document(path)
        whole = is_trace_itf(document)
        return trace_from_itf(document, str(path)) if whole else from_itf(document, str(path))
    raise CliError(Exit.USAGE, f"{path}: a scenario is no input; run it with redoraft replay")


def _tlc(path: Path) -> Behaviour:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: cannot be read: {error.strerror}") from None
    trace = read_output(lines, None).counterexample
    if trace is None:
        raise CliError(Exit.BAD_INPUT, f"{path}: no counterexample in it; give the output of TLC -tool")
    return from_tlc(trace, {})


def _says_itself(source: Path) -> CliError:
    return CliError(Exit.USAGE, f"--log-nodes: {source} says itself which nodes have no pages; leave it out")


def _with_members(behaviour: Behaviour, log_nodes: str, source: Path) -> Behaviour:
    named = tuple(name for name in log_nodes.split(",") if name)
    if not named:
        return behaviour
    if behaviour.members is not None:
        raise _says_itself(source)
    cluster = behaviour.cluster
    everyone = {*cluster.data_nodes, *cluster.log_nodes}
    strange = sorted(set(named) - everyone)
    if strange:
        raise CliError(Exit.USAGE, f"--log-nodes: there is no {strange[0]} in {', '.join(sorted(everyone))}")
    return evolve(behaviour, members=Members(tuple(sorted(everyone - set(named))), named))


def _write_behaviour(
    path: Path, kind: Kind, behaviour: Behaviour, source: str, *, rule: str, spec: Path | None
) -> str:
    told = f"redoraft convert {source}"
    if kind is Kind.ITF:
        write_itf(path, behaviour, f"from {source}")
        return f"{len(behaviour.states)} states"
    if kind is Kind.TRACE:
        return f"{write_trace(path, behaviour, told)} events"
    if not rule:
        raise CliError(Exit.USAGE, "name the rule that the scenario breaks with --rule")
    chosen = load_manifest(spec_dir(spec) / "models").rule(rule)
    again = command_line("convert", source, "--rule", chosen.id)
    return f"{write_rule_scenario(path, behaviour, chosen, model='', violates='', source=again)} steps"


def _write_trace(path: Path, kind: Kind, header: Header, events: list[Event]) -> str:
    if kind is Kind.SCENARIO:
        raise CliError(Exit.USAGE, "a scenario is made of the specification's states: add --states")
    if kind is Kind.ITF:
        write_document(path, trace_to_itf(header, events, str(path)))
        return f"{len(events) + 1} states"
    with TraceWriter(path, header) as trace:
        for event in events:
            trace.write(event)
    return f"{len(events)} events"
