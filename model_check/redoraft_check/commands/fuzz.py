"""`redoraft fuzz`: campaigns of simulated runs that the specification judges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic
from typing import Annotated, Final

import typer
from attrs import asdict, define, evolve, field, frozen
from msgspec import structs

from redoraft.cluster.faults import Fault, format_faults, parse_faults
from redoraft_check.campaign.clients import calls_of
from redoraft_check.commands import options as opt
from redoraft_check.commands.fuzz_mutants import MATRIX_EXAMPLES, try_mutants
from redoraft_check.commands.fuzz_report import Report, counts_text, seen_file, short_trace
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.simulate import code_revision, mutant_named
from redoraft_check.commands.tables import counted
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz.campaign import SHARES, Campaign, Found, Order
from redoraft_check.fuzz.example import UNDECIDED, Subject, Trouble, examine
from redoraft_check.fuzz.families import family_of
from redoraft_check.fuzz.finding import VERSION, Finding, read_finding
from redoraft_check.fuzz.matrix import Trial
from redoraft_check.fuzz.plan import Shares
from redoraft_check.fuzz.pools import pool
from redoraft_check.fuzz.record import VERSION as RECORD_VERSION
from redoraft_check.fuzz.record import CampaignRecord, compared, reached, verdict_of
from redoraft_check.fuzz.shrink import Shrunk, shrink
from redoraft_check.fuzz.walks import judge_walk, read_walk
from redoraft_check.json_file import write_json
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line, spec_revision
from redoraft_check.validate.minimize import Minimized, minimize
from redoraft_traces import Event, Header, TraceWriter

EXAMPLES: Final = 200
"""Examples when neither their number nor a time is given."""
NEWS_EVERY_S: Final = 5.0


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("fuzz")(fuzz)


def fuzz(
    *,
    time: Annotated[
        float | None, typer.Option("--time", min=0, help="Seconds after which no example is begun.")
    ] = None,
    examples: Annotated[
        int | None, typer.Option("--examples", min=0, help=f"How many examples ({EXAMPLES} without --time).")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes; 0 is one per core.")] = 0,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Run on this Dask cluster instead (tcp://HOST:PORT).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="What the campaign depends on.")] = 1,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of an example made afresh.")] = 500,
    faults: Annotated[
        str, typer.Option("--faults", help=f"all, none, or of {','.join(Fault)}, with commas.")
    ] = "all",
    mutant: Annotated[
        str | None, typer.Option("--mutant", help="Take one rule out: see simulate --list-mutants.")
    ] = None,
    ddl: Annotated[
        float | None,
        typer.Option(
            "--ddl",
            min=0,
            max=1,
            help=f"Share of examples with tables ({SHARES.ddl:g}; with --mutant what its family takes).",
        ),
    ] = None,
    binlog: Annotated[
        float | None,
        typer.Option("--binlog", min=0, max=1, help=f"Share of those with a binlog ({SHARES.binlog:g})."),
    ] = None,
    pages: Annotated[
        float | None,
        typer.Option("--pages", min=0, max=1, help=f"Share of those that tell of pages ({SHARES.pages:g})."),
    ] = None,
    reads: Annotated[
        float | None,
        typer.Option(
            "--reads", min=0, max=1, help=f"Share of examples whose clients read, too ({SHARES.reads:g})."
        ),
    ] = None,
    undo: Annotated[
        float | None,
        typer.Option(
            "--undo",
            min=0,
            max=1,
            help="Share of those with neither tables nor a binlog whose clients write transactions with undo"
            f" ({SHARES.undo:g}).",
        ),
    ] = None,
    small_files: Annotated[
        float | None,
        typer.Option(
            "--small-files",
            min=0,
            max=1,
            help="Share of those with neither pages nor a binlog whose redo files are so small that redo is"
            f" deleted ({SHARES.small_files:g}).",
        ),
    ] = None,
    stop_at_first: Annotated[
        bool, typer.Option("--stop-at-first", help="End with the first example that finds something.")
    ] = False,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Then the same without guidance, and how both compare.",
        ),
    ] = False,
    record: Annotated[
        Path | None, typer.Option("--record", help="Write what the campaign came to into this file, too.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option("--replay", help="Run a saved finding again, and nothing else.")
    ] = None,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants",
            help="Try every mutant instead: which catcher sees it, and how soon; with --ddl 1 those of DDL,"
            " with --mutant A,B only those.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="With --mutants: keep the rows of --out that are still true.")
    ] = False,
    out: opt.OutOption = Path("out/fuzz"),
    spec: opt.SpecOption = None,
    format_: opt.FormatOption = opt.Format.TEXT,
    quiet: opt.QuietOption = False,
    verbose: opt.VerboseOption = False,  # noqa: ARG001  (read by main, for tracebacks)
) -> None:
    """Try many simulated runs, led by what of the specification they reach, and judge every event.

    Exit codes: 0 nothing found (with --mutants: all are caught), 1 a mutant is not caught, 21 something was
    found, 20 an example could not be judged, 22 nothing was run, 130 interrupted before anything was found.
    """
    if format_ is opt.Format.JUNIT:
        raise CliError(Exit.USAGE, "fuzz has no junit report: use text or json")
    if examples == 0:
        raise CliError(Exit.USAGE, "--examples 0: there is nothing to run; ask for one or more")
    folder = str(spec_dir(spec)) if spec is not None else None
    screen = Screen(quiet=quiet)
    if replay is not None:
        raise typer.Exit(int(_replay(replay, folder, out, format_)))
    try:
        chosen = parse_faults(faults)
    except ValueError as error:
        raise CliError(Exit.USAGE, str(error)) from None
    asked = {"ddl": ddl, "binlog": binlog, "pages": pages, "reads": reads}
    asked |= {"undo": undo, "small_files": small_files}
    if mutants:
        said = [name for name, share in asked.items() if share is not None and name != "ddl"]
        if time is not None or stop_at_first or compare or said:
            what = (
                "--mutants goes with --examples, --seed, --steps, --faults, --ddl, --mutant and --resume only"
            )
            raise CliError(Exit.USAGE, what)
        each = MATRIX_EXAMPLES if examples is None else examples
        only = frozenset(_mutant_of(word) for word in mutant.split(",")) if mutant else frozenset[str]()
        trial = Trial(seed, each, steps, chosen, folder, bool(ddl), only, code_revision())
        with pool(jobs, scheduler) as executor:
            code = try_mutants(trial, executor, out, screen, format_, resume=resume)
        raise typer.Exit(int(code))
    broken = mutant_named(mutant, binlog=True)
    count = EXAMPLES if examples is None and time is None else examples
    subject = Subject(broken.name if broken else None, folder)
    shares = _shares(subject.mutant, asked)
    order = Order(seed, subject, count, time, chosen, steps, stop_at_first=stop_at_first, shares=shares)
    session = _Session(order, out, screen, format_, jobs, record)
    code = session.run(lambda: pool(jobs, scheduler), compare=compare)
    raise typer.Exit(int(code))


@define
class _Session:
    order: Order
    out: Path
    screen: Screen
    format_: opt.Format
    jobs: int = 0
    record: Path | None = None
    files: dict[tuple[str, ...], Path] = field(factory=dict)
    _news: float = field(factory=monotonic)

    def run(self, pools: Callable[[], AbstractContextManager[Executor]], *, compare: bool) -> Exit:
        """The campaign, and its report also when it is interrupted; then the interruption goes on.

        What it is compared with has processes of its own: theirs is the time to begin, too.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        led = Campaign(self.order, self._progress, self._save)
        other: Campaign | None = None
        interrupted: BaseException | None = None
        try:
            with pools() as executor:
                led.run(executor)
            if compare:
                self.screen.say("    the same without guidance:")
                other = Campaign(evolve(self.order, guided=False), self._progress, self._save)
                with pools() as executor:
                    other.run(executor)
            for one in Report(led, other, self.files, "").findings:
                self._shrink(one)
        except BaseException as leaving:
            if isinstance(leaving, Exception):
                raise
            interrupted = leaving
        command = command_line(*self._words, *(("--compare",) if compare else ()), "--out", str(self.out))
        report = Report(led, other, self.files, command)
        typer.echo(report.as_json if self.format_ is opt.Format.JSON else report.text)
        if interrupted is not None and not report.findings:
            raise interrupted
        if self.record is not None and interrupted is None:
            write_json(self.record, self._recorded(led, other))
        return report.exit_code

    def _recorded(self, led: Campaign, other: Campaign | None) -> CampaignRecord:
        spec = self.order.subject.spec
        return CampaignRecord(
            RECORD_VERSION,
            command_line(*self._words, *(("--compare",) if other is not None else ())),
            self.jobs,
            spec_revision(spec_dir(Path(spec) if spec else None)).sha256,
            code_revision(),
            verdict_of(led),
            len(led.findings),
            len(led.undecided),
            reached(led),
            None if other is None else compared(led, other),
        )

    @property
    def _words(self) -> tuple[str, ...]:
        """What repeats the campaign, but for where findings go; how many run at once does not matter."""
        order = self.order
        ends = {"--examples": order.examples, "--time": order.seconds}
        return (
            "fuzz",
            *(word for name, end in ends.items() if end is not None for word in (name, f"{end:g}")),
            *("--seed", str(order.seed), "--steps", str(order.steps)),
            *("--faults", format_faults(order.faults)),
            *(("--mutant", order.subject.mutant) if order.subject.mutant else ()),
            *(("--spec", order.subject.spec) if order.subject.spec else ()),
            *(
                word
                for name, share in asdict(order.shares).items()
                for word in (f"--{name.replace('_', '-')}", f"{share:g}")
            ),
            *(("--stop-at-first",) if order.stop_at_first else ()),
        )

    def _progress(self, campaign: Campaign) -> None:
        if monotonic() - self._news >= NEWS_EVERY_S:
            self._news = monotonic()
            self.screen.say(f"    {counts_text(reached(campaign))}, {len(campaign.findings)} findings")

    # --- findings ---

    def _save(self, found: Found) -> None:
        """Put a finding down as soon as it is made; shrinking writes it anew."""
        if found.trouble.cause in self.files:
            return
        path = self.out / f"finding-{len(self.files) + 1}.json"
        self.files[found.trouble.cause] = path
        self._write(path, found)
        self.screen.say(f"    example {found.example}: {found.trouble.text}; saved in {path}")

    def _write(self, path: Path, found: Found) -> None:
        command = command_line(*self._words, "--out", str(self.out))
        mutant = self.order.subject.mutant
        write_json(path, Finding(VERSION, found.plan, mutant, found.trouble, command, found.example))
        run = examine(found.plan, self.order.subject)
        write_trace(path.with_suffix(".ndjson"), run.header, run.events, path.name)
        if found.trouble.cause[0] == "history":
            write_json(seen_file(path), calls_of(run.history))

    def _shrink(self, found: Found) -> None:
        path = self.files[found.trouble.cause]

        def news(best: Shrunk) -> None:
            self.screen.say(
                f"    {path.name}: {counted(best.plan.steps, 'step')} after {counted(best.runs, 'run')}"
            )

        small = shrink(found.plan, found.trouble, self.order.subject, news)
        found.plan, found.trouble = small.plan, small.trouble
        self._write(path, found)
        short = _minimized(path.with_suffix(".ndjson"), self.order.subject)
        if short is not None:
            self.screen.say(f"    {path.name}: {short.before} events to {len(short.events)}")
            short.write(short_trace(path))


