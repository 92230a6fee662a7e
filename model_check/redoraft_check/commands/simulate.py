"""`redoraft simulate`: a seeded cluster under faults, and the trace of its run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from attrs import frozen

from redoraft.binlog import Carrier
from redoraft.binlog.mutants import ALL_BINLOG_MUTANTS
from redoraft.binlog.rules import CARRIED, SIMULATED
from redoraft.cluster.ending import end_check as end_check_of
from redoraft.cluster.faults import Fault, format_faults, parse_faults
from redoraft.cluster.filewatch import NOBODY
from redoraft.cluster.history import Kind
from redoraft.cluster.readers import Reading
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trace import trace_header
from redoraft.ddl.mutants import ALL_DDL_MUTANTS
from redoraft.mutants import ALL_MUTANTS, AnyMutant, find_mutant, rules_of
from redoraft.raft.state import Members
from redoraft_check.campaign.clients import clients_check_of
from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import counted, plain_table
from redoraft_check.evidence.sources import implementation_revision
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz.ddl_lockstep import DdlLockstep, local_file_ops
from redoraft_check.linearizability import Undecided
from redoraft_check.report.record import command_line
from redoraft_traces import TraceError, TraceWriter

_STEPS_BETWEEN_NEWS = 10_000
_PLURAL: dict[Kind, str] = {"read": "reads", "local": "local reads", "write": "writes", "other": "others"}
_SHOWN = (
    "StartElection",
    "BecomeLeader",
    "AckCommit",
    "Truncate",
    "crashes",
    "Shutdown",
    "deposed",
    "messages",
)
_SINGULAR = {"crashes": "crash", "messages": "message"}
MOST_NODES = 100
"""More are no cluster that anybody runs, and each of them talks to each."""


@frozen
class _Request:
    """One `redoraft simulate`, as asked for."""

    seed: int
    steps: int
    nodes: int
    log_nodes: int
    members: Members
    faults: frozenset[Fault]
    mutant: AnyMutant | None
    end_check: bool
    reads: Reading | None
    pages: bool
    ddl: bool
    binlog: bool
    carrier: Carrier
    undo: bool
    small_files: bool
    out: Path

    @property
    def settings(self) -> Settings:
        """What its simulator is made with.  Raises ValueError for what a run cannot have together."""
        return Settings(
            *(self.seed, self.members, self.faults, rules_of(self.mutant)),
            reading=self.reads,
            pages=self.pages,
            ddl=self.ddl,
            binlog=self.binlog,
            carrier=self.carrier,
            undo=self.undo,
            small_files=self.small_files,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The command line that repeats it, but for where the trace goes."""
        return (
            "simulate",
            *("--seed", str(self.seed)),
            *("--steps", str(self.steps)),
            *("--faults", format_faults(self.faults)),
            *("--nodes", str(self.nodes)),
            *("--log-nodes", str(self.log_nodes)),
            *(("--mutant", self.mutant.name) if self.mutant else ()),
            *(("--end-check",) if self.end_check else ()),
            *(("--reads", self.reads.value) if self.reads else ()),
            *(("--pages",) if self.pages else ()),
            *(("--ddl",) if self.ddl else ()),
            *(("--binlog",) if self.binlog else ()),
            *(("--carrier", self.carrier.value) if self.carrier is not Carrier.OWN else ()),
            *(("--undo",) if self.undo else ()),
            *(("--small-files",) if self.small_files else ()),
        )


@frozen
class _Run:
    """What came of it."""

    simulator: Simulator
    lockstep: DdlLockstep | None
    findings: list[str]
    stale: list[str]

    @property
    def verdict(self) -> str:
        """The worst that was seen."""
        if self.lockstep is not None and self.lockstep.refused is not None:
            return "refused"
        return "violated" if self.findings or self.stale else "recorded"


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("simulate")(simulate)


