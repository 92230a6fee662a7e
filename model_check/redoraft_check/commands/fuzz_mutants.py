"""`redoraft fuzz --mutants`: every mutant of the implementation against every catcher."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import typer

from redoraft.cluster.faults import format_faults
from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.simulate import code_revision
from redoraft_check.exits import Exit
from redoraft_check.fuzz.matrix import VERSION, Matrix, Row, Trial, row_of, table
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line, spec_revision

MATRIX_EXAMPLES: Final = 100
"""Examples of each mutant when their number is not given."""


def try_mutants(trial: Trial, executor: Executor, out: Path, screen: Screen, format_: opt.Format) -> Exit:
    """Fill the matrix, write it to `out`/mutants.json and print it; the rows so far when interrupted.

    Raises `CliError` when the specification cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    subjects = trial.subjects
    pending = [executor.submit(row_of, mutant, trial) for mutant in subjects]
    try:
        for mutant, future in zip(subjects, pending, strict=True):
            rows.append(future.result())
            caught = "as it must be" if rows[-1].is_right else "NOT AS IT MUST BE"
            screen.say(f"    {mutant or 'no mutant'}: {caught}; {len(rows)} of {len(subjects)}")
    except BaseException:
        for future in pending:
            future.cancel()
        typer.echo(table(_matrix(trial, rows)))
        raise
    matrix = _matrix(trial, rows)
    path = out / "mutants.json"
    matrix.write(path)
    if format_ is opt.Format.JSON:
        typer.echo(path.read_text(encoding="utf-8"), nl=False)
    else:
        _print(matrix, path)
    return Exit.HELD if all(row.is_right for row in rows) else Exit.DISAGREES


def _print(matrix: Matrix, path: Path) -> None:
    typer.echo(table(matrix))
    itself, *mutants = matrix.rows
    caught = sum(row.is_right for row in mutants)
    typer.echo(f"\n{caught} of {len(mutants)} mutants caught in {matrix.examples} examples; record: {path}")
    if not itself.is_right:
        typer.echo("the implementation itself was caught: look at it with redoraft fuzz")
    typer.echo(f"repeat with: {matrix.command}")


def _matrix(trial: Trial, rows: list[Row]) -> Matrix:
    numbers = {"--examples": trial.examples, "--seed": trial.seed, "--steps": trial.steps}
    command = command_line(
        *("fuzz", "--mutants"),
        *(word for name, number in numbers.items() for word in (name, str(number))),
        *("--faults", format_faults(trial.faults)),
        *(("--ddl", "1") if trial.ddl else ()),
        *(("--spec", trial.spec) if trial.spec else ()),
    )
    spec = spec_revision(spec_dir(Path(trial.spec) if trial.spec else None)).sha256
    return Matrix(VERSION, command, trial.seed, trial.examples, spec, code_revision(), tuple(rows), trial.ddl)