def _mutant_of(name: str) -> str:
    """The name of a mutant that is asked for by its name or rule.  Raises `CliError` (2)."""
    found = mutant_named(name, binlog=True)
    assert found is not None, "a name is given"
    return found.name


def _shares(mutant: str | None, asked: dict[str, float | None]) -> Shares:
    """What was asked for; of the rest what a mutant's family takes, or any campaign that looks for nothing in
    particular.  Raises `CliError` (2) for shares that are more than all."""
    usual = SHARES if mutant is None else family_of(mutant).shares
    try:
        return evolve(usual, **{name: share for name, share in asked.items() if share is not None})
    except ValueError as error:
        raise CliError(Exit.USAGE, str(error)) from None


# --- findings as files ---


def write_trace(path: Path, header: Header, events: Iterable[Event], name: str) -> None:
    """The trace of an example, its `source` naming the finding that repeats it."""
    header = structs.replace(header, source=command_line("fuzz", "--replay", name))
    with TraceWriter(path, header) as trace:
        for event in events:
            trace.write(event)


def _minimized(path: Path, subject: Subject) -> Minimized | None:
    """A refused trace made short; None for what is not refused by the specification's own text."""
    try:
        return minimize(path, spec_dir(Path(subject.spec) if subject.spec else None))
    except CliError:
        return None


