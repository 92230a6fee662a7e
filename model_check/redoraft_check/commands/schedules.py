"""`redoraft schedules`: random runs, one for each seed, judged in process as they go; resumable."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from attrs import frozen

from redoraft.cluster.faults import parse_faults
from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import counted
from redoraft_check.evidence.runs import SCHEDULES
from redoraft_check.evidence.sources import implementation_revision
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz.example import Subject, run_example
from redoraft_check.fuzz.plan import Plan
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line

CLIENTS: Final = 2
NODES, LOG_NODES = 3, 1
KINDS: Final = ("bytes", "undo")
PAGES_EVERY: Final = 10
"""In one run of so many events tell of pages, too: there followers are left behind, and seeded (H24)."""
_COUNTED: Final = {"steps": "step", "events": "event", "crashes": "crash"}
_MORE: Final = {
    "deleted": ("files deleted", "redo files deleted"),
    "seeded": ("copies", "nodes seeded"),
    "commits": ("commits in groups", "commits in groups"),
    "fsyncs": ("group fsyncs", "fsyncs for them"),
    "undone": ("undone by new leaders", "changes undone by new leaders"),
}
"""The fields of a run that are counts of its simulator, and what they are called."""


@frozen
class Head:
    """The first line: what all runs in a file are of (docs/records.md)."""

    command: str
    implementation: str
    sources: str


@frozen
class Judged:
    """One run: its seed, its steps (those after healing included) and events; what is wrong, if anything.

    `kind` is what clients wrote and events told: bytes of pages, transactions with undo, or pages, too.
    """

    seed: int
    faults: str
    plan_steps: int
    steps: int
    events: int
    crashes: int
    trouble: str | None
    kind: str = "bytes"
    deleted: int = 0
    seeded: int = 0
    commits: int = 0
    fsyncs: int = 0
    undone: int = 0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schedules")(schedules)


def schedules(
    *,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Seeds 1 to N.")] = 1000,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of a run before it is healed.")] = 1000,
    faults: Annotated[str, typer.Option("--faults", help="As for simulate.")] = "all",
    out: Annotated[
        Path, typer.Option("--out", help="One line for each run; the seeds that it has are not run again.")
    ] = Path("out/schedules.ndjson"),
    quiet: opt.QuietOption = False,
) -> None:
    """Simulate N runs, let the oracle judge every event, heal, and compare logs, pages and answers.

    Redo is deleted in all of them.  In half of them clients write transactions with undo; in one of ten
    events tell of pages, too, and who is behind deleted redo is seeded.

    Interrupt it at any time; the same command goes on where it was. Exit codes: 0 all accepted;
    12 not all; 2 the file has runs of other sources.
    """
    try:
        parse_faults(faults)
    except ValueError as error:
        raise CliError(Exit.USAGE, str(error)) from None
    again = command_line(*("schedules", "--runs", str(runs), "--steps", str(steps)), "--faults", faults)
    head = Head(again, implementation_revision(), SCHEDULES.revision(spec_dir()))
    done = {one.seed: one for one in _read(out, head) if (one.faults, one.plan_steps) == (faults, steps)}
    screen = Screen(quiet=quiet)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("ab") as lines:
        if not lines.tell():
            lines.write(msgspec.json.encode(head) + b"\n")
        for seed in range(1, runs + 1):
            if seed in done:
                continue
            done[seed] = _run(seed, faults, steps)
            lines.write(msgspec.json.encode(done[seed]) + b"\n")
            lines.flush()
            if len(done) % 10 == 0:
                screen.say(f"    {len(done):,} of {runs:,} runs")
    wrong = _report([done[seed] for seed in range(1, runs + 1)])
    typer.echo(f"repeat with: {again} {shlex.join(['--out', str(out)])}")
    if wrong:
        raise typer.Exit(int(Exit.SAFETY))


def _kind(seed: int) -> str:
    return "pages" if seed % PAGES_EVERY == 0 else KINDS[seed % len(KINDS)]


def _run(seed: int, faults: str, steps: int) -> Judged:
    kind = _kind(seed)
    plan = Plan(
        *(seed, NODES, LOG_NODES, faults, CLIENTS, steps),
        undo=kind == "undo",
        pages=kind == "pages",
        small_files=kind != "pages",
    )
    found = run_example(plan, Subject())
    trouble = None if found.trouble is None else f"step {found.trouble.step}: {found.trouble.text}"
    more = {name: found.counts.get(counter, 0) for name, (counter, _) in _MORE.items()}
    return Judged(seed, faults, steps, found.steps, found.events, found.crashes, trouble, kind, **more)


def _read(path: Path, now: Head) -> list[Judged]:
    """The runs of an earlier call of the same sources; a torn last line is what an interrupted one leaves,
    and is run again.  Raises `CliError`: 65 for another file, 2 for runs of other sources; both are left
    alone.
    """
    content = path.read_bytes() if path.exists() else b""
    if not content:
        return []
    *whole, torn = content.split(b"\n")
    try:
        head = msgspec.json.decode(whole[0] if whole else torn, type=Head)
        runs = [msgspec.json.decode(line, type=Judged) for line in whole[1:]]
    except msgspec.DecodeError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: not what redoraft schedules has written: {error}") from None
    if head.sources != now.sources:
        what = f"its runs are of sources {head.sources or 'not told'}, these would be of {now.sources}"
        raise CliError(Exit.USAGE, f"{path}: {what}: give another --out, or remove the file")
    if torn:
        path.write_bytes(b"".join(line + b"\n" for line in whole))
    return runs


def _report(found: list[Judged]) -> int:
    wrong = [one for one in found if one.trouble is not None]
    totals = {name: sum(getattr(one, name) for one in found) for name in _COUNTED}
    more = {what: sum(getattr(one, name) for one in found) for name, (_, what) in _MORE.items()}
    typer.echo(", ".join(f"{count:,} {what}" for what, count in more.items()))
    kinds = Counter(one.kind for one in found)
    typer.echo("runs with " + ", ".join(f"{kind}: {count:,}" for kind, count in sorted(kinds.items())))
    counts = ", ".join(counted(count, _COUNTED[name], name) for name, count in totals.items())
    typer.echo(
        f"{counted(len(found), 'run')}, {counts}: {len(found) - len(wrong):,} accepted, {len(wrong):,} not"
    )
    for one in wrong[:10]:
        typer.echo(f"seed {one.seed}: {one.trouble}")
    return len(wrong)