def simulate(
    *,
    seed: Annotated[
        int, typer.Option("--seed", help="What the run depends on, besides the other options.")
    ] = 1,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of the scheduler.")] = 500,
    faults: Annotated[
        str, typer.Option("--faults", help=f"all, none, or of {','.join(Fault)}, with commas.")
    ] = "all",
    nodes: Annotated[int, typer.Option("--nodes", min=1, help="Nodes, log nodes included.")] = 3,
    log_nodes: Annotated[int, typer.Option("--log-nodes", min=0, help="Log nodes among them.")] = 1,
    mutant: Annotated[
        str | None, typer.Option("--mutant", help="Take one rule out: a name or a rule of --list-mutants.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The trace to write (.ndjson or .ndjson.zst).")
    ] = None,
    end_check: Annotated[
        bool,
        typer.Option(
            "--end-check",
            help="Heal the cluster afterwards, and compare pages, checkpoints and answers with the committed"
            " log.",
        ),
    ] = False,
    reads: Annotated[
        Reading | None,
        typer.Option(
            "--reads",
            help="Clients read, too: by a read index, under a lease, through a leader's index at a follower;"
            " or, in sessions, at followers as well.  What they saw has to be linearizable, and in a session"
            " never older than what the same client had seen.",
        ),
    ] = None,
    pages: Annotated[
        bool,
        typer.Option(
            "--pages",
            help="The trace tells of pages, checkpoints and deleted redo, too; in small files and pools.",
        ),
    ] = False,
    ddl: Annotated[
        bool,
        typer.Option(
            "--ddl",
            help="Clients create, rename and drop tables, too; each action on tables and files has to be one"
            " of DdlFileOps.",
        ),
    ] = False,
    binlog: Annotated[
        bool,
        typer.Option(
            "--binlog",
            help="Data nodes have a binlog beside redo, and somebody downstream reads it; the trace tells of"
            " it, too.",
        ),
    ] = False,
    carrier: Annotated[
        Carrier,
        typer.Option(
            "--carrier",
            help="With --binlog, how followers get it: sent on a way of its own and cut on promotion, or"
            " carried in redo and cut with that.",
        ),
    ] = Carrier.OWN,
    undo: Annotated[
        bool,
        typer.Option(
            "--undo",
            help="Clients write rows in transactions with undo, through the leader's log buffer and group"
            " commit; a new leader rolls back what is unfinished.",
        ),
    ] = False,
    small_files: Annotated[
        bool,
        typer.Option("--small-files", help="Redo files of four blocks, so that redo is deleted."),
    ] = False,
    list_mutants: Annotated[bool, typer.Option("--list-mutants", help="List the mutants and stop.")] = False,
    format_: opt.FormatOption = opt.Format.TEXT,
    quiet: opt.QuietOption = False,
) -> None:
    """Run a cluster in virtual time under faults and write its trace, which is not judged here.

    Exit codes: 0 recorded; 12 the end check, or what clients saw, shows something wrong; 20 what clients saw
    could not be judged; 21 an action on tables is none of DdlFileOps.
    """
    if format_ is opt.Format.JUNIT:
        raise CliError(Exit.USAGE, "simulate judges nothing, so it has no junit report: use text or json")
    if list_mutants:
        _print_mutants(format_)
        return
    if nodes > MOST_NODES:
        raise CliError(Exit.USAGE, f"--nodes {nodes}: simulate runs at most {MOST_NODES} nodes")
    try:
        chosen, members = parse_faults(faults), members_of(nodes, log_nodes)
    except ValueError as error:
        raise CliError(Exit.USAGE, str(error)) from None
    target = out or Path("out/simulate") / f"seed-{seed}.ndjson"
    if carrier is not Carrier.OWN and not binlog:
        raise CliError(Exit.USAGE, f"--carrier {carrier} is about a binlog: add --binlog")
    broken = mutant_named(mutant, binlog=binlog, carrier=carrier)
    if broken is not None and broken.name in ALL_DDL_MUTANTS and not ddl:
        raise CliError(Exit.USAGE, f"{broken.name} takes out {broken.rule} of DDL: add --ddl")
    cluster = (seed, steps, nodes, log_nodes, members, chosen)
    request = _Request(
        *cluster, broken, end_check, reads, pages, ddl, binlog, carrier, undo, small_files, target
    )
    try:
        settings = request.settings
    except ValueError as error:
        raise CliError(Exit.USAGE, str(error)) from None
    lockstep = DdlLockstep(local_file_ops(None)) if ddl else None
    simulator, findings = _run(request, settings, lockstep, Screen(quiet=quiet))
    try:
        stale = clients_check_of(simulator.history) if request.reads else []
    except Undecided as error:
        raise CliError(Exit.UNKNOWN, f"seed {seed}: the history of the clients: {error}") from None
    run = _Run(simulator, lockstep, findings, stale)
    _report(request, run, format_)
    if run.verdict != "recorded":
        raise typer.Exit(int(Exit.REJECTED if run.verdict == "refused" else Exit.SAFETY))


