"""Command-line options that several subcommands share, said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer


class Format(StrEnum):
    """What stdout gets."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class Backend(StrEnum):
    """Who checks."""

    TLC = "tlc"
    ORACLE = "oracle"


FormatOption: TypeAlias = Annotated[Format, typer.Option("--format", help="What to print on stdout.")]
# A bracket that Rich is to print, and not to take for markup, has a backslash.
SpecOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--spec", help="Another specification folder, laid out like spec/ \\[env: REDORAFT_SPEC]."),
]
JarOption: TypeAlias = Annotated[
    Path | None, typer.Option("--tla2tools", help="The tla2tools.jar to use \\[env: TLA2TOOLS_JAR].")
]
JavaOption: TypeAlias = Annotated[
    Path | None, typer.Option("--java", help="The java to use, or its home \\[env: JAVA_HOME].")
]
OutOption: TypeAlias = Annotated[Path, typer.Option("--out", help="Where run records and logs go.")]
WorkersOption: TypeAlias = Annotated[
    int, typer.Option("--workers", min=0, help="TLC's worker threads; 0 is one per core.")
]
TimeoutOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--timeout", min=0.1, help="Seconds for each run; when it is over the answer is unknown."),
]
HeapOption: TypeAlias = Annotated[
    int | None, typer.Option("--heap", min=16, help="Java's heap in MiB (default: a quarter of the memory).")
]
BackendOption: TypeAlias = Annotated[
    Backend,
    typer.Option("--backend", help="TLC, or the oracle: in this process, invariants and deadlocks only."),
]
QuietOption: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
VerboseOption: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more: stories of expected refutations, tracebacks.")
]
ColorOption: TypeAlias = Annotated[bool, typer.Option("--no-color", help="No colours, even on a terminal.")]