@frozen
class _Again:
    """What a saved finding shows now: `length` says how long the run was."""

    was: Trouble
    trouble: Trouble | None
    length: str
    header: Header
    events: tuple[Event, ...]


def _taken_again(path: Path, spec: str | None) -> _Again:
    found = read_walk(path)
    if found is not None:
        judged = judge_walk(found.moves, Subject(found.mutant, spec), found.members, ddl=found.ddl)
        length = f"{len(judged.moves)} moves"
        return _Again(found.trouble, judged.trouble, length, judged.header, tuple(judged.walk.events))
    finding = read_finding(path)
    run = examine(finding.plan, Subject(finding.mutant, spec))
    return _Again(finding.trouble, run.outcome.trouble, f"{run.outcome.steps} steps", run.header, run.events)


def _replay(path: Path, spec: str | None, out: Path, format_: opt.Format) -> Exit:
    run = _taken_again(path, spec)
    trouble = run.trouble
    same = trouble is not None and trouble.cause == run.was.cause
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{path.stem}-replayed.ndjson"
    write_trace(target, run.header, run.events, path.name)
    code = Exit.HELD if trouble is None else Exit.REJECTED
    if trouble is not None and trouble.cause[0] == UNDECIDED:
        code = Exit.UNKNOWN
    if format_ is opt.Format.JSON:
        report = {
            "exit_code": int(code),
            "same": same,
            "expected": run.was.text,
            "got": trouble.text if trouble is not None else None,
            "events": len(run.events),
            "trace": str(target),
        }
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return code
    said = "the same" if same else "SOMETHING ELSE" if trouble is not None else "not found any more"
    typer.echo(f"{path}: {said}" + (f": {trouble.text}" if trouble is not None else ""))
    if not same:
        typer.echo(f"    it was: {run.was.text}")
    typer.echo(f"    {run.length}, {len(run.events)} events, in {target}")
    return code