def mutant_named(
    name: str | None, *, binlog: bool = False, carrier: Carrier = Carrier.OWN
) -> AnyMutant | None:
    """The mutant of that name, or of that rule; None for None.

    Raises CliError (2) for an unknown one, and for one of the binlog in a run without `binlog`, or with
    another `carrier` than the rule is about.
    """
    if name is None:
        return None
    found = find_mutant(name)
    if found is None:
        raise CliError(Exit.USAGE, f"no mutant is called {name!r}: see redoraft simulate --list-mutants")
    if found.name in ALL_BINLOG_MUTANTS and not binlog:
        raise CliError(
            Exit.USAGE,
            f"{found.name} takes out {found.rule} of the binlog, which these nodes do not have: use"
            " redoraft simulate --binlog, or see docs/clients.md for the test that catches it",
        )
    there = SIMULATED if carrier is Carrier.OWN else CARRIED
    if found.name in ALL_BINLOG_MUTANTS and found.rule in (SIMULATED | CARRIED) - there:
        other = next(one for one in Carrier if one is not carrier)
        raise CliError(
            Exit.USAGE,
            f"{found.name} takes out {found.rule}, which is about the other carrier: use redoraft simulate"
            f" --binlog --carrier {other}",
        )
    if found.name in ALL_BINLOG_MUTANTS and found.rule not in there:
        raise CliError(
            Exit.USAGE,
            f"{found.name} takes out {found.rule}, which a simulated node does not need: its cut is durable"
            " before its marker is written; see docs/clients.md for the test that catches it",
        )
    return found


def _run(
    request: _Request, settings: Settings, lockstep: DdlLockstep | None, screen: Screen
) -> tuple[Simulator, list[str]]:
    source = f"{command_line(*request.words)} (code {code_revision()})"
    request.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        header = trace_header(
            request.members,
            source,
            pages=request.pages,
            binlog=request.binlog,
            carrier=request.carrier,
            ddl=request.ddl,
        )
        with TraceWriter(request.out, header) as trace:
            watching = NOBODY if lockstep is None else lockstep.watching
            simulator = Simulator(settings, trace.write, watching=watching)
            left = request.steps
            while left > 0:
                simulator.run(min(left, _STEPS_BETWEEN_NEWS))
                left -= _STEPS_BETWEEN_NEWS
                if left > 0:
                    screen.say(f"    {request.steps - left:,} of {request.steps:,} steps")
            return simulator, end_check_of(simulator) if request.end_check else []
    except TraceError as error:
        raise CliError(Exit.BAD_INPUT, str(error)) from None
    except BaseException:
        screen.say(f"the events so far are in {request.out}.partial")
        raise


def code_revision() -> str:
    """A hash over the implementation: with the seed it says which run this was."""
    return implementation_revision()


# --- printing ---


