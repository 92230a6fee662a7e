"""`redoraft tools`: which TLC and which Java are used, and fetching the pinned release of TLC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from attrs import asdict

from redoraft_check.commands import options as opt
from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.download import download
from redoraft_check.tlc.tools import RELEASE, RELEASE_SIZE, RELEASE_URL, Candidate, all_candidates, find_tools


def register(app: typer.Typer) -> None:
    """Add the subcommands."""
    group = typer.Typer(help="Which TLC and Java are used; fetch the pinned release of TLC.")
    group.command("status")(status)
    group.command("download")(fetch)
    app.add_typer(group, name="tools", no_args_is_help=True)


def status(
    *,
    format_: opt.FormatOption = opt.Format.TEXT,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    verbose: opt.VerboseOption = False,  # noqa: ARG001  (read by main, for tracebacks)
) -> None:
    """Every place where TLC and Java are looked for, in order, and which is used."""
    jars, javas = all_candidates(tla2tools, java)
    if format_ is opt.Format.JUNIT:
        raise CliError(Exit.USAGE, "--format junit: there is nothing to report as tests; use text or json")
    if format_ is opt.Format.JSON:
        listed = {"tla2tools": [_plain(jar) for jar in jars], "java": [_plain(one) for one in javas]}
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
    else:
        for title, candidates in (("tla2tools.jar", jars), ("java", javas)):
            typer.echo(title)
            for candidate in candidates:
                typer.echo(_line(candidate))
    # Says in one line what is missing, and leaves with 20.
    find_tools(tla2tools, java)


def fetch(
    *,
    url: Annotated[
        str, typer.Option("--url", help="Another place to fetch the same file from.")
    ] = RELEASE_URL,
    force: Annotated[bool, typer.Option("--force", help="Fetch it even if it is there.")] = False,
    quiet: opt.QuietOption = False,
    verbose: opt.VerboseOption = False,  # noqa: ARG001  (read by main, for tracebacks)
) -> None:
    """Fetch the pinned release of TLC into your cache folder; it is used only if its SHA-256 is right."""

    def says() -> None:
        if not quiet:
            typer.echo(f"fetching TLC {RELEASE} ({RELEASE_SIZE:,} bytes) from {url}", err=True)

    done = download(url, force=force, begins=says)
    typer.echo(f"{'fetched and verified' if done.fetched else 'there already, verified'}: {done.path}")


def _line(candidate: Candidate) -> str:
    mark = "*" if candidate.used else " "
    version = f" {candidate.version}," if candidate.version else ""
    where = f" [{candidate.path}]" if candidate.path is not None else ""
    why = f"{candidate.why}; {candidate.warning}" if candidate.warning else candidate.why
    return f"  {mark} {candidate.source}:{version} {why}{where}"


def _plain(candidate: Candidate) -> dict[str, object]:
    return asdict(candidate, value_serializer=lambda _i, _f, v: str(v) if isinstance(v, Path) else v)