def _report(request: _Request, run: _Run, format_: opt.Format) -> None:
    counts = dict(sorted(run.simulator.counts.items()))
    again = command_line(*request.words, "--out", str(request.out))
    if format_ is opt.Format.JSON:
        report = {
            "verdict": run.verdict,
            "findings": run.findings,
            "clients": {"calls": len(run.simulator.history.calls), "findings": run.stale}
            if request.reads
            else None,
            "tables": _tables_dict(run.simulator, run.lockstep) if run.lockstep else None,
            "seed": request.seed,
            "virtual_ms": run.simulator.now_ms,
            "counts": counts,
            "mutant": request.mutant.name if request.mutant else None,
            "trace": str(request.out),
            "command": again,
        }
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    shown = ", ".join(counted(run.simulator.counts[name], _SINGULAR.get(name, name), name) for name in _SHOWN)
    without = f", without {request.mutant.rule}" if request.mutant else ""
    typer.echo(
        f"recorded: {counted(run.simulator.counts['events'], 'event')}"
        f" of {counted(run.simulator.counts['steps'], 'step')},"
        f" seed {request.seed}{without}, in {request.out}"
    )
    typer.echo(f"{run.simulator.now_ms:,} ms of virtual time: {shown}")
    if run.simulator.failures:
        typer.echo("\n".join(f"{one.node} stopped for good: {one.error}" for one in run.simulator.failures))
    if run.lockstep is not None:
        typer.echo("\n".join(_tables_text(run.simulator, run.lockstep)))
    if request.binlog:
        typer.echo(_binlog_text(run.simulator))
    if request.undo:
        typer.echo(_undo_text(run.simulator))
    if run.simulator.counts["files deleted"]:
        typer.echo(f"redo: {counted(run.simulator.counts['files deleted'], 'file')} deleted")
    if request.end_check:
        typer.echo("\n".join(f"end check: {what}" for what in run.findings or ["all is as it has to be"]))
    if request.reads:
        seen = Counter(
            f"{_PLURAL[one.kind]} {one.told or 'open'}" for one in run.simulator.history.calls.values()
        )
        typer.echo("clients: " + ", ".join(f"{number:,} {what}" for what, number in sorted(seen.items())))
        typer.echo("\n".join(f"clients: {what}" for what in run.stale or ["what they saw is linearizable"]))
    typer.echo(f"judge it with: {command_line('validate', str(request.out))}")
    typer.echo(f"repeat with: {again}")


def _answers(simulator: Simulator) -> Counter[str]:
    asked = simulator.sessions.asked.values()
    return Counter(f"{'rows' if one.statement is None else 'DDLs'} {one.outcome or 'open'}" for one in asked)


def _tables_dict(simulator: Simulator, lockstep: DdlLockstep) -> dict[str, object]:
    return {
        "answers": dict(sorted(_answers(simulator).items())),
        "actions": dict(sorted(lockstep.counts.items())),
        "refused": lockstep.refused.text if lockstep.refused else None,
    }


def _tables_text(simulator: Simulator, lockstep: DdlLockstep) -> list[str]:
    answers = ", ".join(f"{number:,} {what}" for what, number in sorted(_answers(simulator).items()))
    refused = lockstep.refused
    judged = f"all {sum(lockstep.counts.values()):,} actions on them are allowed by DdlFileOps"
    return [f"tables: {answers}", f"tables: {f'refused: {refused.text}' if refused else judged}"]


def _binlog_text(simulator: Simulator) -> str:
    shown = ", ".join(f"{simulator.counts[name]:,} {name}" for name in ("WriteBinlog", "TakeBinlog", "Dump"))
    sizes = (
        f"{host.name} has {host.node.binlog_size:,}"
        for host in simulator.hosts.values()
        if host.node is not None and host.node.binlog_size is not None
    )
    return f"binlog: {shown}; {', '.join(sizes) or 'no data node is up'}"


def _undo_text(simulator: Simulator) -> str:
    ended = Counter(f"{one.outcome or 'open'}" for one in simulator.rows.asked.values())
    counts = simulator.counts
    answers = ", ".join(f"{number:,} {what}" for what, number in sorted(ended.items()))
    return (
        f"transactions: {answers}; {counts['commits in groups']:,} commits shared"
        f" {counted(counts['group fsyncs'], 'fsync')};"
        f" new leaders undid {counted(counts['undone by new leaders'], 'change')}"
    )


def _print_mutants(format_: opt.Format) -> None:
    if format_ is opt.Format.JSON:
        listed = [
            {"name": one.name, "rule": one.rule, "summary": one.summary} for one in ALL_MUTANTS.values()
        ]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    rows = [(one.name, one.rule, one.summary) for one in ALL_MUTANTS.values()]
    typer.echo(plain_table(("mutant", "rule off", "what it does"), rows))
